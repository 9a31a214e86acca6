/**
 * What the core has noted of the session's life, as a page may have it. It comes from storage, which anybody on this origin
 * can write to, and pages put it on the screen: what the core does not write is left out.
 */
import type { EndReason, TraceEntry } from './types';

type Freeze = typeof Object.freeze;

/** `text`, if it is one of letters and `_`, or of `more`. */
const plain = (text: unknown, more = /^[a-z_]{1,40}$/i) => (typeof text == 'string' && more.test(text) ? text : '');

/** One entry, frozen; undefined for what is none. */
export const entryOf = (given: any, freeze: Freeze): (TraceEntry & EndReason) | undefined => {
  if (!Number.isSafeInteger(given?.at) || !plain(given.what)) return;
  const { at, oauth, here, generation } = given;
  const entry: any = { at, tab: plain(given.tab), generation: +generation || 0 };
  for (const name of ['what', 'as', 'trigger', 'reason', 'error']) if (plain(given[name])) entry[name] = given[name];
  if (plain(oauth?.error)) {
    const error_description = plain(oauth.error_description, /^[a-z …]{1,140}$/i);
    entry.oauth = freeze({ error: oauth.error, ...(error_description && { error_description }) });
  }
  if (here != null) entry.here = here === true;
  return freeze(entry);
};

/** Whether two are of one end: each tab notes one that was no tab's, and the record tells of it too. */
const same = (a: TraceEntry, b: TraceEntry) =>
  a.what == 'ended' &&
  ['what', 'tab', 'as', 'reason', 'generation'].every((name) => (a as any)[name] == (b as any)[name]) &&
  Math.abs(a.at - b.at) < 86_400_000;

/** All of them, by their times. `why` is the end that the record tells of, if it does. */
export const traceOf = ({ entries, why }: { entries: unknown[]; why?: unknown }, freeze: Freeze) => {
  const all: TraceEntry[] = [];
  for (const given of [...entries, why]) {
    const entry = entryOf(given, freeze);
    if (entry && !all.some((other) => same(entry, other))) all.push(entry);
  }
  return freeze(all.sort((a, b) => a.at - b.at || a.generation - b.generation));
};
