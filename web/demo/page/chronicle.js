// What session.trace() says, in plain words: who did what, when, and why it ended. All tabs tell the same.

/** So long after it was sent, a refresh that nothing followed is one whose tab is gone. */
const LOST = 20_000;

const causes = {
  due: 'ahead of time',
  use: 'a call found the token over',
  refused: 'a call was refused',
  ask: 'the page asked for it',
  doubt: 'nobody knew what had become of the last one',
};

const failures = {
  network_error: 'the server could not be reached',
  timeout: 'the server took too long',
  rate_limited: 'the server wants a pause',
  server_error: 'the server has a fault',
  config_invalid: 'the server does not like this client',
};

const ends = {
  user: () => 'Signed out by hand',
  switched: () => 'Somebody else signed in',
  agent: () => 'An agent took over',
  revoked: ({ trigger }) =>
    ({
      cleared: 'The browser’s data was cleared',
      check: 'Signed out at the server',
      server: 'Signed out at the server',
    })[trigger] ?? 'Ended from outside',
  expired: ({ trigger, oauth }) =>
    ({
      idle: 'Nobody was there for too long',
      absolute: 'The session had lasted as long as it may',
      doubt: 'The server ended the sign-in, after an answer that was lost or no use',
      answer: 'The server said that the session is over',
    })[trigger] ?? (oauth ? 'The server ended the sign-in' : 'The session could not be renewed'),
};

const deeds = {
  began: () => 'Signed in',
  sending: ({ at }, now) =>
    now - at > LOST ? 'Asked for a new token, and was never heard of again' : 'Asks for a new token',
  renewed: () => 'Renewed the token',
  failed: ({ error }) => `Could not renew the token: ${failures[error] ?? 'something went wrong'}. The session is kept`,
  late: () => 'A new token came too late, and was thrown away',
  tookOver: () => 'Took over from a tab that had frozen',
  ended: (entry) => (ends[entry.reason] ?? ends.revoked)(entry),
};

/** One step in words: what happened, and what is worth knowing beside it. */
export function told(entry, now = Date.now()) {
  const beside = [];
  if (causes[entry.trigger] && entry.what !== 'ended') beside.push(causes[entry.trigger]);
  if (entry.what === 'ended' && entry.reason === 'expired' && entry.trigger in causes && entry.trigger !== 'doubt')
    beside.push(`found out as ${causes[entry.trigger]}`);
  return { what: (deeds[entry.what] ?? (() => entry.what))(entry, now), beside, server: said(entry.oauth) };
}

/** The server's own words. */
function said(oauth) {
  if (!oauth) return '';
  return oauth.error_description ? `${oauth.error}: ${oauth.error_description}` : oauth.error;
}

/**
 * The tabs, in the order in which they came up. This one is called so; the others have letters. What was no tab has no
 * lane of its own.
 */
export function tabsOf(entries) {
  const names = new Map();
  let letter = 0;
  for (const { tab, here } of entries)
    if (tab && !names.has(tab)) names.set(tab, here ? 'This tab' : `Tab ${String.fromCharCode(65 + (letter++ % 26))}`);
  return names;
}

/** Who did it. */
export const who = ({ tab, trigger }, names) =>
  names.get(tab) ?? (trigger === 'cleared' ? 'Outside of all tabs' : 'The server');

/** Each with whether somebody was signed in before it, and after it: that is drawn as a line between the two. */
export function lived(entries) {
  // What there was before the first is lost: it was a session, if the first is about one.
  let on = entries.length > 0 && entries[0].what !== 'began';
  return entries.map((entry) => {
    const before = on;
    on = entry.what === 'began' || (on && entry.what !== 'ended');
    return { entry, before, after: on };
  });
}

/** The sentence above all of it: why somebody is not signed in any more, if that is so. */
export function answer(entries, names, signedIn) {
  const last = entries.findLast(({ what }) => what === 'ended' || what === 'began');
  if (!last) return 'Nothing has happened yet. Sign in, and each step will be here: in every tab, and after a reload.';
  const at = new Date(last.at).toLocaleTimeString('en-GB');
  if (signedIn || last.what === 'began') return `You have been signed in since ${at}.`;
  const name = who(last, names);
  return `You were signed out at ${at}. ${told(last).what}${names.has(last.tab) ? ` (${lower(name)})` : ''}.`;
}

const lower = (name) => name.replace(/^T/, 't');
