import type { Platform } from './platform';
import type { PolicyJson } from './policy';
import type { SessionErrorLike, SessionEvent, SessionState, TraceEntry } from './types';

/** What the core publishes. It is adopted in one step. */
export interface Published {
  readonly state?: SessionState;
  readonly policy?: PolicyJson;
  readonly events?: readonly (Partial<SessionEvent> & Pick<SessionEvent, 'type'>)[];
}

/** One of a trace's, or why a session ended, as the page may have it. */
export const frozen = <T extends Pick<TraceEntry, 'oauth'>>(entry: T, { freeze }: Pick<Platform, 'freeze'>): T => {
  if (entry.oauth) freeze(entry.oauth);
  return freeze(entry);
};

/** Reads it, with each event's error as the page will see it. */
export const readPublished = (json: string, platform: Platform): Published => {
  const { members, SessionError } = platform;
  const published = members.JSON.parse(json);
  const { events = [] } = published;
  for (let i = 0; i < events.length; i++) {
    const { error, why }: { error?: SessionErrorLike; why?: TraceEntry } = events[i];
    if (why) frozen(why, platform);
    if (error) events[i].error = new SessionError(error.code, error.message, error);
  }
  return published;
};
