// META: script=/common.sub.js
// Fetch Standard, section 4.2 (scheme fetch).
promise_test(async () => {
  const response = await fetch('data:text/x;charset=utf-8,a%20b');
  assert_equals(response.type, 'basic');
  assert_equals(response.headers.get('content-type'), 'text/x;charset=utf-8');
  assert_equals(await response.text(), 'a b');
}, 'data:');
promise_test(async () => {
  const url = URL.createObjectURL(new Blob(['abc'], { type: 'a/b' }));
  const response = await fetch(url);
  assert_equals(response.url, url);
  assert_equals(response.headers.get('content-type'), 'a/b');
  assert_equals(response.headers.get('content-length'), '3');
  URL.revokeObjectURL(url);
  assert_equals(await response.text(), 'abc');
}, 'blob:');
promise_test(
  (t) => noNetwork(t, fetch(URL.createObjectURL(new Blob(['abc'])), { method: 'POST' })),
  'blob: is for GET',
);
each(
  ['about:blank', 'ftp://localhost/', 'file:///etc/hosts', 'mailto:a@b', 'unknown:x', 'javascript:1', 'blob:none'].map(
    (url) => [url, url],
  ),
  (t, url) => noNetwork(t, fetch(url)),
);
promise_test((t) => noNetwork(t, fetch('http://localhost:1/')), 'a port that is blocked');
each(
  [
    '/answers/echo',
    'answers/../../answers/echo',
    `//${location.host}/answers/echo`,
    '/./x/../answers/echo',
    '\\answers\\echo',
    ' /answers/echo\n',
    '/an\tswers/echo',
  ].map((url) => [`${JSON.stringify(url)} is resolved`, url]),
  async (t, url) => assert_equals((await fetch(url)).url, `${location.origin}/answers/echo`),
);
each(
  [new URL(answer('echo'), location), { toString: () => answer('echo') }, [answer('echo')], Object(answer('echo'))].map(
    (url) => [`${Object.prototype.toString.call(url)} is converted`, url],
  ),
  async (t, url) => assert_equals((await echoed(url)).method, 'GET'),
);
