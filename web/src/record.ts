import { anonymous, compile, deepFreeze, type Policy, type PolicyJson, type Rule } from './policy';
import { ownKeys, parse, stringify } from './platform';
import type { SessionState } from './types';

/** Whose record it has to be. */
export interface Identity {
  readonly issuer: string;
  readonly client: string;
  readonly context: string;
  readonly apiResources: readonly string[];
  readonly csrf?: Rule['csrf'];
}

/** What a record has of interest before the runtime is there. */
export interface Stored {
  readonly state: SessionState;
  readonly policy: Policy;
}

const maybe: Record<string, string> = { claims: 'object', expiresAt: 'number', tokenType: 'string' };

/** Reads a record of `who`; throws where it is anybody else's. */
const open = (json: unknown, who: Identity) => {
  const record = parse(json as string);
  const { format, issuer, client, context } = record;
  if (stringify([format, issuer, client, context]) != stringify([1, who.issuer, who.client, who.context])) throw who;
  return record;
};

const areTexts = (list: readonly unknown[] = []): boolean => list.every((text) => typeof text == 'string');

/** Takes of a rule what may be in it; `whose` says whose it may be. Throws where it is none. */
const takeRule = (whose: RegExp, who: Identity, rule: PolicyJson['rules'][0]) => {
  const { as, headers, validUntil, hold, refused, dpop, credentials, capture, claims } = rule;
  const authorization = headers?.authorization;
  if (
    !whose.test(as) ||
    !(authorization === undefined
      ? hold || credentials
      : typeof authorization == 'string' && /^[!-~][ -~]*$/.test(authorization)) ||
    (credentials ?? 'include') != 'include' ||
    !Number.isFinite(validUntil ?? 0) ||
    !(refused?.status ?? []).every(Number.isInteger) ||
    ![refused?.types, refused?.codes, capture].every((list) => areTexts(list))
  )
    throw as;
  return {
    as,
    headers: authorization ? { authorization } : undefined,
    validUntil,
    hold,
    refused,
    dpop,
    credentials,
    capture,
    claims,
    // What shows that a request is the page's own is the page's to say.
    csrf: rule.csrf && who.csrf,
  };
};

/**
 * Reads what the core has stored for `who`, for the time until the runtime is there. Anybody may
 * have written it: what is not exactly a record of ours counts as none, and of its policy only a
 * user's `authorization` is taken, for each resource, or that cookies shall go with their requests.
 */
export const readRecord = (json: unknown, who: Identity): Stored | undefined => {
  // Most visitors have none, and an error that nobody sees takes two milliseconds to make.
  if (!json) return;
  try {
    const { state, policy } = open(json, who);

    const template = anonymous() as unknown as Record<string, unknown>;
    const copy: Record<string, unknown> = {};
    for (const name in template) {
      const value = state[name];
      if (value !== template[name] && typeof value != (maybe[name] ?? typeof template[name])) return;
      copy[name] = value;
    }
    const { session, version, rules } = policy;
    if (
      policy.format !== 1 ||
      typeof session != 'string' ||
      !Number.isSafeInteger(version) ||
      // Somebody without a name may have a session too.
      (copy.isLoggedIn && !session) ||
      copy.status != (copy.isLoggedIn ? 'authenticated' : 'anonymous') ||
      copy.isEmulated ||
      copy.isAgent ||
      !areTexts(state.scope)
    )
      return;

    const taken = session ? rules.map((rule: PolicyJson['rules'][0]) => takeRule(/^user( |$)/, who, rule)) : [];
    const compiled = compile({ format: 1, session, version, rules: taken });
    const byAs = compiled.rules;
    // Somebody is signed in, so somebody's rule must be there, unless an id token is all they have.
    if (
      taken.length != ownKeys(byAs).length ||
      (copy.isLoggedIn && !byAs.user != !(copy.tokenType || byAs.user?.credentials)) ||
      (!byAs.user && taken[0])
    )
      return;
    // A rule that the page has got since then has no token yet.
    if (copy.tokenType) for (const resource of who.apiResources) byAs['user ' + resource] ??= { hold: true };
    return { state: deepFreeze(copy) as unknown as SessionState, policy: compiled };
  } catch {
    // Not ours, whatever it is.
  }
};

/** The client's rule of what the core has stored of it; undefined where there is none that can be used. */
export const readClient = (json: unknown, who: Identity): Rule | undefined => {
  if (!json) return;
  try {
    const { session, generation: version, policy } = open(json, who);
    if (session == 'client' && Number.isSafeInteger(version))
      return { ...takeRule(/^client$/, who, policy.rules[0]), session, version };
  } catch {
    // Not ours, whatever it is.
  }
};

/** Whether a record has a session in it: of an agent, whom the runtime has to be asked about. */
export const isLive = (json: unknown): boolean => {
  try {
    return !!(json && parse(json as string).session);
  } catch {
    return false;
  }
};
