// The stand-in for SAP Commerce as the browser tests use it: started, asked over its wire, watched and stopped. What it does
// in detail is tested in its own folder.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { people, startOcc } from './occ.mjs';

let occ;
before(async () => {
  occ = await startOcc();
});
beforeEach(() => occ.reset());
after(() => occ?.close());

const client = { client_id: 'mobile_android', client_secret: 'secret' };
const token = async (form) => {
  const body = new URLSearchParams({ ...client, ...form });
  return (await fetch(`${occ.baseUrl}/authorizationserver/oauth/token`, { method: 'POST', body })).json();
};
const signIn = ({ username, password }) => token({ grant_type: 'password', username, password });
const ask = async (path, bearer, accept = 'application/json') => {
  const headers = { accept, ...(bearer && { authorization: `Bearer ${bearer}` }) };
  const answer = await fetch(`${occ.baseUrl}${path}`, { headers });
  return { status: answer.status, text: await answer.text() };
};

test('serves the page, and signs a customer in', async () => {
  assert.match(await (await fetch(`${occ.page}some/route`)).text(), /<html|<!doctype/i);
  const got = await signIn(people.alice);
  assert.equal(got.token_type, 'bearer');
  const { status, text } = await ask('/occ/v2/electronics-spa/users/current', got.access_token);
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).customerId, people.alice.customerId);
  assert.match((await ask('/occ/v2/electronics-spa/users/current', got.access_token, '*/*')).text, /^<\?xml/);
});

test('AS-01: an agent acts for a customer, and the record says so without a secret', async () => {
  const agent = await signIn(people.agent);
  const { text } = await ask(`/occ/v2/electronics-spa/users/${people.bob.customerId}`, agent.access_token);
  assert.deepEqual([JSON.parse(text).who, JSON.parse(text).actor], ['bob', 'agent']);
  const [signedIn, asked] = await occ.log();
  assert.deepEqual([signedIn.grantType, signedIn.client, signedIn.issued.length], ['password', 'mobile_android', 2]);
  assert.deepEqual(
    [asked.kind, asked.actor, asked.subject, asked.token],
    ['agent', 'agent', 'bob', signedIn.issued[0]],
  );
  const told = JSON.stringify([await occ.log(), await occ.tokens()]);
  for (const secret of [agent.access_token, agent.refresh_token, people.agent.password]) {
    assert.ok(!told.includes(secret));
  }
});

test('switches, lifetimes, expiry and faults', async () => {
  await occ.lifetime({ access: 60 });
  const { access_token, refresh_token } = await signIn(people.alice);
  await occ.expire({ user: 'alice', kind: 'access' });
  const refused = JSON.parse((await ask('/occ/v2/basesites', access_token)).text).errors[0];
  assert.equal(refused.type, 'InvalidTokenError');
  await occ.set({ invalidToken: 'InvalidBearerTokenError', tokenInMessages: false });
  const again = JSON.parse((await ask('/occ/v2/basesites', access_token)).text).errors[0];
  assert.deepEqual(again, { type: 'InvalidBearerTokenError', message: 'Access token expired' });
  await assert.rejects(occ.set({ refresh: 'sometimes' }), /refresh is one of/);

  await occ.forget();
  await occ.fault({ endpoint: 'token', grantType: 'refresh_token', mode: 'hang' });
  const refreshed = token({ grant_type: 'refresh_token', refresh_token });
  const held = await occ.until((requests) => requests.find((request) => request.grantType === 'refresh_token'));
  assert.deepEqual([held.done, held.given.startsWith('refresh-')], [false, true]);
  await occ.fault({ endpoint: 'token', mode: 'ok' });
  assert.equal((await refreshed).expires_in, 59);
});

test('tells everything as at the start after a reset', async () => {
  const { access_token } = await signIn(people.alice);
  await occ.set({ xml: 'never' });
  const { switches } = await occ.reset();
  assert.equal(switches.xml, 'default');
  assert.deepEqual([await occ.log(), await occ.tokens()], [[], []]);
  assert.equal((await ask('/occ/v2/electronics-spa/users/current', access_token)).status, 401);
});
