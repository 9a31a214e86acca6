/**
 * What guards need beyond the session's state. It comes with the second file, but needs no runtime: most pages are shown
 * without it.
 */
import type { Plane } from './covered';
import type { Config } from './options/session';
import type { Platform } from './platform';
import type { Session } from './types';
import { bounded } from './waiting';

/** The version of this file, put in by the build. */
declare const __VERSION__: string;

/** The segments of a path; a slash at its end says nothing. core/navigation/pattern.go reads patterns in the same way. */
const segments = (path: string): string[] => path.replace(/\/$/, '').split('/').slice(1);

/** Whether a path is equal to a pattern or below it. `*` stands for one segment. */
const covers = (pattern: string[], path: string[]): boolean =>
  pattern.every((one, i) => (one == '*' ? path[i] : one == path[i]));

/** Waits until a session whose token is over was renewed or ended, or `timeout` is. It never rejects. */
export const renewed = async ({ types }: Platform, plane: Plane, timeout: number): Promise<void> => {
  const { session, version } = plane.policy;
  const asked = plane.call('authorize', { as: 'user', session, version }).catch(() => {});
  await bounded(types as typeof globalThis, { timeout }, asked);
};

/** For `guard.check`: true where the page at `path` may be shown, else where to go. */
export const checkPath = async (
  { version, types, members }: Platform,
  config: Config,
  session: Session,
  path: string,
): Promise<true | string> => {
  // A first file of another version may mean something else by all of it (GW-08).
  if (version != __VERSION__) throw version;
  const { login, home } = config;
  const { guard } = session;
  const parse = (raw: string): string[] => {
    const url = new types.URL(raw, config.redirectUri);
    members.Reflect.setPrototypeOf(url, members.URL);
    return segments(url.pathname);
  };
  let at = parse(path);
  const prefix = parse(config.prefix ?? '/');
  if (covers(prefix, at)) at = at.slice(prefix.length);
  const isBelow = (pattern: string): boolean => covers(parse(pattern), at);
  const is = (pattern: string): boolean => isBelow(pattern) && parse(pattern).length == at.length;

  if (is(config.logout)) {
    // An agent who acts for nobody is nobody's user, and leaves all the same.
    if ((await guard.requireAnonymous()) !== true || session.state.isAgent) await session.logout();
    return config.protected ? login : home;
  }
  if (is(login)) {
    if ((await guard.requireAnonymous()) === true) return true;
    return (await session.redirectAfterLogin().catch(() => {})) ?? home;
  }
  return (
    !config.protected ||
    config.exclude.some(is) ||
    // All is below the root, which is meant alone.
    config.public.some((pattern) => (parse(pattern)[0] ? isBelow(pattern) : is(pattern))) ||
    guard.requireLogin(path)
  );
};
