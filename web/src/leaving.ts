/**
 * A sign-in whose page is left at once, for the one that was wanted, is told there: who listens here for it would be cut
 * off while at work. The event waits in the tab's own storage.
 */
import type { Kit } from './kit';
import type { Published } from './published';

export interface LeavingOptions {
  config: { key: string; prefix?: string };
  navigate?(path: string): void;
}

export const createLeaving = ({ types, members }: Kit, { config, navigate }: LeavingOptions) => {
  const { location, URL } = types as typeof globalThis;
  const { apply } = members.Reflect as typeof Reflect;
  const { parse, stringify } = members.JSON as typeof JSON;
  const slot = config.key + '/login';
  let leaves = false;
  let first = true;

  /** The tab's own storage; undefined where that is refused, or has nothing. */
  const storage = (method: 'getItem' | 'setItem' | 'removeItem', value?: string): string | null | undefined => {
    try {
      return apply(members.Storage[method], globalThis.sessionStorage, [slot, value]);
    } catch {
      // Then the sign-in is told nowhere but by the state.
    }
  };

  /** Takes what waits there; undefined where it is nothing of ours. */
  const kept = (): NonNullable<Published['events']>[0] | undefined => {
    const text = storage('getItem');
    if (!text) return;
    storage('removeItem');
    try {
      const { type, remote, previousUserId, userId } = parse(text);
      if (type == 'login') return { type, remote, previousUserId, userId };
    } catch {
      // Somebody else's.
    }
  };

  return {
    /** Goes to a path of the app's. */
    navigate(path: string) {
      const [to, fragment] = `${new URL(path, location.href)}`.split('#');
      // Another fragment alone is the same page.
      leaves ||= !navigate && (fragment == null || to != location.href.split('#')[0]);
      try {
        if (navigate) return void navigate(path);
      } catch (error) {
        reportError(error);
        // What the router puts before a path is its own.
        if (config.prefix) return;
      }
      location.assign(path);
    },
    /** What shall be told in this page of what is published. */
    told(published: Published): Published {
      const events = [...(published.events ?? [])];
      if (leaves) {
        const at = events.findIndex(({ type }) => type == 'login');
        if (at >= 0) storage('setItem', stringify(events.splice(at, 1)[0]));
      } else if (first) {
        const login = kept();
        if (login && published.state?.userId == login.userId) events.push(login);
      }
      first = false;
      return { ...published, events };
    },
  };
};
