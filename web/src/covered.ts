/** What fetch and XMLHttpRequest have in common: whose a covered request is, and whether it may leave at once. */
import type { Proof, Prover, ProverOptions } from './dpop';
import type { Breaker } from './breaker';
import type { Hit, Prefix } from './match';
import type { Policy, Rule } from './policy';
import type { Reckon } from './reckon';
import type { SessionState } from './types';
import { apply, Blob, clearTimeout, newResponse, now, setTimeout, startsWith, URLSearchParams } from './platform';

/** What the wrapped requests ask of the session. */
export interface Plane {
  policy: Policy;
  /** Set while nobody can know what the policy will be. It never rejects. */
  held: Promise<unknown> | undefined;
  closed: boolean;
  /** What the page is shown. */
  state(): SessionState;
  /** A command of the core. Rejects where there is no core to ask. */
  call(command: string, args: object): Promise<any>;
  /** Those that are under way, by what they ask. */
  readonly asking: Record<string, Promise<string | undefined>>;
  /** Of which session, for the prover of its requests. */
  readonly config: ProverOptions['config'];
  readonly pending: ProverOptions['pending'];
  prover?: Prover;
  /** The page is back from the back/forward cache: whoever was signed out meanwhile is not shown again, before anybody looks. */
  back(): void;
  /** The page is being left, or is in that cache. */
  left?: boolean;
  /** Resolves when the request that was called last has left, or never will; undefined where none waits. */
  last?: Promise<void>;
  /** A visitor's request that may bring a session, and what comes of it. */
  alone?: Promise<unknown>;
  /** Set where no more is to be learned by that. */
  met?: string;
  /** Which endpoints refuse whatever they get. */
  breaker?: Breaker;
  /** Set while somebody listens for what requests cost. */
  reckon?: Reckon;
  /** The last `switchContext`. */
  switching?: Promise<unknown>;
}

export interface SendOptions {
  readonly api: readonly Prefix[];
  readonly retries: number;
  readonly timeout: number;
}

export type Init = Record<PropertyKey, unknown>;
export type HeaderRecord = Record<string, string>;

/** Headers that one attempt has and the next may not. */
export type Extra = Pick<Proof, 'headers'>;

