import type { Platform } from './platform';
import { entryOf } from './trace';
import type { PolicyJson } from './policy';
import type { SessionErrorLike, SessionEvent, SessionState } from './types';

/** What the core publishes. It is adopted in one step. */
export interface Published {
  readonly state?: SessionState;
  readonly policy?: PolicyJson;
  readonly events?: readonly (Partial<SessionEvent> & Pick<SessionEvent, 'type'>)[];
}

/** Reads it, with each event's error as the page will see it. */
export const readPublished = (json: string, { members, SessionError, freeze }: Platform): Published => {
  const published = members.JSON.parse(json);
  const { events = [] } = published;
  for (let i = 0; i < events.length; i++) {
    const { error, why }: { error?: SessionErrorLike; why?: unknown } = events[i];
    if (why) events[i].why = entryOf(why, freeze);
    if (error) events[i].error = new SessionError(error.code, error.message, error);
  }
  return published;
};
