import type { Proof } from './dpop';
import { SessionError } from './errors';
import { createMatch, type Hit, type Prefix } from './match';
import type { Policy, Rule } from './policy';
import {
  apply,
  clearTimeout,
  cloneOf,
  create,
  getPrototypeOf,
  Headers,
  hrefOf,
  newHeaders,
  newResponse,
  now,
  ofRequest,
  ownKeys,
  Request,
  setTimeout,
  startsWith,
} from './platform';

/** What the wrapped fetch asks of the session. */
export interface Plane {
  policy: Policy;
  /** Set while nobody can know what the policy will be. It never rejects. */
  held: Promise<unknown> | undefined;
  closed: boolean;
  /** Asks the core about a rule. Resolves with undefined where there is no core to ask. */
  ask(
    command: 'authorize' | 'refused',
    facts: { as: string; session: string; version: number; status?: number },
  ): Promise<string | undefined>;
  /** Makes the proof that a rule with a key asks for. Never rejects; resolves with undefined where the key is gone. */
  prove(rule: Rule, method: string | undefined, url: string): Promise<Proof | undefined>;
}

export interface FetchOptions {
  readonly api: readonly Prefix[];
  readonly retries: number;
  readonly timeout: number;
}

type Init = Record<PropertyKey, unknown>;
type HeaderRecord = Record<string, string>;

const mark = 'latchkey-as';
const tag = {}.toString;

const changed = () => new SessionError('session_changed', 'somebody else has signed in: not sent');

/**
 * Every member of a caller's init, read once: own, inherited, accessors, and those that no browser
 * has heard of yet.
 */
const snapshot = (init: unknown): Init => {
  const copy: Init = create(null);
  for (let at = init as object | null; at && at != Object.prototype; at = getPrototypeOf(at)) {
    for (const key of ownKeys(at)) if (!(key in copy)) copy[key] = (init as Init)[key];
  }
  return copy;
};

/** Whether headers hold our marker; looks without using up an iterator. */
const isMarked = (headers: unknown): boolean => {
  if (headers instanceof Headers) return newHeaders(headers).has(mark);
  for (const name in headers as Record<string, string | string[]>) {
    const value = (headers as Record<string, string | string[]>)[name];
    if (name.toLowerCase() == mark || `${value?.[0]}`.toLowerCase() == mark) return true;
  }
  return false;
};

const brand = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    // Not of that class.
  }
};

/** Lets go of a body that nobody will read. */
const discard = (body: Request | Response | undefined) => {
  body?.body?.cancel().catch(() => {});
};

/**
 * Wraps a fetch. What `api` does not cover is the native call with the same arguments, at once;
 * what it does cover differs from it by the headers of its rule.
 */
