// META: script=/common.sub.js
// Fetch Standard, sections 5.2 (BodyInit) and 5.3 (Body mixin).
const bytes = new Uint8Array([0, 1, 127, 128, 255]);
const binary = '\0\x01\x7f\x80\xff';
const form = () => {
  const data = new FormData();
  data.append('a', 'b c');
  data.append('file', new File([bytes], 'f.bin', { type: 'x/y' }));
  return data;
};
const kinds = [
  ['a string', () => 'té', 't\xc3\xa9', 'text/plain;charset=UTF-8'],
  ['an empty string', () => '', '', 'text/plain;charset=UTF-8'],
  ['a number', () => 17, '17', 'text/plain;charset=UTF-8'],
  ['an object', () => ({}), '[object Object]', 'text/plain;charset=UTF-8'],
  ['a Blob with a type', () => new Blob([bytes], { type: 'X/Y' }), binary, 'x/y'],
  ['a Blob without', () => new Blob([bytes]), binary, undefined],
  ['an ArrayBuffer', () => bytes.buffer.slice(0), binary, undefined],
  ['a view', () => new Uint8Array([9, ...bytes, 9]).subarray(1, 6), binary, undefined],
  ['a DataView', () => new DataView(bytes.buffer.slice(0)), binary, undefined],
  [
    'URLSearchParams',
    () => new URLSearchParams({ a: 'b c', é: '&' }),
    'a=b+c&%C3%A9=%26',
    'application/x-www-form-urlencoded;charset=UTF-8',
  ],
];
for (const way of ['init', 'a Request'])
  each(
    kinds.map(([name, ...rest]) => [`${name} in ${way}`, ...rest]),
    async (t, make, body, type) => {
      const init = { method: 'POST', body: make() };
      const got = await (way === 'init' ? echoed(answer('echo'), init) : echoed(new Request(answer('echo'), init)));
      assert_equals(got.body, body);
      assert_equals(got.headers['content-type'], type);
      assert_equals(got.headers['content-length'], `${body.length}`);
    },
  );
promise_test(async () => {
  const { body, headers } = await echoed(answer('echo'), { method: 'POST', body: form() });
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'])[1];
  assert_true(body.startsWith(`--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nb c\r\n`));
  assert_true(body.includes(`filename="f.bin"\r\nContent-Type: x/y\r\n\r\n${binary}\r\n--${boundary}--`));
}, 'FormData');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), {
    method: 'POST',
    body: 'a',
    headers: { 'content-type': 'own/type' },
  });
  assert_equals(headers['content-type'], 'own/type');
}, "the caller's content type stays");
promise_test(async () => {
  const body = Uint8Array.of(1, 2, 3);
  const going = echoed(answer('echo'), { method: 'POST', body });
  body.fill(9);
  assert_equals((await going).body, '\x01\x02\x03');
}, 'bytes are those at the time of the call');
promise_test(async () => {
  const body = new URLSearchParams('a=1');
  const going = echoed(answer('echo'), { method: 'POST', body });
  body.set('a', 2);
  assert_equals((await going).body, 'a=1');
}, 'so are parameters');
promise_test(async (t) => {
  const body = new ReadableStream();
  await noNetwork(t, fetch(answer('echo'), { method: 'POST', body }));
}, 'a stream needs duplex');
promise_test(async (t) => {
  const body = new ReadableStream({
    start(c) {
      c.close();
    },
  });
  body.getReader();
  await noNetwork(t, fetch(answer('echo'), { method: 'POST', body, duplex: 'half' }));
}, 'a locked stream is refused');
promise_test(async (t) => {
  const request = new Request(answer('echo'), { method: 'POST', body: 'once' });
  const going = echoed(request);
  assert_true(request.bodyUsed);
  assert_equals((await going).body, 'once');
  await noNetwork(t, fetch(request));
}, "a Request's body is used at the call, and once");
promise_test(async () => {
  const request = new Request(answer('echo'), { method: 'POST', body: 'of the request' });
  assert_equals((await echoed(request, { body: 'of init' })).body, 'of init');
  assert_true(request.bodyUsed);
}, "init's body takes the place of the Request's");
promise_test(async () => {
  const request = new Request(answer('echo'), { method: 'POST', body: 'twice' });
  const copy = request.clone();
  assert_equals((await echoed(request)).body, 'twice');
  assert_equals((await echoed(copy)).body, 'twice');
}, 'a clone has a body of its own');
promise_test(async () => {
  const request = new Request(answer('echo'), { method: 'POST', body: 'x' });
  const response = await fetch(new Request(request, { method: 'PUT' }));
  assert_equals(response.headers.get('x-method'), 'PUT');
  assert_true(request.bodyUsed);
}, 'a Request of a Request');
promise_test(async () => {
  const body = new Uint8Array(3_000_000).map((_, i) => i);
  const { length } = await echoed(answer('echo'), { method: 'PUT', body });
  assert_equals(length, 3_000_000);
}, 'three million bytes');
const reads = {
  text: (value) => assert_equals(value, '{"a":1}'),
  json: (value) => assert_equals(value.a, 1),
  blob: (value) => assert_equals(value.type, 'application/json'),
  arrayBuffer: (value) => assert_equals(value.byteLength, 7),
  bytes: (value) => assert_equals(value.length, 7),
};
each(
  Object.entries(reads).map(([name, check]) => [`an answer's ${name}, once`, name, check]),
  async (t, name, check) => {
    const response = await fetch(
      answer('status', { code: 200, body: '{"a":1}', fields: '{"content-type":"application/json"}' }),
    );
    assert_false(response.bodyUsed);
    check(await response[name]());
    assert_true(response.bodyUsed);
    await noNetwork(t, response.text());
  },
);
promise_test(async () => {
  const response = await fetch(answer('status', { code: 200, body: 'abc' }));
  const copy = response.clone();
  assert_equals(await response.text(), 'abc');
  assert_equals(await copy.text(), 'abc');
}, "an answer's clone");
promise_test(async (t) => {
  const response = await fetch(answer('broken'));
  await noNetwork(t, response.text());
}, 'an answer that breaks off rejects its reading');
promise_test(async () => {
  const reader = (await fetch(answer('endless'))).body.getReader();
  assert_equals(new TextDecoder().decode((await reader.read()).value), 'a beginning');
  await reader.cancel();
}, 'an answer is read as it comes');
