import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caption, hint, row, stories } from './story.js';

const call = (number, from, to, status = 200) => ({ kind: 'call', call: number, from, to, status, error: null });
const api = (number, from, status, own = true) => ({
  kind: 'request',
  where: 'api',
  call: number,
  from,
  to: from + 5,
  status,
  own,
});
const refresh = (from, status = 200, own = true) => ({
  kind: 'request',
  where: 'token',
  grant: 'refresh_token',
  from,
  to: from + 5,
  status,
  own,
});
const html = (from) => ({ ...refresh(from), known: true, key: null });
const mark = (what, from, more = {}) => ({ kind: 'mark', what, from, to: from, remote: false, text: what, ...more });
const three = (make) => [1, 2, 3].map(make);

const told = [
  [
    'calls with a good token',
    [...three((n) => call(n, 0, 20)), ...three((n) => api(n, 5, 200))],
    '3 calls went straight through, each with the same token.',
  ],
  [
    'three refused calls and one refresh',
    [...three((n) => call(n, 0, 90)), ...three((n) => api(n, 5, 401)), refresh(20), ...three((n) => api(n, 40, 200))],
    '3 calls were refused, 1 refresh served them all, 3 sent again.',
  ],
  [
    'a refresh of another tab',
    [call(1, 0, 90), api(1, 5, 401), refresh(20, 200, false), api(1, 40, 200)],
    '1 call was refused, a refresh of another tab served them, 1 sent again.',
  ],
  [
    'a token endpoint that fails',
    [call(1, 0, 90, 401), api(1, 5, 401), refresh(20, 500)],
    '1 call was refused and the token endpoint answered 500. The session is kept: the next call tries again.',
  ],
  [
    'a token endpoint that is away',
    [call(1, 0, 90, 401), api(1, 5, 401), refresh(20, 0)],
    '1 call was refused and the token endpoint could not be reached. The session is kept: the next call tries again.',
  ],
  [
    'a token endpoint behind a captive portal',
    [call(1, 0, 90, 401), api(1, 5, 401), html(20)],
    '1 call was refused and the token endpoint answered with nonsense. The session is kept: the next call tries again.',
  ],
  [
    'a logout that led over the server',
    [mark('logout', 0), mark('load', 400)],
    'Logged out here first; other tabs follow at once.',
  ],
  [
    'a token that had run out',
    [call(1, 0, 90), refresh(5), api(1, 40, 200)],
    'The token had run out, so it was refreshed first; then 1 call went out with the new one.',
  ],
  [
    'a dead session',
    [call(1, 0, 90, 401), api(1, 5, 401), refresh(20, 400), mark('expired', 30)],
    'The server had ended the session: the refresh was turned down, and the page signed out everywhere, once.',
  ],
  [
    'a logout in another tab',
    [mark('logout', 0, { remote: true })],
    'Another tab logged out, and this page followed at once.',
  ],
  [
    'a refresh in another tab',
    [mark('refresh', 0, { remote: true })],
    'Another tab refreshed; this page uses the new token without asking.',
  ],
  ['a call that has just begun', [{ ...call(1, Date.now(), null), to: null }], null],
  ['a call that takes long', [{ ...call(1, 0, 90), to: null }], '1 call is under way.'],
  [
    'calls that wait for a refresh',
    [...three((n) => ({ ...call(n, 0, 90), to: null })), ...three((n) => api(n, 5, 401))],
    '3 calls are waiting: refused, and not yet given up.',
  ],
  [
    'a sign-in by popup, long after it was opened',
    [{ ...refresh(0), grant: 'authorization_code' }, mark('login', 10, { way: 'popup' })],
    'Signed in with a popup: its code came back to this page, which never left, and was exchanged for tokens, once.',
  ],
  [
    'a silent sign-in',
    [mark('silent', 0), { ...refresh(90), grant: 'authorization_code' }, mark('login', 100, { way: 'silent' })],
    'Signed in silently: the server still knew who is there, and a hidden frame brought the code.',
  ],
  [
    'a silent sign-in that the server declines',
    [mark('silent', 0), mark('declined', 90, { code: 'interaction_required' })],
    'The server will not sign anybody in unasked: use the popup, or the redirect.',
  ],
  [
    'a popup that somebody closes',
    [mark('popup', 0), mark('declined', 900, { code: 'popup_closed' })],
    'The popup was closed before an answer came. Nothing else has changed.',
  ],
  [
    'a sign-in that fails in another way',
    [mark('popup', 0), mark('declined', 900, { code: 'server_error' })],
    'Nobody was signed in. Nothing else has changed.',
  ],
  ['nothing', [], ''],
];

for (const [name, items, sentence] of told) {
  test(`the sentence for ${name}`, () => {
    const order = items.toSorted((a, b) => a.from - b.from);
    assert.equal(caption(order), sentence);
    for (const item of order) assert.equal(row(item).length, 5);
  });
}

test('a pause begins another story, unless something is still under way', () => {
  const items = [call(1, 0, 10), call(2, 1000, 9000), mark('expire', 5000), call(3, 20_000, 20_010)];
  assert.deepEqual(
    stories(items).map(({ length }) => length),
    [3, 1],
  );
});

test('the hint leads from one step to the next', () => {
  const steps = [
    call(1, 0, 10),
    mark('expire', 20),
    call(2, 30, 40),
    mark('break', 50),
    mark('logout', 60, { remote: true }),
  ];
  const hints = [hint([], false), ...[0, 1, 2, 3, 4, 5].map((n) => hint(steps.slice(0, n), true))];
  assert.equal(new Set(hints).size, hints.length);
});
