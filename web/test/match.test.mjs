import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, native, policy, record, rule, sent, token } from './page.mjs';

const carries = async (input, init) => {
  sent.length = 0;
  await fetch(input, init).catch(() => {});
  return sent[0]?.headers.get('authorization') ?? null;
};

const cases = {
  'UM-01 origin and path prefix': [
    ['https://api.test/v1', true],
    ['https://api.test/v1/', true],
    ['https://api.test/v1/a?b#c', true],
    ['https://api.test/v1?a', true],
    ['https://api.test/v1#a', true],
    ['https://api.test/', false],
    ['https://api.test/V1', false],
  ],
  'UM-02 a segment boundary': [
    ['https://api.test/v10', false],
    ['https://api.test/v1evil', false],
    ['https://api.test/v1.', false],
    ['https://api.test/v1%2Fa', false],
  ],
  'UM-03 UM-04 UM-06 UM-07 other hosts': [
    ['https://api.test.evil.test/v1', false],
    ['https://api.test@evil.test/v1', false],
    ['https://api.test:443@evil.test/v1', false],
    ['https://evil.test/?https://api.test/v1', false],
    ['https://evil.test/#https://api.test/v1', false],
    ['https://evil.test/https://api.test/v1', false],
    ['https://api-test/v1', false],
    ['https://apiXtest/v1', false],
  ],
  'UM-05 user info': [
    ['https://user:pw@api.test/v1', false],
    ['https://user@api.test/v1', false],
    // The parser drops empty user info; so does the request.
    ['https://@api.test/v1', true],
  ],
  'UM-08 UM-09 port and scheme': [
    ['https://api.test:443/v1', true],
    ['https://api.test:8443/v1', false],
    ['http://api.test/v1', false],
    ['http://api.test:443/v1', false],
  ],
  'UM-10 UM-11 UM-12 spellings of the host': [
    ['HTTPS://API.test/v1', true],
    ['https://api%2etest/v1', true],
    ['https://api。test/v1', true],
    ['https://api.test./v1', false],
    ['https://\u0430pi.test/v1', false],
  ],
  'UM-13 UM-14 slashes and backslashes': [
    ['//api.test/v1', true],
    ['//evil.test/v1', false],
    ['///evil.test/v1', false],
    ['/\\evil.test/v1', false],
    ['\\\\evil.test/v1', false],
    ['https:\\\\evil.test\\v1', false],
    ['https:\\\\api.test\\v1', true],
    // Without the second slash it is a path of the page's origin.
    ['https:/api.test/v1', false],
    ['https:evil.test/v1', false],
  ],
  'UM-15 white space and control characters': [
    [' https://api.test/v1 ', true],
    ['https://api.test/v1\t', true],
    ['https://api\n.test/v\t1', true],
    ['https://evil.test\t/https://api.test/v1', false],
    ['\u0000https://evil.test/v1', false],
  ],
  'UM-16 dot segments': [
    ['https://api.test/v1/../admin', false],
    ['https://api.test/v1/%2e%2e/admin', false],
    ['https://api.test/v1/.%2e/admin', false],
    ['https://api.test/v1/%2E./admin', false],
    ['https://api.test/v1\\..\\admin', false],
    ['https://api.test/other/../v1/a', true],
    ['https://api.test/v1/./a', true],
  ],
  'UM-17 what only some servers read as dot segments is inside': [
    ['https://api.test/v1/%252e%252e/admin', true],
    ['https://api.test/v1/..;/admin', true],
  ],
  'UM-22 other schemes': [
    ['blob:https://api.test/v1', false],
    ['data:text/plain,https://api.test/v1', false],
    ['wss://api.test/v1', false],
    ['file:///v1', false],
  ],
};

for (const [name, urls] of Object.entries(cases)) {
  test(name, async () => {
    load({}, { stored: record() });
    for (const [url, covered] of urls) {
      // The second time it is known.
      for (let i = 0; i < 2; i++) assert.equal(await carries(url), covered ? token : null, url);
      assert.equal(await carries(new URL(url, location)), covered ? token : null, url);
    }
  });
}

test('UM-17 with strict, what a server may read otherwise goes without', async () => {
  const strict = [{ url: 'https://api.test/v1', strict: true }, 'https://api.test/v1/loose'];
  load({ api: strict }, { stored: record() });
  for (const path of [
    '%252e%252e/admin',
    '..;/admin',
    '.;v=1/a',
    ';/admin',
    'a/..%2fadmin',
    '%2F../admin',
    'a%5c..%5cadmin',
    'a%00.json',
    '%c0%ae%c0%ae/admin',
    '..%2Fadmin?q',
    'a%2eb',
    '..;x=/../;/a',
  ]) {
    assert.equal(await carries(`https://api.test/v1/${path}`), null, path);
    assert.equal(await carries(`https://api.test/v1/${path}`, { as: 'user' }), null, path);
  }
  for (const path of [
    '',
    '/',
    '/a;v=1/b',
    '/a%20b/%C3%A4',
    '/a..;b',
    '/...',
    '?next=/..;/%2e',
    '#/..;/',
    '/../v1/a',
    '/%2e%2e/v1/a',
  ])
    assert.equal(await carries(`https://api.test/v1${path}`), token, path);
  // The longest prefix says what holds.
  assert.equal(await carries('https://api.test/v1/loose/..;/admin'), token);
  load({ api: [{ url: 'https://api.test/v1', strict: false }] }, { stored: record() });
  assert.equal(await carries('https://api.test/v1/..;/admin'), token);
});

