import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  ann,
  anonymous,
  answer,
  createSession,
  deferred,
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
  SessionError,
  settled,
  started,
  status,
  token,
  turn,
} from './page.mjs';

const api = 'https://api.test/v1/orders';
const expired = () => record({ policy: policy({ rules: [rule({ validUntil: 1 })] }) });
const auth = (call) => call.headers.get('authorization');

beforeEach(() => {
  play();
  turn();
});

test('S1 a covered request carries the token, and calls nothing of the runtime', async () => {
  load({}, { stored: record() });
  const response = await fetch(api);
  assert.equal(await response.text(), 'ok');
  assert.equal(auth(sent[0]), token);
  assert.equal(started.length, 0);
});

test('FF-01 an uncovered request is the native call, at once, with the same arguments and this', async () => {
  load({}, { stored: record() });
  const url = new URL('https://other.test/');
  const init = { headers: { a: 'b' } };
  const self = {};
  const promise = fetch.call(self, url, init, 3);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].self, self);
  assert.deepEqual(sent[0].args, [url, init, 3]);
  assert.equal(sent[0].args[0], url);
  assert.equal(sent[0].args[1], init);
  await promise;
});

test('FF-36 FF-37 the wrapper looks like the native fetch', () => {
  load();
  const { name, length } = fetch;
  assert.deepEqual([name, length, 'prototype' in fetch], ['fetch', 1, false]);
  assert.throws(() => new fetch(api), TypeError);
});

test('FF-02 wrong arguments are rejected by the native fetch', async () => {
  load({ api: ['/'] }, { stored: record() });
  await assert.rejects(fetch(), TypeError);
  await assert.rejects(fetch(Symbol('x')), TypeError);
  await assert.rejects(fetch('http://['), TypeError);
  const thrown = new Error('mine');
  await assert.rejects(
    fetch({
      toString() {
        throw thrown;
      },
    }),
    (error) => error === thrown,
  );
  for (const headers of [{ 'a b': '' }, null, '', 0, 'a'])
    await assert.rejects(fetch('/a', { headers }), TypeError, `${headers}`);
  await fetch('/a', { headers: undefined });
  await assert.rejects(
    fetch('/a', {
      get method() {
        throw thrown;
      },
    }),
    (error) => error === thrown,
  );
});

test('a covered request keeps this, and every member of init, also inherited and accessor ones', async () => {
  load({}, { stored: record() });
  class Init {
    get method() {
      return 'PUT';
    }
    body = 'text';
  }
  const init = Object.assign(new Init(), {
    future: 1,
    headers: [
      ['a', '1'],
      ['A', '2'],
    ],
  });
  await fetch.call(undefined, api, init);
  const [{ self, args, request, headers }] = sent;
  assert.equal(self, undefined);
  assert.equal(args[1].future, 1);
  assert.equal(request.method, 'PUT');
  assert.equal(await request.text(), 'text');
  assert.equal(headers.get('a'), '1, 2');
  assert.equal(auth(sent[0]), token);
});

test('UM-21 members of init are read once', async () => {
  load({}, { stored: record() });
  answer((_, i) => status(i ? 200 : 401));
  play({ refused: () => ({ outcome: 'retry' }) });
  const read = [];
  const init = new Proxy(
    { method: 'POST', body: 'x', headers: {}, cache: 'no-store' },
    {
      get: (target, name) => (read.push(name), target[name]),
    },
  );
  await fetch(api, init);
  assert.equal(sent.length, 2);
  assert.deepEqual(read.sort(), ['body', 'cache', 'headers', 'method']);
});

test("UM-29 a caller's own Authorization stays, and its refusal is the caller's", async () => {
  for (const headers of [
    { AUTHORIZATION: 'mine' },
    [['Authorization', 'mine']],
    new Headers({ authorization: 'mine' }),
  ]) {
    load({}, { stored: record() });
    answer(() => status(401));
    assert.equal((await fetch(api, { headers })).status, 401);
    assert.equal((await fetch(new Request(api, { headers }))).status, 401);
    assert.deepEqual(sent.map(auth), ['mine', 'mine']);
    assert.equal(started.length, 0);
  }
});

