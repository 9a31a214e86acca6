// META: script=/common.sub.js
// Fetch Standard, sections 3.2 (CORS), 3.6 (safelists), 5.4 (mode and credentials).
promise_test(async () => {
  const response = await fetch(
    elsewhere('status', { code: 200, fields: '{"x-seen":"1","x-not":"1","content-language":"de"}', expose: 'x-seen' }),
  );
  assert_equals(response.type, 'cors');
  assert_equals(response.headers.get('x-seen'), '1');
  assert_equals(response.headers.get('x-not'), null);
  assert_equals(response.headers.get('content-language'), 'de');
}, 'what another origin lets be seen');
promise_test((t) => noNetwork(t, fetch(elsewhere('echo', { cors: '' }))), 'what it does not');
promise_test(
  (t) => noNetwork(t, fetch(elsewhere('echo', { cors: 'http://other.test' }))),
  'what it lets another one see',
);
promise_test(
  (t) => noNetwork(t, fetch(elsewhere('echo'), { mode: 'same-origin' })),
  'mode same-origin is for this origin',
);
promise_test(async () => {
  const response = await fetch(elsewhere('echo', { cors: '' }), { mode: 'no-cors' });
  assert_equals(response.type, 'opaque');
  assert_equals(response.status, 0);
  assert_equals(response.url, '');
  assert_equals(await response.text(), '');
}, 'mode no-cors is opaque elsewhere');
promise_test(async () => {
  const response = await fetch(answer('echo'), { mode: 'no-cors', headers: { 'x-a': '1', accept: 'a/b' } });
  assert_equals(response.type, 'basic');
  const { headers } = await response.json();
  assert_equals(headers['x-a'], undefined);
  assert_equals(headers.accept, 'a/b');
  assert_equals(headers['sec-fetch-mode'], 'no-cors');
}, 'mode no-cors here has simple headers alone');
promise_test(
  (t) => noNetwork(t, fetch(answer('echo'), { mode: 'no-cors', method: 'PUT' })),
  'mode no-cors has simple methods alone',
);
each(
  [
    ['a header', { headers: { 'x-own': '1' } }, { headers: 'x-own' }],
    ['a method', { method: 'PUT' }, { methods: 'PUT' }],
    [
      'a content type',
      { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } },
      { headers: 'content-type' },
    ],
  ].flatMap(([name, init, allow]) => [
    [`${name} needs a preflight, and is allowed`, init, allow],
    [`${name} needs a preflight, and is not allowed`, init, undefined],
  ]),
  async (t, init, allow) => {
    const going = fetch(elsewhere('echo', allow), init);
    if (allow) assert_equals((await (await going).json()).method, init.method ?? 'GET');
    else await noNetwork(t, going);
  },
);
promise_test(async () => {
  const response = await fetch(elsewhere('echo'), { method: 'POST', body: 'simple' });
  assert_equals((await response.json()).body, 'simple');
}, 'a simple POST needs none');

const cookies = async (url, init) => (await echoed(url, init)).headers.cookie;
each(
  [
    ['', 'same-origin', true],
    ['', 'include', true],
    ['', 'omit', false],
    ['', undefined, true],
  ].map(([, credentials, sent]) => [`cookies here with credentials: ${credentials}`, credentials, sent]),
  async (t, credentials, sent) => {
    const name = `here-${credentials}`;
    await fetch(answer('cookie', { set: `${name}=1` }));
    const got = await cookies(answer('echo'), { credentials });
    assert_equals(!!got?.includes(`${name}=1`), sent);
  },
);
each(
  ['same-origin', 'include', 'omit'].map((credentials) => [
    `cookies at another port with credentials: ${credentials}`,
    credentials,
  ]),
  async (t, credentials) => {
    const name = `there-${credentials}`;
    await fetch(answer('cookie', { set: `${name}=1` }));
    const got = await cookies(elsewhere('echo'), { credentials });
    assert_equals(!!got?.includes(`${name}=1`), credentials === 'include');
  },
);
promise_test(
  (t) => noNetwork(t, fetch(elsewhere('echo', { cors: '*' }), { credentials: 'include' })),
  'a star is no word for credentials',
);
promise_test(async () => {
  const set = `set-${key()}=1`;
  await fetch(answer('cookie', { set }), { credentials: 'omit' });
  assert_false(document.cookie.includes(set));
  await fetch(answer('cookie', { set }));
  assert_true(document.cookie.includes(set));
}, 'an answer sets cookies where credentials are not omitted');
promise_test(async () => {
  const request = new Request(answer('echo'), { credentials: 'omit' });
  assert_false(!!(await cookies(request)));
  await fetch(answer('cookie', { set: 'of-init=1' }));
  assert_true((await cookies(new Request(request, { credentials: 'include' }))).includes('of-init=1'));
}, "a Request's credentials");
