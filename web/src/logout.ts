/**
 * The script of latchkey.logout.html, which a server loads in a frame of its own when a session there ends (OpenID
 * Connect Front-Channel Logout 1.0, section 2). It needs no runtime: it does in storage what core/persist does, under
 * the same locks, and tells the tabs to read that.
 *
 * Anybody can load it. It ends what `iss` and `sid` both name, and does nothing else: a `sid` is known to the server
 * and to this origin alone.
 */
import { keyOf, tombstone, type Meant } from './tombstone';

/** What core/persist waits for a lock, how long it says what it wrote, and what it waits for a write that is late. */
const patience = 2000;
const told = 2000;
const lateness = 1000;
const glance = 5;

// Not there in an insecure context.
const locks = navigator.locks as LockManager | undefined;

const sleep = (time: number) => new Promise<void>((resolve) => setTimeout(resolve, time));

/** What the server means; undefined where it does not say so, or says it twice. */
const read = (query: string): Meant | undefined => {
  const params = new URLSearchParams(query);
  const [[iss, ...others], [sid, ...more]] = [params.getAll('iss'), params.getAll('sid')] as [string[], string[]];
  if (iss && sid && !others.length && !more.length) return { iss, sid };
};

/** Runs `act` with a lock; without one where the browser has none, refuses them, or gives it to nobody in time. */
const locked = async (name: string, options: LockOptions, act: () => Promise<void>): Promise<void> => {
  let begun = false;
  const once = async () => {
    if (!begun) {
      begun = true;
      await act();
    }
  };
  await locks?.request(name, options, once).catch(() => {});
  await once();
};

/** The record as the last tab has written it: storage may be late, the locks are not (core/persist/freshness.go). */
const newest = async (key: string): Promise<string | null> => {
  const prefix = key + '/at/';
  const held = (await locks?.query().catch(() => {}))?.held ?? [];
  const told = held.filter(({ name }) => name!.startsWith(prefix)).map(({ name }) => +name!.slice(prefix.length));
  const known = Math.max(0, ...told);
  const until = performance.now() + lateness;
  for (;;) {
    const text = localStorage.getItem(key);
    try {
      if (JSON.parse(text!).generation < known && performance.now() < until) {
        await sleep(glance);
        continue;
      }
    } catch {
      // Not to be read now, nor later.
    }
    return text;
  }
};

/** Holds the lock that says which generation there is; nobody else wants it. Resolves when it is held. */
const tell = (name: string): Promise<void> =>
  new Promise((resolve) => {
    void locked(name, { ifAvailable: true }, () => {
      resolve();
      return sleep(told);
    });
  });

const end = async (key: string, meant: Meant): Promise<void> => {
  // A tab that froze with the lock must not keep the session alive.
  await locked(key + '/write', { signal: AbortSignal.timeout(patience) }, async () => {
    const next = tombstone(key, await newest(key), meant);
    if (!next) return;
    localStorage.setItem(key, next.text);
    await tell(`${key}/at/${next.generation}`);
    const channel = new BroadcastChannel(key);
    channel.postMessage('changed');
    channel.close();
  });
};

const endAll = async (meant: Meant): Promise<void> => {
  const prefix = keyOf(meant.iss) + '/';
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix) && key.split('/').length == 5);
  await Promise.all(keys.map((key) => end(key, meant)));
};

const meant = read(location.search);
if (meant) {
  // A server goes on when its frames have loaded, and takes them away. Ours has loaded when a frame in it has, and
  // that one has when we say so.
  const frame = document.body.appendChild(document.createElement('iframe'));
  const inner = frame.contentDocument!;
  inner.open();
  endAll(meant)
    // Storage that is blocked, as in frames of another site, has no session to end.
    .catch(() => {})
    .then(() => inner.close());
}
