import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  ann,
  anonymous,
  createSession,
  deferred,
  isSessionError,
  latchkey,
  key,
  load,
  native,
  nobody,
  oidc,
  play,
  policy,
  record,
  rule,
  runtime,
  sent,
  show,
  SessionError,
  settled,
  started,
  touch,
  turn,
  visit,
  windows,
} from './page.mjs';

const api = 'https://api.test/v1/orders';
const expired = (more) => record({ policy: policy({ rules: [rule({ validUntil: 1 })] }), ...more });
const auth = (call) => call.headers.get('authorization');
const restoring = { ...anonymous, status: 'restoring' };
const tombstone = () => record({ session: '', ended: 'user', state: anonymous, policy: nobody, tokens: undefined });

beforeEach(() => {
  play();
  turn();
});

test('S25 a stored session is there at once; nothing waits, nothing is loaded', async () => {
  const session = load({}, { stored: record() });
  assert.deepEqual(session.state, ann);
  assert.equal(await session.ready, session.state);
  await settled();
  assert.equal(started.length, 0);
});

test('a visitor without a session never waits', async () => {
  for (const stored of [undefined, tombstone()]) {
    const session = load({}, { stored });
    assert.deepEqual(session.state, anonymous);
    assert.deepEqual(await session.ready, anonymous);
    await fetch(api);
    assert.equal(auth(sent[0]), null);
    assert.equal(started.length, 0);
  }
});

test('a state is frozen, whole, and has what it should have only', () => {
  const { state } = load({}, { stored: record({ state: { ...ann, accessToken: 'x' } }) });
  assert.deepEqual(Object.keys(state), Object.keys(anonymous));
  for (const part of [state, state.claims, state.claims.address, state.scope]) assert.ok(Object.isFrozen(part));
});

test('ST-04 ST-05 ST-08 a stored record that is not exactly ours counts as none', async () => {
  const policies = {
    format: { ...policy(), format: 2 },
    session: { ...policy(), session: 1 },
    'a session without a rule': policy({ rules: [] }),
    'no session but a rule': { ...policy(), session: '' },
    version: { ...policy(), version: '7' },
    rules: { ...policy(), rules: {} },
    'a rule of somebody else': policy({ rules: [rule({ as: 'agent' })] }),
    'two rules of one': policy({ rules: [rule(), rule()] }),
    'two rules for one resource': policy({ rules: [rule(), ...Array(2).fill(rule({ as: 'user urn:a' }))] }),
    'a resource, but nobody': policy({ rules: [rule({ as: 'user urn:a' })] }),
    'no session but a rule for a resource': { ...policy({ rules: [rule({ as: 'user urn:a' })] }), session: '' },
    'a rule of somebody like us': policy({ rules: [rule(), rule({ as: 'users urn:a' })] }),
    'another header': policy({ rules: [{ as: 'user', headers: { cookie: 'a' } }] }),
    'a header of an upper case name': policy({ rules: [{ as: 'user', headers: { Authorization: 'a' } }] }),
    'a header that is no text': policy({ rules: [rule({ headers: { authorization: 1 } })] }),
    'a header with a line break': policy({ rules: [rule({ headers: { authorization: 'Bearer a\r\nb: c' } })] }),
    'a header beyond ASCII': policy({ rules: [rule({ headers: { authorization: 'Bearer ü' } })] }),
    'an empty header': policy({ rules: [rule({ headers: { authorization: '' } })] }),
    validUntil: policy({ rules: [rule({ validUntil: '1790000000000' })] }),
    credentials: policy({ rules: [rule({ credentials: 'same-origin' })] }),
    'neither a header nor cookies': policy({ rules: [{ as: 'user', refused: { status: [401] } }] }),
    'cookies of nobody': { ...policy({ rules: [{ as: 'user', credentials: 'include' }] }), session: '' },
    refused: policy({ rules: [rule({ refused: { status: ['401'] } })] }),
    null: null,
  };
  const states = {
    'an unknown status': { ...ann, status: 'admin' },
    'a status that does not fit': { ...ann, status: 'anonymous' },
    isLoggedIn: { ...ann, isLoggedIn: 'yes' },
    userId: { ...ann, userId: { toString: 1 } },
    scope: { ...ann, scope: [1] },
    'a missing scope': { ...ann, scope: undefined },
    claims: { ...ann, claims: 'x' },
    expiresAt: { ...ann, expiresAt: '1' },
    tokenType: { ...ann, tokenType: {} },
    null: null,
  };
  const records = {
    truncated: JSON.stringify(record()).slice(0, 100),
    empty: '',
    null: 'null',
    undefined: 'undefined',
    array: '[]',
    number: '1',
    format: record({ format: 2 }),
    issuer: record({ issuer: 'https://evil.test' }),
    client: record({ client: 'other' }),
    context: record({ context: 'other' }),
  };
  for (const [name, bad] of Object.entries(policies)) records[`policy: ${name}`] = record({ policy: bad });
  for (const [name, bad] of Object.entries(states)) records[`state: ${name}`] = record({ state: bad });
  for (const [name, stored] of Object.entries(records)) {
    const session = load({}, { stored });
    assert.deepEqual(session.state, anonymous, name);
    await fetch(api);
    assert.equal(auth(sent[0]), null, name);
  }
  assert.equal({}.polluted, undefined);
});

