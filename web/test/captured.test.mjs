import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  anonymous,
  ann,
  answer,
  deferred,
  latchkey,
  load,
  play,
  runtime,
  sent,
  settled,
  started,
  visit,
} from './page.mjs';

const shop = 'https://shop.test/shop-api';
const key = `latchkey/1/${encodeURIComponent(shop)}/vendure/`;
const header = 'vendure-auth-token';
const user = {
  as: 'user',
  headers: { authorization: 'Bearer mine' },
  refused: { status: [200], codes: ['FORBIDDEN'] },
  capture: [header],
};
const policy = (session, rule, version = 1) => ({ format: 1, session, version, rules: [rule] });
const record = (rule = user, state = ann) => ({
  format: 1,
  issuer: shop,
  client: 'vendure',
  context: '',
  session: 's1',
  generation: 1,
  state,
  policy: policy('s1', rule),
});

/** A page whose session is a Vendure server's. */
const page = ({ auth, stored, ...options } = {}) => {
  visit('https://app.test/');
  if (stored) localStorage.setItem(key, JSON.stringify(stored));
  return load({ auth: latchkey.vendure({ url: shop, ...auth }), api: [shop], ...options }, { keep: true });
};
const json = (body, headers, more) => {
  const response = new Response(typeof body == 'string' ? body : JSON.stringify(body), {
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  });
  for (const name in more) Object.defineProperty(response, name, { value: more[name] });
  return response;
};
const ask = (query, init) => fetch(shop, { method: 'POST', body: JSON.stringify({ query }), ...init });
const calls = (name) => (started[0]?.calls ?? []).filter(([command]) => command == name).map(([, args]) => args);
const bearer = ({ headers }) => headers.get('authorization');

/** The core's own rule of a visitor, which has more in it than that from before the core was there. */
const whole = (more) => ({
  look: (_, it) =>
    it.publish({
      policy: policy('', {
        as: 'user',
        capture: [header],
        single: 'mutation|order',
        begins: { request: 'order', answer: '"activeOrder":|:"CurrentUser"' },
        ...more,
      }),
    }),
});

beforeEach(() => play());

test('VE-01 a header goes to the core, with what the request was sent by, before the caller has its answer', async () => {
  page();
  const told = deferred();
  play({ observed: () => told.promise });
  answer(() => json({}, { [header]: 'given' }));
  let answered = false;
  const call = ask('mutation { add }').then(() => (answered = true));
  await runtime();
  await settled();
  assert.equal(answered, false);
  assert.deepEqual(calls('observed'), [
    { as: 'user', session: '', version: 0, headers: { [header]: 'given' }, hidden: false },
  ]);
  told.resolve({});
  await call;
});

test('VE-01 an empty header is told, an absent one is nothing', async () => {
  page({ stored: record() });
  answer((_, i) => json({}, i ? { [header]: '' } : {}));
  await ask('{ a }');
  assert.equal(started.length, 0);
  await ask('{ a }');
  assert.deepEqual(calls('observed')[0], {
    as: 'user',
    session: 's1',
    version: 1,
    headers: { [header]: '' },
    hidden: false,
  });
});

test('VE-02 an answer from another origin says nothing', async () => {
  page({ stored: record() });
  const forbidden = { errors: [{ extensions: { code: 'FORBIDDEN' } }] };
  for (const url of [
    'https://shop.test.evil.test/',
    'http://shop.test/shop-api',
    'https://evil.test/?https://shop.test/',
  ]) {
    answer(() => json(forbidden, { [header]: 'evil' }, { redirected: true, url }));
    assert.equal((await ask('{ a }')).status, 200);
  }
  assert.equal(started.length, 0);
  answer(() => json({}, { [header]: 'ours' }, { redirected: true, url: 'https://shop.test/elsewhere' }));
  await ask('{ a }');
  assert.equal(calls('observed').length, 1);
});

test('VE-08 the header has the name of the option, in lower case', async () => {
  page({ auth: { authTokenHeader: 'X-Token' } });
  answer(() => json({}, { 'X-TOKEN': 'given', [header]: 'other' }));
  await ask('mutation { add }');
  assert.deepEqual(calls('observed')[0].headers, { 'x-token': 'given' });
});

