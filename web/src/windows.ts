/**
 * The server's pages beside this one: popups, which the page opens within a click and gives a number here, and frames
 * that nobody sees. Both end with the address that the window came back to our origin with: core/browser/windows.go.
 *
 * What happens inside, a page of the same origin may see and forge as well as we; what matters is that no other
 * origin can, and that an answer goes to the one who has asked for it. So a message has to come from the browser
 * itself, from our origin, out of that very window, and name the state. Where the opener was cut off by a
 * Cross-Origin-Opener-Policy there is no window to compare: then it comes over a channel that is named after the
 * state, which nobody else knows.
 */
import type { Kit } from './kit';

/** How often a window is looked at, and how often in a row it must look the same to be believed. */
const pace = 100;
const believed = 5;
/** How often a page is asked about its session, and how often in a row that may come to nothing. */
const interval = 3000;
const patience = 4;

const opened = { __proto__: null } as unknown as Record<number, Window>;
let last = 0;

/** Keeps a popup for the core, which asks for it by its number. `forget` goes with it. */
export const keep = (popup: Window): number => {
  opened[++last] = popup;
  return last;
};
export const forget = (number: number): void => void delete opened[number];

export const createWindows = ({ own, promise, types, members }: Kit) => {
  const { get } = members.Reflect as typeof Reflect;
  const {
    BroadcastChannel,
    MessageEvent,
    Promise,
    URL,
    addEventListener,
    clearTimeout,
    document,
    location,
    setTimeout,
  } = types as typeof globalThis;

  /**
   * Whether a message is of that origin, and of that window if there is one to compare. An event that a script has made
   * is not to be trusted, and says so itself. The rest is asked of the browser, not of the event, on which a listener
   * before us may have put anything.
   */
  const isFrom = (event: MessageEvent, origin: string, view?: Window): boolean => {
    const read = (name: string): any => get(MessageEvent.prototype, name, event);
    return event.isTrusted && read('origin') === origin && !(view && read('source') !== view);
  };

  /**
   * Waits until `view`, which is at `url`, is back. Whatever ends that, also the controller's abort, leaves nothing
   * of it.
   */
  const back = (controller: AbortController, view: Window, url: URL, state: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { signal } = controller;
      let timer: ReturnType<typeof setTimeout>;
      let channel: BroadcastChannel | undefined;
      let same = 0;
      signal.onabort = () => {
        clearTimeout(timer);
        channel?.close();
        reject(own({ name: 'AbortError' }));
      };
      const end = (address: string): void => {
        resolve(address);
        controller.abort();
      };
      const hear = (event: MessageEvent, channeled?: boolean): void => {
        if (!isFrom(event, location.origin, channeled ? undefined : view)) return;
        const data = get(MessageEvent.prototype, 'data', event);
        if (data?.[0] === state && typeof data[1] == 'string') end(data[1]);
      };
      const look = (): void => {
        let here = '';
        const { closed } = view;
        try {
          // Of a server of our own origin nobody can say whether the window has left it yet.
          if (url.origin != location.origin) here = view.location.href;
        } catch {
          // It is at the server.
        }
        // About:blank is where it began. A window that was cut off from us looks closed too; but then it has the
        // focus, and not we.
        same = (closed ? document.hasFocus() : here[0] == 'h') ? same + 1 : 0;
        if (same <= believed) timer = setTimeout(look, pace);
        else if (closed) {
          reject(own({ name: 'ClosedError' }));
          controller.abort();
        } else end(here);
      };

      addEventListener('message', (event) => hear(event), own({ signal }));
      try {
        channel = new BroadcastChannel(state);
        channel.onmessage = (event) => hear(event, true);
      } catch {
        // Not there, or refused: there are messages still.
      }
      look();
    });

  /** An address as it may be shown: it may come from a server's metadata, and javascript: would run in the page. */
  const checked = (raw: string): URL => {
    const url: URL = own(new URL(raw), members.URL);
    if (url.protocol != 'https:' && url.protocol != 'http:') throw 0;
    return url;
  };

  /** Runs `use` with a frame that nobody sees. */
  const framed = async <T>(use: (frame: HTMLIFrameElement) => Promise<T>): Promise<T> => {
    const frame: HTMLIFrameElement = document.createElement('iframe');
    // Not by an attribute, which a page's style sheet may overrule, and a content security policy forbid.
    frame.style.display = 'none';
    document.documentElement.append(frame);
    try {
      return await promise(use(frame));
    } finally {
      frame.remove();
    }
  };

  /** Asks the page in `frame` until it has something to say: core/browser/windows.go, Watch. */
  const ask = (controller: AbortController, frame: HTMLIFrameElement, url: URL, message: string): Promise<unknown[]> =>
    new Promise((resolve, reject) => {
      const { signal } = controller;
      const view = frame.contentWindow!;
      let timer: ReturnType<typeof setTimeout>;
      let unanswered = 0;
      let stood = 0;
      let loaded = false;
      signal.onabort = () => {
        clearTimeout(timer);
        reject(own({ name: 'AbortError' }));
      };
      const end = (answer: string): void => {
        resolve(own([answer, stood]));
        controller.abort();
      };
      const again = (): void => {
        clearTimeout(timer);
        if (unanswered++ == patience) {
          reject(own({ name: 'NotSupportedError' }));
          controller.abort();
          return;
        }
        // Before that it is the page that was there first.
        if (loaded) view.postMessage(message, url.origin);
        timer = setTimeout(again, interval);
      };
      frame.src = url.href;
      frame.onload = () => {
        loaded = true;
        if (!signal.aborted) again();
      };
      addEventListener(
        'message',
        (event) => {
          if (!isFrom(event, url.origin, view)) return;
          const data = get(MessageEvent.prototype, 'data', event);
          if (data === 'unchanged') {
            unanswered = 0;
            stood = 1;
          } else if (data === 'changed' || data === 'error') end(data);
        },
        own({ signal }),
      );
      // No timer runs in a page that nobody sees.
      addEventListener(
        'visibilitychange',
        () => {
          if (document.visibilityState != 'visible') end('unchanged');
        },
        own({ signal }),
      );
      again();
    });

  return {
    async popup(controller: AbortController, raw: string, state: string, number: number): Promise<string> {
      const view = opened[number]!;
      try {
        const url = checked(raw);
        view.location.replace(url.href);
        return await promise(back(controller, view, url, state));
      } finally {
        view.close();
      }
    },
    async frame(controller: AbortController, raw: string, state: string): Promise<string> {
      const url = checked(raw);
      return framed((frame) => {
        const view = frame.contentWindow!;
        // Not as its src, which stays to be read in the document and among the page's timings.
        view.location.replace(url.href);
        return back(controller, view, url, state);
      });
    },
    watch: async (controller: AbortController, raw: string, message: string): Promise<unknown[]> => {
      const url = checked(raw);
      return framed((frame) => ask(controller, frame, url, message));
    },
  };
};
