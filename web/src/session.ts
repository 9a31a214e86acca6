import { isSessionError, SessionError } from './errors';
import { anonymous, compile, deepFreeze, nobody } from './policy';
import { storagesFor } from './storage';
import { wrapXHR } from './xhr';
import { check, take } from './options/check';
import type { Methods } from './methods';
import type { Agent, Session, SessionEvent, SessionOptions, SessionState } from './types';
import { createMatch } from './match';
import { readOptions } from './options/session';
import { assign, Bare, fetch, freeze, now, open, parse, platform, startsWith, stringify } from './platform';
import type { Published } from './published';
import { secondFile } from './covered';
import type { Runtime, Whole } from './runtime';
import { createFetch } from './fetch';
import { isLive, readClient, readRecord } from './record';

type Listener = (value: any) => void;
type Teller = (type: string, value: unknown) => unknown;

const nothing = () => {};

/**
 * Makes a session and, unless `intercept` is `'none'`, puts it between the page and its `fetch`.
 * Several sessions of one page work together: each handles what its own `api` covers and leaves
 * the rest to the fetch it found; where two cover the same URL, the newer one with a token wins.
 */
export const createSession = (given: SessionOptions): Session => {
  if (globalThis.isSecureContext === false) throw new SessionError('runtime_failed', 'needs https or localhost');
  const options = readOptions(given);
  const { config } = options;
  // S100: on a server nobody is signed in, and its one fetch is everybody's: nothing is wrapped, read or loaded.
  const page = globalThis.location;
  const native = globalThis.fetch;
  const none = nobody(config);
  const [storage, pending] = storagesFor(options.storage);

  let state = anonymous('restoring');
  let callback: string | undefined;
  let handled: string | undefined;
  let booting: Promise<Runtime> | undefined;
  /** What was shown before the page came back and it was not so any more. */
  let gone: { session: string; version: number; userId?: string } | false;
  let up = false;
  let failed = false;
  /** Resolves when a logout that was asked for has ended the session here. */
  let leaving: Promise<void> | undefined;
  let left = nothing;
  const listeners = new Set<Teller>();
  /** A sign-in that nobody has listened for yet. */
  let missed: unknown;

  let resolveReady!: (state: SessionState) => void;
  let rejectReady!: (error: unknown) => void;
  /** Settles when the state is known: that of this context. */
  let restored!: Promise<SessionState>;
  const restore = () => {
    restored = new Promise((resolve, reject) => {
      resolveReady = resolve;
      rejectReady = reject;
    });
    restored.catch(nothing);
  };
  restore();
  const ready = restored;

  /** Returns what ends it. Without a type: to states, and to the current one at once. */
  const listen = (type: string, fn: Listener) => {
    check('listener', fn, '@function');
    // A function of its own, as one function may listen twice.
    const own: Teller = (told, value) => {
      if (told != type) return;
      try {
        fn(value);
      } catch (error) {
        // Thrown where the page will see it, and nobody else will.
        setTimeout(() => reportError(error));
      }
      return true;
    };
    listeners.add(own);
    if (!type) own(type, state);
    // What cares for a visitor's cart may be loaded later than the session.
    if (type == 'login' && missed) {
      own(type, missed);
      missed = 0;
    }
    return () => void listeners.delete(own);
  };
  const tell: Teller = (type, value) => [...listeners].filter((own) => own(type, value))[0];
  const emit = (event: Partial<SessionEvent> & Pick<SessionEvent, 'type'>) => {
    const { userId } = state;
    const { type } = event;
    const whole = freeze({ remote: false, previousUserId: userId, userId, ...event });
    if (!tell(type, whole) && type == 'login') missed = whole;
    if (type == 'logout') missed = 0;
  };

  /** Makes `next` the state, and says so if it differs. */
  const show = (next: SessionState, remote = false) => {
    const previousUserId = state.userId;
    const same = state.status != 'restoring' && stringify(next) == stringify(state);
    if (!same) state = deepFreeze(next);
    if (state.status != 'restoring') resolveReady(state);
    if (!state.isLoggedIn) left();
    if (same) return;
    tell('', state);
    emit({ type: 'statechange', remote, previousUserId });
  };

  const adopt = ({ state: next, policy: rules, events = [] }: Published) => {
    if (plane.closed) return;
    if (rules) plane.policy = compile(rules);
    if (next)
      show(
        next,
        events.some((event) => event.remote),
      );
    events.forEach(emit);
  };

  /** The runtime cannot run. Requests then leave as the page wrote them; a method tries again. */
  const fail = (error: unknown) => {
    booting = undefined;
    up = false;
    if (plane.closed) return;
    rejectReady(error);
    if (!failed) emit({ type: 'error', error: error as SessionError });
    failed = true;
    if (state.status == 'restoring') show(anonymous());
  };

  const boot = () =>
    (booting ??= (async () => {
      let runtime: Runtime | undefined;
      try {
        // Whoever waits for the runtime waits no longer than that for its files.
        const signal = AbortSignal.timeout(60_000);
        // Both files at once.
        const program = fetch(options.wasmURL ?? new URL('./latchkey.wasm', import.meta.url), { signal });
        program.catch(nothing);
        const { startRuntime } = await secondFile(signal);
        runtime = await startRuntime(platform, plane, program, signal);
        alive();
        // What the page has seen so far, so that it hears of what has changed since.
        const { session, version, userId } = gone || {
          ...plane.policy,
          userId: state.status == 'restoring' ? undefined : state.userId,
        };
        gone = false;
        const { returnTo } = await runtime.call('start', { callback, session, version, userId });
        if (callback) handled = returnTo;
        callback = undefined;
        failed = false;
        up = true;
        return runtime;
      } catch (cause) {
        runtime?.close();
        const error = isSessionError(cause)
          ? cause
          : new SessionError('runtime_failed', 'the runtime did not load', { cause });
        fail(error);
        throw error;
      }
    })());

  /** Begins again, as another page load would, with what `config` has become. Resolves when the state is known. */
  const again = async (change: () => void) => {
    await known();
    (await booting?.catch(nothing))?.close();
    alive();
    change();
    booting = undefined;
    up = false;
    plane.policy = none;
    plane.prover = undefined;
    state = anonymous('restoring');
    restore();
    read();
    await known();
  };

  const closedError = () => new SessionError('closed', 'the session was closed');
  const alive = () => {
    if (plane.closed) throw closedError();
  };
  const running = async () => {
    alive();
    return boot();
  };
  const call = async (command: string, args: object) => (await running()).call(command, args);

  /** Holds all covered requests until then. */
  const hold = (until: Promise<unknown>) => {
    const mine = until.catch(nothing).then(() => {
      if (plane.held == mine) plane.held = undefined;
      return true;
    });
    plane.held = mine;
  };

  const plane: Whole = {
    policy: none,
    held: undefined,
    closed: false,
    asking: {},
    async call(command, facts) {
      if (!failed) return call(command, facts);
    },
    config,
    storage,
    pending,
    take,
    state: () => state,
    navigate: options.navigate,
    publish: adopt,
    again,
    onexit() {
      plane.policy = none;
      fail(new SessionError('runtime_failed', 'the runtime stopped'));
    },
    back() {
      const { isAgent, isLoggedIn, userId } = state;
      try {
        const json: any = storage.getItem(isAgent ? agentKey() : config.key);
        if (json?.then || (isAgent ? isLive(json) : !isLoggedIn || parse(json)?.session == plane.policy.session))
          return;
        gone = !up && { ...plane.policy, userId };
        plane.policy = none;
        show(anonymous());
      } catch {
        // The core will say what is wrong with the storage.
      }
    },
  };

  const wake = () => void (plane.closed || boot().catch(nothing));

  /** Starts from what is stored, if that can be, and loads the runtime when it is to be loaded. */
  const begin = ([json, client, agent, other, login]: unknown[]) => {
    // Who it is then is for the runtime to say.
    if (isLive(agent) || ((other || config.tokenMethod == 'cookie') && !json)) return hold(boot());
    const record = readRecord(json, config);
    const rule = record?.policy.rules.user;
    const token = readClient(client, config);
    const policy = record?.policy ?? none;
    plane.policy = { ...policy, rules: assign(new Bare(), none.rules, policy.rules, token && { client: token }) };
    if (config.doubts?.(record) || rule?.hold || rule?.validUntil! <= now()) wake();
    // Whoever is told of it may use it at once.
    else show(record?.state ?? anonymous());
    if (!page || booting) return;
    // What waits to be told here comes with the runtime.
    if (login || config.limits) wake();
    else if (options.load == 'idle') (globalThis.requestIdleCallback ?? setTimeout)(wake);
    else if (options.load != 'demand') setTimeout(wake);
  };

  /** Reads what is stored, of whom there may be something, and starts from that. */
  const read = () => {
    const { key, clientTokens, agent, adopts } = config;
    const stored = [key, clientTokens && key + '/client', agent && agentKey(), adopts, key + '/login'].map(
      (name, i) => {
        try {
          return name && (i > 3 ? sessionStorage : storage).getItem(name as string);
        } catch {
          // Read as nothing; the core will say what is wrong with the storage.
        }
      },
    );
    if ((stored[0] as any)?.then)
      hold(
        Promise.all(stored)
          .catch(() => [])
          .then(begin),
      );
    else begin(stored);
  };
  const agentKey = () => config.key + '/agent';

  /** Another tab has changed the session, or may have, before the runtime is here to see it. */
  const touched = ({ type, key, persisted }: { type: string; key?: string | null; persisted?: boolean }) => {
    if (persisted) plane.back();
    if (up || !(type == 'pageshow' ? persisted : key === null || key == config.key || key == agentKey())) return;
    hold(
      boot().catch(() => {
        plane.policy = none;
      }),
    );
  };
  const listenTo = (change: typeof addEventListener | undefined) => {
    change?.('storage', touched);
    change?.('pageshow', touched);
  };

  const match = createMatch(options.api);
  const wrapped = createFetch(native, plane, match, options);
  let unwrap = nothing;
  if (page && options.intercept != 'none') {
    globalThis.fetch = wrapped;
    unwrap = wrapXHR(plane, match, options);
  }
  // It takes longer than all else here, and a runtime that comes at once looks for itself.
  if (options.load) listenTo(globalThis.addEventListener);

  callback = config.takeCallback?.(config.redirectUri);
  if (callback) hold(boot());
  else if (callback == '') hold((booting = new Promise(nothing)));
  else read();

  /** The state, for guards: they answer also where the runtime cannot run. */
  const known = async () => {
    alive();
    await restored.catch(nothing);
    await plane.held;
    await leaving;
    const { user } = plane.policy.rules;
    if (user && (user.hold || user.validUntil! <= now()))
      await secondFile(null, options.timeout)
        .then((file) => file.renewed(platform, plane, options.timeout))
        .catch(nothing);
    alive();
  };

  /** Gives an object the methods that come with the runtime. */
  const lend = (to: object, names: string, of = '') => {
    for (const name of names.split(' '))
      (to as Record<string, Function>)[name] = async (...args: []) =>
        ((await running()).methods as any)[of + name](...args);
    return to;
  };
  const agent = freeze(
    lend(
      {
        get isLoggedIn() {
          return state.isAgent;
        },
      },
      'login loginWithRedirect logout emulate stopEmulating',
      'agent.',
    ),
  ) as Agent;

  const session: Session = {
    ...(lend(
      {},
      'loginWithRedirect loginWithCredentials loginSilently refresh getAccessToken getIdToken getUserInfo redirectAfterLogin loginForm switchContext loginWith validateClaims trace',
    ) as Methods),
    ready,
    get state() {
      // Somebody's listener for pageshow may be called before ours.
      if (plane.left) plane.back();
      return state;
    },
    subscribe: (fn) => listen('', fn),
    on(type: string, fn: Listener) {
      check('the event', type, 'login|logout|expired|refresh|statechange|error|idle|request');
      if (type == 'request') secondFile(null).then((file) => file.reckon(platform, plane, tell), nothing);
      return listen(type, fn);
    },
    async loginWithPopup(options) {
      let popup;
      try {
        // Before anything is awaited: a browser lets only a click open a window.
        popup = open('', '', 'width=480,height=640');
      } catch {
        // Blocked, or in a worker.
      }
      try {
        return await (await running()).methods.loginWithPopup(options, popup);
      } finally {
        popup?.close();
      }
    },
    agent,
    async checkOAuthParamsInUrl(url) {
      alive();
      if (!url) {
        if (callback) await boot();
        if (handled) return { state, returnTo: handled };
        url = config.takeCallback?.(config.redirectUri);
        if (!url) return null;
      }
      const result = await call('callback', { url });
      return result && { state, returnTo: result.returnTo ?? null };
    },
    async logout(options) {
      if (plane.closed) return;
      const shown = state;
      // From here on no request carries the token, whatever comes of the rest.
      plane.policy = none;
      if (shown.isLoggedIn)
        leaving ??= new Promise((resolve) => {
          left = () => {
            leaving = undefined;
            resolve();
          };
        });
      try {
        await (await running()).methods.logout(options, shown);
      } catch {
        // Without the runtime the record goes, which the other tabs take for the end of the session too.
        try {
          await storage.removeItem(agentKey());
          await storage.removeItem(config.key);
        } catch {
          // A storage that refuses this has nothing either.
        }
        adopt({
          state: anonymous(),
          events: shown.isLoggedIn ? [{ type: 'logout', reason: 'user', previousUserId: shown.userId }] : [],
        });
      }
      left();
    },
    fetch: wrapped.bind(undefined),
    guard: freeze({
      async requireLogin(path?: string) {
        await known();
        if (state.isLoggedIn) return true;
        if (page) await call('remember', { path: path ?? page.href }).catch(nothing);
        return config.login;
      },
      async requireAnonymous() {
        await known();
        return !state.isLoggedIn || config.home;
      },
      async check(path?: string) {
        alive();
        try {
          return await (
            await secondFile(null, options.timeout)
          ).checkPath(platform, config, session, path ?? page.href);
        } catch {
          await known();
          // Without the second file: no page is shown that may need a sign-in.
          return (
            !config.protected || state.isLoggedIn || startsWith(path ?? page.pathname, config.login) || config.login
          );
        }
      },
    }),
    close() {
      if (plane.closed) return;
      plane.closed = true;
      plane.policy = none;
      // Somebody who wrapped it since keeps it, and it passes everything on.
      if (globalThis.fetch == wrapped) globalThis.fetch = native;
      unwrap();
      listenTo(globalThis.removeEventListener);
      booting?.then((runtime) => runtime.close()).catch(nothing);
      rejectReady(closedError());
    },
  };
  return freeze(session);
};