test('S12 a stored session of cookies is shown at once', () => {
  const stored = record({
    state: { ...ann, tokenType: null },
    policy: policy({ rules: [{ as: 'user', refused: { status: [401] }, credentials: 'include' }] }),
  });
  assert.equal(load({}, { stored }).state.userId, 'ann');
});

test('S25 each rule of a stored session carries the token for its resource', async () => {
  const orders = 'https://orders.test/';
  const asks = { api: ['https://api.test/v1', { url: orders, resource: 'urn:orders' }] };
  const rules = [rule(), rule({ as: 'user urn:orders', headers: { authorization: 'Bearer orders' } })];
  load(asks, { stored: record({ policy: policy({ rules }) }) });
  await fetch(api);
  await fetch(orders);
  // Whose it is says not what it is for.
  await fetch(orders, { as: 'user' });
  await fetch(orders, { headers: { 'latchkey-as': 'user' } });
  await fetch(orders, { as: 'none' });
  assert.deepEqual(sent.map(auth), ['Bearer first', ...Array(3).fill('Bearer orders'), null]);
  assert.equal(started.length, 0);
});

test('a token for a resource is asked for when it is first needed, also of a session that is older than its rule', async () => {
  const orders = 'https://orders.test/';
  const asks = { api: ['https://api.test/v1', { url: orders, resource: 'urn:orders' }] };
  for (const more of [[], [{ as: 'user urn:orders', hold: true }]]) {
    play({
      authorize: (_args, it) => {
        const rules = [rule(), rule({ as: 'user urn:orders', headers: { authorization: 'Bearer orders' } })];
        it.publish({ policy: policy({ version: 2, rules }) });
        return { outcome: 'send' };
      },
    });
    load(asks, { stored: record({ policy: policy({ rules: [rule(), ...more] }) }) });
    await fetch(api);
    assert.equal(started.length, 0, 'the others do not wait');
    await fetch(orders);
    assert.deepEqual(sent.map(auth), ['Bearer first', 'Bearer orders']);
    const [, ...calls] = started[0].calls;
    assert.deepEqual(calls, [['authorize', { as: 'user urn:orders', session: 's1', version: 1 }]]);
  }
});

test('ST-12 members named __proto__ pollute nothing', () => {
  load({}, { stored: JSON.stringify(record()).replace('"claims":{', '"claims":{"__proto__":{"polluted":1},') });
  assert.equal({}.polluted, undefined);
});

test('ST-02 ST-03 a storage that throws, or is not there, is an empty one', async () => {
  for (const how of [
    {
      get: () => {
        throw new DOMException('no', 'SecurityError');
      },
    },
    { value: undefined },
    { value: null },
  ]) {
    load().close();
    visit('https://app.test/');
    Object.defineProperty(globalThis, 'localStorage', { configurable: true, ...how });
    try {
      const session = createSession({
        auth: oidc({ issuer: 'https://id.test', clientId: 'shop' }),
        api: ['https://api.test/v1'],
        load: 'demand',
      });
      assert.deepEqual(session.state, anonymous);
      session.refresh().catch(() => {});
      const { storage } = (await runtime()).options;
      // The core finds out, and says so.
      assert.throws(() => storage.setItem('a', 'b'));
      session.close();
    } finally {
      Object.defineProperty(globalThis, 'localStorage', { configurable: true, writable: true, value: undefined });
    }
  }
});

