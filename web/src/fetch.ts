import type { Proof, Prover, ProverOptions } from './dpop';
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
  platform,
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
  /** The user's id that the page is shown. */
  userId(): string;
  /** A command of the core. Rejects where there is no core to ask. */
  call(command: string, args: object): Promise<any>;
  /** Those that are under way, by what they ask. */
  readonly asking: Record<string, Promise<string | undefined>>;
  /** Of which session, for the prover of its requests. */
  readonly config: ProverOptions['config'];
  readonly pending: ProverOptions['pending'];
  prover?: Prover;
  /** A visitor's request that may bring a session, and what comes of it. */
  alone?: Promise<unknown>;
  /** Set where no more is to be learned by that. */
  met?: string;
  /** The last `switchContext`. */
  switching?: Promise<unknown>;
}

/** A covered request, as it was when the page called. */
export interface Sending {
  readonly plane: Plane;
  /** Whose it is, as it is called in a policy's rules. */
  by(policy: Policy): string;
  /** Whose id goes along, where the page wants that: `true` is the user's. */
  readonly userId: string | undefined;
  readonly hit: Hit;
  readonly init: Init;
  readonly headers: HeaderRecord;
  readonly method: string | undefined;
  /** Its body cannot be sent again. */
  readonly once: boolean;
  readonly signal: AbortSignal | null | undefined;
  readonly timeout: number;
  readonly retries: number;
  /** What it has to wait for before it is sent. */
  readonly held: Promise<unknown> | undefined;
  readonly ahead: Promise<void> | undefined;
  /** The policy it was sent by, and the answer, if it was. */
  policy: Policy;
  response?: Response;
  request: Request | undefined;
  target: unknown;
  /** A body that the page may change meanwhile. */
  copy: Response | undefined;
  /** A Request to send next time. */
  spare?: Request;
  /** Sends it. */
  call(rule?: Rule, proof?: Extra): Promise<Response>;
  /** Keeps a spare, if it is wanted and there is a need. */
  keep(wanted: boolean): void;
  refused(rule: Rule, response: Response): boolean | undefined;
  /** Lets those go that were called after it. */
  leave?(): void;
}

export interface FetchOptions {
  readonly api: readonly Prefix[];
  readonly retries: number;
  readonly timeout: number;
}

/** Headers that one attempt has and the next may not. */
export type Extra = Pick<Proof, 'headers'>;

type Init = Record<PropertyKey, unknown>;
type HeaderRecord = Record<string, string>;

const mark = 'latchkey-as';
/** Headers that are for us, Spartacus' too. They never leave the browser. */
const marks = /^(latchkey-(as|user-id)|cx-use-c(lient|sagent)-token)$/i;
const tag = {}.toString;

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
  let found = false;
  if (headers instanceof Headers) newHeaders(headers).forEach((_, name) => (found ||= marks.test(name)));
  // What can be read once only is taken for marked, and sent as a copy.
  else if (!Array.isArray(headers) && Symbol.iterator in Object(headers)) found = true;
  else
    for (const name in headers as Record<string, string | string[]>) {
      const value = (headers as Record<string, string | string[]>)[name];
      found ||= marks.test(name) || marks.test(`${value?.[0]}`);
    }
  return found;
};

const brand = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    // Not of that class.
  }
};

