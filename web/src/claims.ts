/**
 * The claims that a page wants to hold, with SuperTokens' protocol: what the options and calls say of them, and whether
 * what the access token says is so. The payload has a claim under its id, as `{ v: value, t: when the server looked }`.
 */
import type { take as Take } from './options/check';
import type { Config } from './options/session';
import type { ClaimOptions, InvalidClaim, SessionState } from './types';

/** How far clocks may be off; what is younger than that would always be too old. */
const threshold = 7;

/** What a test compares with, as SuperTokens calls it where the test has failed. */
const expected: Record<string, string> = {
  __proto__: null!,
  hasValue: 'expectedValue',
  includes: 'expectedToInclude',
  excludes: 'expectedToNotInclude',
  includesAll: 'expectedToInclude',
  includesAny: 'expectedToIncludeAtLeastOneOf',
  excludesAll: 'expectedToNotInclude',
};

export interface Claim extends Pick<ClaimOptions, 'id' | 'maxAge' | 'maxAgeIfWrong' | 'refresh' | 'method'> {
  readonly test?: string;
  /** What it compares with. */
  readonly want?: any;
}

interface Tools {
  take: typeof Take;
  SessionError: new (code: 'config_invalid', message: string) => Error;
}

/** Reads a list of them; `known` are those whose refreshing goes for what a call has under the same id. */
export const readClaims = ({ take, SessionError }: Tools, name: string, list: readonly unknown[], known?: Claim[]) => {
  const invalid = (at: string, message: string) => new SessionError('config_invalid', `${at} ${message}`);
  if (!Array.isArray(list)) throw invalid(name, 'must be array');
  return list.map((given: any, i): Claim => {
    const at = `${name}[${i}]`;
    const rest: Record<string, unknown> = {};
    let test: string | undefined;
    for (const one in given) {
      if (!expected[one]) rest[one] = given[one];
      else if (given[one] !== undefined) {
        if (test) throw invalid(at, `must have one test: ${test} or ${one}`);
        test = one;
      }
    }
    // Where requests go is for the options to say.
    const options = 'id* maxAge:@number maxAgeIfWrong:@number' + (known ? '' : ' refresh method:GET|POST|PUT');
    const claim = take(rest, options, at) as Claim;
    for (const age of ['maxAge', 'maxAgeIfWrong'] as const)
      if (claim[age]! < threshold) throw invalid(`${at}.${age}`, `must be at least ${threshold}`);
    const want = test && given[test];
    const isList = /A/.test(test ?? '');
    if (known && !test) throw invalid(at, 'needs a test, such as hasValue');
    if (test && (isList ? !Array.isArray(want) : typeof want == 'object' && want))
      throw invalid(`${at}.${test}`, isList ? 'must be array' : 'must be one value');
    const its: object | undefined = known?.find(({ id }) => id == claim.id);
    return { ...its, ...claim, test, want };
  });
};

/** What is not so; `stale` are those that the server can be asked for again, and when it had looked last. */
export const judge = (claims: readonly Claim[], { claims: payload, expiresAt }: SessionState, now: number) => {
  const { exp } = (payload ?? {}) as { exp?: number };
  // The end that the state has is by our clock, and this one by the server's.
  const skew = exp! * 1000 - expiresAt!;
  if (Math.abs(skew) >= threshold * 1000) now += skew;
  const invalid: InvalidClaim[] = [];
  const stale: object[] = [];
  for (const { id, maxAge, maxAgeIfWrong, test, want, refresh, method } of claims) {
    const { v, t } = (payload?.[id] ?? {}) as { v?: any; t?: number };
    const ageInSeconds = (now - t!) / 1000;
    const holds = !test || passes[test]!(v, want);
    const isOver = ageInSeconds > maxAge!;
    if (refresh && (v === undefined || isOver || (!holds && ageInSeconds > maxAgeIfWrong!)))
      stale.push({ id, refresh, method, seen: t });
    if (!test) continue;
    const wanted = { [expected[test]!]: want };
    const reason =
      v === undefined
        ? { message: 'value does not exist', ...wanted }
        : isOver
          ? { message: 'expired', ageInSeconds, maxAgeInSeconds: maxAge }
          : !holds && { message: 'wrong value', ...wanted, actualValue: v };
    if (reason) invalid.push({ id, reason });
  }
  return { invalid, stale };
};

/** What is no list includes nothing, and excludes nothing either. */
const passes: Record<string, (v: any, want: any) => boolean> = {
  hasValue: (v, want) => v === want,
  includes: (v, want) => passes.includesAll!(v, [want]),
  excludes: (v, want) => passes.excludesAll!(v, [want]),
  includesAll: (v, want) => Array.isArray(v) && want.every((one: unknown) => v.includes(one)),
  includesAny: (v, want) => Array.isArray(v) && want.some((one: unknown) => v.includes(one)),
  excludesAll: (v, want) => Array.isArray(v) && !want.some((one: unknown) => v.includes(one)),
};

/** The options' own, checked when the runtime starts. */
export const optionsClaims = (tools: Tools, { protocol, claims }: Config) =>
  protocol == 'supertokens' ? readClaims(tools, 'auth.claims', (claims as unknown[]) ?? []) : [];
