// Tells a list of items in plain words: one sentence for what happened last, one row for each item.
import { count, took } from './words.js';

// With nothing under way for this long, what comes next is another story.
export const PAUSE = 1500;

/** Cuts the items, which are in order, into stories. */
export function stories(items, now = Date.now()) {
  const told = [];
  let end = -Infinity;
  for (const item of items) {
    if (item.from > end + PAUSE) told.push([]);
    told.at(-1).push(item);
    end = Math.max(end, item.to ?? now);
  }
  return told;
}

export const isRefresh = (item) => item.where === 'token' && item.grant === 'refresh_token';

/** Whether a request did what it was for. A token endpoint that answers 200 without a token did not. */
export const worked = (item) =>
  item.status >= 200 && item.status < 300 && !(item.where === 'token' && item.known && !item.key);
const refused = (item) => item.where === 'api' && item.status === 401;

// A call that takes longer is spoken of before it ends.
const LONG = 600;

/** The sentence for one story; null while a call of this page has just begun. */
export function caption(story, signedIn = true, now = Date.now()) {
  if (!story?.length) return '';
  if (story.some((item) => item.to === null)) return waiting(story, now);
  const is = (what) => (item) => item.kind === 'mark' && item.what === what;
  const expired = story.findLast(is('expired'));
  const headline = story.findLast((item) => item.kind === 'call' || (item.kind === 'mark' && item.what !== 'refresh'));
  if (expired && headline.from <= expired.from) return ended(story, expired);
  if (headline?.kind === 'call') return calls(story);
  // Logging out may lead over the server's own page and back here.
  const left = headline?.what === 'load' && story.findLast((item) => is('logout')(item) || is('login')(item));
  if (left?.what === 'logout') return mark(story, left);
  if (headline && headline.what !== 'load') return mark(story, headline);
  return elsewhere(story, signedIn);
}

function waiting(story, now) {
  const calls = story.filter((item) => item.kind === 'call' && item.to === null);
  if (now - calls[0].from < LONG) return null;
  const no = story.filter((item) => item.own && refused(item) && calls.some(({ call }) => call === item.call));
  const what = `${count(calls.length, 'call')} ${calls.length === 1 ? 'is' : 'are'}`;
  return no.length ? `${what} waiting: refused, and not yet given up.` : `${what} under way.`;
}

function ended(story, expired) {
  if (expired.remote) return 'Another tab found that the server had ended the session, and this page followed.';
  const turned = story.some((item) => isRefresh(item) && !worked(item));
  return `The server had ended the session: ${turned ? 'the refresh was turned down' : 'it could not be renewed'}, and the page signed out everywhere, once.`;
}

function calls(story) {
  const made = story.filter((item) => item.kind === 'call');
  const own = story.filter((item) => item.own);
  const no = own.filter(refused);
  const again = own.filter(
    (item) => item.where === 'api' && no.some((first) => first.call === item.call && item.from > first.from),
  );
  const refreshes = own.filter(isRefresh);
  const elsewhere = story.filter((item) => !item.own && isRefresh(item));
  const good = refreshes.filter(worked);
  const failed = refreshes.filter((item) => !worked(item));
  const lost = made.filter((item) => item.error);

  if (no.length && again.length) {
    const helper = good.length
      ? `${count(good.length, 'refresh').replace('refreshs', 'refreshes')} served ${no.length === 1 ? 'it' : 'them all'}`
      : elsewhere.length
        ? 'a refresh of another tab served them'
        : 'another token was there already';
    return `${count(no.length, 'call')} ${was(no.length)} refused, ${helper}, ${again.length} sent again.`;
  }
  if (failed.length && !good.length) {
    const { status } = failed[0];
    const why = !status ? 'could not be reached' : status < 300 ? 'answered with nonsense' : `answered ${status}`;
    const first = no.length ? `${count(no.length, 'call')} ${was(no.length)} refused and the` : 'The';
    return `${first} token endpoint ${why}. The session is kept: the next call tries again.`;
  }
  if (no.length)
    return `${count(no.length, 'call')} ${was(no.length)} refused, and there is no session to renew: the page gets the server’s own answer.`;
  if (lost.length) return `${count(lost.length, 'call')} did not get through.`;
  if (good.length)
    return `The token had run out, so it was refreshed first; then ${count(made.length, 'call')} went out with the new one.`;
  if (made.length === 1) return 'The call went straight through, with its token.';
  return `${made.length} calls went straight through, each with the same token.`;
}

const was = (n) => (n === 1 ? 'was' : 'were');

