// What a server says of itself, and its keys.
import assert from 'node:assert/strict';

const token = ['authorize', 'token'];
const accepted = { want: {}, asks: token };
const stopped = (error, discovery = 1) => ({ want: { error }, asks: [], reads: { discovery } });

const metadata = (change) => ({ metadata: (m, as) => void change(m, as) });
/** Leads a request to the other origin, which would let the page read what it says. */
export const leadsAway = ({ response, as, url }) =>
  void response.writeHead(307, { location: `${as.evil}/stolen${url.pathname}` }).end();

const endpoint = (variant, what, name, address, error = 'discovery_failed') => ({
  id: 'OA-29',
  variant,
  what: `names ${what} as ${name}`,
  server: metadata((m, as) => (m[name] = typeof address === 'function' ? address(as) : address)),
  ...(error ? stopped(error) : accepted),
});

const byPassword = { auth: { flow: 'password' } };

export const discovery = [
  {
    id: 'OP-28',
    what: 'has its endpoints where nobody would guess them',
    server: {
      metadata(m, { issuer }) {
        m.authorization_endpoint = `${issuer}/x/a`;
        m.token_endpoint = `${issuer}/x/t?v=2`;
      },
      paths: { '/x/a': 'authorize', '/x/t': 'token' },
    },
    ...accepted,
  },
  {
    id: 'OP-28',
    variant: 'rfc8414',
    what: 'has metadata only where RFC 8414 puts them',
    server: { instead: { discovery: ({ url, send }) => /openid/.test(url.pathname) && send(404, {}) } },
    ...accepted,
    reads: { discovery: 4 },
  },
  {
    id: 'OP-29',
    what: 'has its keys where nobody would guess them',
    server: {
      ...metadata((m, as) => (m.jwks_uri = `${as.issuer}/keys/8d1f`)),
      paths: { '/keys/8d1f': 'jwks', '/jwks': 'guessed' },
    },
    ...accepted,
    reads: { jwks: 1 },
  },
  {
    id: 'OP-30',
    what: 'names another issuer',
    server: metadata((m) => (m.issuer = 'https://other.example')),
    ...stopped('issuer_mismatch'),
  },
  {
    id: 'OP-31',
    variant: 'slash',
    what: 'names its issuer with a slash more',
    server: metadata((m) => (m.issuer += '/')),
    ...stopped('issuer_mismatch'),
  },
  {
    id: 'OP-31',
    variant: 'case',
    what: 'names its issuer in another case',
    server: metadata((m) => (m.issuer = m.issuer.replace('http', 'HTTP'))),
    ...stopped('issuer_mismatch'),
  },
  {
    id: 'OP-31',
    variant: 'absent',
    what: 'names no issuer',
    server: metadata((m) => delete m.issuer),
    ...stopped('issuer_mismatch'),
  },
  {
    id: 'OP-32',
    what: 'has another key at the second sign-in',
    server: {},
    want: { logins: 2 },
    asks: ['authorize', 'token', 'authorize', 'token'],
    async act(scene) {
      const page = await scene.open();
      await scene.leave(page);
      scene.as.rotate();
      await scene.leave(page);
      await scene.check(page);
    },
    reads: { jwks: 2 },
  },
  {
    id: 'OP-33',
    what: 'has another key just before it signs, when the client has fetched the old one',
    server: {},
    ...byPassword,
    want: { stays: true, logins: 2 },
    asks: ['token', 'token'],
    async act(scene) {
      const page = await scene.open();
      await scene.byPassword(page);
      scene.as.rotate();
      assert.equal(await scene.byPassword(page), undefined);
      await scene.check(page);
    },
    reads: { jwks: 2 },
  },
  {
    id: 'OP-34',
    what: 'names keys that it does not have, for ever',
    server: { idToken: ({ header }, { nth }) => void (header.kid = `unknown-${nth}`) },
    ...byPassword,
    want: {},
    asks: Array(5).fill('token'),
    async act(scene) {
      const page = await scene.open();
      for (let i = 0; i < 5; i++) assert.equal(await scene.byPassword(page), 'id_token_invalid');
      assert.deepEqual(scene.as.asked(), scene.one.asks);
    },
    reads: { jwks: [1, 2] },
  },
  {
    id: 'OA-08',
    what: 'does not say which code challenges it takes: S256 is sent all the same',
    server: metadata((m) => delete m.code_challenge_methods_supported),
    ...accepted,
    async act(scene) {
      await scene.signIn();
      const [{ query }] = scene.as.requests('authorize');
      assert.equal(query.get('code_challenge_method'), 'S256');
      assert.match(query.get('code_challenge'), /^[\w-]{43}$/);
    },
  },
  {
    id: 'OA-08',
    variant: 'plain',
    what: 'takes plain code challenges only',
    server: metadata((m) => (m.code_challenge_methods_supported = ['plain'])),
    ...stopped('discovery_failed'),
  },
  endpoint('script', 'a script', 'authorization_endpoint', 'javascript:alert(1)'),
  endpoint('data', 'a data URL', 'token_endpoint', 'data:application/json,{}'),
  endpoint('user', 'an address with a user', 'token_endpoint', (as) =>
    `${as.issuer}/token`.replace('//', '//user:pw@'),
  ),
  endpoint(
    'host',
    'an address that looks like this host',
    'token_endpoint',
    (as) => `http://127.0.0.1@${new URL(as.evil).host}/t`,
  ),
  endpoint('fragment', 'an address with a fragment', 'token_endpoint', (as) => `${as.issuer}/token#x`),
  endpoint('http', 'an address without https', 'revocation_endpoint', 'http://id.example/revoke'),
  endpoint('text', 'no text', 'token_endpoint', 7),
  endpoint('elsewhere', 'an address on another origin', 'token_endpoint', (as) => `${as.elsewhere}/token`, null),
  {
    ...endpoint('pinned', 'an address on another origin', 'token_endpoint', (as) => `${as.elsewhere}/token`),
    what: 'names a token endpoint on another origin, where auth.endpointOrigins pins them',
    auth: { endpointOrigins: 'issuer' },
  },
  {
    id: 'OA-30',
    what: 'has a query in the address of its authorization endpoint',
    server: metadata((m) => (m.authorization_endpoint += '?tenant=7&x=%20')),
    ...accepted,
    async act(scene) {
      await scene.signIn();
      const [{ url }] = scene.as.requests('authorize');
      assert.match(url.search, /^\?tenant=7&x=%20&/);
    },
  },
  {
    id: 'OA-32',
    variant: 'discovery',
    what: 'leads to another origin at discovery',
    server: { instead: { discovery: leadsAway } },
    ...stopped('network_error'),
  },
  {
    id: 'OA-32',
    variant: 'jwks',
    what: 'leads to another origin at its keys',
    server: { instead: { jwks: leadsAway } },
    want: { error: 'network_error' },
    asks: token,
  },
  {
    id: 'OA-35',
    what: 'lets its answers be kept for a day: they are not',
    server: { headers: { 'cache-control': 'max-age=86400' } },
    ...accepted,
    reads: { discovery: 2 },
  },
];
