/**
 * Endpoints that refuse good credentials: what they say is their opinion, and no other token would help (RR-30, RR-31). Their refusals go to
 * their callers, and the session is left in peace for a while.
 */

/** How long an endpoint rests after the first time, and at most: it is doubled each time, in milliseconds. */
const first = 10_000;
const longest = 300_000;
/** Renewals in vain for as many endpoints, within the first of these times, after which all rest. */
const most = 3;
/** How many endpoints are remembered. */
const room = 100;

export const createBreaker = ({ Map, Set }: typeof globalThis, clock: () => number) => {
  const endpoints = new Map<string, { times: number; until: number }>();
  /** When and for which endpoint something was renewed in vain, by what came of it. */
  const vain = new Map<string, { time: number; endpoint: string }>();
  return {
    /** Whether it is of no use to renew anything for a refusal there. */
    rests(endpoint: string): boolean {
      const now = clock();
      const recent = new Set<string>();
      for (const [stamp, { time, endpoint }] of vain)
        if (time > now - first && time <= now) recent.add(endpoint);
        else vain.delete(stamp);
      return recent.size >= most || endpoints.get(endpoint)!?.until > now;
    },
    /** It has refused what was renewed for it; `stamp` says what that was. */
    trip(endpoint: string, stamp: string): void {
      const now = clock();
      vain.set(stamp, { time: now, endpoint });
      const { times = 0, until = 0 } = endpoints.get(endpoint) ?? {};
      // Long ago is forgotten.
      const again = now > until + longest ? 0 : times;
      endpoints.delete(endpoint);
      endpoints.set(endpoint, { times: again + 1, until: now + Math.min(first * 2 ** again, longest) });
      if (endpoints.size > room) for (const [oldest] of endpoints) return void endpoints.delete(oldest);
    },
    /** It has taken them. */
    mend(endpoint: string): void {
      endpoints.delete(endpoint);
    },
  };
};

export type Breaker = ReturnType<typeof createBreaker>;
