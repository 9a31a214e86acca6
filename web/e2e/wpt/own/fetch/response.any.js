// META: script=/common.sub.js
// Fetch Standard, section 5.5 (Response) and 2.2.6: what is seen of an answer.
each(
  [200, 201, 204, 205, 206, 299, 300, 304, 400, 404, 410, 418, 429, 500, 503, 599].map((code) => [
    `status ${code}`,
    code,
  ]),
  async (t, code) => {
    const response = await fetch(answer('status', { code, text: 'So It Is' }));
    assert_equals(response.status, code);
    assert_equals(response.statusText, 'So It Is');
    assert_equals(response.ok, code >= 200 && code < 300);
    assert_equals(response.type, 'basic');
    assert_false(response.redirected);
  },
);
promise_test(async () => {
  const response = await fetch(answer('status', { code: 200, body: 'a' }) + '#part');
  assert_equals(response.url, location.origin + answer('status', { code: 200, body: 'a' }));
}, 'its URL has no fragment');
promise_test(async () => {
  const response = await fetch(
    answer('status', { code: 200, fields: '{"x-a":"1","set-cookie":"none=1","x-list":["a","b"]}' }),
  );
  const { headers } = response;
  assert_equals(headers.get('x-a'), '1');
  assert_equals(headers.get('x-list'), 'a, b');
  assert_false(headers.has('set-cookie'));
  assert_array_equals(headers.getSetCookie(), []);
}, 'its headers');
promise_test(async () => {
  const response = await fetch(answer('status', { code: 200 }));
  for (const change of ['append', 'set']) assert_throws_js(TypeError, () => response.headers[change]('a', 'b'));
  assert_throws_js(TypeError, () => response.headers.delete('content-type'));
}, 'its headers are immutable');
promise_test(async () => {
  const response = await fetch(answer('status', { code: 200, body: 'abc' }));
  assert_true(response instanceof Response);
  assert_array_equals(Reflect.ownKeys(response), []);
  assert_equals(Object.getPrototypeOf(response), Response.prototype);
  assert_equals(response.body, response.body);
  assert_true(response.body instanceof ReadableStream);
  assert_equals(response.headers, response.headers);
}, "it is the platform's own");
promise_test(async () => {
  const response = await fetch(answer('echo'), { method: 'HEAD' });
  assert_equals(await response.text(), '');
  assert_equals(response.headers.get('content-type'), 'application/json');
}, 'HEAD has headers and no body');
promise_test(async (t) => {
  const error = await fetch(answer('gone'), { method: 'POST', body: 'x' }).catch((it) => it);
  assert_equals(error.constructor, TypeError);
  assert_equals(error.message, 'Failed to fetch');
}, 'no answer is a TypeError');
promise_test(async () => {
  const order = [];
  const going = fetch(answer('status', { code: 200 }));
  const first = going.then(() => order.push('first'));
  const second = going.then(() => order.push('second'));
  await Promise.all([first, second]);
  assert_array_equals(order, ['first', 'second']);
}, 'reactions in order');
promise_test(async () => {
  const going = Array.from({ length: 40 }, (_, i) =>
    fetch(answer('status', { code: 200, body: i })).then((it) => it.text()),
  );
  assert_array_equals(
    await Promise.all(going),
    Array.from({ length: 40 }, (_, i) => `${i}`),
  );
}, 'forty at once, each its own');
