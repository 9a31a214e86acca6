import { Bare, freeze, ownKeys } from './platform';
import type { SessionState } from './types';

/** What the requests of one `as` carry. ARCHITECTURE.md has the meaning of each member. */
export interface Rule {
  readonly headers?: Readonly<Record<string, string>>;
  readonly validUntil?: number;
  readonly hold?: boolean;
  readonly refused?: {
    readonly status: readonly number[];
    readonly types?: readonly string[];
    readonly codes?: readonly string[];
  };
  readonly dpop?: string;
  readonly credentials?: 'include';
  readonly capture?: readonly string[];
  readonly claims?: number;
  readonly single?: string;
  readonly begins?: { readonly request?: string; readonly answer?: string };
  readonly tells?: { readonly codes: readonly string[]; readonly param: string };
  readonly watch?: string;
  /** Without a value or a cookie, or with an endpoint, the core is asked. */
  readonly csrf?: {
    readonly header: string;
    readonly value?: string;
    readonly cookie?: string;
    readonly endpoint?: string;
    readonly stale?: number;
  };
  readonly session?: string;
  readonly version?: number;
  /** A request has carried it: set by who sends it, and in no policy of the core's. */
  used?: boolean;
}

/** A policy as the core writes it, its rules by their `as`. */
export interface Policy {
  readonly session: string;
  readonly version: number;
  readonly rules: Record<string, Rule>;
}

export interface PolicyJson {
  readonly format: 1;
  readonly session: string;
  readonly version: number;
  readonly rules: readonly (Rule & { readonly as: string })[];
}

/** Freezes JSON data, whole. */
export const deepFreeze = <T>(data: T): T => {
  if (typeof data == 'object' && data) {
    for (const key of ownKeys(data)) deepFreeze((data as Record<PropertyKey, unknown>)[key]);
    freeze(data);
  }
  return data;
};

/** Takes a policy that the core has just published. */
export const compile = ({ session, version, rules }: PolicyJson): Policy => {
  // No prototypes: what a page puts there must not become a member of a rule.
  const byAs: Record<string, Rule> = new Bare();
  for (let i = 0; i < rules.length; i++) byAs[rules[i]!.as] = { __proto__: null, ...rules[i] } as Rule;
  return { session, version, rules: byAs };
};

/** The policy of nobody: requests leave as they are, but for what a scheme has for visitors, and until a client has a token. */
export const nobody = ({ clientTokens, visitors = [] }: Record<string, any>): Policy =>
  compile({
    format: 1,
    session: '',
    version: 0,
    rules: clientTokens ? [{ as: 'client', hold: true, session: 'client', version: 0 }] : visitors,
  });

/** The state without a session. */
export const anonymous = (status: SessionState['status'] = 'anonymous'): SessionState =>
  deepFreeze({
    status,
    isLoggedIn: false,
    userId: 'anonymous',
    isEmulated: false,
    isAgent: false,
    claims: null,
    scope: [],
    expiresAt: null,
    tokenType: null,
  });
