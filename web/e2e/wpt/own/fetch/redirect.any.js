// META: script=/common.sub.js
// Fetch Standard, section 4.5 (HTTP-redirect fetch).
const to = (name = 'echo') => location.origin + `/answers/${name}`;
const codes = [301, 302, 303, 307, 308];
each(
  codes.flatMap((code) => ['GET', 'POST', 'PUT'].map((method) => [`${code} of ${method}`, code, method])),
  async (t, code, method) => {
    const body = method === 'GET' ? undefined : 'kept';
    const response = await fetch(answer('redirect', { code, to: to() }), { method, body, headers: { 'x-own': '1' } });
    assert_true(response.redirected);
    assert_equals(response.url, to());
    assert_equals(response.type, 'basic');
    const changes = (code < 303 && method === 'POST') || (code === 303 && method !== 'GET');
    const sent = await response.json();
    assert_equals(sent.method, changes ? 'GET' : method);
    assert_equals(sent.body, changes || !body ? '' : body);
    assert_equals(sent.headers['content-type'], changes || !body ? undefined : 'text/plain;charset=UTF-8');
    assert_equals(sent.headers['x-own'], '1');
  },
);
each(
  codes.map((code) => [`${code} with redirect: 'manual'`, code]),
  async (t, code) => {
    const response = await fetch(answer('redirect', { code, to: to() }), { redirect: 'manual' });
    assert_equals(response.type, 'opaqueredirect');
    assert_equals(response.status, 0);
    assert_equals(response.url, location.origin + answer('redirect', { code, to: to() }));
    assert_equals([...response.headers].length, 0);
    assert_equals(response.body, null);
  },
);
each(
  codes.map((code) => [`${code} with redirect: 'error'`, code]),
  (t, code) => noNetwork(t, fetch(answer('redirect', { code, to: to() }), { redirect: 'error' })),
);
promise_test(async () => {
  const response = await fetch(answer('status', { code: 302 }));
  assert_equals(response.status, 302);
  assert_false(response.redirected);
}, 'without an address it is an answer');
each(
  [
    ['a scheme that is none of HTTP', 'data:,x'],
    ['no URL', 'http://'],
    ['user and password elsewhere', 'http://user:password@localhost:1/'],
  ],
  (t, address) => noNetwork(t, fetch(answer('redirect', { to: address }))),
);
promise_test((t) => noNetwork(t, fetch(answer('loop'))), 'one that never ends');
promise_test(async () => {
  let address = to();
  for (let i = 0; i < 20; i++) address = location.origin + answer('redirect', { to: address });
  assert_equals((await fetch(address)).url, to());
}, 'twenty');
promise_test(async () => {
  const response = await fetch(answer('redirect', { to: elsewhere('echo') }), { headers: { accept: 'a/b' } });
  assert_true(response.redirected);
  assert_equals(response.type, 'cors');
  const { headers } = await response.json();
  assert_equals(headers.origin, location.origin);
  assert_equals(headers.accept, 'a/b');
}, 'to another origin that allows it');
promise_test(
  (t) => noNetwork(t, fetch(answer('redirect', { to: elsewhere('echo', { cors: '' }) }))),
  'to another origin that does not',
);
promise_test(async () => {
  const response = await fetch(answer('redirect', { code: 307, to: elsewhere('echo', { methods: 'PUT' }) }), {
    method: 'PUT',
    body: 'kept',
  });
  assert_equals((await response.json()).body, 'kept');
}, 'to another origin, with a preflight');
promise_test(async () => {
  const request = new Request(answer('redirect', { code: 307, to: to() }), { method: 'POST', body: 'of a Request' });
  assert_equals((await echoed(request)).body, 'of a Request');
}, "a Request's body goes along");
promise_test(async () => {
  const response = await fetch(answer('redirect', { to: `${to()}#theirs` }) + '#mine');
  assert_equals(response.url, to());
}, 'fragments are not seen');