test('where the session is kept, and what outlives a redirect', async () => {
  const own = {
    values: new Map(),
    getItem: (k) => own.values.get(k) ?? null,
    setItem: (k, v) => void own.values.set(k, v),
    removeItem: (k) => void own.values.delete(k),
  };
  const tab = (name) => (key) => globalThis[name].getItem(key);
  for (const [storage, record, pending] of [
    ['local', tab('localStorage'), tab('localStorage')],
    ['session', tab('sessionStorage'), tab('sessionStorage')],
    ['memory', () => null, tab('sessionStorage')],
    [own, own.getItem, own.getItem],
  ]) {
    play();
    const session = load({ storage });
    session.refresh();
    const { options } = await runtime();
    await options.storage.setItem('a', '1');
    await options.pending.setItem('b', '2');
    assert.equal(await options.storage.getItem('a'), '1');
    assert.equal(record('a'), storage == 'memory' ? null : '1');
    assert.equal(pending('b'), '2');
    await options.storage.removeItem('a');
    assert.equal(await options.storage.getItem('a'), null);
  }
});

test('ST-11 names that objects have by themselves are names like others', async () => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'length', 'key', 'getItem', 'hasOwnProperty'])
    for (const storage of ['local', 'memory']) {
      play();
      const session = load({
        storage,
        context: name,
        auth: oidc({ issuer: 'https://id.test', clientId: name }),
      });
      assert.equal((await session.ready).status, 'anonymous');
      session.refresh().catch(() => {});
      const { config, storage: its } = (await runtime()).options;
      assert.equal(config.key, `latchkey/1/https%3A%2F%2Fid.test/${name}/${name}`);
      for (const key of [name, config.key]) {
        assert.equal(its.getItem(key) ?? null, null, `${storage} ${key}`);
        its.setItem(key, 'mine');
        assert.equal(its.getItem(key), 'mine');
        its.removeItem(key);
        assert.equal(its.getItem(key) ?? null, null);
      }
      session.close();
    }
  assert.equal({}.mine, undefined);
});

test('an asynchronous storage: restoring until it is read, and requests wait for it', async () => {
  for (const [stored, state, header] of [
    [JSON.stringify(record()), ann, 'Bearer first'],
    [null, anonymous, null],
    [new Error('no'), anonymous, null],
  ]) {
    const read = deferred();
    const session = load({ storage: { getItem: () => read.promise, setItem() {}, removeItem() {} } });
    assert.deepEqual(session.state, restoring);
    const done = fetch(api);
    await settled();
    assert.equal(sent.length, 0);
    if (stored instanceof Error) read.reject(stored);
    else read.resolve(stored);
    assert.deepEqual(await session.ready, state);
    await done;
    assert.equal(auth(sent[0]), header);
  }
  assert.equal(started.length, 0);
});

test('an expired session is restoring until the core has dealt with it', async () => {
  for (const stored of [expired(), record({ policy: policy({ rules: [{ as: 'user', hold: true }] }) })]) {
    const start = deferred();
    play({ start: () => start.promise });
    const session = load({}, { stored });
    assert.deepEqual(session.state, restoring);
    const its = await runtime();
    its.publish({ state: ann, policy: policy({ version: 2 }) });
    start.resolve({});
    assert.deepEqual(await session.ready, ann);
  }
});

test('load says when the runtime comes; a call that needs it never waits for that', async (t) => {
  const idle = [];
  globalThis.requestIdleCallback = (fn) => idle.push(fn);
  t.after(() => delete globalThis.requestIdleCallback);
  load({ load: 'eager' });
  assert.equal(started.length, 0);
  await runtime();

  play();
  load({ load: 'idle' });
  await settled();
  assert.equal(started.length, 0);
  idle[0]();
  await runtime();

  for (const how of ['idle', 'demand']) {
    play({ refresh: () => ({}) });
    await load({ load: how }).refresh();
    assert.equal(started.length, 1);
  }
});

test('what the core publishes is adopted in one step', async () => {
  play();
  const session = load({ load: 'eager' });
  const its = await runtime();
  const seen = [];
  session.subscribe((state) => seen.push(['state', state.userId]));
  for (const type of ['login', 'logout', 'statechange'])
    session.on(type, (event) => {
      seen.push([event.type, event.previousUserId, event.userId, event.remote, session.state.userId]);
      assert.ok(Object.isFrozen(event));
      fetch(api);
    });
  its.publish({
    state: ann,
    policy: policy(),
    events: [{ type: 'login', remote: true, previousUserId: 'anonymous', userId: 'ann' }],
  });
  assert.deepEqual(seen, [
    ['state', 'anonymous'],
    ['state', 'ann'],
    ['statechange', 'anonymous', 'ann', true, 'ann'],
    ['login', 'anonymous', 'ann', true, 'ann'],
  ]);
  assert.deepEqual(sent.map(auth), ['Bearer first', 'Bearer first']);
  // The same once more is nothing new.
  its.publish({ state: ann, policy: policy() });
  assert.equal(seen.length, 4);
});

