// What the data plane does for a storefront: markers, refusals by their body, ids, other sites.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  ann,
  anonymous,
  answer,
  deferred,
  load,
  occ,
  play,
  policy,
  record,
  rule,
  runtime,
  sent,
  settled,
  started,
  status,
  token,
  turn,
} from './page.mjs';

const baseUrl = 'https://api.test';
const api = `${baseUrl}/occ/v2/`;
const url = `${api}electronics-spa/products/search`;
const other = 'https://other.test/';
const tokenEndpoint = `${baseUrl}/authorizationserver/oauth/token`;
const keyOf = (site = 'electronics-spa') =>
  `latchkey/1/${encodeURIComponent(tokenEndpoint)}/mobile_android/${encodeURIComponent(site)}`;
const auth = (call) => call.headers.get('authorization');

const refused = { status: [401], types: ['InvalidTokenError', 'InvalidBearerTokenError'] };
const user = rule({ refused });
const client = { as: 'client', headers: { authorization: 'Bearer client' }, refused, session: 'client', version: 1 };
const owner = { issuer: tokenEndpoint, client: 'mobile_android', context: 'electronics-spa' };
const current = { ...ann, userId: 'current', claims: null };
const stored = (more) => record({ ...owner, state: current, policy: policy({ rules: [user] }), ...more });
const storedClient = (more) => ({
  ...record({ ...owner, session: 'client', state: anonymous }),
  policy: policy({
    session: 'client',
    rules: [{ as: 'client', headers: { authorization: 'Bearer client' }, refused }],
  }),
  ...more,
});

/** A page load of a shop's, with records by the end of their keys. */
const shop = (records = {}, { auth: more, site = 'electronics-spa', ...options } = {}, page) => {
  load({ storage: 'memory' }, page);
  for (const [end, value] of Object.entries(records)) localStorage.setItem(keyOf(site) + end, JSON.stringify(value));
  return load(
    { auth: occ({ baseUrl, baseSite: site, flow: 'password', ...more }), api: [api], ...options },
    { ...page, keep: true },
  );
};

beforeEach(() => {
  play();
  turn();
});

const names = ['latchkey-as', 'latchkey-user-id', 'cx-use-client-token', 'cx-use-csagent-token'];
const markers = names.map((name, i) => [name, i ? 'true' : 'client']);
const forms = {
  'an object': () => Object.fromEntries([...markers, ['b', 'c']]),
  'an object in capitals': () =>
    Object.fromEntries([...markers.map(([name, value]) => [name.toUpperCase(), value]), ['b', 'c']]),
  'an array': () => [...markers, ['b', 'c']],
  Headers: () => new Headers([...markers, ['b', 'c']]),
  'a Map': () => new Map([...markers, ['b', 'c']]),
  'an iterator that is used up': () => [...markers, ['b', 'c']].values(),
};
for (const [name, headers] of Object.entries(forms))
  test(`S51 markers in ${name} never leave the browser, whoever they are sent to, on a retry neither`, async () => {
    play({ refused: () => ({ outcome: 'retry' }) });
    shop({ '': stored(), '/client': storedClient() });
    let refusals = 0;
    answer((call) =>
      call.url.startsWith(api) && !refusals++
        ? new Response('{"errors":[{"type":"InvalidTokenError"}]}', { status: 401 })
        : new Response('ok'),
    );
    for (const to of [url, other, `${baseUrl}/occ/v2/basesites`]) {
      await fetch(to, { headers: headers() });
      await fetch(new Request(to, { headers: headers() }));
    }
    assert.equal(sent.length, 7);
    for (const call of sent) {
      for (const one of names) assert.equal(call.headers.get(one), null, `${one} to ${call.url}`);
      assert.equal(call.headers.get('b'), 'c');
    }
  });

test("S51 FF-01 a stranger's headers without a marker are the page's own", async () => {
  shop({ '': stored() });
  for (const headers of [{ b: 'c' }, [['b', 'c']], new Headers({ b: 'c' }), {}]) {
    const init = { headers };
    await fetch(other, init);
    assert.equal(sent.at(-1).args[1], init);
  }
});