test('a Request keeps its own headers, method, body and referrer', async () => {
  load({}, { stored: record() });
  const request = new Request(api, {
    method: 'POST',
    body: 'text',
    headers: { a: 'b' },
    referrer: 'https://app.test/page',
    referrerPolicy: 'origin',
  });
  await fetch(request);
  const { request: got } = sent[0];
  assert.equal(got.headers.get('a'), 'b');
  assert.equal(auth(sent[0]), token);
  assert.equal(got.method, 'POST');
  assert.equal(got.referrerPolicy, 'origin');
  assert.equal(await got.text(), 'text');
  assert.equal(request.bodyUsed, true);
});

test('UM-28 a no-cors request is left alone', async () => {
  load({}, { stored: record() });
  await fetch(api, { mode: 'no-cors' });
  await fetch(new Request(api, { mode: 'no-cors' }));
  assert.deepEqual(sent.map(auth), [null, null]);
});

test('init.as and its header pick the rule and never leave the browser', async () => {
  const other = { as: 'client', headers: { authorization: 'Bearer client' } };
  load({ load: 'eager' }, { stored: record() });
  (await runtime()).publish({ policy: policy({ rules: [rule(), other] }) });
  await fetch(api, { as: 'client' });
  await fetch(api, { headers: { 'LATCHKEY-as': 'client', b: 'c' } });
  await fetch(new Request(api, { headers: { 'latchkey-as': 'client' } }));
  await fetch(api, { as: 'none' });
  await fetch(api, { headers: [['latchkey-as', 'constructor']] });
  assert.deepEqual(sent.map(auth), ['Bearer client', 'Bearer client', 'Bearer client', null, null]);
  for (const { headers, args } of sent) {
    assert.equal(headers.get('latchkey-as'), null);
    assert.equal(args[1] && 'as' in args[1], false);
  }
  assert.equal(sent[1].headers.get('b'), 'c');
});

test('the marker of an uncovered request does not leave the browser either', async () => {
  load({}, { stored: record() });
  const other = 'https://other.test/';
  await fetch(other, { headers: { 'Latchkey-As': 'user', b: 'c' } });
  await fetch(other, { headers: [['latchkey-as', 'user']] });
  await fetch(other, { headers: new Headers({ 'latchkey-as': 'user' }) });
  await fetch(new Request(other, { headers: { 'latchkey-as': 'user' } }));
  for (const call of sent) {
    assert.equal(call.headers.get('latchkey-as'), null);
    assert.equal(auth(call), null);
  }
  assert.equal(sent[0].headers.get('b'), 'c');
});

test('FF-29 FF-34 the response and the error are the native ones', async () => {
  load({}, { stored: record() });
  const response = new Response();
  answer(() => response);
  assert.equal(await fetch(api), response);
  const error = new TypeError('Failed to fetch');
  answer(() => Promise.reject(error));
  await assert.rejects(fetch(api), (thrown) => thrown === error);
  assert.equal(started.length, 0);
});

test('RR-04 past validUntil the core is asked first, once for all who wait, in order', async () => {
  const asked = deferred();
  play({ authorize: () => asked.promise });
  load({}, { stored: expired() });
  const all = [1, 2, 3].map((i) => fetch(`${api}/${i}`, { method: 'POST', body: `${i}` }));
  const its = await runtime();
  await settled();
  assert.equal(sent.length, 0);
  its.publish({ policy: policy({ version: 2, rules: [rule({ headers: { authorization: 'Bearer second' } })] }) });
  asked.resolve({ outcome: 'send' });
  await Promise.all(all);
  assert.deepEqual(its.calls, [
    ['start', { session: 's1', version: 1 }],
    ['authorize', { as: 'user', session: 's1', version: 1 }],
  ]);
  assert.deepEqual(
    sent.map(({ url }) => url.slice(-1)),
    ['1', '2', '3'],
  );
  assert.deepEqual(sent.map(auth), ['Bearer second', 'Bearer second', 'Bearer second']);
});

