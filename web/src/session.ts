import { takeCallback } from './callback';
import { SessionError } from './errors';
import { createFetch, type Plane } from './fetch';
import { startRuntime, type Runtime } from './loader';
import { check, credentialsOptions, later, loginOptions, logoutOptions, readOptions, take } from './options';
import { anonymous, compile, deepFreeze, nobody, type PolicyJson } from './policy';
import { apply, freeze, now, parse, stringify } from './primordials';
import { readRecord } from './record';
import { storagesFor } from './storage';
import type { Agent, Session, SessionEvent, SessionOptions, SessionState } from './types';

/** What the core publishes. It is adopted in one step. */
interface Published {
  state?: SessionState;
  policy?: PolicyJson;
  events?: (Omit<SessionEvent, 'error'> & {
    error?: { code: SessionError['code']; message: string; oauth?: SessionError['oauth'] };
  })[];
}

type Listener = (value: any) => void;

const nothing = () => {};

/** Throws what a page's listener threw where the page will see it, and nobody else will. */
const report = (error: unknown) => void setTimeout(() => (globalThis.reportError ?? console.error)(error));

/**
 * Makes a session and, unless `intercept` is `'none'`, puts it between the page and its `fetch`.
 * Several sessions of one page work together: each handles what its own `api` covers and leaves
 * the rest to the fetch it found; where two cover the same URL, the newer one with a token wins.
 */