function mark(story, { what, remote, text, way, code }) {
  if (what === 'login') {
    if (remote) return 'Another tab signed in, and this page is signed in with it.';
    if (way) return ways[way];
    const grant = story.find((item) => item.own && item.where === 'token')?.grant;
    return grant === 'password'
      ? 'Signed in: name and password were exchanged for tokens.'
      : 'Signed in: the code that came back was exchanged for tokens, once.';
  }
  if (what === 'logout') {
    if (remote) return 'Another tab logged out, and this page followed at once.';
    const revoked = story.filter((item) => item.own && item.where === 'revoke' && worked(item)).length;
    return `Logged out here first${revoked ? `, then ${count(revoked, 'token')} revoked at the server` : ''}; other tabs follow at once.`;
  }
  if (what === 'error') return `${text}.`;
  if (what === 'declined') return declined[code] ?? 'Nobody was signed in. Nothing else has changed.';
  return (
    {
      popup: 'The server asks in a window of its own; this page stays as it is.',
      silent: 'A hidden frame asks the server who is there; nobody sees it.',
      expire: 'The access token is dead at the server, and the page does not know it yet. Call the API.',
      revoke: 'The whole sign-in is dead at the server. The next call will find out.',
      break: `${text}. Expire the token and call the API: the session must survive this.`,
      mend: 'The token endpoint works again.',
      lifetime: `${text}, counted from the next one.`,
    }[what] ?? `${text}.`
  );
}

const ways = {
  popup:
    'Signed in with a popup: its code came back to this page, which never left, and was exchanged for tokens, once.',
  silent: 'Signed in silently: the server still knew who is there, and a hidden frame brought the code.',
};

const declined = {
  popup_closed: 'The popup was closed before an answer came. Nothing else has changed.',
  popup_blocked: 'The browser opened no popup. By redirect it will work.',
  interaction_required: 'The server will not sign anybody in unasked: use the popup, or the redirect.',
  access_denied: 'The sign-in was cancelled at the server. Nothing else has changed.',
};

/** Only other tabs did something, or the session renewed itself. */
function elsewhere(story, signedIn) {
  const others = story.filter((item) => item.kind === 'request' && !item.own);
  const remote = story.findLast((item) => item.what === 'refresh' && item.remote);
  const no = others.filter(refused).length;
  if (no)
    return `In another tab ${count(no, 'call')} ${was(no)} refused${remote ? ' and its refresh served this page too' : ''}.`;
  if (remote) return 'Another tab refreshed; this page uses the new token without asking.';
  if (others.length) return `Another tab made ${count(others.length, 'request')}.`;
  if (story.some((item) => item.own && isRefresh(item) && worked(item)))
    return 'The token was refreshed shortly before it ran out; no call had to wait.';
  const signIn = story.findLast((item) => item.own && item.where === 'token' && !isRefresh(item));
  if (signIn && !worked(signIn)) return 'The server turned the sign-in down. Nothing else has changed.';
  if (story.some((item) => item.what === 'load'))
    return `The page was loaded${signedIn ? ', and the session was there at once' : ': nobody is signed in'}.`;
  return '';
}

/** What a person does next to see something new. */
export function hint(items, signedIn) {
  const did = (what) => items.some((item) => item.what === what);
  if (!signedIn)
    return did('logout') || did('expired') ? 'Sign in again to go on.' : 'First, sign in. Any demo user will do.';
  if (!items.some((item) => item.kind === 'call')) return 'Now call the API: the page’s own fetch(), nothing else.';
  const last = items.findLast((item) => item.what === 'expire' || item.kind === 'call');
  if (last.what === 'expire') return 'Now make three calls at once.';
  if (!did('expire')) return 'Next, expire the token at the server and call three times at once.';
  if (!did('break')) return 'Next, break the token endpoint, expire the token, and call: nobody is signed out.';
  if (!items.some((item) => item.remote || (item.kind === 'request' && !item.own)))
    return 'Next, open a second tab and call or log out there.';
  return 'Reload the page whenever you like: the session is there at once.';
}

const places = { api: 'API', token: 'Token endpoint', revoke: 'Revocation', issuer: 'Sign-in server' };

/** One row of the list: the same facts as the picture. */
export function row(item) {
  const time = new Date(item.from).toLocaleTimeString('en-GB');
  if (item.kind === 'mark') return [time, item.remote ? 'Other tab' : 'This page', sentenceCase(item.text), '', ''];
  const lasted = item.to === null ? 'under way' : item.to > item.from ? took(item.to - item.from) : '';
  if (item.kind === 'call') return [time, 'This page', `Call ${item.call}`, item.error ?? outcome(item), lasted];
  const key = item.key ? `, key ${item.key}` : '';
  return [
    time,
    item.own ? 'This page' : 'Other tab',
    `${places[item.where]}${item.call ? `, for call ${item.call}` : ''}${item.grant ? `, ${grants[item.grant] ?? item.grant}` : ''}${key}`,
    outcome(item),
    lasted,
  ];
}

export const grants = { refresh_token: 'refresh', authorization_code: 'code', password: 'password' };

function outcome(item) {
  const { status } = item;
  if (!status) return item.to === null ? '' : 'no answer';
  if (status < 300 && !worked(item)) return `${status} without a token`;
  return `${status} ${{ 200: 'served', 401: 'refused', 400: 'turned down', 429: 'asked to wait' }[status] ?? (status >= 500 ? 'failed' : '')}`.trim();
}

const sentenceCase = (text) => text[0].toUpperCase() + text.slice(1);