test("S50 Spartacus' markers say whose request it is, if there are such tokens", async () => {
  const marker = { headers: { 'cx-use-client-token': 'true' } };
  shop({ '': stored(), '/client': storedClient() });
  await fetch(url, marker);
  await fetch(url, { headers: { 'cx-use-client-token': 'false' } });
  await fetch(url, { headers: { 'cx-use-client-token': 'true', 'latchkey-as': 'user' } });
  await fetch(url, { ...marker, as: 'none' });
  assert.deepEqual(sent.map(auth), ['Bearer client', token, token, null]);
  shop({ '': stored(), '/client': storedClient() }, { auth: { clientTokens: false } });
  await fetch(url, marker);
  assert.deepEqual(sent.map(auth), [token]);
});

test('AS-08 a client token is for no path of the user’s own, in a query it says nothing', async () => {
  shop({ '/client': storedClient() });
  for (const end of ['', '/carts', '?a', '#a', ';v=1', '/'])
    await fetch(`${api}electronics-spa/users/current${end}`, { as: 'client' });
  assert.deepEqual([...new Set(sent.map(auth))], [null]);
  for (const path of ['users/currents', 'users/anonymous?to=/users/current', 'users#/users/current'])
    await fetch(`${api}electronics-spa/${path}`, { as: 'client' });
  assert.deepEqual(sent.slice(-3).map(auth), Array(3).fill('Bearer client'));
});

test('S10 a covered request asks for JSON, unless it asks for something itself', async () => {
  shop({ '': stored() });
  await fetch(url);
  await fetch(url, { headers: { Accept: 'application/xml' } });
  await fetch(url, { as: 'none' });
  await fetch(other);
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('accept')),
    ['application/json', 'application/xml', 'application/json', null],
  );
});

const refusal =
  '{"errors":[{"type":"OtherError"},{"type":"InvalidBearerTokenError","message":"Access token expired"}]}';
const again = { refused: () => ({ outcome: 'retry' }) };
/** What comes of a 401 with that body: the calls of the core's, and the caller's response. */
const told = async (body, options, init) => {
  play(again);
  shop({ '': stored() }, options);
  answer((_, i) => (i ? new Response('ok') : new Response(body, { status: 401 })));
  const response = await fetch(url, init);
  return { response, asked: started.length ? started[0].calls.map(([name]) => name) : [] };
};

test('S28 a 401 is a refusal if its body says so', async () => {
  const { response, asked } = await told(refusal);
  assert.equal(await response.text(), 'ok');
  assert.deepEqual(asked, ['start', 'refused']);
});

test('S28 the body of one that stays a refusal is the caller’s', async () => {
  play({ refused: () => ({ outcome: 'giveup' }) });
  shop({ '': stored() });
  answer(() => new Response(refusal, { status: 401 }));
  const response = await fetch(url);
  assert.equal(response.bodyUsed, false);
  assert.equal(await response.text(), refusal);
});

const otherBodies = {
  'of another error': '{"errors":[{"type":"UnauthorizedError"}]}',
  'that is empty': '',
  'that is none': null,
  'in XML': '<errors><type>InvalidTokenError</type></errors>',
  'that is broken': refusal.slice(0, -1),
  'that is a string': '"InvalidTokenError"',
  'that is null': 'null',
  'with errors that are no list': '{"errors":{"type":"InvalidTokenError"}}',
  'with null among the errors': '{"errors":[null]}',
  'that is huge': `{"pad":"${'x'.repeat(70_000)}","errors":[{"type":"InvalidTokenError"}]}`,
};
for (const [name, body] of Object.entries(otherBodies))
  test(`S28 a 401 with a body ${name} is none`, async () => {
    const { response, asked } = await told(body);
    assert.equal(response.status, 401);
    assert.equal(await response.text(), body ?? '');
    assert.deepEqual(asked, []);
  });

/** A body that has no end, and what has become of it. */
const endless = () => {
  const its = { pulled: 0 };
  its.body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode('{"errors":[')),
    pull: () => (its.pulled++, new Promise(() => {})),
    cancel: () => (its.cancelled = true),
  });
  return its;
};

test('S28 a body that has no end holds a request no longer than timeout, and is kept by nobody after that', async () => {
  const its = endless();
  const { response, asked } = await told(its.body, { timeout: 1 });
  assert.equal(response.status, 401);
  assert.deepEqual(asked, []);
  // The caller's giving up is the end of it, so there is no other reader.
  await response.body.cancel();
  assert.equal(its.cancelled, true);
});

