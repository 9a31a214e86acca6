// META: script=/common.sub.js
// Fetch Standard, section 5.1 (headers), 2.2.2 (forbidden and safelisted headers), and what is sent by itself.
const fields = { 'x-one': '1', 'x-two': ' two ', 'content-language': 'de' };
each(
  [
    ['a record', fields],
    ['pairs', Object.entries(fields)],
    ['Headers', new Headers(fields)],
    ['an iterator of pairs', new Map(Object.entries(fields))],
    [
      'a generator',
      (function* () {
        yield* Object.entries(fields);
      })(),
    ],
    ['an object with inherited fields beside', Object.assign(Object.create({ 'x-three': '3' }), fields)],
  ].map(([name, headers]) => [`given as ${name}`, headers]),
  async (t, headers) => {
    const { headers: sent } = await echoed(answer('echo'), { headers });
    assert_equals(sent['x-one'], '1');
    assert_equals(sent['x-two'], 'two');
    assert_equals(sent['content-language'], 'de');
    assert_equals(sent['x-three'], undefined);
  },
);
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), {
    headers: [
      ['x-list', 'a'],
      ['X-List', 'b'],
      ['x-list', 'c, d'],
    ],
  });
  assert_equals(headers['x-list'], 'a, b, c, d');
}, 'one name several times is a list, in order');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), { headers: { 'x-latin': '\u00e9\u00ff' } });
  assert_equals(headers['x-latin'], '\u00e9\u00ff');
}, 'values are bytes');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), { headers: { 'x-empty': '', 'x-number': 7, 'x-null': null } });
  assert_equals(headers['x-empty'], '');
  assert_equals(headers['x-number'], '7');
  assert_equals(headers['x-null'], 'null');
}, 'values are converted to strings');
each(
  [
    ['a name with a space', { 'a b': '1' }],
    ['no name', { '': '1' }],
    ['a name beyond ASCII', { ä: '1' }],
    ['a value with a line feed inside', { a: 'b\nc' }],
    ['a value with a zero', { a: '\0' }],
    ['a value beyond bytes', { a: '\u0100' }],
    ['a pair of one', [['a']]],
    ['a pair of three', [['a', 'b', 'c']]],
    ['a symbol', { a: Symbol('b') }],
  ].map(([name, headers]) => [`${name} is refused`, headers]),
  (t, headers) => noNetwork(t, fetch(answer('echo'), { headers })),
);
promise_test(async (t) => {
  const thrown = new RangeError('the caller’s own');
  const headers = {
    get a() {
      throw thrown;
    },
  };
  await promise_rejects_exactly(t, thrown, fetch(answer('echo'), { headers }));
}, 'what reading them throws is what it rejects with');
promise_test(async () => {
  const given = {
    host: 'evil',
    origin: 'http://evil',
    cookie: 'a=b',
    'sec-x': '1',
    'proxy-x': '1',
    te: 'x',
    connection: 'x',
    'content-length': '7',
    'accept-charset': 'x',
    dnt: '1',
  };
  const { headers } = await echoed(answer('echo'), { headers: given });
  for (const name in given) assert_not_equals(headers[name], given[name], name);
}, 'forbidden headers are left out');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'));
  assert_equals(headers.accept, '*/*');
  assert_equals(headers['sec-fetch-mode'], 'cors');
  assert_equals(headers['sec-fetch-dest'], 'empty');
  assert_equals(headers['sec-fetch-site'], 'same-origin');
  assert_equals(headers.origin, undefined);
}, 'what a GET carries by itself');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), { method: 'POST' });
  assert_equals(headers.origin, location.origin);
  assert_equals(headers['content-length'], '0');
  assert_equals(headers['content-type'], undefined);
}, 'what a POST without a body carries by itself');
promise_test(async () => {
  const { headers } = await echoed(answer('echo'), { headers: { accept: 'a/b', 'accept-language': 'eo' } });
  assert_equals(headers.accept, 'a/b');
  assert_equals(headers['accept-language'], 'eo');
}, 'what the caller says instead');
promise_test(async () => {
  const request = new Request(answer('echo'), { headers: { 'x-of': 'the request' } });
  assert_equals((await echoed(request)).headers['x-of'], 'the request');
  assert_equals((await echoed(request, { headers: { 'x-of': 'init' } })).headers['x-of'], 'init');
  assert_equals((await echoed(request, { headers: {} })).headers['x-of'], undefined);
  assert_equals(request.headers.get('x-of'), 'the request');
}, "init's headers take the place of the Request's, which keeps its own");
promise_test(async () => {
  const headers = new Headers({ 'x-before': '1' });
  const going = echoed(answer('echo'), { headers });
  headers.set('x-after', '1');
  const { headers: sent } = await going;
  assert_equals(sent['x-before'], '1');
  assert_equals(sent['x-after'], undefined);
}, 'they are those at the time of the call');
promise_test(async () => {
  const { names } = await echoed(answer('echo'), {
    headers: [
      ['X-Own-Case', '1'],
      ['x-own-case', '2'],
    ],
  });
  assert_in_array('X-Own-Case', names);
}, 'a name is sent as it was first written');