test('requests that wait leave in the order of their calls, and none that comes later overtakes them', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = load({}, { at: 'https://app.test/?code=1&state=lk.1' });
  const done = [fetch(`${api}/1`, { method: 'POST', body: new Uint8Array(10) }), fetch(`${api}/2`)];
  const its = await runtime();
  // In the moment in which the policy arrives, and between that and the end of the wait.
  session.on('login', () => done.push(fetch(`${api}/3`)));
  its.publish({ state: ann, policy: policy(), events: [{ type: 'login' }] });
  start.resolve({});
  for (let i = 4; sent.length == 0 && i < 100; i++) {
    done.push(fetch(`${api}/${i}`));
    await null;
  }
  await Promise.all(done);
  assert.equal(sent.length, done.length);
  assert.deepEqual(
    sent.map(({ url }) => url),
    done.map((_, i) => `${api}/${i + 1}`),
  );
  assert.ok(sent.every((call) => auth(call) == token));
});

test('a request that is given up lets those behind it pass', async () => {
  const answered = deferred();
  play({ authorize: () => answered.promise });
  load({}, { stored: expired() });
  const controller = new AbortController();
  const first = fetch(`${api}/1`, { signal: controller.signal });
  const second = fetch(`${api}/2`);
  const its = await runtime();
  controller.abort();
  await assert.rejects(first, { name: 'AbortError' });
  its.publish({ policy: policy({ version: 2 }) });
  answered.resolve({ outcome: 'send' });
  await second;
  assert.deepEqual(
    sent.map(({ url }) => url),
    [`${api}/2`],
  );
  // Nobody waits any more, so the next leaves at once.
  const third = fetch(`${api}/3`);
  assert.equal(sent.length, 2);
  await third;
});

test('validUntil is the first moment at which the core is asked', async () => {
  for (const [early, asked] of [
    [1, 0],
    [0, 1],
  ]) {
    play({ authorize: () => ({ outcome: 'send' }) });
    turn(1000);
    load({}, { stored: record({ policy: policy({ rules: [rule({ validUntil: 1000 + early })] }) }) });
    await fetch(api);
    assert.equal(started.length, asked);
  }
});

test('FF-04 a request aborted while it waits is rejected at once with the reason, and never sent', async () => {
  const asked = deferred();
  play({ authorize: () => asked.promise });
  load({}, { stored: expired() });
  const reason = new Error('changed my mind');
  const byInit = new AbortController();
  const byRequest = new AbortController();
  const all = [
    fetch(api, { signal: byInit.signal }),
    fetch(new Request(api, { method: 'POST', body: 'x', signal: byRequest.signal })),
  ];
  await runtime();
  byInit.abort(reason);
  byRequest.abort(reason);
  for (const one of all) await assert.rejects(one, (error) => error === reason);
  asked.resolve({ outcome: 'send' });
  await settled();
  assert.equal(sent.length, 0);
});

/** How many listeners a request leaves on its signal. */
const listenersLeft = async (stored) => {
  play({ authorize: () => ({ outcome: 'send' }) });
  load({}, { stored });
  const { signal } = new AbortController();
  let left = 0;
  for (const [name, by] of [
    ['addEventListener', 1],
    ['removeEventListener', -1],
  ]) {
    const method = signal[name];
    signal[name] = (...args) => ((left += by), method.apply(signal, args));
  }
  await fetch(api, { signal });
  await settled();
  return left;
};

test('a request that waited leaves no more on a signal that many share than one that did not', async () => {
  const native = await listenersLeft(record());
  assert.equal(await listenersLeft(expired()), native);
  assert.equal(started.length, 1, 'it waited');
});

