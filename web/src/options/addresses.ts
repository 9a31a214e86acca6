import { URL } from '../platform';
import { check, refuse } from './check';

/** Checks a server's address, which is the option `name`; the page's own address is its base. */
export type Server = (name: string, raw: string) => string;
/** The same for one below which something is: an origin and path. It has a base only where it says so. */
export type Prefix = (name: string, raw: string, base?: string) => string;

export const addresses = (page: string, allowInsecure: boolean): [Server, Prefix] => {
  const server = (name: string, raw: string, base?: string) => {
    check(name, raw);
    try {
      const { href, protocol, hostname, username, password } = new URL(raw || '//', base);
      if (
        (protocol == 'https:' ||
          (protocol == 'http:' && (allowInsecure || /^((.+\.)?localhost|127(\.\d+){3}|\[::1])$/.test(hostname)))) &&
        !(username + password) &&
        !href.includes('#')
      )
        return href;
    } catch {
      // No URL at all.
    }
    refuse(name, 'must be an https: URL, or http: with allowInsecure');
  };
  return [
    (name, raw) => server(name, raw, page),
    (name, raw, base) => {
      const href = server(name, raw, base);
      if (
        // Wildcards, a query, dot segments, a host's name without a scheme, a host's trailing dot.
        /[*?]|(^|[/\\])(\.|%2[eE]){2}([/\\]|$)|^\w[^/:]*\.[^/]*(\/|$)/.test(raw) ||
        /^\w+:..[^/]*\.(:\d+)?\//.test(href)
      )
        refuse(name, 'must be an origin and path');
      return href;
    },
  ];
};
