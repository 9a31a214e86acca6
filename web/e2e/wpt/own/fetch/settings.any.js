// META: script=/common.sub.js
// Fetch Standard, section 5.4: cache, integrity, referrer, keepalive, priority.
const count = async (url, init) => (await fetch(url, init)).text();
promise_test(async () => {
  const url = answer('cached', { key: key() });
  assert_equals(await count(url), '1');
  assert_equals(await count(url), '1');
  assert_equals(await count(url, { cache: 'reload' }), '2');
  assert_equals(await count(url, { cache: 'force-cache' }), '2');
  assert_equals(await count(url, { cache: 'no-store' }), '3');
  assert_equals(await count(url), '2');
  assert_equals(await count(url, { cache: 'no-cache' }), '4');
}, 'a fresh answer, in each cache mode');
promise_test(async () => {
  const url = answer('cached', { key: key(), tag: 1, control: 'no-cache' });
  assert_equals(await count(url), '1');
  const again = await fetch(url);
  assert_equals(again.status, 200);
  assert_equals(await again.text(), '1');
}, 'a stale answer with a validator');
promise_test(async () => {
  const url = answer('cached', { key: key(), tag: 1, control: 'no-cache' });
  await count(url);
  const response = await fetch(url, { headers: { 'if-none-match': '"one"' } });
  assert_equals(response.status, 304);
}, "the caller's own validator gets the caller a 304");
promise_test(async (t) => {
  const url = answer('cached', { key: key() });
  await noNetwork(t, fetch(url, { cache: 'only-if-cached', mode: 'same-origin' }));
  assert_equals(await count(url), '1');
  assert_equals(await count(url, { cache: 'only-if-cached', mode: 'same-origin' }), '1');
}, 'only-if-cached');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), { cache: 'no-store' });
  assert_equals(headers['cache-control'], 'no-cache');
  assert_equals(headers.pragma, 'no-cache');
}, 'no-store says so to servers');
const digest = 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=';
promise_test(async () => {
  const url = answer('status', { code: 200, body: 'abc' });
  assert_equals(await (await fetch(url, { integrity: digest })).text(), 'abc');
}, 'integrity that holds');
promise_test(
  (t) => noNetwork(t, fetch(answer('status', { code: 200, body: 'abd' }), { integrity: digest })),
  'integrity that does not',
);
each(
  [
    ['about:client', `${location.href}`],
    ['', undefined],
    ['/from/here?x#part', `${location.origin}/from/here?x`],
    ['http://elsewhere.test/', `${location.href}`],
  ].map(([referrer, sent]) => [`referrer ${JSON.stringify(referrer)}`, referrer, sent]),
  async (t, referrer, sent) => assert_equals((await echoed(answer('echo'), { referrer })).headers.referer, sent),
);
each(
  [
    ['no-referrer', undefined, undefined],
    ['origin', `${location.origin}/`, `${location.origin}/`],
    ['same-origin', location.href, undefined],
    ['strict-origin-when-cross-origin', location.href, `${location.origin}/`],
    ['unsafe-url', location.href, location.href],
  ].map(([referrerPolicy, ...sent]) => [`referrerPolicy ${referrerPolicy}`, referrerPolicy, ...sent]),
  async (t, referrerPolicy, here, there) => {
    assert_equals((await echoed(answer('echo'), { referrerPolicy })).headers.referer, here);
    assert_equals((await echoed(elsewhere('echo'), { referrerPolicy })).headers.referer, there);
  },
);
promise_test(async () => {
  const request = new Request(answer('echo'), { referrer: '/of/a/request' });
  assert_equals((await echoed(request)).headers.referer, `${location.origin}/of/a/request`);
  assert_equals((await echoed(request, {})).headers.referer, `${location.origin}/of/a/request`);
  assert_equals((await echoed(request, { headers: {} })).headers.referer, location.href);
}, "a Request's referrer stays while init has no member");
promise_test(async () => {
  assert_equals((await echoed(answer('echo'), { method: 'POST', keepalive: true, body: 'kept' })).body, 'kept');
}, 'keepalive');
promise_test(
  (t) => noNetwork(t, fetch(answer('echo'), { method: 'POST', keepalive: true, body: 'x'.repeat(70_000) })),
  'keepalive has at most 64 KiB',
);
each(
  ['high', 'low', 'auto'].map((priority) => [`priority ${priority}`, priority]),
  async (t, priority) => assert_equals((await fetch(answer('status', { code: 200 }), { priority })).status, 200),
);
