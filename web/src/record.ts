import { anonymous, compile, deepFreeze, type Policy, type Rule } from './policy';
import { ownKeys, parse, stringify } from './platform';
import type { SessionState } from './types';

/** Whose record it has to be. */
export interface Identity {
  readonly issuer: string;
  readonly client: string;
  readonly context: string;
  readonly apiResources: readonly string[];
}

const maybe: Record<string, string> = { claims: 'object', expiresAt: 'number', tokenType: 'string' };

/**
 * Reads what the core has stored for `who`, for the time until the runtime is there. Anybody may
 * have written it: what is not exactly a record of ours counts as none, and of its policy only a
 * user's `authorization` is taken, for each resource, or that cookies shall go with their requests.
 */
export const readRecord = (json: unknown, who: Identity): { state: SessionState; policy: Policy } | undefined => {
  // Most visitors have none, and an error that nobody sees takes two milliseconds to make.
  if (!json) return;
  try {
    const { format, issuer, client, context, state, policy } = parse(json as string);
    if (stringify([format, issuer, client, context]) != stringify([1, who.issuer, who.client, who.context])) return;

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
      copy.isLoggedIn !== !!session ||
      copy.status != (session ? 'authenticated' : 'anonymous') ||
      !state.scope.every((scope: unknown) => typeof scope == 'string')
    )
      return;

    const taken = rules.map(({ as, headers, validUntil, hold, refused, dpop, credentials }: Rule & { as: string }) => {
      const authorization = headers?.authorization;
      if (
        !/^user( |$)/.test(as) ||
        !(authorization === undefined
          ? hold || credentials
          : typeof authorization == 'string' && /^[!-~][ -~]*$/.test(authorization)) ||
        (credentials ?? 'include') != 'include' ||
        !Number.isFinite(validUntil ?? 0) ||
        !(refused?.status ?? []).every(Number.isInteger)
      )
        throw as;
      return { as, headers: authorization && { authorization }, validUntil, hold, refused, dpop, credentials };
    });
    const compiled = compile({ format, session, version, rules: taken });
    const byAs = compiled.rules;
    // Somebody is signed in, so somebody's rule must be there, unless an id token is all they have.
    if (
      taken.length != ownKeys(byAs).length ||
      !byAs.user != !(session && (copy.tokenType || byAs.user?.credentials)) ||
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