test('UM-18 relative URLs belong to the document', async () => {
  load({ api: ['/v1'] }, { stored: record(), at: 'https://api.test/page/' });
  assert.equal(await carries('/v1/a'), token);
  assert.equal(await carries('../v1/a'), token);
  assert.equal(await carries('v1/a'), null);
  // Its base may be elsewhere, and change.
  load({ api: ['https://api.test/v1'] }, { stored: record(), at: 'https://api.test/', baseURI: 'https://other.test/' });
  assert.equal(await carries('/v1/a'), null);
});

test('UM-18 what is remembered of addresses belongs to no document, and is forgotten in time', async () => {
  load({ api: ['https://api.test/v1'] }, { stored: record(), at: 'https://api.test/', keep: true });
  assert.equal(await carries('/v1/a'), token);
  assert.equal(await carries('https://api.test/v1/a'), token);
  globalThis.location = new URL('https://other.test/');
  assert.equal(await carries('/v1/a'), null);
  assert.equal(await carries('https://api.test/v1/a'), token);
  for (let i = 0; i < 300; i++) {
    assert.equal(await carries(`https://api.test/v1/${i}`), token);
    assert.equal(await carries(`https://api.test/v2/${i}`), null);
  }
  for (let i = 0; i < 300; i += 50) assert.equal(await carries(`https://api.test/v2/${i}`), null);
  // What an object has by nature is no address that was seen.
  for (const url of ['constructor', '__proto__', 'toString']) assert.equal(await carries(url), null);
});

test('UM-19 what is no string is converted once, and that is what is judged and sent', async () => {
  load({}, { stored: record() });
  const turncoat = (...urls) => ({ toString: () => urls.shift() });
  assert.equal(await carries(turncoat('https://api.test/v1', 'https://evil.test/')), token);
  assert.equal(sent[0].url, 'https://api.test/v1');
  assert.equal(await carries(turncoat('https://evil.test/', 'https://api.test/v1')), null);
  assert.equal(sent[0].url, 'https://evil.test/');
  assert.equal(await carries(new String('https://api.test/v1')), token);
  load({ api: ['/'] }, { stored: record() });
  for (const input of [1, undefined, null]) {
    assert.equal(await carries(input), token);
    assert.equal(sent[0].url, `https://app.test/${input}`);
  }
});

test('UM-20 a Request is read by what it is, not by what it says', async () => {
  load({}, { stored: record() });
  const own = Object.defineProperty(new Request('https://evil.test/'), 'url', { value: 'https://api.test/v1' });
  assert.equal(await carries(own), null);
  class Mine extends Request {
    get url() {
      return 'https://api.test/v1';
    }
  }
  assert.equal(await carries(new Mine('https://evil.test/')), null);
  assert.equal(await carries(new Mine('https://api.test/v1')), token);
  assert.equal(await carries({ url: 'https://api.test/v1', toString: () => 'https://evil.test/' }), null);
});

test('a method that is replaced later sees no token and misleads nobody', async () => {
  load({}, { stored: record() });
  const other = new Request('https://evil.test/');
  const lie = () => 'https://api.test/v1';
  for (const [object, name, how] of [
    [URL.prototype, 'href', { get: lie }],
    [Request.prototype, 'url', { get: lie }],
    [String.prototype, 'startsWith', { value: () => true }],
  ]) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    sent.length = 0;
    Object.defineProperty(object, name, { ...how, configurable: true });
    try {
      // Node's own Request reads a URL's href.
      await fetch(name == 'href' ? 'https://evil.test/' : other);
    } finally {
      Object.defineProperty(object, name, before);
    }
    assert.deepEqual(
      sent.map(({ args }) => args[1]),
      [undefined],
      name,
    );
  }
});

test('UM-33 the longest prefix wins, whatever the order', async () => {
  const api = [
    { url: 'https://api.test/', as: 'none' },
    { url: 'https://api.test/v1/', except: ['public', '/v1/open/', 'https://api.test/v1/free'] },
    { url: 'https://api.test/v1/public/mine' },
  ];
  for (const order of [api, [...api].reverse()]) {
    load({ api: order }, { stored: record() });
    for (const [path, covered] of [
      ['', false],
      ['v1', false],
      ['v1/', true],
      ['v1/public', false],
      ['v1/public/a', false],
      ['v1/publican', true],
      ['v1/public/mine/a', true],
      ['v1/open', true],
      ['v1/open/a', false],
      ['v1/free', false],
    ])
      assert.equal(await carries(`https://api.test/${path}`), covered ? token : null, path);
  }
  // What is exempt is not covered, so nothing of the call changes that.
  assert.equal(await carries('https://api.test/v1/free', { as: 'user' }), null);
  assert.equal(await carries('https://api.test/', { as: 'user' }), token);
});

test('nothing of a policy from storage says where a token goes', async () => {
  load(
    {},
    {
      stored: record({ policy: policy({ rules: [rule({ url: 'https://evil.test/', api: ['https://evil.test/'] })] }) }),
    },
  );
  assert.equal(await carries('https://evil.test/'), null);
  assert.notEqual(fetch, native);
});
