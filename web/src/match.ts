import type { Rule } from './policy';
import { apply, Bare, baseUrl, exec, hrefOf, startsWith, URL } from './platform';

/** A prefix of URLs, as `createSession` has checked it. */
export interface Prefix {
  /** The browser's normal form: origin and path. */
  readonly href: string;
  /** The origin with a slash behind it. */
  readonly origin: string;
  /** Whose requests are below it; undefined where they are nobody's. */
  readonly as: string | undefined;
  /** What a refusal looks like there, and how often one is sent again, where the page says so. */
  readonly refused?: Rule['refused'];
  readonly retries?: number;
  /** How many bytes of a stream are kept, to be sent again. */
  readonly replay?: number;
  /** Nothing below it that is odd is meant. */
  readonly strict?: boolean;
}

export interface Hit extends Prefix {
  readonly as: string;
  /** The URL as it was judged, and as it is to be sent. */
  readonly url: string;
}

/**
 * Whether a URL in the browser's normal form is equal to a prefix or below it. The normal form has
 * user info, if any, before the host and always a slash after it, so comparing the start compares
 * the origin, and a URL with user info is below none.
 */
export const isBelow = (href: string, prefix: string): boolean => {
  const next = href[prefix.length];
  return (
    startsWith(href, prefix) && (prefix[prefix.length - 1] == '/' || next == '/' || next == '?' || next == '#' || !next)
  );
};

export type Match = (raw: string) => Hit | undefined;

/** An address whose scheme and host are in the browser's normal form: the last label begins with a letter, so it is no IPv4 address. */
const site = /^https?:\/\/([a-z\d-]+\.)*[a-z][a-z\d-]*\//;
/** What a path and a query keep as it is, and dot segments, which they do not. */
const kept = /^[\w\-.~!$&()*+,;=:@%/]*(\?[\w\-.~!$&()*+,;=:@%/?]*)?$/;
const dots = /\/(\.|%2e)/i;

/**
 * A path in which a server may see another one (UM-17): slashes, backslashes, dots, percent signs and NUL as escapes, bytes that are no UTF-8, and dots
 * with parameters behind them.
 */
const odd = /^[^?#]*(%(00|2[5ef]|5c|c[01])|\/\.*;)/i;

/** Finds the longest prefix for a URL. `prefixes` are sorted, the longest first. */
export const createMatch = (prefixes: readonly Prefix[]): Match => {
  /** What means the same in all documents: a page asks for it again, and looking closely is half of all that a request costs. */
  let seen: Record<string, Hit | undefined> = new Bare();
  let count = 0;
  return (raw) => {
    if (raw in seen) return seen[raw];
    let url = raw;
    // Parsing costs more than all else, so what is in the normal form already is left alone.
    let known;
    for (let i = 0; i < prefixes.length && !known; i++)
      if (startsWith(raw, prefixes[i]!.origin)) known = prefixes[i]!.origin;
    if (!known && apply(exec, site, [raw])) return;
    if (!known || !apply(exec, kept, [raw.slice(known.length - 1)]) || apply(exec, dots, [raw])) {
      try {
        url = hrefOf(new URL(raw, baseUrl()));
      } catch {
        return; // the native fetch has its own words for this
      }
    }
    let hit: Hit | undefined;
    for (let i = 0; i < prefixes.length; i++) {
      const prefix = prefixes[i]!;
      if (!isBelow(url, prefix.href)) continue;
      if (prefix.as && !(prefix.strict && apply(exec, odd, [url]))) hit = { ...prefix, url } as Hit;
      break;
    }
    if (known && raw.length < 200) {
      if (count++ > 99) {
        seen = new Bare();
        count = 0;
      }
      seen[raw] = hit;
    }
    return hit;
  };
};
