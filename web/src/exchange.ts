/**
 * An XMLHttpRequest that waits, or was refused. The object stays the page's: what it is told natively it is told at once, and only a
 * refusal that is not its own is kept from it, until it is sent again or turns out to be final.
 */
import type { Extra, Sending } from './covered';
import type { Platform } from './platform';
import type { Rule } from './policy';
import { Reply } from './reply';
import { proceed } from './waiting';
import type { Exchange } from './xhr';

type Values = Record<string, unknown>;

/** What is below zone.js: one request of the page's is one task there, however often it is sent. */
const pure = (method: any): Function => method.__zone_symbol__OriginalDelegate ?? method;

export const exchange = (platform: Platform, it: Sending, { xhr, native, asked, refused, ...its }: Exchange): void => {
  const { clock, members, types, SessionError } = platform;
  const { AbortController, clearTimeout, setTimeout, Event, ProgressEvent } = types as typeof globalThis;
  const { apply, defineProperty, deleteProperty, get } = members.Reflect as typeof Reflect;
  const read = (name: keyof XMLHttpRequest): any => get(members.XMLHttpRequest, name, xhr);
  const { dispatchEvent } = members.EventTarget;
  const tell = (event: Event) => apply(dispatchEvent, xhr, [event]);

  /** What the page sees in place of the object's own members. */
  let shown: Values = {};
  const show = (values: Values) => {
    for (const name in shown) deleteProperty(xhr, name);
    shown = values;
    for (const name in values) defineProperty(xhr, name, { value: values[name], configurable: true });
  };
  /** An object that waits for its answer. */
  const waiting = () => {
    const isText = /^(text)?$/.test(read('responseType'));
    show({
      readyState: 1,
      status: 0,
      statusText: '',
      responseURL: '',
      response: isText ? '' : null,
      responseXML: null,
      ...(isText && { responseText: '' }),
      getAllResponseHeaders: () => '',
      getResponseHeader: () => null,
    });
  };

  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The time counts from `send`, whatever it is sent again for. */
  const arm = () => {
    clearTimeout(timer);
    const timeout = read('timeout');
    if (timeout) timer = setTimeout(() => its.isCurrent() && finish('timeout'), asked.sent! + timeout - clock());
  };
  /** Ends it without an answer of the server's. */
  const finish = (type: 'abort' | 'error' | 'timeout') => {
    controller.abort();
    clearTimeout(timer);
    asked.quiet = [];
    apply(native.abort, xhr, []);
    asked.quiet = undefined;
    // WebKit's abort leaves the address of an answer there.
    const over = (readyState: number) => show({ readyState, responseURL: '' });
    asked.end = (aborted) => (aborted ? over(0) : show({}));
    over(4);
    tell(new Event('readystatechange'));
    for (const last of [type, 'loadend']) if (its.isCurrent()) tell(new ProgressEvent(last));
    if (type == 'abort' && its.isCurrent()) asked.end(true);
  };
  const end = (asked.end = (aborted) => {
    if (aborted) return finish('abort');
    controller.abort();
    clearTimeout(timer);
    show({});
  });

  /** Hears the end of the attempt that is under way, and its headers. */
  let headers: ((reply: Reply | undefined) => void) | undefined;
  let ended!: () => void;
  let body: Promise<void>;
  const begin = () => {
    body = new Promise((resolve) => (ended = resolve));
  };
  const reply = () => new Reply(platform, xhr, body);
  let rule: Rule | undefined;
  its.hear((event) => {
    const state = read('readyState');
    if (event.type == 'loadend') {
      ended();
      if (!asked.quiet) clearTimeout(timer);
    }
    if (event.type == 'progress' && asked.quiet) rest();
    if (state < 2 || !headers) return;
    const resolve = headers;
    headers = undefined;
    if (!read('status')) return resolve(undefined);
    const answer = reply();
    const { status } = answer;
    const isPlain =
      !rule ||
      !(
        rule.capture ||
        rule.watch ||
        rule.single ||
        rule.claims ||
        rule.tells ||
        status == rule.csrf?.stale ||
        (rule.dpop && status == 401) ||
        it.refused(rule, answer)
      );
    if (!isPlain) {
      asked.quiet = [];
      asked.end = end;
      waiting();
      rest();
    }
    resolve(answer);
  });

  /**
   * Resolves when the browser is through with the refusal: what it reads in the event in which that shows it gives to whatever is open, and
   * WebKit tells of an object's progress every 50 ms, so that the next would hear of its own too late, when it is done.
   */
  let calm: Promise<void> | undefined;
  const rest = () => {
    calm = new Promise((resolve) => setTimeout(resolve, 50));
  };
  let sent = refused;
  it.call = async (by?: Rule, extra?: Extra) => {
    if (calm) await calm;
    calm = undefined;
    return new Promise((resolve, reject) => {
      if (!its.isCurrent() || it.signal!.aborted) return reject(it.signal!.reason);
      if (asked.note && sent) asked.note.attempts++;
      rule = by;
      begin();
      asked.quiet = [];
      apply(pure(native.open), xhr, asked.args);
      show({});
      arm();
      const all: Record<string, string> = { ...it.headers, ...rule?.headers, ...extra?.headers };
      for (const name in all) apply(native.setRequestHeader, xhr, [name, all[name]!]);
      if (rule?.credentials && !read('withCredentials')) asked.lent = xhr.withCredentials = true;
      asked.again = sent;
      // It is told of the beginning once.
      if (!sent) asked.quiet = undefined;
      asked.end = undefined;
      headers = (answer) => (answer ? resolve(answer) : reject(new SessionError('network_error', 'no answer')));
      apply(sent ? pure(native.send) : native.send, xhr, it.init.body === undefined ? [] : [it.init.body]);
      asked.quiet = undefined;
      sent = true;
    });
  };

  /** The answer is the page's: it is told what it was not told yet. */
  const reveal = () => {
    const { quiet } = asked;
    if (!quiet || !its.isCurrent()) return;
    asked.quiet = undefined;
    if (read('readyState') == 4) clearTimeout(timer);
    let state = 1;
    let over = false;
    asked.end = (aborted) => {
      over = true;
      if (aborted && state < 4) finish('abort');
      else {
        asked.end = undefined;
        show({});
        if (aborted) apply(native.abort, xhr, []);
      }
    };
    for (const [{ type, loaded, total, lengthComputable }, was] of quiet as [ProgressEvent, number][]) {
      if (over) return;
      state = was;
      show(state == read('readyState') ? {} : { readyState: state });
      tell(type == 'readystatechange' ? new Event(type) : new ProgressEvent(type, { loaded, total, lengthComputable }));
    }
    if (over) return;
    asked.end = undefined;
    show({});
  };

  it.signal = controller.signal;
  if (read('withCredentials')) it.init.credentials = 'include';
  begin();
  if (refused) {
    if (read('readyState') == 4) ended();
    it.response = reply();
    waiting();
    rest();
  } else {
    asked.quiet = undefined;
  }
  arm();
  proceed(platform, it)
    .then(reveal, (error) => {
      // The page has seen a network error itself.
      if (its.isCurrent() && !it.signal!.aborted && error.code == 'session_changed') finish('error');
    })
    .finally(() => it.leave?.());
};