test('FF-04 S28 a caller gives up while the body is looked at', async () => {
  const its = endless();
  const abort = new AbortController();
  const reason = new Error('mine');
  const asked = told(its.body, {}, { signal: abort.signal });
  await settled();
  assert.equal(sent.length, 1);
  abort.abort(reason);
  await assert.rejects(asked, (error) => error === reason);
});

test('S28 a body that breaks off is the caller’s to see, at once, and nobody else’s', async () => {
  const uncaught = [];
  const note = (error) => uncaught.push(error);
  process.on('unhandledRejection', note);
  try {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"errors":['));
        controller.error(new TypeError('network'));
      },
    });
    const { response, asked } = await told(broken);
    assert.deepEqual(asked, []);
    await assert.rejects(response.text(), TypeError);
    await settled();
    assert.deepEqual(uncaught, []);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('S86 the id that a page asks for goes along, a constant never', async () => {
  const header = 'sap-commerce-cloud-user-id';
  const send = async (id, to = url, more) => {
    await fetch(to, { headers: { 'latchkey-user-id': id, ...more } });
    return sent.at(-1).headers.get(header);
  };
  shop({ '': stored() });
  assert.equal(await send('c-1'), 'c-1');
  // Signed in as 'current', which is nobody in particular.
  for (const id of ['true', 'current', 'anonymous', 'guest', 'ü', 'a b']) assert.equal(await send(id), null, id);
  assert.equal(await send('c-1', other), null);
  assert.equal(await send('current', url, { [header]: 'hers' }), null);
  assert.equal(await send('true'), null);
  await fetch(url, { headers: { [header]: 'hers' } });
  assert.equal(sent.at(-1).headers.get(header), 'hers');
});

test('S86 it is that of whom an agent acts for, on a retry too', async () => {
  play(again);
  shop({ '': stored() }, { load: 'eager' });
  (await runtime()).publish({ state: { ...current, userId: 'c-2', isEmulated: true, isAgent: true } });
  answer((_, i) => (i ? new Response('ok') : new Response(refusal, { status: 401 })));
  await fetch(url, { headers: { 'latchkey-user-id': 'true' } });
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('sap-commerce-cloud-user-id')),
    ['c-2', 'c-2'],
  );
});

test('S86 it is SAP’s, and goes to no other server', async () => {
  load({}, { stored: record() });
  await fetch('https://api.test/v1/a', { headers: { 'latchkey-user-id': 'c-1' } });
  assert.equal(sent[0].headers.get('sap-commerce-cloud-user-id'), null);
  assert.equal(sent[0].headers.get('latchkey-user-id'), null);
});

test('S48 a stored client token is there at once, one that is not exactly ours is none', async () => {
  shop({ '/client': storedClient() });
  await fetch(url, { as: 'client' });
  assert.deepEqual([sent.map(auth), started.length], [['Bearer client'], 0]);
  const wrong = {
    'of another server': { issuer: other },
    'of another client': { client: 'other' },
    'of another site': { context: 'apparel-uk-spa' },
    'of a person': { session: 's1' },
    'of another as': { policy: policy({ rules: [{ ...user, as: 'user' }] }) },
    'without a policy': { policy: undefined },
    'without a rule': { policy: policy({ rules: [] }) },
    'with a line break': { policy: policy({ rules: [{ ...client, headers: { authorization: 'a\nb' } }] }) },
    'of no generation': { generation: 'x' },
    'of another format': { format: 2 },
  };
  for (const [name, more] of Object.entries(wrong)) {
    play({ authorize: () => ({ outcome: 'send' }) });
    shop({ '/client': storedClient(more) });
    await fetch(url, { as: 'client' });
    assert.deepEqual([auth(sent[0]), started[0].calls[1][0]], [null, 'authorize'], name);
  }
});

test('S48 without a stored token a client’s requests ask once, and leave as the core says', async () => {
  play({
    authorize: (_, it) => (it.publish({ policy: policy({ session: '', rules: [client] }) }), { outcome: 'send' }),
  });
  shop();
  await Promise.all(Array.from({ length: 100 }, () => fetch(url, { as: 'client' })));
  assert.deepEqual([...new Set(sent.map(auth))], ['Bearer client']);
  const asked = started[0].calls.filter(([name]) => name == 'authorize');
  assert.deepEqual(asked, [['authorize', { as: 'client', session: 'client', version: 0 }]]);
});