test('an aborted signal is for the native fetch to refuse', async () => {
  load({}, { stored: expired() });
  const reason = new Error('no');
  await assert.rejects(fetch(api, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
});

test('what waits longer than timeout is sent as it is', async () => {
  play({ authorize: () => new Promise(() => {}) });
  load({ timeout: 1 }, { stored: expired() });
  await fetch(api, { headers: { a: 'b' } });
  assert.equal(auth(sent[0]), null);
  assert.equal(sent[0].headers.get('a'), 'b');
});

test('RR-34 session_changed where somebody else signed in while the request waited', async () => {
  play({ authorize: () => ({ outcome: 'changed' }) });
  load({}, { stored: expired() });
  await assert.rejects(fetch(api), { name: 'SessionError', code: 'session_changed' });
  // Whatever the core says, another session's token is never taken.
  play({
    authorize(_, its) {
      its.publish({ policy: policy({ session: 's2' }) });
      return { outcome: 'send' };
    },
  });
  load({}, { stored: expired() });
  await assert.rejects(fetch(api), { code: 'session_changed' });
  assert.equal(sent.length, 0);
});

test('a session that ended while the request waited: it goes without a token, for the server to refuse', async () => {
  play({
    authorize(_, its) {
      its.publish({ policy: { ...nobody, version: 2 }, state: anonymous });
      return { outcome: 'send' };
    },
  });
  load({}, { stored: expired() });
  answer(() => status(401));
  assert.equal((await fetch(api)).status, 401);
  assert.equal(auth(sent[0]), null);
});

const renew = {
  refused(args, its) {
    its.publish({ policy: policy({ version: 2, rules: [rule({ headers: { authorization: 'Bearer second' } })] }) });
    return { outcome: 'retry' };
  },
};

test('RR-05 a refused request is sent again with the new token', async () => {
  play(renew);
  load({}, { stored: record() });
  const first = status(401);
  answer((_, i) => (i ? new Response('yes') : first));
  assert.equal(await (await fetch(api)).text(), 'yes');
  assert.deepEqual(sent.map(auth), [token, 'Bearer second']);
  assert.deepEqual(started[0].calls[1], ['refused', { as: 'user', session: 's1', version: 1, status: 401 }]);
  assert.equal(first.bodyUsed, true, 'FF-32: the first body is cancelled');
});

test('RR-01 a hundred refusals ask the core once', async () => {
  play(renew);
  load({}, { stored: record() });
  answer((call) => status(auth(call) == token ? 401 : 200));
  const all = await Promise.all(Array.from({ length: 100 }, () => fetch(api)));
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([200]));
  assert.equal(sent.length, 200);
  assert.equal(started[0].calls.filter(([name]) => name == 'refused').length, 1);
});

test('FF-15 FF-16 a refusal was not done, so it is sent again whatever its method, and once', async () => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    play(renew);
    load({}, { stored: record() });
    answer(() => status(401));
    assert.equal((await fetch(api, { method, body: 'x' })).status, 401);
    assert.deepEqual(
      sent.map(({ args }) => [args[1].method, args[1].body]),
      Array(2).fill([method, 'x']),
    );
  }
});

test('FF-17 what may have been done is never sent again', async () => {
  const lost = new TypeError('Failed to fetch');
  for (const [what, reply] of [
    ['lost', () => Promise.reject(lost)],
    ...[408, 425, 429, 500, 502, 503, 504].map((code) => [code, () => status(code)]),
  ])
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      play(renew);
      load({}, { stored: record() });
      answer(reply);
      const end = await fetch(api, { method }).then(
        ({ status }) => status,
        (error) => (error === lost ? 'lost' : error),
      );
      assert.deepEqual([end, sent.length, started.length], [what, 1, 0], `${method} ${what}`);
    }
});

test('FF-54 what goes wrong with what is sent again is that error, and ends it', async () => {
  play(renew);
  load({}, { stored: record() });
  const forbidden = new TypeError('Failed to fetch');
  answer((_, i) => (i ? Promise.reject(forbidden) : status(401)));
  await assert.rejects(fetch(api), (error) => error === forbidden);
  assert.equal(sent.length, 2);
});

test("FF-31 a second refusal is the caller's, body unread, and asks nobody", async () => {
  play(renew);
  load({}, { stored: record() });
  answer((_, i) => new Response(`refused ${i}`, { status: 401 }));
  const response = await fetch(api);
  assert.equal(await response.text(), 'refused 1');
  assert.equal(sent.length, 2);
  assert.equal(started[0].calls.length, 2);
});

test('giving up hands the refusal to the caller, body unread', async () => {
  play({ refused: () => ({ outcome: 'giveup' }) });
  load({}, { stored: record() });
  answer(() => new Response('refused', { status: 401 }));
  assert.equal(await (await fetch(api, { method: 'POST', body: new Uint8Array(1) })).text(), 'refused');
  assert.equal(sent.length, 1);
});

