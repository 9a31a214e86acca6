// The other ways in: tokens in the address (implicit and hybrid), requests that are pushed, frames.
import assert from 'node:assert/strict';
import { bitWrong, halfHash, unsigned } from '../servers/hostile-keys.mjs';

const carried = ['access_token', 'id_token'];
const before = ['authorize'];
const token = ['authorize', 'token'];

const claims = (change) => ({ idToken: (jwt, grant) => void change(jwt.claims, grant) });
/** Only what comes through the address. */
const inAddress = (change) => ({ idToken: (jwt, { by }) => void (by === 'authorize' && change(jwt.claims)) });

const front = (responseType) => (id, variant, what, server, error, asks) => ({
  id,
  variant,
  what: `(${responseType}) ${what}`,
  server,
  auth: { responseType },
  want: error ? { error } : {},
  asks: asks ?? (responseType.startsWith('code') && !error ? token : before),
  carried,
});
const implicit = front('id_token token');
const hybrid = front('code id_token');
const full = front('code id_token token');
const bad = 'id_token_invalid';
const answer = (change) => ({ answer: (params, grant) => void change(params, grant) });

const frontChannel = [
  implicit('OP-01', 'implicit', 'does nothing wrong', {}),
  {
    ...front('id_token')('OP-01', 'id-token', 'does nothing wrong, and there is nothing to call an API with', {}),
    want: { noToken: true },
  },
  hybrid('OP-01', 'hybrid', 'does nothing wrong', {}),
  full('OP-01', 'hybrid-token', 'does nothing wrong', {}),
  front('code token')('OP-01', 'code-token', 'does nothing wrong', {}),
  implicit(
    'OP-02',
    'implicit',
    'says that another issuer made the id token',
    claims((c) => (c.iss += '/')),
    bad,
  ),
  implicit(
    'OP-04',
    'implicit',
    'has another client as aud',
    claims((c) => (c.aud = 'other')),
    bad,
  ),
  implicit('OP-10', 'implicit', 'signs with none', { jwt: (jwt) => unsigned(jwt) }, bad),
  implicit('OP-11', 'implicit', 'has one bit of the signature wrong', { jwt: bitWrong }, bad),
  implicit(
    'OP-15',
    'implicit',
    'has another nonce',
    claims((c) => (c.nonce = 'another')),
    bad,
  ),
  implicit(
    'OP-53',
    'implicit',
    'leaves the nonce out',
    claims((c) => delete c.nonce),
    bad,
  ),
  implicit(
    'OP-21',
    'implicit',
    'has a wrong at_hash',
    claims((c) => (c.at_hash = halfHash('RS256', 'other'))),
    bad,
  ),
  implicit(
    'OP-22',
    '',
    'has no at_hash',
    claims((c) => delete c.at_hash),
    bad,
  ),
  full(
    'OP-21',
    'hybrid',
    'has a wrong at_hash',
    inAddress((c) => (c.at_hash = halfHash('RS256', 'other'))),
    bad,
  ),
  full(
    'OP-22',
    'hybrid',
    'has no at_hash',
    inAddress((c) => delete c.at_hash),
    bad,
  ),
  hybrid(
    'OP-23',
    '',
    'has a wrong c_hash: the code is not used',
    claims((c) => (c.c_hash = halfHash('RS256', 'x'))),
    bad,
  ),
  hybrid(
    'OP-24',
    '',
    'has no c_hash: the code is not used',
    inAddress((c) => delete c.c_hash),
    bad,
  ),
  hybrid(
    'OP-37',
    'hybrid',
    'is about somebody else at its token endpoint (Core, section 3.3.3.6)',
    { idToken: ({ claims }, { by }) => void (by !== 'authorize' && (claims.sub = 'mallory')) },
    bad,
    token,
  ),
  implicit(
    'OP-46',
    'implicit',
    'says that the answer is of another issuer',
    answer((p) => p.set('iss', 'https://other.example')),
    'issuer_mismatch',
  ),
  implicit(
    'OP-49',
    'implicit',
    'answers with another state',
    answer((p) => p.set('state', 'lk.another')),
    'state_mismatch',
  ),
  implicit(
    'OP-62',
    'implicit',
    'answers access_denied',
    {
      answer: (p, { redirectUri }) =>
        `${redirectUri}#error=access_denied&state=${p.get('state')}&iss=${encodeURIComponent(p.get('iss'))}`,
    },
    'access_denied',
  ),
  implicit(
    'OA-13',
    'implicit',
    'answers with a code that was not asked for',
    answer((p, { as }) => p.set('code', as.mint('code'))),
    'server_error',
  ),
  implicit(
    'OA-38',
    'implicit',
    'sends an unknown token_type',
    answer((p) => p.set('token_type', 'mac')),
    'server_error',
  ),
  implicit(
    'OA-39',
    'implicit',
    'sends an access token with a line break',
    answer((p) => p.set('access_token', 'at\r\nx: 1')),
    'server_error',
  ),
  {
    ...implicit(
      'OA-15',
      'on',
      'sends tokens by the address as it was asked to: there is no refresh token, even if it sends one',
      answer((p, { as }) => p.set('refresh_token', as.mint('rt'))),
    ),
    carried: [...carried, 'refresh_token'],
    async act(scene) {
      const page = await scene.signIn();
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
      assert.ok(!/rt_[\w-]{20}/.test(stored));
    },
  },
];

