// What a page gets of the trace: the core writes it, but it lies where anybody on this origin can write.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryOf, traceOf } from '../.cache/test/trace.mjs';

const { freeze } = Object;
const whole = {
  at: 1790000000000,
  tab: 'abcdefgh',
  here: false,
  what: 'ended',
  as: 'agent',
  trigger: 'doubt',
  reason: 'expired',
  error: 'server_error',
  oauth: { error: 'invalid_grant', error_description: 'maximum … refresh token reuse exceeded' },
  generation: 7,
};
const trace = (...entries) => traceOf({ entries }, freeze);

test('an entry of the core’s is taken as it is, and nobody can change it', () => {
  const entry = entryOf(whole, freeze);
  assert.deepEqual(entry, whole);
  assert.ok(Object.isFrozen(entry) && Object.isFrozen(entry.oauth));
  assert.equal(entryOf({ ...whole, here: true }, freeze).here, true);
  assert.equal(entryOf({ ...whole, here: true }, freeze, '').here, false, 'one that is stored can’t say so');
  assert.equal(entryOf(whole, freeze, 'abcdefgh').here, true);
});

for (const [name, given] of Object.entries({
  nothing: undefined,
  null: null,
  'a text': 'ended',
  'no time': { ...whole, at: undefined },
  'a time that is text': { ...whole, at: '5' },
  'a time that is none': { ...whole, at: 1e300 },
  'nothing that happened': { ...whole, what: undefined },
  'markup in place of what happened': { ...whole, what: '<b>' },
}))
  test(`ST-08 no entry: ${name}`, () => assert.equal(entryOf(given, freeze), undefined));

test('ST-08 what the core does not write is left out', () => {
  const wrong = '<img src=x onerror=alert(1)>';
  assert.deepEqual(
    entryOf(
      {
        at: 5,
        tab: wrong,
        what: 'ended',
        as: wrong,
        trigger: 'eyJhbGciOiJub25lIn0',
        reason: ['user'],
        error: { toString: () => 'x' },
        oauth: { error: 'invalid_grant', error_description: wrong, error_uri: 'javascript:0' },
        generation: 'x',
        here: 'yes',
        password: 'wonderland',
      },
      freeze,
    ),
    { at: 5, tab: '', what: 'ended', oauth: { error: 'invalid_grant' }, generation: 0, here: false },
  );
  assert.equal(entryOf({ ...whole, oauth: { error: wrong } }, freeze).oauth, undefined);
  assert.equal(entryOf({ ...whole, tab: 'a'.repeat(41) }, freeze).tab, '');
});

test('a trace is in the order of its times, as a tab may write later than another', () => {
  const [a, b, c, d] = [
    { at: 3, here: false, what: 'began', tab: 'b', generation: 3 },
    { at: 2, here: false, what: 'ended', tab: 'a', generation: 2 },
    { at: 3, here: false, what: 'ended', tab: 'c', generation: 2 },
    { at: 3, here: false, what: 'began', tab: 'c', generation: 2 },
  ];
  const all = trace(a, 'rubbish', b, null, c, d);
  assert.deepEqual(all, [b, c, d, a]);
  assert.ok(Object.isFrozen(all));
});

test('an end that each tab has noticed is one, and so is one that the record tells of too', () => {
  const cleared = { at: 5, here: false, what: 'ended', tab: '', trigger: 'cleared', reason: 'revoked', generation: 4 };
  assert.deepEqual(trace(cleared, { ...cleared, at: 9000 }, { ...cleared, at: 60_000 }), [cleared]);
  assert.equal(trace(cleared, { ...cleared, generation: 5 }).length, 2);
  assert.equal(trace({ ...cleared, what: 'failed' }, { ...cleared, what: 'failed' }).length, 2);
  assert.deepEqual(traceOf({ entries: [whole], why: { ...whole, at: whole.at + 3 } }, freeze), [whole]);
  assert.deepEqual(traceOf({ entries: [], why: whole }, freeze), [whole]);
});