test('VE-05 a visitor’s call that may bring a session goes alone, the others pass', async () => {
  page();
  const first = deferred();
  const one = policy('s1', { as: 'user', headers: { authorization: 'Bearer one' }, capture: [header] });
  play({ observed: (_, it) => it.publish({ policy: one }) });
  answer((_, i) => (i ? json({ data: {} }) : first.promise));
  const all = ['mutation { add }', '{ activeOrder { id } }', '{ products { id } }', 'mutation { add }'].map((q) =>
    ask(q),
  );
  const got = fetch(`${shop}?query={collections{id}}`);
  const made = fetch(new Request(shop, { method: 'POST', body: '{}' }));
  for (let i = 0; i < 5; i++) await settled();
  assert.deepEqual(await Promise.all(sent.map(({ request }) => request.clone().text())), [
    '{"query":"mutation { add }"}',
    '{"query":"{ products { id } }"}',
    '',
  ]);
  first.resolve(json({}, { [header]: 'one' }));
  await Promise.all([...all, got, made]);
  // One that cannot be looked into may be such a call too.
  assert.deepEqual(sent.map(bearer), [null, null, null, 'Bearer one', 'Bearer one', 'Bearer one']);
});

test('VE-05 a first call that fails, is given up or says nothing lets the next one go', async () => {
  for (const how of [
    () => Promise.reject(new TypeError('network')),
    () => json({ data: {} }),
    () => new Response('', { status: 503 }),
  ]) {
    page();
    answer((_, i) => (i ? json({}) : how()));
    await Promise.allSettled([ask('mutation { a }'), ask('mutation { b }'), ask('mutation { c }')]);
    assert.equal(sent.length, 3);
  }
  page({ timeout: 20 });
  answer((_, i) => (i ? json({}) : new Promise(() => {})));
  void ask('mutation { a }');
  await Promise.all([ask('mutation { b }'), ask('mutation { c }')]);
  page();
  const controller = new AbortController();
  const gone = deferred();
  answer((_, i) => (i ? json({}) : gone.promise));
  const given = ask('mutation { a }', { signal: controller.signal });
  const next = ask('mutation { b }');
  await settled();
  controller.abort();
  gone.reject(controller.signal.reason);
  await assert.rejects(given, { name: 'AbortError' });
  await next;
});

test('VE-05 a sign-in waits for the cart that is about to begin', async () => {
  const session = page();
  const first = deferred();
  answer(() => first.promise);
  play({ observed: () => ({}), loginWithCredentials: () => ({}), loginWith: () => ({}) });
  const call = ask('mutation { add }');
  const signIns = [session.loginWithCredentials('a', 'b'), session.loginWith('login', {})];
  await runtime();
  for (let i = 0; i < 5; i++) await settled();
  assert.deepEqual(
    started[0].calls.map(([name]) => name),
    ['start'],
  );
  first.resolve(json({}, { [header]: 'one' }));
  await Promise.all([call, ...signIns]);
  assert.equal(started[0].calls[1][0], 'observed');
});

test('a visitor’s stored session is used at once, with no more taken from the record than that', async () => {
  const session = page({
    stored: record(
      { ...user, refused: undefined, single: '.', watch: '.', csrf: { header: 'x', value: 'y' } },
      anonymous,
    ),
  });
  assert.equal(session.state.isLoggedIn, false);
  assert.equal((await session.ready).status, 'anonymous');
  await Promise.all([ask('mutation { a }'), ask('mutation { b }')]);
  assert.deepEqual(sent.map(bearer), ['Bearer mine', 'Bearer mine']);
  assert.equal(sent[0].headers.get('x'), null);
  assert.equal(started.length, 0);
});

test('headers of the configuration are the caller’s to replace, and go nowhere else', async () => {
  page({ auth: { channelToken: 'second' }, api: [shop, { url: 'https://cdn.test/', as: 'none' }] });
  await ask('{ products { id } }');
  await ask('{ products { id } }', { headers: { 'Vendure-Token': 'mine' } });
  await fetch('https://other.test/');
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('vendure-token')),
    ['second', 'mine', null],
  );
});

