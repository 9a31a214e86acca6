/**
 * What the core has noted of the session's life, as a page may have it. It comes from storage, which anybody on this origin
 * can write to, and pages put it on the screen: what the core does not write is left out.
 */
import type { TraceEntry } from './types';

type Freeze = typeof Object.freeze;

/** `text`, if it is one of letters and `_`, or of `more`. */
const plain = (text: unknown, more = /^[a-z_]{1,40}$/i) => (typeof text == 'string' && more.test(text) ? text : '');

/** One entry, frozen; undefined for what is none. It is here if it is of this `tab`; without that, if it says so. */
export const entryOf = (given: any, freeze: Freeze, tab?: string): TraceEntry | undefined => {
  if (!Number.isSafeInteger(given?.at) || !plain(given.what)) return;
  const { at, oauth, here, generation } = given;
  const entry: any = { at, tab: plain(given.tab), here: here === true, generation: +generation || 0 };
  if (tab != null) entry.here = !!tab && entry.tab == tab;
  for (const name of ['what', 'as', 'trigger', 'reason', 'error']) if (plain(given[name])) entry[name] = given[name];
  if (plain(oauth?.error)) {
    const error_description = plain(oauth.error_description, /^[a-z …]{1,140}$/i);
    entry.oauth = freeze({ error: oauth.error, ...(error_description && { error_description }) });
  }
  return freeze(entry);
};

/** All of them, by their times. `why` is the end that the record tells of, if it does; `tab` is this one. */
export const traceOf = (
  { entries, why, tab = '' }: { entries: unknown[]; why?: unknown; tab?: string },
  freeze: Freeze,
) => {
  const all: TraceEntry[] = [];
  // Each tab notes an end that was no tab's, and the record tells of the last one too.
  const end = ({ what, tab, as, reason, generation }: TraceEntry) =>
    what == 'ended' && [tab, as, reason, generation] + '';
  for (const given of [...entries, why]) {
    const entry = entryOf(given, freeze, tab);
    if (entry && !all.some((other) => end(entry) && end(other) == end(entry))) all.push(entry);
  }
  return freeze(all.sort((a, b) => a.at - b.at || a.generation - b.generation));
};