test('session_changed on a refusal', async () => {
  play({ refused: () => ({ outcome: 'changed' }) });
  load({}, { stored: record() });
  answer(() => status(401));
  await assert.rejects(fetch(api), { code: 'session_changed' });
});

test('retries says how often; with 0 the core still learns of the refusal', async () => {
  play(renew);
  load({ retries: 0 }, { stored: record() });
  answer(() => status(401));
  assert.equal((await fetch(api)).status, 401);
  await runtime();
  await settled();
  assert.equal(sent.length, 1);
  assert.equal(started[0].calls[1][0], 'refused');

  play(renew);
  load({ retries: 3 }, { stored: record() });
  answer(() => status(401));
  assert.equal((await fetch(api)).status, 401);
  assert.equal(sent.length, 4);
});

test('only the statuses of the rule are refusals', async () => {
  load({}, { stored: record() });
  answer(() => status(403));
  assert.equal((await fetch(api)).status, 403);
  load({}, { stored: record({ policy: policy({ rules: [rule({ refused: undefined })] }) }) });
  answer(() => status(401));
  assert.equal((await fetch(api)).status, 401);
  assert.equal(started.length, 0);
});

test('UM-27 after a redirect to another origin a refusal is not ours', async () => {
  for (const [url, times] of [
    ['https://other.test/', 1],
    ['https://api.test/elsewhere', 2],
  ]) {
    play(renew);
    load({}, { stored: record() });
    answer((_, i) =>
      Object.defineProperties(status(i ? 200 : 401), { redirected: { value: true }, url: { value: url } }),
    );
    await fetch(api);
    assert.equal(sent.length, times);
  }
});

const form = () => {
  const data = new FormData();
  data.set('a', 'b');
  data.set('file', new File(['content'], 'Name.txt'));
  return data;
};
const bodies = {
  string: () => 'text ü',
  Blob: () => new Blob(['blob'], { type: 'text/x' }),
  URLSearchParams: () => new URLSearchParams({ a: 'b c' }),
  ArrayBuffer: () => new Uint8Array([1, 2, 3]).buffer,
  view: () => new Uint8Array([0, 1, 2, 3]).subarray(1, 3),
  DataView: () => new DataView(new Uint8Array([0, 1, 2, 3]).buffer, 1, 2),
};

for (const [name, body] of Object.entries(bodies)) {
  test(`FF-10 a body is sent again as it was: ${name}`, async () => {
    play(renew);
    load({}, { stored: record() });
    answer((_, i) => status(i ? 200 : 401));
    await fetch(api, { method: 'POST', body: body() });
    const [first, second] = sent.map(({ request }) => request);
    assert.equal(second.headers.get('content-type'), first.headers.get('content-type'));
    assert.deepEqual(
      (await second.bytes?.()) ?? new Uint8Array(await second.arrayBuffer()),
      new Uint8Array(await first.arrayBuffer()),
    );
  });
}

test('FF-10 a form is sent again as it was', async () => {
  play(renew);
  load({}, { stored: record() });
  answer((_, i) => status(i ? 200 : 401));
  await fetch(api, { method: 'POST', body: form() });
  const data = await sent[1].request.formData();
  assert.equal(data.get('a'), 'b');
  assert.equal(data.get('file').name, 'Name.txt');
  assert.equal(await data.get('file').text(), 'content');
});

test('FF-11 bytes are those of the time of the call, on a retry and after a wait', async () => {
  for (const stored of [record(), expired()]) {
    const asked = deferred();
    play({
      ...renew,
      authorize: async (args, its) => (await asked.promise, renew.refused(args, its), { outcome: 'send' }),
    });
    load({}, { stored });
    answer((_, i) => status(i ? 200 : 401));
    const body = new Uint8Array([1, 2, 3]);
    const done = fetch(api, { method: 'POST', body });
    body.fill(9);
    asked.resolve();
    await done;
    assert.equal(sent.length, 2);
    assert.deepEqual([...new Uint8Array(await sent[1].request.arrayBuffer())], [1, 2, 3]);
  }
});

