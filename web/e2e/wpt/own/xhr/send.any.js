// META: script=/common.sub.js
// META: script=/xhr-common.js
// META: global=window
// XMLHttpRequest Standard, section 3.5.6 (send): bodies, credentials, origins, synchronous requests.
const bytes = new Uint8Array([0, 1, 127, 128, 255]);
const binary = '\0\x01\x7f\x80\xff';
each(
  [
    ['a string', () => 'té', 't\xc3\xa9', 'text/plain;charset=UTF-8'],
    ['an empty string', () => '', '', 'text/plain;charset=UTF-8'],
    ['null', () => null, '', undefined],
    ['an object', () => ({}), '[object Object]', 'text/plain;charset=UTF-8'],
    ['a Blob with a type', () => new Blob([bytes], { type: 'x/y' }), binary, 'x/y'],
    ['a Blob without', () => new Blob([bytes]), binary, undefined],
    ['an ArrayBuffer', () => bytes.buffer, binary, undefined],
    ['a view', () => new Uint8Array([9, ...bytes, 9]).subarray(1, 6), binary, undefined],
    [
      'URLSearchParams',
      () => new URLSearchParams({ a: 'b c' }),
      'a=b+c',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['a document', () => new DOMParser().parseFromString('<a/>', 'text/xml'), '<a/>', 'application/xml;charset=UTF-8'],
  ],
  async (t, make, body, type) => {
    const got = json(await sent(answer('echo'), { method: 'POST', body: make() }));
    assert_equals(got.body, body);
    assert_equals(got.headers['content-type'], type);
  },
);
promise_test(async () => {
  const body = new FormData();
  body.append('a', 'b');
  const got = json(await sent(answer('echo'), { method: 'POST', body }));
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(got.headers['content-type'])[1];
  assert_true(got.body.startsWith(`--${boundary}\r\n`) && got.body.includes('name="a"\r\n\r\nb\r\n'));
}, 'FormData');
promise_test(async () => {
  const got = json(await sent(answer('echo'), { method: 'POST', body: 'a', headers: { 'content-type': 'own/type' } }));
  assert_equals(got.headers['content-type'], 'own/type');
}, "the caller's content type stays");
each(
  ['GET', 'HEAD'].map((method) => [`${method} sends no body`, method]),
  async (t, method) => {
    const client = await sent(answer('echo'), { method, body: 'left out' });
    assert_equals(client.status, 200);
    if (method === 'GET') assert_equals(json(client).length, 0);
  },
);
promise_test(async () => {
  const body = new Uint8Array(2_000_000).map((_, i) => i);
  assert_equals(json(await sent(answer('echo'), { method: 'PUT', body })).length, 2_000_000);
}, 'two million bytes');
promise_test(async () => {
  const body = Uint8Array.of(1, 2, 3);
  const going = sent(answer('echo'), { method: 'POST', body });
  body.fill(9);
  assert_equals(json(await going).body, '\x01\x02\x03');
}, 'bytes are those at the time of the call');
test(() => {
  const client = new XMLHttpRequest();
  client.open('POST', answer('echo'), false);
  client.send('at once');
  assert_equals(client.readyState, 4);
  assert_equals(json(client).body, 'at once');
}, 'a synchronous request');
test(() => {
  const client = new XMLHttpRequest();
  client.open('GET', answer('gone'), false);
  assert_throws_dom('NetworkError', () => client.send());
}, 'a synchronous request without an answer');
promise_test(async () => {
  const client = await sent(elsewhere('echo'));
  assert_equals(json(client).headers.origin, location.origin);
  assert_equals(json(client).headers.cookie, undefined);
}, 'another origin that allows it');
promise_test(async () => {
  const client = await sent(elsewhere('echo', { cors: '' }));
  assert_equals(client.seen.at(-2), 'error');
}, 'another origin that does not');
promise_test(async () => {
  document.cookie = 'xhr=1; path=/';
  for (const withCredentials of [true, false]) {
    const { headers } = json(await sent(elsewhere('echo'), { withCredentials }));
    assert_equals(!!headers.cookie?.includes('xhr=1'), withCredentials);
  }
}, 'withCredentials');
promise_test(async () => {
  // A listener for an upload takes a preflight, which this server does not answer for this header.
  const simple = await sent(elsewhere('echo'), { method: 'POST', body: 'a' });
  assert_equals(simple.status, 200);
  const headed = await sent(elsewhere('echo'), { method: 'POST', body: 'a', headers: { 'x-own': '1' } });
  assert_equals(headed.seen.at(-2), 'error');
}, 'what needs a preflight');
promise_test(async () => {
  const clients = await Promise.all(
    Array.from({ length: 30 }, (_, i) => sent(answer('status', { code: 200, body: i }))),
  );
  assert_array_equals(
    clients.map((client) => client.responseText),
    Array.from({ length: 30 }, (_, i) => `${i}`),
  );
}, 'thirty at once');
each(
  [
    ['data:', () => 'data:text/plain,abc'],
    ['blob:', () => URL.createObjectURL(new Blob(['abc']))],
  ],
  async (t, make) => assert_equals((await sent(make())).responseText, 'abc'),
);