test('AS-06 a stored agent makes all wait for the core', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = shop({ '': stored(), '/agent': record({ ...owner, session: 'a1' }) });
  assert.equal(session.state.status, 'restoring');
  const asked = fetch(url);
  const it = await runtime();
  await settled();
  assert.equal(sent.length, 0);
  it.publish({ state: { ...anonymous, isAgent: true }, policy: policy({ session: '', rules: [] }) });
  start.resolve({});
  await asked;
  assert.equal(auth(sent[0]), null);
  // An agent who has gone makes nobody wait.
  play();
  shop({ '': stored(), '/agent': record({ ...owner, session: '' }) });
  await fetch(url);
  assert.deepEqual([auth(sent[0]), started.length], [token, 0]);
});

test('S60 what Spartacus has left makes all wait for the core, if there was no session here', async () => {
  const left = { '': undefined };
  const begun = async (records, adopt = true) => {
    play();
    load({ storage: 'memory' });
    localStorage.setItem('spartacus⚿⚿auth', '{}');
    for (const value of Object.values(records)) if (value) localStorage.setItem(keyOf(), JSON.stringify(value));
    const auth = occ({ baseUrl, baseSite: 'electronics-spa', flow: 'password', adopt });
    const { status } = load({ auth, api: [api] }, { keep: true }).state;
    if (status == 'restoring') await runtime();
    return status;
  };
  assert.equal(await begun(left), 'restoring');
  assert.equal(await begun(left, false), 'anonymous');
  assert.equal(await begun({ '': stored() }), 'authenticated');
});

test('S67 a sign-in that nobody has listened for is told to the first who does, unless it is over', async () => {
  const session = shop({}, { load: 'eager' });
  const it = await runtime();
  const heard = [];
  const listen = (name) => session.on('login', ({ userId }) => heard.push(`${name} ${userId}`));
  const signIn = () => it.publish({ state: current, events: [{ type: 'login', remote: false, userId: 'current' }] });
  signIn();
  const stop = listen('first');
  listen('second')();
  stop();
  assert.deepEqual(heard, ['first current']);
  signIn();
  it.publish({ state: anonymous, events: [{ type: 'logout', reason: 'user', remote: false }] });
  listen('third');
  signIn();
  listen('fourth');
  assert.deepEqual(heard, ['first current', 'third current']);
});

const site = (name) => ({ issuer: tokenEndpoint, client: 'mobile_android', context: name });
const bob = 'Bearer of-bob';
const atApparel = (more) =>
  record({
    ...site('apparel-uk-spa'),
    session: 's2',
    state: current,
    ...more,
    policy: policy({ session: 's2', rules: [rule({ headers: { authorization: bob }, refused, ...more?.rule })] }),
  });
const bothSites = (more) => {
  const session = shop({ '': stored() });
  localStorage.setItem(keyOf('apparel-uk-spa'), JSON.stringify(atApparel(more)));
  return session;
};

test('S79 switchContext takes up the other session, with another runtime', async () => {
  const session = bothSites();
  const heard = [];
  for (const type of ['login', 'logout']) session.on(type, ({ reason }) => heard.push(`${type} ${reason}`));
  assert.deepEqual(await session.switchContext('apparel-uk-spa'), current);
  assert.deepEqual(heard, ['logout switched', 'login switched']);
  assert.equal(started[0].closed, true);
  await fetch(url);
  assert.deepEqual(sent.map(auth), [bob]);
  await session.refresh();
  assert.equal(started.length, 2);
  assert.deepEqual(
    [started[1].options.config.context, started[1].options.config.key],
    ['apparel-uk-spa', keyOf('apparel-uk-spa')],
  );
  assert.equal(started[1].options.config.baseSite, 'apparel-uk-spa');
  // To the same one: nothing.
  assert.equal(await session.switchContext('apparel-uk-spa'), session.state);
  assert.deepEqual([started[1].closed, heard.length], [false, 2]);
  await assert.rejects(session.switchContext(1), { code: 'config_invalid' });
});

test('S79 a base site that is not the context stays', async () => {
  const session = shop({}, { context: 'all' });
  await session.switchContext('others');
  await session.refresh();
  const { context, baseSite } = started[1].options.config;
  assert.deepEqual([context, baseSite], ['others', 'electronics-spa']);
});