test('FF-09 a Request with a body is sent again with its bytes', async () => {
  for (const stored of [record(), expired()]) {
    play({ ...renew, authorize: (args, its) => (renew.refused(args, its), { outcome: 'send' }) });
    load({}, { stored });
    answer(async ({ request }, i) => {
      assert.equal(await request.text(), 'text');
      return status(i ? 200 : 401);
    });
    const request = new Request(api, { method: 'POST', body: 'text' });
    const done = fetch(request);
    assert.equal(request.bodyUsed, true);
    assert.equal((await done).status, 200);
    assert.equal(sent.length, 2);
  }
});

test('FF-12 a stream is sent once, and the core learns of the refusal', async () => {
  play(renew);
  load({}, { stored: record() });
  answer(() => status(401));
  const body = new Blob(['stream']).stream();
  assert.equal((await fetch(api, { method: 'POST', body, duplex: 'half' })).status, 401);
  assert.equal(sent[0].args[1].body, body);
  await runtime();
  await settled();
  assert.equal(started[0].calls[1][0], 'refused');
  assert.equal(sent.length, 1);
});

test('GW-01 FF-46 where the runtime does not load, requests go as they are, and one error says so', async () => {
  const refused = new SessionError('runtime_failed', 'no wasm');
  play({
    load() {
      throw refused;
    },
  });
  const session = load({}, { stored: expired() });
  const events = [];
  session.on('error', (event) => events.push(event));
  await Promise.all([fetch(api), fetch(api)]);
  await fetch(api);
  assert.deepEqual(sent.map(auth), [null, null, null]);
  await assert.rejects(session.ready, (error) => error === refused);
  assert.equal(events.length, 1);
  assert.equal(events[0].error, refused);
});

test('FF-46 after the runtime died, requests go natively without the token', async () => {
  const session = load({ load: 'eager' }, { stored: record() });
  const its = await runtime();
  await settled();
  const told = new Promise((resolve) => session.on('error', resolve));
  its.options.onexit();
  assert.equal((await told).error.code, 'runtime_failed');
  await fetch(api);
  assert.equal(auth(sent[0]), null);
});

test('FF-39 close puts fetch back where ours is on top, else it passes everything on', async () => {
  const session = load({}, { stored: record() });
  session.close();
  assert.equal(fetch, native);

  const other = load({}, { stored: record() });
  const ours = fetch;
  const theirs = (globalThis.fetch = (...args) => ours(...args));
  other.close();
  assert.equal(fetch, theirs);
  const init = {};
  await fetch(api, init);
  assert.equal(sent[0].args[1], init);
});

test("intercept: 'none' offers session.fetch only, which works without its object", async () => {
  const session = load({ intercept: 'none' }, { stored: record() });
  assert.equal(fetch, native);
  const { fetch: ours } = session;
  await ours(api);
  await session.fetch('https://other.test/');
  assert.deepEqual(sent.map(auth), [token, null]);
  assert.deepEqual(
    sent.map(({ self }) => self),
    [undefined, undefined],
  );
});

test('two sessions of one page each handle what their own api covers', async () => {
  load({}, { stored: record() });
  const other = {
    ...record({ client: 'blog', policy: policy({ rules: [rule({ headers: { authorization: 'Bearer blog' } })] }) }),
  };
  localStorage.setItem('latchkey/1/https%3A%2F%2Fid.test/blog/', JSON.stringify(other));
  const second = createSession({
    auth: oidc({ issuer: 'https://id.test', clientId: 'blog' }),
    api: ['https://blog.test/', 'https://api.test/v1/blog'],
    load: 'demand',
  });
  for (const url of [api, 'https://blog.test/a', 'https://api.test/v1/blog/1']) await fetch(url);
  assert.deepEqual(sent.map(auth), [token, 'Bearer blog', 'Bearer blog']);
  second.close();
});

test('ann is signed in by what is stored', () => {
  assert.deepEqual(load({}, { stored: record() }).state, ann);
});

