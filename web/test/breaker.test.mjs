// A refusal that is only the API's opinion: RR-30, RR-31, FF-49..51.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBreaker } from '../.cache/test/breaker.mjs';
import { answer, load, play, policy, record, rule, sent, started, status } from './page.mjs';

const api = 'https://api.test/v1';
const count = (name) => (started[0]?.calls ?? []).filter(([command]) => command == name).length;

/** Each refusal renews. */
const renewing = () => {
  let version = 1;
  return {
    refused(_, it) {
      version++;
      it.publish({ policy: policy({ version, rules: [rule({ headers: { authorization: `Bearer ${version}` } })] }) });
      return { outcome: 'retry' };
    },
  };
};

test('RR-30 RR-31 an endpoint that refuses what was renewed for it gets its say, and others are renewed for', async () => {
  play(renewing());
  load({}, { stored: record() });
  answer(({ url }) => status(/opinion/.test(url) ? 401 : 200));
  for (let i = 0; i < 5; i++) assert.equal((await fetch(`${api}/opinion?${i}`)).status, 401);
  assert.equal(count('refused'), 1);
  assert.equal(sent.length, 6);
  let good = false;
  answer(() => status(good ? 200 : ((good = true), 401)));
  assert.equal((await fetch(`${api}/other`)).status, 200);
  assert.equal(count('refused'), 2);
  // Now that there is another token it is tried with that, which costs nothing.
  answer(() => status(401));
  assert.equal((await fetch(`${api}/opinion`)).status, 401);
});

test('RR-30 after three renewals in vain all endpoints rest', async () => {
  play(renewing());
  load({}, { stored: record() });
  answer(() => status(401));
  for (let i = 0; i < 9; i++) assert.equal((await fetch(`${api}/${i}`)).status, 401);
  assert.equal(count('refused'), 3);
});

test('RR-31 what was refused to one person is renewed for the next', async () => {
  play({ ...renewing(), refresh: (_, it) => it.publish({ policy: policy({ session: 's2', version: 9 }) }) });
  const session = load({}, { stored: record() });
  answer(() => status(401));
  await fetch(api);
  await fetch(api);
  assert.equal(count('refused'), 1);
  // Somebody else has signed in.
  await session.refresh();
  await fetch(api).catch(() => {});
  assert.equal(count('refused'), 2);
});

test('RR-31 the core says that the session is good: it is not asked again', async () => {
  play({ refused: () => ({ outcome: 'good' }) });
  load({}, { stored: record() });
  answer(() => status(401));
  for (let i = 0; i < 3; i++) assert.equal((await fetch(api)).status, 401);
  assert.equal(count('refused'), 1);
  assert.equal(sent.length, 3);
});

test('an endpoint rests for 10 s, then 20 s, up to five minutes, and is forgotten', () => {
  let now = 1_000_000;
  const breaker = createBreaker(globalThis, () => now);
  const rest = () => {
    const from = now;
    while (breaker.rests('a')) now += 1000;
    return (now - from) / 1000;
  };
  const rests = Array.from({ length: 7 }, (_, i) => {
    breaker.trip('a', `${i}`);
    return rest();
  });
  assert.deepEqual(rests, [10, 20, 40, 80, 160, 300, 300]);
  assert.equal(breaker.rests('b'), false);
  now += 300_001;
  breaker.trip('a', 'later');
  assert.equal(rest(), 10);
  breaker.trip('a', 'mended');
  breaker.mend('a');
  assert.equal(breaker.rests('a'), false);
  // One that is tried several times a call is one.
  for (let i = 0; i < 9; i++) breaker.trip('alone', `${i}`);
  assert.equal(breaker.rests('c'), false);
  // A clock that was put back makes nobody wait for ever for what all have in common.
  for (const stamp of 'xyz') breaker.trip(stamp, stamp);
  assert.equal(breaker.rests('c'), true);
  now -= 86_400_000;
  assert.equal(breaker.rests('c'), false);
});

test('FF-49 FF-51 a rule says what a refusal is, and how often one is sent again', async () => {
  play(renewing());
  const rules = [
    { url: api, refused: { status: [419] } },
    { url: `${api}/graphql`, refused: { codes: ['UNAUTHENTICATED'] } },
    { url: `${api}/once`, retries: 0 },
  ];
  load({ api: rules }, { stored: record() });
  const json = { 'content-type': 'application/json' };
  const dead = () => new Response('{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}', { headers: json });
  for (const [path, answers, expected] of [
    ['/', [() => status(401)], 401],
    ['/', [() => status(419), () => status(200)], 200],
    ['/graphql', [() => status(401)], 401],
    ['/graphql', [dead, () => status(203)], 203],
    ['/once', [() => status(401), () => status(200)], 401],
  ]) {
    sent.length = 0;
    answer((_, i) => answers[i]());
    assert.equal((await fetch(api + path)).status, expected, path);
    assert.equal(sent.length, path == '/once' ? 1 : answers.length, path);
  }
});