test('a listener hears what it asked for until it goes, and harms nobody', async (t) => {
  const reported = [];
  const all = deferred();
  globalThis.reportError = (error) => reported.push(error) == 3 && all.resolve();
  t.after(() => delete globalThis.reportError);
  const session = load({ load: 'eager' });
  const its = await runtime();
  const error = new Error('mine');
  const heard = [];
  const listener = () => heard.push(1);
  session.on('refresh', () => {
    throw error;
  });
  const off = session.on('refresh', listener);
  session.on('refresh', listener);
  session.subscribe(() => {
    throw error;
  });
  const event = { type: 'refresh', remote: false, previousUserId: 'ann', userId: 'ann' };
  its.publish({ events: [event] });
  assert.equal(heard.length, 2);
  off();
  off();
  its.publish({ events: [event] });
  assert.equal(heard.length, 3);
  assert.deepEqual(reported, []);
  await all.promise;
  assert.deepEqual(reported, [error, error, error]);
  for (const bad of [() => session.on('signin', listener), () => session.on('login', 1), () => session.subscribe()])
    assert.throws(bad, { code: 'config_invalid' });
});

test('an error event has a SessionError with all that the server said', async () => {
  const session = load({ load: 'eager' });
  const its = await runtime();
  const told = new Promise((resolve) => session.on('error', resolve));
  const oauth = { error: 'access_denied', error_description: 'no' };
  its.publish({
    events: [
      {
        type: 'error',
        remote: false,
        previousUserId: 'anonymous',
        userId: 'anonymous',
        error: { code: 'access_denied', message: 'The server said no', oauth, retryAfter: 3 },
      },
    ],
  });
  const { error } = await told;
  assert.ok(error instanceof SessionError);
  assert.deepEqual({ ...error }, { name: 'SessionError', code: 'access_denied', oauth, retryAfter: 3 });
  assert.equal(error.message, 'The server said no');
});

test('isSessionError also knows those of another frame', () => {
  assert.ok(isSessionError(new SessionError('closed', 'x')));
  assert.ok(isSessionError(Object.assign(new Error('x'), { name: 'SessionError', code: 'closed' })));
  for (const other of [new Error('x'), null, undefined, 'SessionError', { name: 'SessionError' }])
    assert.ok(!isSessionError(other));
});

test('OA-19 a redirect callback leaves the address bar at once, and nothing else does', () => {
  const cases = [
    ['/?code=1&state=lk.2', '/'],
    ['/?code=1&state=2&iss=https%3A%2F%2Fid.test&session_state=3&scope=openid', '/'],
    ['/?a=%20b+c&code=1&promocode=x&state=2&&b', '/?a=%20b+c&promocode=x&&b'],
    ['/?code=1&b=%C3%BC&state=2&c=1?2#/route?code=3&x', '/?b=%C3%BC&c=1?2#/route?code=3&x'],
    ['/?error=access_denied&error_description=No&error_uri=x&state=2', '/'],
    ['/elsewhere?code=1&state=lk.2', '/elsewhere'],
  ];
  for (const [from, to] of cases) {
    const session = load({}, { at: `https://app.test${from}` });
    assert.equal(location.href, `https://app.test${to}`);
    assert.deepEqual(history.state, { page: 1 });
    assert.deepEqual(session.state, restoring);
  }
  for (const other of [
    '/?code=1',
    '/?state=2',
    '/?a=code&b=state',
    '/elsewhere?code=1&state=2',
    '/?promocode=1&estate=2',
    '/#code=1&state=2',
  ]) {
    const session = load({}, { at: `https://app.test${other}` });
    assert.equal(location.href, `https://app.test${other}`);
    assert.deepEqual(session.state, anonymous);
  }
  load(
    { auth: oidc({ issuer: 'https://id.test', clientId: 'shop', redirectUri: '/cb?tenant=1' }) },
    { at: 'https://app.test/cb?tenant=1&code=1&state=2' },
  );
  assert.equal(location.href, 'https://app.test/cb?tenant=1');
});

