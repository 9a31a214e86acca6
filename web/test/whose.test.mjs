// Whose credentials a request carries, and that it never goes on as somebody else.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ann, answer, load, occ, play, policy, rule, runtime, sent, settled, status, token, turn } from './page.mjs';

beforeEach(() => {
  play();
  turn();
});

const url = 'https://api.test/v1/users/anonymous/carts';
const api = [{ url: 'https://api.test/v1', as: 'user-or-client' }];
const auth = (call) => call.headers.get('authorization');
const client = { as: 'client', headers: { authorization: 'Bearer client' }, session: 'client', version: 1 };
const back = { at: 'https://app.test/?code=c&state=lk.x' };
/** What the core publishes once it knows who is there. */
const found = (it, rules, session = 's1') =>
  it.publish({ state: ann, policy: policy({ session, rules: [...rules, { ...client, refused: { status: [401] } }] }) });

test('S50 a request that is made before it is known who is there carries the credentials of whoever it is', async () => {
  play({ start: (_, it) => (found(it, [rule()]), {}) });
  load({ api }, back);
  await fetch(url);
  assert.equal(auth(sent[0]), token);
});

test('S50 one that was sent as the client is never sent again as a person', async () => {
  play({
    start: (_, it) => (found(it, [], ''), {}),
    refused: (_, it) => (found(it, [rule()]), { outcome: 'retry' }),
  });
  load({ api }, back);
  answer(() => status(401));
  await assert.rejects(fetch(url), { name: 'SessionError', code: 'session_changed' });
  assert.deepEqual(sent.map(auth), ['Bearer client']);
});

test('S50 nor is one that had not to wait', async () => {
  play({
    start: (_, it) => (found(it, [], ''), {}),
    refused: (_, it) => (found(it, [rule()]), { outcome: 'retry' }),
  });
  load({ api }, back);
  await (
    await runtime()
  ).methods;
  await settled();
  answer(() => status(401));
  await assert.rejects(fetch(url), { name: 'SessionError', code: 'session_changed' });
  assert.deepEqual(sent.map(auth), ['Bearer client']);
});

test('S49 a refused client token is compared by the state of its own session', async () => {
  play({
    start: (_, it) => (found(it, [rule()]), {}),
    refused: (_, it) => {
      it.publish({
        policy: policy({ rules: [rule(), { ...client, headers: { authorization: 'Bearer next' }, version: 2 }] }),
      });
      return { outcome: 'retry' };
    },
  });
  load({ api }, back);
  await (
    await runtime()
  ).methods;
  await settled();
  answer((call) => (auth(call) == 'Bearer client' ? status(401) : new Response('ok')));
  const response = await fetch(url, { as: 'client' });
  assert.equal(response.status, 200);
  assert.deepEqual(sent.map(auth), ['Bearer client', 'Bearer next']);
  const [, facts] = (await runtime()).calls.find(([name]) => name == 'refused');
  assert.deepEqual(facts, { as: 'client', session: 'client', version: 1, status: 401 });
});

test('AS-08 a client token is never sent to what is the user’s own', async () => {
  play({ start: (_, it) => (found(it, [], ''), {}) });
  load({ api }, back);
  await (
    await runtime()
  ).methods;
  await settled();
  for (const path of ['users/current', 'users/current/carts', 'users/current?a'])
    await fetch(`https://api.test/v1/${path}`);
  await fetch('https://api.test/v1/users/currents');
  assert.deepEqual(sent.map(auth), [null, null, null, 'Bearer client']);
});

test('S86 the user’s id goes with the user’s credentials, and with nothing of the client’s', async () => {
  const acting = { ...ann, userId: 'c1', isEmulated: true, isAgent: true };
  const rules = [rule(), { ...client, refused: { status: [401] } }];
  play({ start: (_, it) => (it.publish({ state: acting, policy: policy({ rules }) }), {}) });
  load({ api, auth: occ({ baseUrl: 'https://api.test', baseSite: 'toys', clientTokens: true }) }, back);
  await (
    await runtime()
  ).methods;
  await settled();
  const headers = { 'latchkey-user-id': 'true' };
  await fetch(url, { headers });
  await fetch(url, { headers, as: 'client' });
  await fetch(url, { headers: { 'latchkey-user-id': 'c2' }, as: 'client' });
  assert.deepEqual(
    sent.map((call) => [auth(call), call.headers.get('sap-commerce-cloud-user-id')]),
    [
      [token, 'c1'],
      ['Bearer client', null],
      ['Bearer client', 'c2'],
    ],
  );
});

test('AS-01 while an agent acts for somebody, what is the user’s own is not asked for as the agent', async () => {
  const emulating = { as: 'user', headers: { authorization: 'Bearer agent' }, session: 'a1.5', version: 6 };
  const agent = { ...emulating, as: 'agent', session: 'a1' };
  play({ start: (_, it) => (found(it, [emulating, agent], 'a1.5'), {}) });
  load({ api: ['https://api.test/v1'] }, back);
  await (
    await runtime()
  ).methods;
  await settled();
  for (const path of ['users/current/carts', 'users/c-bob/carts']) await fetch(`https://api.test/v1/${path}`);
  await fetch('https://api.test/v1/users/current', { as: 'agent' });
  assert.deepEqual(sent.map(auth), [null, 'Bearer agent', 'Bearer agent']);
});