export const createFetch = (
  native: typeof fetch,
  plane: Plane,
  { api, retries, timeout }: FetchOptions,
): typeof fetch => {
  const match = createMatch(api);
  /** Resolves when the request that was called last has left, or never will; undefined where none waits. */
  let last: Promise<void> | undefined;

  /** Waits for `promise`; resolves with undefined when that takes too long, rejects when `signal` aborts. */
  const bounded = <T>(promise: Promise<T>, signal: AbortSignal | null | undefined) =>
    new Promise<T | undefined>((resolve, reject) => {
      const end = (value?: T) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        resolve(value);
      };
      const abort = () => {
        reject(signal!.reason);
        end();
      };
      const timer = setTimeout(() => end(), timeout);
      // The native fetch says best what an aborted signal means.
      if (signal?.aborted) return end();
      signal?.addEventListener('abort', abort);
      void promise.then(end);
    });

  const send = async (
    self: unknown,
    args: IArguments,
    target: unknown,
    hit: Hit | undefined,
    request: Request | undefined,
  ): Promise<Response> => {
    const init = snapshot(args[1]);
    // The caller's headers by name, in lower case, without a prototype: the browser then reads them
    // through no method that a page could replace.
    const headers: HeaderRecord = create(null);
    const given = init.headers === undefined ? request && ofRequest(request, 'headers') : init.headers;
    // What is no headers, null too, is refused here as it is there.
    if (given !== undefined) {
      newHeaders(given as HeadersInit).forEach((value, name) => {
        headers[name] = value;
      });
    }
    const as = (init.as ?? headers[mark] ?? hit?.as) as string;
    delete headers[mark];
    delete init.as;
    // Without members, an init leaves a Request's referrer alone; with headers it would reset it.
    if (request && !ownKeys(init).length) {
      init.referrer = ofRequest(request, 'referrer');
      init.referrerPolicy = ofRequest(request, 'referrerPolicy');
    }
    const call = (rule?: Rule, proof?: Proof): Promise<Response> =>
      apply(native, self, [
        target,
        { ...init, headers: { __proto__: null, ...headers, ...rule?.headers, ...proof?.headers } },
      ]);

    const { held } = plane;
    const { session, rules } = plane.policy;
    if (
      !hit ||
      (init.mode ?? (request && ofRequest(request, 'mode'))) == 'no-cors' ||
      'authorization' in headers ||
      !(held || rules[as])
    )
      return call();

    // A body is sent again, or after a wait, as it was when the page called.
    const kind = `${apply(tag, init.body, [])}`;
    let copy = /Data|Params|Array|Buffer/.test(kind) ? newResponse(init.body as BodyInit) : undefined;
    const once = !copy && !/Null|Undef|String|Blob|File/.test(kind);
    const signal = (init.signal === undefined ? request && ofRequest(request, 'signal') : init.signal) as
      AbortSignal | undefined;
    const wait = async <T>(promise: Promise<T>): Promise<T | undefined> => {
      if (copy) {
        const type = newHeaders(copy.headers).get('content-type');
        if (type) headers['content-type'] ??= type;
        init.body = await copy.blob();
        copy = undefined;
      } else if (request && init.body == null) {
        // As the native call would, this marks the caller's Request as used.
        target = request = new Request(request);
      }
      return bounded(promise, signal);
    };

    // None overtakes one that was called before it.
    const ahead = last;
    let leave!: () => void;
    const mine = (last = new Promise((resolve) => {
      leave = () => {
        if (last == mine) last = undefined;
        resolve();
      };
    }));
    try {
      // As the page wrote it, where nobody says in time what it should carry.
      if ((held || ahead) && !(await wait(Promise.all([held, ahead])))) return call();

      for (let left = retries, nonced = 0; ; left--) {
        let { policy } = plane;
        let rule: Rule | undefined = policy.rules[as];
        if (rule && (rule.hold || rule.validUntil! <= now())) {
          const outcome = await wait(plane.ask('authorize', { as, session: policy.session, version: policy.version }));
          if (outcome == 'changed') throw changed();
          policy = plane.policy;
          rule = outcome ? policy.rules[as] : undefined;
        }
        if (rule && session && session != policy.session) throw changed();

        const method = (init.method ?? (request && ofRequest(request, 'method'))) as string;
        let proof: Proof | undefined;
        if (rule?.dpop) {
          proof = await wait(plane.prove(rule, method, hit.url));
          // It took its time: what holds now is looked at again.
          if (policy != plane.policy) {
            left++;
            continue;
          }
          if (!proof) rule = undefined;
        }

        const again = left > 0 && !once;
        const spare =
          rule && (again || (proof && !once)) && request && init.body == null && !/^(GET|HEAD)$/.test(method)
            ? cloneOf(request)
            : undefined;
        const answer = call(rule, proof);
        leave();
        const response = await answer;
        const { status } = response;
        if (proof?.learn(response)) {
          // A nonce is no refusal: it is asked for once more, by no account of the retries.
          if (!once && !nonced++) {
            left++;
            if (spare) target = request = spare;
            discard(response);
            continue;
          }
        } else if (
          rule?.refused?.status.includes(status) &&
          // After a redirect to another origin it is not our server that refuses.
          (!response.redirected || startsWith(response.url, hit.origin))
        ) {
          const facts = { as, session: policy.session, version: policy.version, status };
          if (again) {
            if (spare) target = request = spare;
            const outcome = await wait(plane.ask('refused', facts));
            if (outcome == 'retry' || outcome == 'changed') discard(response);
            if (outcome == 'changed') throw changed();
            if (outcome == 'retry') continue;
          } else if (left == retries) {
            void plane.ask('refused', facts);
          }
        }
        discard(spare);
        return response;
      }
    } finally {
      leave();
    }
  };

  // A method, as it has no prototype and cannot be constructed; the native one takes one argument.
  return {
    fetch(this: unknown, input: RequestInfo | URL): Promise<Response> {
      const args = arguments;
      let target: unknown = input;
      let request: Request | undefined;
      let hit: Hit | undefined;
      let marked;
      if (!plane.closed && args.length) {
        try {
          let raw = input as string | undefined;
          if (typeof input != 'string') {
            raw = brand(() => ofRequest(input, 'url'));
            if (raw !== undefined) request = input as Request;
            // Converted once: it must not answer differently when it is sent.
            else raw = brand(() => hrefOf(input as URL)) ?? (target = args[0] = `${input as object}`);
          }
          hit = match(raw!);
          marked = !hit && isMarked(args[1]?.headers ?? (request && ofRequest(request, 'headers')));
        } catch {
          // The native fetch has its own words for this.
        }
      }
      if (!hit && !marked) return apply(native, this, args);
      return send(this, args, request ?? hit?.url ?? target, hit, request);
    },
  }.fetch;
};