test('OA-19 a scheme that sends nobody away takes no answer, which is somebody else’s then', async () => {
  const at = 'https://app.test/?code=1&state=lk.2';
  for (const auth of [
    latchkey.vendure({ url: 'https://shop.test/shop-api' }),
    latchkey.cookies({ session: 'https://shop.test/session' }),
  ]) {
    const session = load({ auth }, { at });
    assert.equal(await session.checkOAuthParamsInUrl(), null);
    assert.equal(location.href, at);
  }
});

/** The page is a window of another page of ours. `told` is what it sent there, and what else it did. */
const inWindow = (at, opener) => {
  const told = [];
  const port = (name) => ({ postMessage: (...args) => told.push([name, ...args]) });
  class Channel {
    constructor(name) {
      Object.assign(this, port(`channel ${name}`));
    }
  }
  const kept = { BroadcastChannel, setTimeout };
  const timers = [];
  Object.assign(globalThis, {
    opener: opener ? port('opener') : null,
    parent: port('parent'),
    BroadcastChannel: Channel,
    close: () => told.push(['close']),
    setTimeout: (run) => timers.push(run),
  });
  try {
    const session = load({ load: 'eager' }, { at });
    for (const run of timers) run();
    return { session, told };
  } finally {
    Object.assign(globalThis, kept, { opener: undefined, parent: undefined, close: undefined });
  }
};

test('S14 S15 a popup and a frame hand their answer on, to their own origin only, and do nothing more', async () => {
  for (const [way, opener] of [
    ['p', true],
    ['s', false],
  ]) {
    play();
    const state = `lk.${way}.abc`;
    const at = `https://app.test/elsewhere?a=b&code=1&state=${state}#top`;
    const { session, told } = inWindow(at, opener);
    assert.deepEqual(told, [
      [opener ? 'opener' : 'parent', [state, at], 'https://app.test'],
      [`channel ${state}`, [state, at]],
      ['close'],
    ]);
    assert.equal(location.href, 'https://app.test/elsewhere?a=b#top');
    assert.equal(session.state.status, 'restoring');
    // Whatever the app does there: no second runtime, and no request of nobody's.
    const leave = new AbortController();
    const first = await Promise.race([
      session.ready.then(() => 'ready'),
      session.loginSilently().then(() => 'signed in'),
      fetch(api, leave).then(
        () => 'sent',
        () => 'given up',
      ),
      settled().then(() => 'nothing'),
    ]);
    assert.equal(first, 'nothing');
    assert.equal(sent.length, 0);
    leave.abort();
    assert.equal(started.length, 0);
    assert.equal(await session.checkOAuthParamsInUrl(), null);
  }
});

test('a state that only looks like a window’s is none', async () => {
  play();
  for (const state of ['lk.px', 'lk.p', 'lk.r.1', 'xlk.p.1', 'lk_p.1']) {
    const { told } = inWindow(`https://app.test/?code=1&state=${state}`, true);
    assert.deepEqual(told, []);
  }
});

test('S14 a popup is opened at once, and closed whatever comes of it', async () => {
  const opened = () => ({
    closed: 0,
    close() {
      this.closed++;
    },
  });
  const wait = deferred();
  play({ loginWithPopup: () => wait.promise });
  const session = load();
  const popup = opened();
  windows.next = () => popup;
  const done = session.loginWithPopup({ prompt: 'login', loginHint: 'ann', params: { a: 'b' }, returnTo: '/' });
  assert.deepEqual(windows.opened.at(-1), ['', '', 'width=480,height=640']);
  const its = await runtime();
  await settled();
  const [[, { window, ...args }]] = its.calls.filter(([name]) => name == 'loginWithPopup');
  assert.equal(typeof window, 'number');
  assert.deepEqual(args, { prompt: 'login', loginHint: 'ann', params: { a: 'b' } });
  assert.equal(popup.closed, 0);
  its.publish({ state: ann });
  wait.resolve({});
  assert.deepEqual(await done, ann);
  assert.equal(popup.closed, 1);

  windows.next = () => popup;
  await assert.rejects(session.loginWithPopup({ nonsense: 1 }), { code: 'config_invalid' });
  assert.equal(popup.closed, 2);
});

test('S14 the runtime does not come: the popup is closed', async () => {
  play({
    load() {
      throw new Error('no');
    },
  });
  let closed = 0;
  windows.next = () => ({ close: () => closed++ });
  await assert.rejects(load().loginWithPopup(), { code: 'runtime_failed' });
  assert.equal(closed, 1);
});

