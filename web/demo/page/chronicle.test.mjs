import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, lived, tabsOf, told, who } from './chronicle.js';

const step = (what, more = {}) => ({ at: 1_000_000, tab: 'aaaa', here: true, generation: 1, what, ...more });
const invalid = { error: 'invalid_grant', error_description: 'session not active' };

const words = [
  ['a sign-in', step('began'), 'Signed in'],
  ['a refresh ahead of time', step('renewed', { trigger: 'due' }), 'Renewed the token (ahead of time)'],
  [
    'one that failed',
    step('failed', { trigger: 'refused', error: 'timeout' }),
    'Could not renew the token: the server took too long. The session is kept (a call was refused)',
  ],
  ['one whose tab was killed', step('sending', { at: 0 }), 'Asked for a new token, and was never heard of again'],
  ['one that is under way', step('sending', { at: 999_000 }), 'Asks for a new token'],
  ['one that came too late', step('late'), 'A new token came too late, and was thrown away'],
  ['a frozen tab', step('tookOver'), 'Took over from a tab that had frozen'],
  ['a logout', step('ended', { reason: 'user' }), 'Signed out by hand'],
  [
    'the server’s word',
    step('ended', { reason: 'expired', trigger: 'refused', oauth: invalid }),
    'The server ended the sign-in (found out as a call was refused)',
  ],
  [
    'a lost answer',
    step('ended', { reason: 'expired', trigger: 'doubt', oauth: invalid }),
    'The server ended the sign-in, after an answer that was lost or no use',
  ],
  [
    'no way to renew',
    step('ended', { reason: 'expired', trigger: 'use' }),
    'The session could not be renewed (found out as a call found the token over)',
  ],
  ['a ceiling', step('ended', { reason: 'expired', trigger: 'idle' }), 'Nobody was there for too long'],
  ['cleared data', step('ended', { reason: 'revoked', trigger: 'cleared', tab: '' }), 'The browser’s data was cleared'],
  ['what this page does not know', step('dreamt'), 'dreamt'],
  ['a reason that it does not know', step('ended', { reason: 'whim' }), 'Ended from outside'],
];
for (const [name, entry, wanted] of words)
  test(`in words: ${name}`, () => {
    const { what, beside } = told(entry, 1_000_000);
    assert.equal(beside.length ? `${what} (${beside.join(', ')})` : what, wanted);
  });

test('the server’s own words are there', () => {
  assert.equal(told(step('ended', { oauth: invalid })).server, 'invalid_grant: session not active');
  assert.equal(told(step('ended', { oauth: { error: 'invalid_grant' } })).server, 'invalid_grant');
  assert.equal(told(step('began')).server, '');
});

test('tabs have letters, this one is called so, and what was none is somebody else', () => {
  const all = [
    step('began', { tab: 'bbbb', here: false }),
    step('renewed'),
    step('renewed', { tab: 'cccc', here: false }),
    step('ended', { tab: '', here: false, trigger: 'cleared' }),
  ];
  const names = tabsOf(all);
  assert.deepEqual([...names.values()], ['Tab A', 'This tab', 'Tab B']);
  assert.equal(who(all[3], names), 'Outside of all tabs');
  assert.equal(who({ tab: '', trigger: 'server' }, names), 'The server');
});

test('a session lives from its sign-in to its end; one that was there before the trace begins does too', () => {
  const lives = (...what) => lived(what.map((one) => step(one))).map(({ before, after }) => `${+before}${+after}`);
  assert.deepEqual(lives('began', 'renewed', 'ended', 'began'), ['01', '11', '10', '01']);
  assert.deepEqual(lives('renewed', 'ended', 'late'), ['11', '10', '00']);
});

test('the answer is about the last end', () => {
  const names = tabsOf([step('began')]);
  const at = new Date(1_000_000).toLocaleTimeString('en-GB');
  assert.match(answer([], names, false), /^Nothing has happened yet/);
  assert.equal(answer([step('began')], names, true), `You have been signed in since ${at}.`);
  assert.equal(
    answer([step('began'), step('ended', { reason: 'user' }), step('late')], names, false),
    `You were signed out at ${at}. Signed out by hand (this tab).`,
  );
});