/** What the second file needs of an answer. */
export interface Answer extends Pick<Response, 'status' | 'redirected' | 'url' | 'type'> {
  readonly headers: Pick<Headers, 'get'>;
  readonly body?: { cancel(): Promise<void> } | null;
  clone(): { body: { getReader(): Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'> } | null };
}

/** A covered request, as it was when the page called. */
export interface Sending<Its extends Answer = Answer> {
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
  signal: AbortSignal | null | undefined;
  readonly timeout: number;
  readonly retries: number;
  /** What it has to wait for before it is sent. */
  readonly held: Promise<unknown> | undefined;
  readonly ahead: Promise<void> | undefined;
  /** The policy it was sent by, and the answer, if it was. */
  policy: Policy;
  response?: Its;
  request?: Request;
  target?: unknown;
  /** A body that the page may change meanwhile. */
  copy: Response | undefined;
  /** A Request to send next time. */
  spare?: Request;
  /** Sends it. */
  call(rule?: Rule, proof?: Extra): Promise<Its>;
  /** Keeps a spare, if it is wanted and there is a need. */
  keep?(wanted: boolean): void;
  refused(rule: Rule, response: Pick<Answer, 'status' | 'redirected' | 'url'>): boolean | undefined;
  /** Lets those go that were called after it. */
  leave?(): void;
}

const mark = 'latchkey-as';
/** Headers that are for us, Spartacus' too. They never leave the browser. */
export const marks = /^(latchkey-(as|user-id)|cx-use-c(lient|sagent)-token)$/i;

/**
 * Whose a request is: by `as`, what its headers say, or its place in `api`. Takes our marks out of its headers, and puts those in that all
 * covered ones have.
 */
export const whose = ({ config }: Plane, hit: Hit | undefined, headers: HeaderRecord, as?: unknown): string => {
  as ??=
    headers[mark] ??
    (config.clientTokens && headers['cx-use-client-token'] == 'true'
      ? 'client'
      : headers['cx-use-csagent-token'] == 'true'
        ? 'agent'
        : hit?.as);
  // Whose it is says not what it is for.
  if (hit && as != hit.as && startsWith(hit.as, as + ' ')) as = hit.as;
  for (const name in headers) if (marks.test(name)) delete headers[name];
  const { headers: usual } = config as { headers?: HeaderRecord };
  if (hit) for (const name in usual) headers[name] ??= usual[name]!;
  return as as string;
};

/** What is called `as` in a policy's rules, for a request to `hit`. */
export const nameOf = (as: string, hit: Hit, { rules }: Policy): string => {
  if (as == 'user-or-client') as = rules.user ? 'user' : 'client';
  // AS-08: what is the user's own is asked for as nobody else: not the client, and not the agent who acts for them.
  return (as == 'client' || (rules.agent && as == 'user')) && /^[^?#]*\/users\/current(?![^/;?#])/.test(hit.url)
    ? 'none'
    : as;
};

/** Whether an answer is a refusal, as its status says. */
export const isRefused = (
  hit: Hit,
  rule: Pick<Rule, 'refused'>,
  answer: Pick<Answer, 'status' | 'redirected' | 'url'>,
): boolean | undefined =>
  (hit.refused ?? rule.refused)?.status.includes(answer.status) &&
  // After a redirect to another origin it is not our server that refuses.
  (!answer.redirected || startsWith(answer.url, hit.origin));

const tag = {}.toString;

/** A body is sent again, or after a wait, as it was when the page called: a copy, nothing where it stays as it is, or `true` where it can be sent once only. */
export const keepBody = (body: unknown): Response | true | undefined => {
  if (body == null || typeof body == 'string') return;
  const kind = `${apply(tag, body, [])}`;
  if (/Data|Params|Array|Buffer/.test(kind)) {
    // WebKit's Response takes no copy of a buffer, nor of parameters; and a Blob no memory that is shared.
    try {
      body = /Params/.test(kind)
        ? new URLSearchParams(body as URLSearchParams)
        : /Form/.test(kind)
          ? body
          : new Blob([body as BlobPart]);
    } catch {}
    return newResponse(body as BodyInit);
  }
  return /String|Blob|File|Document/.test(kind) ? undefined : true;
};

/** What a request is, for both ways of sending one. */
export type Made = Pick<
  Sending,
  'plane' | 'hit' | 'headers' | 'init' | 'method' | 'userId' | 'policy' | 'held' | 'ahead'
> & {
  readonly as: string;
  readonly body: ReturnType<typeof keepBody>;
};

/** A covered request that waits or was refused, without what depends on by which means. */
export const sending = (
  { as, body, ...made }: Made,
  { retries, timeout }: SendOptions,
): Omit<Sending, 'call' | 'keep' | 'signal'> => {
  const { hit } = made;
  return {
    ...made,
    by: (policy) => nameOf(as, hit, policy),
    refused: (rule, answer) => isRefused(hit, rule, answer),
    once: body == true,
    copy: body == true ? undefined : body,
    timeout,
    retries: hit.retries ?? retries,
  };
};

/** Whether it may leave at once, with what its rule says. */
export const isReady = ({ held, ahead, userId, method, body, hit }: Made, rule: Rule) =>
  !(
    held ||
    ahead ||
    userId ||
    (hit.replay && body == true) ||
    rule.hold ||
    rule.dpop ||
    rule.single ||
    (rule.csrf && !/^(GET|HEAD|undefined)$/i.test(method as string)) ||
    rule.validUntil! <= now()
  );

/** Puts it in the line. Whoever does that has it leave. */
export const queue = (plane: Plane, it: Sending<any>) => {
  const mine = (plane.last = new Promise<void>((resolve) => {
    it.leave = () => {
      if (plane.last == mine) plane.last = undefined;
      resolve();
    };
  }));
};

/** The second file. Rejects when it does not come in `time`, in milliseconds, or when `signal` aborts. */
export const secondFile = (signal: AbortSignal | null | undefined, time?: number) =>
  new Promise<typeof import('./runtime')>((resolve, reject) => {
    const timer = time && setTimeout(reject, time);
    // WebKit takes what is no signal for none.
    signal?.addEventListener?.('abort', reject);
    const done = () => {
      clearTimeout(timer);
      // One signal may be that of many requests.
      signal?.removeEventListener?.('abort', reject);
    };
    import('./runtime').finally(done).then(resolve, reject);
  });