test('S79 whoever is told of the other session may use it at once', async () => {
  const session = shop();
  localStorage.setItem(keyOf('apparel-uk-spa'), JSON.stringify(stored({ context: 'apparel-uk-spa' })));
  let called;
  session.subscribe(({ isLoggedIn }) => {
    if (isLoggedIn) called ??= fetch(url);
  });
  await session.switchContext('apparel-uk-spa');
  await called;
  assert.deepEqual(sent.map(auth), [token]);
});

test('S79 a session there that is over is known before switchContext is done', async () => {
  const session = bothSites({ rule: { validUntil: 1 } });
  const start = deferred();
  let starts = 0;
  play({ start: () => (starts++ ? start.promise : {}) });
  const switched = session.switchContext('apparel-uk-spa');
  while (started.length < 2) await settled();
  assert.equal(session.state.status, 'restoring');
  // A guard waits too.
  const guarded = session.guard.requireAnonymous();
  started[1].publish({ state: anonymous, policy: policy({ session: '', rules: [] }) });
  start.resolve({});
  assert.deepEqual(await switched, anonymous);
  assert.equal(await guarded, true);
});

test('S79 several at once go one after the other, and leave one runtime', async () => {
  const session = bothSites({ rule: { validUntil: 1 } });
  play({
    start: (_, it) => {
      const { context } = it.options.config;
      it.publish({
        state: context == 'apparel-uk-spa' ? current : anonymous,
        policy: policy({ session: '', rules: [] }),
      });
      return {};
    },
  });
  const all = await Promise.all(
    ['apparel-uk-spa', 'c', 'apparel-uk-spa', 'd'].map(async (one) => (await session.switchContext(one)).userId),
  );
  assert.deepEqual(all, ['current', 'anonymous', 'current', 'anonymous']);
  await session.refresh();
  assert.deepEqual(started.filter(({ closed }) => !closed).length, 1);
  assert.equal(started.at(-1).options.config.context, 'd');
});

test('S79 a session that is closed meanwhile says so', async () => {
  const session = bothSites({ rule: { validUntil: 1 } });
  let starts = 0;
  play({ start: () => (starts++ ? new Promise(() => {}) : {}) });
  const switched = session.switchContext('apparel-uk-spa');
  while (started.length < 2) await settled();
  session.close();
  await assert.rejects(switched, { code: 'closed' });
});

test('AS-09 S79 what was refused at the site before is not sent as somebody of the one after', async () => {
  const session = bothSites();
  play({ refused: ({ session }) => ({ outcome: session == 's1' ? 'changed' : 'retry' }) });
  const gate = deferred();
  answer(() => gate.promise);
  const asked = fetch(url, { method: 'POST', body: 'x' });
  await settled();
  await session.switchContext('apparel-uk-spa');
  gate.resolve(new Response(refusal, { status: 401 }));
  await assert.rejects(asked, { code: 'session_changed' });
  assert.deepEqual(sent.map(auth), [token]);
});

test('S79 an asynchronous storage: restoring until it is read, and requests wait for it', async () => {
  const gate = [deferred(), deferred()];
  let reads = 0;
  const storage = {
    getItem: (key) => {
      const record = key == keyOf('apparel-uk-spa') ? atApparel() : key == keyOf() ? stored() : undefined;
      return gate[key.endsWith('/apparel-uk-spa') ? (reads++, 1) : 0].promise.then(() =>
        record ? JSON.stringify(record) : null,
      );
    },
    setItem: async () => {},
    removeItem: async () => {},
  };
  gate[0].resolve();
  const session = load({ auth: occ({ baseUrl, baseSite: 'electronics-spa', flow: 'password' }), api: [api], storage });
  await session.ready;
  const switched = session.switchContext('apparel-uk-spa');
  while (!reads) await settled();
  assert.equal(session.state.status, 'restoring');
  const asked = fetch(url);
  await settled();
  assert.equal(sent.length, 0);
  gate[1].resolve();
  await switched;
  await asked;
  assert.deepEqual(sent.map(auth), [bob]);
});

test('S78 a sign-in that waits to be told brings the runtime, also on demand', async () => {
  shop({ '': stored() });
  await settled();
  assert.equal(started.length, 0);
  load({ storage: 'memory' });
  localStorage.setItem(keyOf(), JSON.stringify(stored()));
  sessionStorage.setItem(`${keyOf()}/login`, '{}');
  load({ auth: occ({ baseUrl, baseSite: 'electronics-spa', flow: 'password' }), api: [api] }, { keep: true });
  await runtime();
});
