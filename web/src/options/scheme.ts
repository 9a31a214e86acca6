import type { Scheme } from '../types';
import type { Prefix, Server } from './addresses';
import type { Values } from './check';

/**
 * Checks the options of one scheme, and makes of them what the core and the requests need. `add` adds what is of the server beside
 * the page's own `api`.
 */
export type Reader = (
  auth: Values,
  server: Server,
  prefix: Prefix,
  add: (name: '', href: string, as?: string) => void,
) => Values;

/**
 * How each scheme is read, by its name. A scheme is plain data, which anybody may write: what reads it is here, and comes with
 * its preset (`schemes.ts`). So a page can use those that its bundle has.
 */
export const readers = { __proto__: null } as unknown as Partial<Record<Scheme['scheme'], Reader>>;