export const createSession = (given: SessionOptions): Session => {
  if (!globalThis.isSecureContext)
    throw new SessionError('runtime_failed', 'a session needs a page with a secure context: https, or localhost');
  const { options, api, config } = readOptions(given);
  const native = globalThis.fetch;
  const [storage, pending] = storagesFor(options.storage);

  let state = anonymous('restoring');
  let policy = nobody();
  let held: Promise<unknown> | undefined;
  let callback: string | undefined;
  let handled: string | undefined;
  let booting: Promise<Runtime> | undefined;
  let up = false;
  let failed = false;
  let closed = false;
  const listeners: Record<string, Set<Listener>> = {};
  const asking: Record<string, Promise<string | undefined>> = {};

  let resolveReady: (state: SessionState) => void;
  let rejectReady: (error: unknown) => void;
  const ready = new Promise<SessionState>((resolve, reject) => {
    resolveReady = resolve;
    rejectReady = reject;
  });
  ready.catch(nothing);

  const listen = (type: string, fn: Listener) => {
    check('the listener', fn, '@function');
    // A function of its own, as one function may listen twice.
    const own: Listener = (value) => {
      try {
        fn(value);
      } catch (error) {
        report(error);
      }
    };
    (listeners[type] ??= new Set()).add(own);
    return { own, off: () => void listeners[type]!.delete(own) };
  };
  const tell = (type: string, value: unknown) => [...(listeners[type] ?? [])].forEach((fn) => fn(value));
  const emit = (event: Partial<Omit<SessionEvent, 'error'>> & { type: string; error?: unknown }) => {
    const { userId } = state;
    tell(event.type, freeze({ remote: false, previousUserId: userId, userId, ...event }));
  };

  /** Makes `next` the state, and says so if it differs. */
  const show = (next: SessionState, remote = false) => {
    const previousUserId = state.userId;
    const same = stringify(next) == stringify(state);
    if (!same) state = deepFreeze(next);
    if (state.status != 'restoring') resolveReady(state);
    if (same) return;
    tell('', state);
    emit({ type: 'statechange', remote, previousUserId });
  };

  const adopt = (json: string) => {
    if (closed) return;
    const { state: next, policy: rules, events = [] }: Published = parse(json);
    if (rules) policy = compile(rules);
    if (next)
      show(
        next,
        events.some((event) => event.remote),
      );
    for (const event of events) {
      const { error } = event;
      emit(error ? { ...event, error: new SessionError(error.code, error.message, error) } : event);
    }
  };

  /** The runtime cannot run. Requests then leave as the page wrote them; a method tries again. */
  const fail = (error: unknown) => {
    booting = undefined;
    up = false;
    if (closed) return;
    rejectReady(error);
    if (!failed) emit({ type: 'error', error });
    failed = true;
    if (state.status == 'restoring') show(anonymous());
  };

  const boot = () =>
    (booting ??= (async () => {
      let runtime: Runtime | undefined;
      try {
        runtime = await startRuntime({
          wasmURL: options.wasmURL ?? new URL('./latchkey.wasm', import.meta.url),
          config,
          storage,
          pending,
          navigate: options.navigate ?? ((path: string) => globalThis.location.assign(path)),
          publish: adopt,
          onexit() {
            policy = nobody();
            fail(new SessionError('runtime_failed', 'the runtime stopped; reload the page'));
          },
        });
        alive();
        const result = (await runtime.call('start', callback ? { callback } : {})) as { returnTo?: string };
        if (callback) handled = result.returnTo;
        callback = undefined;
        failed = false;
        up = true;
        return runtime;
      } catch (error) {
        runtime?.close();
        fail(error);
        throw error;
      }
    })());

  const closedError = () => new SessionError('closed', 'this session was closed; create another one');
  const alive = () => {
    if (closed) throw closedError();
  };
  const call = async (command: string, args: object = {}): Promise<any> => {
    alive();
    return (await boot()).call(command, args);
  };

  /** Holds all covered requests until then. */
  const hold = (until: Promise<unknown>) => {
    const mine = until.catch(nothing).then(() => {
      if (held == mine) held = undefined;
      return true;
    });
    held = mine;
  };

  const plane: Plane = {
    get policy() {
      return policy;
    },
    get held() {
      return held;
    },
    get closed() {
      return closed;
    },
    async ask(command, facts) {
      if (failed) return;
      // One question for all requests that wait for the same answer.
      const key = command + stringify(facts);
      return (asking[key] ??= (async () => {
        try {
          return (await call(command, facts)).outcome as string;
        } catch {
          // There is no answer, so the request goes as it is.
        } finally {
          delete asking[key];
        }
      })());
    },
  };

  /** Starts from what is stored, if that can be, and loads the runtime when it is to be loaded. */
  const begin = (json: unknown) => {
    const record = readRecord(json, config);
    const rule = record?.policy.rules.user;
    if (record) policy = record.policy;
    if (rule && (rule.hold || rule.validUntil! <= now())) return void boot().catch(nothing);
    show(record?.state ?? anonymous());
    const load = () => void (closed || boot().catch(nothing));
    if (options.load == 'eager') setTimeout(load);
    else if (options.load == 'idle') (globalThis.requestIdleCallback ?? setTimeout)(load);
  };

  /** Another tab has changed the session, or may have, before the runtime is here to see it. */
  const touched = ({ type, key, persisted }: { type: string; key?: string | null; persisted?: boolean }) => {
    if (up || !(type == 'pageshow' ? persisted : key === null || key == config.key)) return;
    hold(
      boot().catch(() => {
        policy = nobody();
      }),
    );
  };
  const listenTo = (change: typeof addEventListener | undefined) => {
    change?.('storage', touched);
    change?.('pageshow', touched);
  };

  const wrapped = createFetch(native, plane, { api, retries: options.retries, timeout: options.timeout });
  if (options.intercept == 'global') globalThis.fetch = wrapped;
  listenTo(globalThis.addEventListener);

  callback = takeCallback(config.redirectUri);
  if (callback) hold(boot());
  else {
    let stored: unknown;
    try {
      stored = storage.getItem(config.key);
    } catch {
      // Read as nothing; the core will say what is wrong with the storage.
    }
    if (isPromise(stored)) hold(stored.catch(nothing).then(begin));
    else begin(stored);
  }

  const notBuilt = (name: string) => async () => {
    throw later(name);
  };

  const agent = { isLoggedIn: false } as Record<string, unknown> as Agent & Record<string, unknown>;
  for (const name of ['login', 'logout', 'emulate', 'stopEmulating']) agent[name] = notBuilt('agent.' + name);

  const session: Session = {
    ready,
    get state() {
      return state;
    },
    subscribe(fn) {
      const { own, off } = listen('', fn);
      own(state);
      return off;
    },
    on(type, fn) {
      check('the event', type, 'login|logout|expired|refresh|statechange|error');
      return listen(type, fn).off;
    },
    async loginWithRedirect(options = {}) {
      await call('loginWithRedirect', take(options, loginOptions));
    },
    async loginWithCredentials(username, password, options = {}) {
      await call('loginWithCredentials', take({ ...options, username, password }, credentialsOptions));
      return state;
    },
    loginWithPopup: notBuilt('loginWithPopup'),
    loginSilently: notBuilt('loginSilently'),
    switchContext: notBuilt('switchContext'),
    agent: freeze(agent),
    async checkOAuthParamsInUrl(url) {
      alive();
      if (!url) {
        if (callback) await boot();
        if (handled) return { state, returnTo: handled };
        url = takeCallback(config.redirectUri);
        if (!url) return null;
      }
      const result = await call('callback', { url });
      return result && { state, returnTo: result.returnTo ?? null };
    },
    async logout(options) {
      if (closed) return;
      const { userId, isLoggedIn } = state;
      let args = {};
      try {
        args = take(options ?? {}, logoutOptions);
      } catch {
        // An event, where the method itself is the listener.
      }
      // From here on no request carries the token, whatever comes of the rest.
      policy = nobody();
      try {
        await call('logout', args);
      } catch {
        // Without the runtime the record goes, which the other tabs take for the end of the session too.
        try {
          await storage.removeItem(config.key);
        } catch {
          // A storage that refuses this has nothing either.
        }
        show(anonymous());
        if (isLoggedIn) emit({ type: 'logout', reason: 'user', previousUserId: userId });
      }
    },
    async refresh() {
      await call('refresh');
      return state;
    },
    async getAccessToken(options = {}) {
      return (await call('accessToken', take(options, 'minValidity:@number'))).token;
    },
    async getIdToken() {
      return (await call('idToken')).token;
    },
    fetch: ((...args: []) => apply(wrapped, undefined, args)) as Session['fetch'],
    guard: freeze({
      async requireLogin(path?: string) {
        alive();
        await ready;
        if (state.isLoggedIn) return true;
        const { pathname, search, hash } = globalThis.location;
        await call('remember', { path: path ?? pathname + search + hash }).catch(nothing);
        return config.login;
      },
      async requireAnonymous() {
        alive();
        await ready;
        return !state.isLoggedIn || config.home;
      },
    }),
    async redirectAfterLogin() {
      return (await call('recall'))?.path ?? null;
    },
    close() {
      if (closed) return;
      closed = true;
      policy = nobody();
      // Somebody who wrapped it since keeps it, and it passes everything on.
      if (globalThis.fetch == wrapped) globalThis.fetch = native;
      listenTo(globalThis.removeEventListener);
      booting?.then((runtime) => runtime.close()).catch(nothing);
      rejectReady(closedError());
    },
  };
  return freeze(session);
};

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as Promise<unknown> | null)?.then == 'function';
