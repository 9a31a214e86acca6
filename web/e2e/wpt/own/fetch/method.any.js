// META: script=/common.sub.js
// Fetch Standard, section 5.6 (the fetch method) and section 4 (fetching).
test(() => {
  assert_equals(typeof fetch, 'function');
  assert_equals(fetch.name, 'fetch');
  assert_equals(fetch.length, 1);
  assert_false('prototype' in fetch);
  assert_throws_js(TypeError, () => new fetch('/'));
}, 'it is a method with one argument, and no constructor');

promise_test(async () => {
  const promise = fetch(answer('status', { code: 200 }));
  assert_equals(Object.getPrototypeOf(promise), Promise.prototype);
  assert_equals(promise.constructor, Promise);
  assert_array_equals(Reflect.ownKeys(promise), []);
  await promise;
}, 'it returns a promise of this realm');

promise_test(async (t) => {
  await noNetwork(t, fetch());
}, 'without an argument it rejects');

promise_test(async (t) => {
  await noNetwork(t, fetch.call({}, answer('echo')));
}, 'on another object it rejects');

for (const self of ['undefined', 'null', 'globalThis'])
  promise_test(async () => {
    assert_equals((await fetch.call(eval(self), answer('status', { code: 200 }))).status, 200);
  }, `on ${self} it is the global object's`);

each(
  [
    ['http://', 'http://'],
    ['a port that is none', 'http://localhost:99999/'],
    ['a host that is none', 'http://a b/'],
    ['user and password', `${location.protocol}//user:password@${location.host}/answers/echo`],
  ].map(([name, url]) => [`a URL that cannot be fetched: ${name}`, url]),
  (t, url) => noNetwork(t, fetch(url)),
);

promise_test(async (t) => {
  const thrown = new Error('the caller’s own');
  const url = {
    toString() {
      throw thrown;
    },
  };
  await promise_rejects_exactly(t, thrown, fetch(url));
}, 'what converting the URL throws is what it rejects with');

promise_test(async () => {
  let count = 0;
  const url = { toString: () => (count++, answer('echo')) };
  assert_equals((await echoed(url)).method, 'GET');
  assert_equals(count, 1);
}, 'the URL is converted once');

promise_test(async () => {
  const read = [];
  const init = {};
  for (const name of [
    'method',
    'headers',
    'body',
    'mode',
    'credentials',
    'cache',
    'redirect',
    'referrer',
    'signal',
    'keepalive',
  ])
    Object.defineProperty(init, name, { enumerable: true, get: () => void read.push(name) });
  assert_equals((await echoed(answer('echo'), init)).method, 'GET');
  assert_equals(new Set(read).size, 10);
  assert_equals(read.length, 10);
}, 'each member of init is read once');
promise_test(async () => {
  const init = Object.create({ method: 'POST', body: 'inherited' });
  assert_equals((await echoed(answer('echo'), init)).body, 'inherited');
}, 'inherited members of init count');
promise_test(async () => {
  const init = new Proxy({}, { get: (_, name) => ({ method: 'POST', body: 'of a proxy' })[name] });
  assert_equals((await echoed(answer('echo'), init)).body, 'of a proxy');
}, 'members that are there only when they are asked for count');

each(
  ['get', 'Post', 'pUt', 'delete', 'head', 'options'].map((method) => [`${method} is sent in upper case`, method]),
  async (t, method) => {
    const response = await fetch(answer('echo'), { method });
    assert_equals(response.headers.get('x-method'), method.toUpperCase());
  },
);
promise_test(async () => {
  assert_equals((await fetch(answer('echo'), { method: 'PATCH' })).headers.get('x-method'), 'PATCH');
}, 'PATCH is sent as it is');

each(
  ['CONNECT', 'TRACE', 'track', '', 'a b', 'GET\n', 'mé'].map((method) => [
    `${JSON.stringify(method)} is no method`,
    method,
  ]),
  (t, method) => noNetwork(t, fetch(answer('echo'), { method })),
);
each(
  ['GET', 'HEAD'].map((method) => [`${method} has no body`, method]),
  (t, method) => noNetwork(t, fetch(answer('echo'), { method, body: '' })),
);
each(
  [
    ['mode', 'any'],
    ['mode', 'navigate'],
    ['credentials', 'all'],
    ['cache', 'never'],
    ['cache', 'only-if-cached'],
    ['redirect', 'ask'],
    ['referrer', 'http://'],
    ['referrerPolicy', 'some'],
    ['priority', 'highest'],
    ['signal', {}],
    ['duplex', 'full'],
    ['headers', 'a: b'],
    ['headers', null],
  ].map(([name, value]) => [`${name}: ${JSON.stringify(value)} is refused`, name, value]),
  (t, name, value) => noNetwork(t, fetch(answer('echo'), { [name]: value })),
);
promise_test(async () => {
  for (const init of [undefined, null, {}]) assert_equals((await echoed(answer('echo'), init)).method, 'GET');
}, 'init may be left out');
each(
  [1, 'text', true, Symbol.iterator].map((init) => [`init ${String(init)} is refused`, init]),
  (t, init) => noNetwork(t, fetch(answer('echo'), init)),
);
promise_test(async () => {
  const order = [];
  const aborted = fetch(answer('echo'), { signal: AbortSignal.abort() }).catch(() => order.push('the refusal'));
  const next = Promise.resolve().then(() => order.push('the next microtask'));
  await Promise.all([aborted, next]);
  assert_array_equals(order, ['the refusal', 'the next microtask']);
}, 'what is refused at once is a rejected promise');
promise_test(async () => {
  const order = [];
  const refused = fetch(answer('echo'), { method: 'CONNECT' }).catch(() => order.push('the refusal'));
  const next = Promise.resolve().then(() => order.push('the next microtask'));
  await Promise.all([refused, next]);
  assert_array_equals(order, ['the refusal', 'the next microtask']);
}, 'so is what is refused for its arguments');