test('OA-26 a popup that the browser does not open is popup_blocked', async () => {
  play();
  for (const next of [
    () => null,
    () => undefined,
    () => {
      throw new Error('no');
    },
  ]) {
    windows.next = next;
    await assert.rejects(load().loginWithPopup(), { name: 'SessionError', code: 'popup_blocked' });
  }
});

test('S15 loginSilently resolves with the new state', async () => {
  play({ loginSilently: (_, it) => it.publish({ state: ann }) });
  const session = load();
  assert.deepEqual(await session.loginSilently({ loginHint: 'ann', params: { a: 'b' } }), ann);
  assert.deepEqual(started[0].calls.at(-1), ['loginSilently', { loginHint: 'ann', params: { a: 'b' } }]);
  await assert.rejects(session.loginSilently({ prompt: 'login' }), { code: 'config_invalid' });
});

test('a redirect callback: requests wait for its end, and carry the new session', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const at = 'https://app.test/?code=1&state=lk.2';
  const session = load({}, { at, stored: record({ policy: policy({ session: 'old' }) }) });
  const login = new Promise((resolve) => session.on('login', resolve));
  const done = fetch(api);
  const its = await runtime();
  await settled();
  assert.deepEqual(its.calls, [['start', { callback: at, session: '', version: 0 }]]);
  assert.equal(sent.length, 0);
  its.publish({
    state: ann,
    policy: policy({ session: 'new', rules: [rule({ headers: { authorization: 'Bearer new' } })] }),
    events: [{ type: 'login', remote: false, previousUserId: 'anonymous', userId: 'ann' }],
  });
  start.resolve({ returnTo: '/wanted' });
  assert.deepEqual(await session.ready, ann);
  await done;
  await login;
  assert.equal(auth(sent[0]), 'Bearer new');
  assert.deepEqual(await session.checkOAuthParamsInUrl(), { state: ann, returnTo: '/wanted' });
});

test('checkOAuthParamsInUrl deals with a callback that comes later, or elsewhere', async () => {
  play({ callback: ({ url }) => (url.includes('mine') ? { returnTo: '/wanted' } : null) });
  const session = load();
  assert.equal(await session.checkOAuthParamsInUrl(), null);
  assert.equal(started.length, 0);
  assert.equal(await session.checkOAuthParamsInUrl('https://app.test/?code=1&state=other'), null);
  globalThis.location = new URL('https://app.test/?code=mine&state=1&a=b');
  assert.deepEqual(await session.checkOAuthParamsInUrl(), { state: session.state, returnTo: '/wanted' });
  assert.equal(location.href, 'https://app.test/?a=b');
  assert.deepEqual(started[0].calls.at(-1), ['callback', { url: 'https://app.test/?code=mine&state=1&a=b' }]);
});

test('another tab that changes the session is heard before the runtime is there', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = load({}, { stored: record() });
  touch('another');
  assert.equal(started.length, 0);
  touch(key);
  const done = fetch(api);
  const its = await runtime();
  await settled();
  assert.equal(sent.length, 0);
  its.publish({ state: anonymous, policy: { ...nobody, version: 2 } });
  start.resolve({});
  await done;
  assert.equal(auth(sent[0]), null);
  assert.deepEqual(session.state, anonymous);

  // Somebody else, meanwhile: what the page sent as ann must not run as bob.
  play();
  load({}, { stored: record() });
  touch(null);
  const refused = assert.rejects(fetch(api), { code: 'session_changed' });
  (await runtime()).publish({ state: { ...ann, userId: 'bob' }, policy: policy({ session: 's2', version: 2 }) });
  await refused;
  assert.equal(sent.length, 0);
});

test('RR-11 a page that comes back from the cache asks the core before any request', async () => {
  load({}, { stored: record() });
  show(false);
  assert.equal(started.length, 0);
  show(true);
  const done = fetch(api);
  (await runtime()).publish({ state: anonymous, policy: { ...nobody, version: 2 } });
  await done;
  assert.equal(auth(sent[0]), null);
});

test('a redirect callback that failed is no result', async () => {
  const session = load({}, { at: 'https://app.test/?error=access_denied&state=lk.2' });
  (await runtime()).publish({ state: anonymous, policy: nobody });
  assert.equal(await session.checkOAuthParamsInUrl(), null);
});