test('a channel that is unknown is told to the core, and sent no more', async () => {
  page({ auth: { channelToken: 'gone' } });
  const error = { code: 'config_invalid', message: 'gone', oauth: { error: 'CHANNEL_NOT_FOUND' } };
  const tells = { codes: ['CHANNEL_NOT_FOUND'], param: 'vendure-token' };
  play({ ...whole({ tells }), observed: (_, it) => it.publish({ events: [{ type: 'error', error }] }) });
  const body = { errors: [{ extensions: { code: 'CHANNEL_NOT_FOUND' } }], data: null };
  answer(() => json(body));
  await ask('{ products { id } }', { headers: { 'vendure-token': 'mine' } });
  await fetch(`${shop}?vendure-token=mine`, { method: 'POST', body: '{}' });
  assert.equal(calls('observed').length, 0);
  assert.deepEqual(await (await ask('{ products { id } }')).json(), body);
  assert.equal(calls('observed')[0].code, 'CHANNEL_NOT_FOUND');
  // The core's own end of that is the runtime's: it is played here, so what it forgets is not.
});

const forbidden = '{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}],"data":null}';
const pad = (length) => 'x'.repeat(length);

for (const [name, body, asked, type = 'application/json'] of [
  ['at once', forbidden, 1],
  ['after white space', `\n { "errors" : [{"extensions":{"code":"FORBIDDEN"}}]}`, 1],
  ['as the second error', '{"errors":[{"message":"a"},{"extensions":{"code":"FORBIDDEN"}}]}', 1],
  ['of the newer type', forbidden, 1, 'application/graphql-response+json'],
  ['of up to 64 KiB', `{"errors":[{"extensions":{"code":"FORBIDDEN"}}],"pad":"${pad(65_000)}"}`, 1],
  ['beyond 64 KiB', `{"errors":[{"extensions":{"code":"FORBIDDEN"}}],"pad":"${pad(70_000)}"}`, 0],
  ['with the data before', '{"data":{"me":null,"pad":"0123456789"},"errors":[{"extensions":{"code":"FORBIDDEN"}}]}', 0],
  ['of another code', forbidden.replace('FORBIDDEN', 'OTHER'), 0],
  ['without a code', '{"errors":[{"message":"FORBIDDEN"}]}', 0],
  ['that is broken', forbidden.slice(0, -3), 0],
  ['that is no list', '{"errors":{"extensions":{"code":"FORBIDDEN"}}}', 0],
  ['that is null', '{"errors":[null]}', 0],
  ['that is empty', '', 0],
  ['that is not JSON', forbidden, 0, 'text/plain'],
])
  test(`S46 a refusal ${name}: ${asked ? 'the core is asked' : 'nobody is asked'}, and the body is the caller’s`, async () => {
    page({ stored: record() });
    play({ refused: () => ({ outcome: 'giveup' }) });
    answer(() => json(body, { 'content-type': type }));
    const response = await ask('{ me { id } }');
    assert.equal(response.bodyUsed, false);
    assert.equal(await response.text(), body);
    assert.equal(calls('refused').length, asked);
    assert.equal(sent.length, 1);
  });

test('S46 an answer that says it is long is not looked at, one that says it is short is', async () => {
  for (const [length, asked] of [
    ['8193', 0],
    ['8192', 1],
    ['nonsense', 1],
  ]) {
    play({ refused: () => ({ outcome: 'giveup' }) });
    page({ stored: record() });
    answer(() => json(forbidden, { 'content-length': length }));
    assert.equal(await (await ask('{ me { id } }')).text(), forbidden);
    assert.equal(calls('refused').length, asked, length);
  }
});

test('FF-30 no more is read than it takes to see that nothing is refused', async () => {
  page({ stored: record() });
  let pulled = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        controller.enqueue(
          new TextEncoder().encode(pulled ? pad(1000) : '{"data":{"products":{"items":[{"id":"1","name":"'),
        );
        if (++pulled == 50) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  answer(() => new Response(body, { headers: { 'content-type': 'application/json' } }));
  const response = await ask('{ products { id } }');
  assert.ok(pulled <= 2, `${pulled}`);
  assert.equal((await response.text()).length, 48 + 49_000);
  assert.equal(pulled, 50);
});

test('FF-30 a caller who gives up while an answer is looked at is told so', async () => {
  page({ stored: record() });
  const controller = new AbortController();
  answer(() => new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } }));
  const call = ask('{ me { id } }', { signal: controller.signal });
  await settled();
  await settled();
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
});

test('S46 a refusal is asked about once, and goes again only where the core says so', async () => {
  page({ stored: record() });
  const again = { ...user, headers: { authorization: 'Bearer again' } };
  play({
    refused(_, it) {
      it.publish({ policy: policy('s1', again, 2) });
      return { outcome: 'retry' };
    },
  });
  answer((call) => json(bearer(call) == 'Bearer again' ? '{"data":{}}' : forbidden));
  const answers = await Promise.all([ask('{ a }'), ask('{ b }'), ask('{ c }')]);
  for (const response of answers) assert.equal(await response.text(), '{"data":{}}');
  assert.equal(calls('refused').length, 1);
});