test('S12 a rule of cookies has them sent where the caller did not say what to send', async () => {
  const cookies = { as: 'user', refused: { status: [401] }, credentials: 'include' };
  const stored = (more) =>
    record({ state: { ...ann, tokenType: null }, policy: policy({ rules: [{ ...cookies, ...more }] }) });
  const as = async (...args) => {
    await fetch(...args);
    return sent.at(-1).request.credentials;
  };
  load({}, { stored: stored() });
  assert.equal(await as(api), 'include');
  assert.equal(sent[0].headers.get('authorization'), null);
  assert.equal(await as(api, { credentials: undefined }), 'include');
  assert.equal(await as(new Request(api)), 'include');
  assert.equal(await as(new Request(api, { method: 'POST', body: 'a' })), 'include');
  for (const credentials of ['omit', 'same-origin', 'include'])
    assert.equal(await as(api, { credentials }), credentials);
  assert.equal(await as(new Request(api, { credentials: 'omit' })), 'omit');
  await assert.rejects(fetch(api, { credentials: null }), TypeError);

  // Not for anybody else: other URLs, as nobody, with credentials of the caller's own.
  assert.equal(await as('https://other.test/'), 'same-origin');
  assert.equal(await as(api, { as: 'none' }), 'same-origin');
  assert.equal(await as(api, { headers: { authorization: 'Basic a' } }), 'same-origin');
  assert.equal(await as(api, { mode: 'no-cors' }), 'same-origin');
  assert.equal(started.length, 0, 'all without the runtime');
  load({}, { stored: record() });
  assert.equal(await as(api), 'same-origin', 'a token needs none');
});

test('S12 a refused request with cookies is sent again by the rule that the core then has', async () => {
  const rules = [{ as: 'user', refused: { status: [401] }, credentials: 'include' }];
  load({}, { stored: record({ state: { ...ann, tokenType: null }, policy: policy({ rules }) }) });
  answer((_, n) => status(n ? 200 : 401));
  play({
    refused(_, { publish }) {
      publish({ policy: policy({ version: 2, rules }) });
      return { outcome: 'retry' };
    },
  });
  assert.equal((await fetch(api)).status, 200);
  assert.deepEqual(
    sent.map(({ request }) => request.credentials),
    ['include', 'include'],
  );
});

test('FF-27 headers of every shape are those that the browser makes of them', async () => {
  load({}, { stored: record() });
  const names = ['a', 'A', 'x-One', 'b_c', '', 'ü', 'x y', 'constructor', 'content-type'];
  const values = ['v', ' v ', '', 'a,b', 'ü', '\t', 'a\nb', 7, null, undefined, ['a', 'b'], { toString: () => 'made' }];
  const shapes = [
    (pairs) => Object.fromEntries(pairs),
    (pairs) => pairs,
    (pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs)),
    (pairs) => Object.defineProperty(Object.fromEntries(pairs), 'hidden', { value: 'x' }),
    (pairs) => Object.defineProperty({}, 'asked', { enumerable: true, get: () => pairs[0][1] }),
    (pairs) => new Map(pairs),
    (pairs) => Object.create(Object.fromEntries(pairs)),
    (pairs) => ({ ...Object.fromEntries(pairs), [Symbol('s')]: 'x' }),
  ];
  let good = 0;
  for (const shape of shapes)
    for (const name of names)
      for (const value of values)
        for (const more of [[], [['A', '2']]]) {
          const given = shape([[name, value], ...more]);
          let wanted;
          try {
            wanted = [...new Headers(given)];
          } catch {
            wanted = undefined;
          }
          sent.length = 0;
          const response = await fetch(api, { headers: given }).catch(() => {});
          assert.equal(!!response, !!wanted, `${name} ${String(value)}`);
          if (!wanted) continue;
          good++;
          const { authorization, ...headers } = Object.fromEntries(sent[0].headers);
          assert.equal(authorization, token);
          assert.deepEqual(Object.entries(headers), wanted);
        }
  assert.ok(good > 500);
});

test('S17 whoever sends by a rule marks it, so that the core knows what is used', async () => {
  play({});
  load({ load: 'eager' }, { stored: record() });
  const { plane } = (await runtime()).options;
  const { user } = plane.policy.rules;
  await fetch('https://elsewhere.test/');
  assert.equal(user.used, undefined);
  await fetch(api);
  assert.equal(user.used, true);
});