test('the trace, and why a session ended, are the page’s to read and nobody’s to change', async () => {
  const ended = {
    at: 5,
    tab: 'a',
    trigger: 'doubt',
    error: 'server_error',
    oauth: { error: 'invalid_grant' },
    generation: 3,
  };
  play({ trace: () => ({ tab: 'a', entries: [{ ...ended, what: 'ended', reason: 'expired' }] }) });
  const session = load();
  const all = await session.trace();
  assert.deepEqual(all, [{ ...ended, here: true, what: 'ended', reason: 'expired' }]);
  assert.ok([all, all[0], all[0].oauth].every(Object.isFrozen));
  let told;
  session.on('logout', (event) => (told = event.why));
  const why = { ...ended, what: 'ended', here: false };
  (await runtime()).publish({ state: anonymous, policy: nobody, events: [{ type: 'logout', reason: 'expired', why }] });
  assert.deepEqual(told, why);
  session.close();
  await assert.rejects(session.trace(), { code: 'closed' });
});

test('methods are commands', async () => {
  play({
    loginWithCredentials: (_, its) => (its.publish({ state: ann, policy: policy() }), {}),
    accessToken: ({ minValidity }) => ({ token: `access ${minValidity}` }),
    idToken: () => ({ token: 'id' }),
    recall: () => ({ path: '/wanted' }),
  });
  const session = load();
  const { loginWithRedirect, loginWithCredentials, refresh, getAccessToken, getIdToken, redirectAfterLogin } = session;
  await loginWithRedirect({ returnTo: '/a', prompt: 'login', loginHint: 'ann', params: { a: 'b' } });
  assert.deepEqual(await loginWithCredentials('ann', 'pw', { params: { a: 'b' } }), ann);
  assert.deepEqual(await refresh(), ann);
  assert.equal(await getAccessToken({ minValidity: 3 }), 'access 3');
  assert.equal(await getIdToken(), 'id');
  assert.equal(await redirectAfterLogin(), '/wanted');
  assert.deepEqual(started[0].calls.slice(1), [
    ['loginWithRedirect', { returnTo: '/a', prompt: 'login', loginHint: 'ann', params: { a: 'b' } }],
    ['loginWithCredentials', { username: 'ann', password: 'pw', params: { a: 'b' } }],
    ['refresh', {}],
    ['accessToken', { minValidity: 3 }],
    ['idToken', {}],
    ['recall', {}],
  ]);
  for (const bad of [
    () => loginWithRedirect({ returnto: '/' }),
    () => loginWithRedirect('/'),
    () => loginWithCredentials('ann'),
    () => loginWithCredentials('ann', { password: 1 }),
    () => getAccessToken({ minValidity: '3' }),
  ])
    await assert.rejects(bad, { code: 'config_invalid' });
});

test('an error of a command is the caller’s', async () => {
  const error = new SessionError('invalid_credentials', 'no');
  play({
    loginWithCredentials() {
      throw error;
    },
  });
  await assert.rejects(load().loginWithCredentials('ann', 'pw'), (thrown) => thrown === error);
});

test('session.agent says which option it needs', async () => {
  const { agent } = load();
  assert.equal(agent.isLoggedIn, false);
  for (const [name, ...args] of [
    ['login', 'a', 'b'],
    ['loginWithRedirect'],
    ['logout'],
    ['emulate', 'x'],
    ['stopEmulating'],
  ])
    await assert.rejects(
      agent[name](...args),
      (error) => error.code == 'not_supported' && error.message.includes('auth.agent'),
      name,
    );
});

test('a session is frozen', () => {
  const session = load();
  for (const part of [session, session.guard, session.agent]) assert.ok(Object.isFrozen(part));
});

test('guards wait for the state, and remember the page wanted', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = load(
    { redirect: { loginPath: '/in', homePath: '/home' } },
    { stored: expired(), at: 'https://app.test/a?b#c' },
  );
  const answers = [
    session.guard.requireLogin(),
    session.guard.requireLogin('/wanted'),
    session.guard.requireAnonymous(),
  ];
  const its = await runtime();
  its.publish({ state: anonymous, policy: nobody });
  start.resolve({});
  assert.deepEqual(await Promise.all(answers), ['/in', '/in', true]);
  assert.deepEqual(its.calls.slice(1), [
    ['remember', { path: 'https://app.test/a?b#c' }],
    ['remember', { path: '/wanted' }],
  ]);

  play();
  const signedIn = load({ redirect: { homePath: '/home' } }, { stored: record() });
  assert.equal(await signedIn.guard.requireLogin(), true);
  assert.equal(await signedIn.guard.requireAnonymous(), '/home');
  assert.equal(started.length, 0);
});