/** The second file. Rejects when it does not come in `time`, in milliseconds, or when `signal` aborts. */
export const secondFile = (signal: AbortSignal | null | undefined, time?: number) =>
  new Promise<typeof import('./runtime')>((resolve, reject) => {
    const timer = time && setTimeout(reject, time);
    signal?.addEventListener('abort', reject);
    const done = () => {
      clearTimeout(timer);
      // One signal may be that of many requests.
      signal?.removeEventListener('abort', reject);
    };
    import('./runtime').finally(done).then(resolve, reject);
  });

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

  /** Goes on in the second file. Without it, or when it takes too long, the request stays as the page wrote it. */
  const proceed = async (it: Sending): Promise<Response> => {
    const how = await secondFile(it.signal, timeout).catch(() => {});
    if (!how && it.signal?.aborted) throw it.signal.reason;
    return how ? how.proceed(platform, it) : (it.response ?? it.call());
  };

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
    const { config } = plane;
    let as = (init.as ??
      headers[mark] ??
      (config.clientTokens && headers['cx-use-client-token'] == 'true'
        ? 'client'
        : headers['cx-use-csagent-token'] == 'true'
          ? 'agent'
          : hit?.as)) as string;
    // Whose it is says not what it is for.
    if (hit && startsWith(hit.as, as + ' ')) as = hit.as;
    const userId = headers['latchkey-user-id'];
    for (const name in headers) if (marks.test(name)) delete headers[name];
    delete init.as;
    const { headers: usual } = config as { headers?: HeaderRecord };
    if (hit) for (const name in usual) headers[name] ??= usual[name]!;
    const by: Sending['by'] = ({ rules }) => {
      const whose = as == 'user-or-client' ? (rules.user ? 'user' : 'client') : as;
      // AS-08: what is the user's own is asked for as nobody else: not the client, and not the agent who acts for them.
      return (whose == 'client' || (rules.agent && whose == 'user')) &&
        /^[^?#]*\/users\/current(?![^/;?#])/.test(hit!.url)
        ? 'none'
        : whose;
    };
    // Without members, an init leaves a Request's referrer alone; with headers it would reset it.
    if (request && !ownKeys(init).length) {
      init.referrer = ofRequest(request, 'referrer');
      init.referrerPolicy = ofRequest(request, 'referrerPolicy');
    }
    const { policy, held } = plane;
    const rule = hit && policy.rules[by(policy)];
    let it: Sending | undefined;
    const call: Sending['call'] = (rule, proof) =>
      apply(native, self, [
        it ? it.target : target,
        {
          ...init,
          // A Request says 'same-origin' by itself, so that only another word is its maker's.
          ...(rule?.credentials &&
            init.credentials === undefined &&
            member('credentials') != 'omit' && { credentials: rule.credentials }),
          headers: { __proto__: null, ...headers, ...rule?.headers, ...proof?.headers },
        },
      ]);
    /** A member of what is sent. */
    const member = (name: keyof Request): any => init[name] ?? (request && ofRequest(request, name));
    if (!hit || member('mode') == 'no-cors' || 'authorization' in headers || !(held || rule)) return call();

    // A body is sent again, or after a wait, as it was when the page called.
    const kind = `${apply(tag, init.body, [])}`;
    const copy = /Data|Params|Array|Buffer/.test(kind) ? newResponse(init.body as BodyInit) : undefined;
    const once = !copy && !/Null|Undef|String|Blob|File/.test(kind);
    const method = member('method');
    const isSafe = /^(GET|HEAD|undefined)$/i.test(method);
    // None overtakes one that was called before it.
    const ahead = last;
    it = {
      plane,
      by,
      userId,
      hit,
      init,
      headers,
      method,
      once,
      signal: init.signal === null ? null : member('signal'),
      timeout,
      retries,
      held,
      ahead,
      policy,
      request,
      target,
      copy,
      call,
      keep(wanted) {
        it!.spare = wanted && !once && it!.request && init.body == null && !isSafe ? cloneOf(it!.request) : undefined;
      },
      refused: (rule, { status, redirected, url }) =>
        rule.refused?.status.includes(status) &&
        // After a redirect to another origin it is not our server that refuses.
        (!redirected || startsWith(url, hit.origin)),
    };

    if (
      // The native fetch says best what an aborted signal means.
      it.signal?.aborted ||
      (!held &&
        !ahead &&
        !userId &&
        !(rule!.hold || rule!.dpop || rule!.single || (rule!.csrf && !isSafe) || rule!.validUntil! <= now()))
    ) {
      it.keep(retries > 0);
      it.response = await call(rule);
      if (rule!.capture || it.refused(rule!, it.response)) return proceed(it);
      it.spare?.body?.cancel().catch(() => {});
      return it.response;
    }
    // As the native call would, this marks the caller's Request as used.
    if (request && init.body == null) it.target = it.request = new Request(request);
    const mine = (last = new Promise((resolve) => {
      it.leave = () => {
        if (last == mine) last = undefined;
        resolve();
      };
    }));
    try {
      return await proceed(it);
    } finally {
      it.leave!();
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