/** What `session.loginSilently()` ends with: an error's code, or whose session there is. */
const silently = (page) =>
  page.evaluate(() =>
    session.loginSilently().then(
      ({ userId }) => userId,
      ({ code }) => code,
    ),
  );
const frames = (page) => page.evaluate(() => document.querySelectorAll('iframe').length);

const silent = [
  {
    id: 'OA-27',
    what: 'never answers in a hidden frame: after a while, that needs somebody',
    server: { instead: { authorize: () => {} } },
    options: { timeout: 1000 },
    want: {},
    asks: before,
    // Once more at the end, to tell a server that can't be framed from one that can't be reached.
    reads: { discovery: [1, 2] },
    async act(scene) {
      const page = await scene.open();
      assert.equal(await silently(page), 'interaction_required');
      assert.equal(await frames(page), 0, 'the frame is gone');
      assert.deepEqual(scene.as.asked(), before);
    },
  },
  {
    id: 'OA-27',
    variant: 'framed',
    what: 'does not let its pages be framed',
    server: { instead: { authorize: ({ send }) => send(200, 'sign in', { 'x-frame-options': 'DENY' }) } },
    options: { timeout: 1000 },
    want: {},
    asks: before,
    // Once more at the end, to tell a server that can't be framed from one that can't be reached.
    reads: { discovery: [1, 2] },
    async act(scene) {
      const page = await scene.open();
      assert.equal(await silently(page), 'interaction_required');
      assert.equal(await frames(page), 0, 'the frame is gone');
    },
  },
  {
    id: 'OA-27',
    variant: 'nobody',
    what: 'knows nobody, and says login_required in the frame',
    server: { nobody: true },
    want: {},
    asks: before,
    async act(scene) {
      const page = await scene.open();
      assert.equal(await silently(page), 'interaction_required');
      assert.equal(scene.as.requests('authorize')[0].query.get('prompt'), 'none');
      assert.equal(await frames(page), 0, 'the frame is gone');
      await scene.checkApi(page, false);
    },
  },
  {
    id: 'OA-28',
    what: 'answers for somebody else in the frame, when the page asks who is there: the old session ends',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      scene.as.user = 'mallory';
      assert.equal(await silently(page), 'id_token_invalid');
      const { user, reasons } = await page.evaluate(() => ({
        user: session.state.userId,
        reasons: globalThis.events.filter(({ type }) => type === 'logout').map(({ reason }) => reason),
      }));
      assert.equal(user, 'anonymous');
      assert.equal(reasons.length, 1);
      assert.deepEqual(scene.as.asked().slice(0, 4), [...token, ...token]);
      await scene.checkApi(page, false);
    },
  },
  {
    id: 'OA-28',
    variant: 'again',
    what: 'answers for somebody else in the frame, when a session is to go on: it ends, and nobody is signed in',
    server: { tokens: (body) => void delete body.refresh_token },
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      scene.as.user = 'mallory';
      scene.as.expire();
      const status = await page.evaluate(async (url) => (await fetch(url)).status, `${scene.as.issuer}/api/me`);
      assert.equal(status, 401);
      assert.equal((await page.evaluate(() => session.state)).userId, 'anonymous');
      await scene.checkApi(page, false);
    },
  },
];

const pushed = [
  {
    id: 'OP-28',
    variant: 'par',
    what: 'takes pushed authorization requests only (RFC 9126)',
    server: {
      metadata(m, { issuer }) {
        m.pushed_authorization_request_endpoint = `${issuer}/par`;
        m.require_pushed_authorization_requests = true;
      },
    },
    want: {},
    asks: ['par', ...token],
    async act(scene) {
      await scene.signIn();
      const [{ query }] = scene.as.requests('authorize');
      assert.deepEqual([...query.keys()].sort(), ['client_id', 'request_uri']);
    },
  },
  {
    id: 'OA-32',
    variant: 'par',
    what: 'leads to another origin where requests are pushed',
    server: {
      metadata(m, { issuer }) {
        m.pushed_authorization_request_endpoint = `${issuer}/par`;
        m.require_pushed_authorization_requests = true;
      },
      instead: {
        par: ({ response, as }) => void response.writeHead(307, { location: `${as.evil}/stolen` }).end(),
      },
    },
    want: { error: 'network_error' },
    asks: ['par'],
  },
];

export const ways = [...frontChannel, ...silent, ...pushed];