test('VE-03 what CORS hides is told once, and only where it must have been there', async () => {
  play(whole());
  page();
  const order = { data: { activeOrder: { id: 1 } } };
  const cors = { type: 'cors' };
  for (const [body, more, init, query = '{ activeOrder { id } }'] of [
    [order, { type: 'basic' }],
    [order, cors, { credentials: 'include' }],
    [{ errors: [{}], data: { activeOrder: null } }, cors],
    [{ data: { login: { __typename: 'InvalidCredentialsError' } } }, cors, {}, 'mutation { login }'],
    [{ data: { products: { __typename: 'CurrentUser' } } }, cors, {}, '{ products { id } }'],
  ]) {
    answer(() => json(body, {}, more));
    await ask(query, init);
  }
  answer(() => json(order, { [header]: 'there' }, cors));
  await ask('mutation { a }');
  assert.deepEqual(
    calls('observed').map(({ hidden }) => hidden),
    [false],
  );
  answer(() => json(order, {}, cors));
  for (let i = 0; i < 3; i++) assert.deepEqual(await (await ask('{ activeOrder { id } }')).json(), order);
  assert.deepEqual(
    calls('observed').map(({ hidden }) => hidden),
    [false, true],
  );
});

test('with a cookie, cookies go along, a sign-in is told, and the first call has the others wait', async () => {
  play();
  const session = page({ auth: { tokenMethod: 'cookie' } });
  const visitor = { as: 'user', credentials: 'include', single: 'mutation|active', watch: 'login|logout' };
  // Nothing is known before the core has asked.
  assert.equal(session.state.status, 'restoring');
  const it = await runtime();
  it.publish({ state: anonymous, policy: policy('', visitor) });
  await session.ready;
  const first = deferred();
  answer((_, i) => (i ? json({}) : first.promise));
  const all = [ask('{ activeOrder { id } }'), ask('{ activeOrder { id } }'), ask('mutation { a }')];
  for (let i = 0; i < 5; i++) await settled();
  assert.equal(sent.length, 1);
  first.resolve(json({}));
  await Promise.all(all);
  assert.deepEqual(
    sent.map(({ request }) => request.credentials),
    ['include', 'include', 'include'],
  );
  assert.equal(calls('observed').length, 0);
  await ask('mutation { login(a: 1) }');
  await ask('mutation LogOut { logout { success } }', { credentials: 'omit' });
  assert.deepEqual(
    calls('observed').map(({ watched }) => watched.toLowerCase()),
    ['login', 'logout'],
  );
  assert.equal(sent.at(-1).request.credentials, 'omit');
});

test('with a cookie, a record of before is shown at once', async () => {
  const rule = { as: 'user', credentials: 'include', refused: user.refused };
  const session = page({
    auth: { tokenMethod: 'cookie' },
    stored: record(rule, { ...ann, tokenType: null, expiresAt: null }),
  });
  assert.equal(session.state.userId, 'ann');
  await ask('{ a }');
  assert.equal(sent[0].request.credentials, 'include');
  assert.equal(started.length, 0);
});

for (const [name, init, carried] of [
  ['an unsafe call', { method: 'POST', body: '{}' }, 'secret'],
  ['a delete', { method: 'delete' }, 'secret'],
  ['a get', {}, null],
  ['a head', { method: 'HEAD' }, null],
  ['one that has its own', { method: 'POST', body: '{}', headers: { 'X-CSRF': 'mine' } }, 'mine'],
])
  test(`a CSRF header: ${name}`, async () => {
    const session = page();
    play({
      loginWith(_, it) {
        it.publish({ policy: policy('s1', { ...user, csrf: { header: 'x-csrf', value: 'secret' } }) });
        return {};
      },
    });
    await session.loginWith('login', {});
    await fetch(shop, init);
    assert.equal(sent[0].headers.get('x-csrf'), carried);
    assert.equal(sent[0].args[1].redirect, carried == 'secret' ? 'error' : undefined);
    await fetch('https://other.test/', { method: 'POST' });
    assert.equal(sent[1].headers.get('x-csrf'), null);
  });