test('guards answer also where the runtime cannot run', async () => {
  play({
    load() {
      throw new SessionError('runtime_failed', 'no');
    },
  });
  const { guard, ready } = load({}, { stored: expired() });
  assert.equal(await guard.requireLogin('/wanted'), '/login');
  assert.equal(await guard.requireAnonymous(), true);
  await assert.rejects(ready, { code: 'runtime_failed' });
});

test('logout: no request carries the token from the moment of the call', async () => {
  const ended = deferred();
  play({ logout: () => ended.promise });
  const session = load({}, { stored: record() });
  const { state } = session;
  const done = session.logout({ returnTo: '/bye', revoke: false });
  await fetch(api);
  assert.equal(auth(sent[0]), null);
  ended.resolve({});
  assert.equal(await done, undefined);
  assert.deepEqual(started[0].calls[1], ['logout', { returnTo: '/bye', revoke: false, state }]);
  // As a listener, it gets an event and not options.
  await session.logout(new Event('click'));
});

test('logout never rejects; without the runtime it ends the session here', async () => {
  play({
    load() {
      throw new SessionError('runtime_failed', 'no');
    },
  });
  const session = load({}, { stored: record() });
  const events = [];
  session.on('logout', ({ reason, previousUserId, userId, remote }) =>
    events.push([reason, previousUserId, userId, remote]),
  );
  await session.logout();
  assert.deepEqual(session.state, anonymous);
  assert.equal(localStorage.getItem(key), null);
  assert.deepEqual(events, [['user', 'ann', 'anonymous', false]]);
  session.close();
  await session.logout();
});

test('a runtime that did not load is tried again by the next method, not by requests', async () => {
  let fails = 1;
  play({
    load() {
      if (fails--) throw new SessionError('runtime_failed', 'no');
    },
  });
  const session = load({}, { stored: expired() });
  await assert.rejects(session.ready, { code: 'runtime_failed' });
  assert.deepEqual(session.state, anonymous);
  await fetch(api);
  assert.equal(started.length, 1);
  await session.refresh();
  assert.equal(started.length, 2);
});

test('a start that fails ends the runtime', async () => {
  play({
    start() {
      throw new SessionError('config_invalid', 'auth.scope');
    },
  });
  const session = load({ load: 'eager' });
  const { error } = await new Promise((resolve) => session.on('error', resolve));
  assert.equal(error.code, 'config_invalid');
  assert.equal(started[0].closed, true);
});

test('after close everything says so, and what waited goes natively', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = load({}, { stored: expired() });
  const done = fetch(api);
  await runtime();
  session.close();
  session.close();
  start.resolve({});
  await done;
  assert.equal(auth(sent[0]), null);
  assert.equal(fetch, native);
  assert.equal(started[0].closed, true);
  const { guard, agent } = session;
  for (const method of [
    session.loginWithRedirect,
    () => session.loginWithCredentials('a', 'b'),
    session.refresh,
    session.getAccessToken,
    session.getIdToken,
    session.redirectAfterLogin,
    session.checkOAuthParamsInUrl,
    guard.requireLogin,
    guard.requireAnonymous,
  ])
    await assert.rejects(method(), { code: 'closed' });
  await assert.rejects(session.ready, { code: 'closed' });
  touch(key);
  assert.equal(started.length, 1);
});

test('a session that is closed before its runtime was due never loads it', async () => {
  load({ load: 'eager' }).close();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(started.length, 0);
});

test('navigate is the page’s', async () => {
  const paths = [];
  load({ load: 'eager', navigate: (path) => paths.push(path) });
  (await runtime()).options.navigate('/a');
  assert.deepEqual(paths, ['/a']);
});

test('a fault of the core that names nobody is an error event like others', async () => {
  const session = load({ load: 'eager' }, { stored: record() });
  const told = new Promise((resolve) => session.on('error', resolve));
  (await runtime()).publish({
    events: [{ type: 'error', remote: false, error: { code: 'runtime_failed', message: 'a fault' } }],
  });
  const { error, ...event } = await told;
  assert.deepEqual(event, { type: 'error', remote: false, previousUserId: 'ann', userId: 'ann' });
  assert.equal(error.code, 'runtime_failed');
});
