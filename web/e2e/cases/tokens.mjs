// What the token endpoint answers, at a sign-in and at a refresh, and the userinfo endpoint.
import assert from 'node:assert/strict';
import { bitWrong, sign, unsigned } from '../servers/hostile-keys.mjs';
import { leadsAway } from './discovery.mjs';

const token = ['authorize', 'token'];
const refused = (error) => ({ want: { error }, asks: token });
const accepted = { want: {}, asks: token };

const tokens = (change) => ({ tokens: (body, grant) => void change(body, grant) });
const atRefresh = (change) => (value, grant) => void (grant.by === 'refresh_token' && change(value, grant));

/** What `session.refresh()` ends with: an error's code, if there is one. */
const refresh = (page) =>
  page.evaluate(() =>
    session.refresh().then(
      () => {},
      ({ code }) => code,
    ),
  );
const count = (page, wanted) =>
  page.evaluate((wanted) => globalThis.events.filter(({ type }) => type === wanted).length, wanted);

/** A refresh whose id token is not about the same person, or not for the same client: the session is over. */
const endsSession = (id, variant, what, change) => ({
  id,
  variant,
  what: `at a refresh, ${what}`,
  server: { idToken: atRefresh(change) },
  want: {},
  asks: token,
  async act(scene) {
    const page = await scene.signIn();
    assert.equal(await refresh(page), 'session_expired');
    for (const type of ['expired', 'logout']) assert.equal(await count(page, type), 1, type);
    assert.equal((await page.evaluate(() => session.state)).userId, 'anonymous');
    const [, , ...later] = scene.as.asked();
    assert.equal(later[0], 'token');
    assert.ok(later.slice(1).every((endpoint) => endpoint === 'revoke'));
    await scene.checkApi(page, false);
  },
});

/** One request of the page's for its own data, and what becomes of the token. */
const userinfo = (page, as) => page.evaluate(async (url) => (await fetch(url)).json(), `${as.issuer}/userinfo`);

/** What the session itself says of the person, by the userinfo endpoint, or why not. */
const ownUserinfo = (page) =>
  page.evaluate(() =>
    session.getUserInfo().then(
      ({ sub, name }) => ({ sub, name }),
      ({ code }) => ({ code }),
    ),
  );
const refusal = 'server_error';

/** Userinfo as a JWT (OpenID Connect Core, section 5.3.2), changed in its claims and after that. */
function signed(then, more) {
  return async (claims, { issuer, signing }) => {
    const { kid, alg } = signing;
    return then(
      await sign({ header: { alg, kid }, claims: { iss: issuer, aud: 'app', ...claims, ...more }, key: signing }),
    );
  };
}

const badAccessTokens = {
  empty: ['an empty access token', ''],
  object: ['an object as access token', { value: 'at' }],
  number: ['a number as access token', 7],
  null: ['null as access token', null],
  crlf: ['an access token with a line break and a header', 'at\r\nx-admin: 1'],
  space: ['an access token with a space', 'at at'],
  unicode: ['an access token beyond ASCII', 'at_ä'],
  nul: ['an access token with a NUL', 'at_\0'],
};

const badTypes = {
  unknown: ['an unknown token_type', 'mac'],
  dpop: ['a token_type that was not asked for', 'DPoP'],
  crlf: ['a token_type with a line break', 'Bearer\r\nx-admin: 1'],
  list: ['a list as token_type', ['Bearer']],
};

export const tokenAnswers = [
  {
    id: 'OP-16',
    what: 'wants a nonce: each sign-in sends its own, of 128 bits at least',
    server: {},
    want: { logins: 2 },
    asks: [...token, ...token],
    async act(scene) {
      const page = await scene.open();
      for (let i = 0; i < 2; i++) await scene.leave(page);
      await scene.check(page);
      const nonces = scene.as.requests('authorize').map(({ query }) => query.get('nonce'));
      for (const nonce of nonces) assert.match(nonce, /^[\w-]{22,}$/);
      assert.notEqual(...nonces);
    },
  },
  {
    id: 'OP-18',
    what: 'wants the secret by HTTP Basic',
    server: {
      metadata: (m) => void (m.token_endpoint_auth_methods_supported = ['client_secret_basic']),
      instead: {
        token: ({ headers, send }) =>
          headers.authorization === `Basic ${Buffer.from('app:s%2Fcret').toString('base64')}`
            ? false
            : send(401, { error: 'invalid_client' }),
      },
    },
    auth: { clientSecret: 's/cret' },
    ...accepted,
    async act(scene) {
      await scene.signIn();
      const [{ form }] = scene.as.requests('token');
      assert.ok(!form.has('client_secret'), 'in one place only (RFC 6749, section 2.3)');
    },
  },
  {
    id: 'OP-19',
    what: 'wants the token in the header at its userinfo endpoint',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      assert.equal((await userinfo(page, scene.as)).sub, 'alice');
      const [{ headers, query, form }] = scene.as.requests('userinfo');
      assert.ok(/^Bearer at_/.test(headers.authorization));
      assert.deepEqual([query.size, form.size], [0, 0]);
    },
  },
  {
    id: 'OP-20',
    what: 'would take the token in the body at its userinfo endpoint',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      const url = `${scene.as.issuer}/userinfo`;
      const body = { method: 'POST', body: 'x=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      await page.evaluate(([url, init]) => fetch(url, init), [url, body]);
      const [{ headers, query, form }] = scene.as.requests('userinfo');
      assert.ok(/^Bearer at_/.test(headers.authorization));
      assert.deepEqual([`${query}`, `${form}`], ['', 'x=1']);
    },
  },
  ...[
    ['OP-01', 'userinfo', 'has userinfo about the person', {}],
    ['OP-14', '', 'has userinfo about somebody else', { userinfo: (claims) => void (claims.sub = 'mallory') }, refusal],
    ['OP-14', 'absent', 'has userinfo without a sub', { userinfo: (claims) => void delete claims.sub }, refusal],
    ['OP-27', '', 'signs userinfo', { userinfo: signed((jwt) => jwt) }],
    ['OP-27', 'bit', 'signs userinfo, with one bit wrong', { userinfo: signed(bitWrong) }, refusal],
    ['OP-27', 'none', 'signs userinfo with none', { userinfo: signed((jwt) => unsigned(jwt)) }, refusal],
    [
      'OP-27',
      'iss',
      'signs userinfo as another issuer',
      { userinfo: signed((jwt) => jwt, { iss: 'https://other.example' }) },
      refusal,
    ],
    [
      'OP-27',
      'aud',
      'signs userinfo for another client',
      { userinfo: signed((jwt) => jwt, { aud: 'other' }) },
      refusal,
    ],
    [
      'OP-27',
      'sub',
      'signs userinfo about somebody else',
      { userinfo: signed((jwt) => jwt, { sub: 'mallory' }) },
      refusal,
    ],
    [
      'OA-32',
      'userinfo',
      'leads to another origin at its userinfo endpoint',
      { instead: { userinfo: leadsAway } },
      'network_error',
    ],
  ].map(([id, variant, what, server, error]) => ({
    id,
    variant,
    what,
    server,
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      assert.deepEqual(await ownUserinfo(page), error ? { code: error } : { sub: 'alice', name: 'Alice' });
      assert.deepEqual(scene.as.asked(), [...token, 'userinfo']);
      // The session goes on, and nothing of it is in its state.
      await scene.check(page, undefined, { claims: { sub: 'alice', name: 'Alice' } }, [...token, 'userinfo']);
    },
  })),
  {
    id: 'OP-35',
    variant: 'userinfo',
    what: 'refuses a token at userinfo: the session is renewed, and asks again',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      scene.as.expire();
      assert.deepEqual(await ownUserinfo(page), { sub: 'alice', name: 'Alice' });
      assert.deepEqual(scene.as.asked(), [...token, 'userinfo', 'token', 'userinfo']);
    },
  },
  endsSession('OP-36', '', 'the id token is of another issuer', ({ claims }) => (claims.iss = 'https://other.example')),
  endsSession('OP-37', '', 'the id token is about somebody else', ({ claims }) => (claims.sub = 'mallory')),
  endsSession('OP-38', 'aud', 'the id token is for another client', ({ claims }) => (claims.aud = 'other')),
  endsSession('OP-38', 'azp', 'the id token was made for another client', ({ claims }) => (claims.azp = 'other')),
  endsSession('OP-38', 'auth_time', 'the person signed in at another time', ({ claims }) => (claims.auth_time -= 600)),
  endsSession('OP-38', 'nonce', 'the id token has another nonce', ({ claims }) => (claims.nonce = 'another')),
  {
    id: 'OP-35',
    what: 'rotates refresh tokens',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const { as } = scene;
      const page = await scene.signIn();
      for (let i = 0; i < 2; i++) {
        as.expire();
        assert.equal((await userinfo(page, as)).sub, 'alice');
      }
      const again = ['userinfo', 'token', 'userinfo'];
      assert.deepEqual(as.asked(), [...token, ...again, ...again]);
      const used = as.requests('token').map(({ form }) => form.get('refresh_token'));
      assert.ok(used[1] && used[2] && used[1] !== used[2], 'each is used once');
    },
  },
  {
    id: 'OP-39',
    what: 'sends no id token at a refresh',
    server: { tokens: atRefresh((body) => delete body.id_token) },
    want: { claims: { name: 'Alice' } },
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      assert.equal(await refresh(page), undefined);
      await scene.check(page, undefined, scene.one.want, [...token, 'token']);
    },
  },
  {
    id: 'OP-55',
    variant: 'small',
    what: 'writes bearer',
    server: tokens((b) => (b.token_type = 'bearer')),
    ...accepted,
  },
  {
    id: 'OP-55',
    variant: 'capitals',
    what: 'writes BEARER',
    server: tokens((b) => (b.token_type = 'BEARER')),
    ...accepted,
  },
  {
    id: 'OP-56',
    what: 'does not say how long a token lives: it is renewed when it is refused',
    server: tokens((b) => delete b.expires_in),
    want: { state: { expiresAt: null } },
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      scene.as.expire();
      assert.equal((await userinfo(page, scene.as)).sub, 'alice');
      assert.deepEqual(scene.as.asked(), [...token, 'userinfo', 'token', 'userinfo']);
    },
  },
  {
    id: 'OP-58',
    what: 'is told a max_age, and says that the person signed in an hour ago',
    server: { idToken: ({ claims }) => void (claims.auth_time -= 3600) },
    auth: { maxAge: 60 },
    ...refused('id_token_invalid'),
  },
  {
    id: 'OP-58',
    variant: 'absent',
    what: 'is told a max_age, and does not say when the person signed in',
    server: { idToken: ({ claims }) => void delete claims.auth_time },
    auth: { maxAge: 60 },
    ...refused('id_token_invalid'),
  },
  {
    id: 'OP-58',
    variant: 'fresh',
    what: 'is told a max_age, and keeps to it',
    server: {},
    auth: { maxAge: 60 },
    ...accepted,
    async act(scene) {
      await scene.signIn();
      assert.equal(scene.as.requests('authorize')[0].query.get('max_age'), '60');
    },
  },
  {
    id: 'OP-59',
    what: 'is asked for an acr, and says none: the page can see that',
    server: {},
    want: { claims: { acr: undefined } },
    asks: token,
    async act(scene) {
      await scene.signIn({ returnTo: '/home', params: { acr_values: 'urn:mfa' } });
      assert.equal(scene.as.requests('authorize')[0].query.get('acr_values'), 'urn:mfa');
    },
  },
  { id: 'OP-61', what: 'sends no id token', server: tokens((b) => delete b.id_token), ...refused('id_token_invalid') },
  {
    id: 'OA-31',
    what: 'leads to another origin at its token endpoint',
    server: { instead: { token: leadsAway } },
    ...refused('network_error'),
  },
  {
    id: 'OA-31',
    variant: 'refresh',
    what: 'leads to another origin at a refresh',
    server: {
      instead: { token: ({ form, ...rest }) => (form.get('grant_type') === 'refresh_token' ? leadsAway(rest) : false) },
    },
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      assert.equal(await refresh(page), 'network_error');
      await scene.check(page, undefined, {}, [...token, 'token']);
    },
  },
  {
    id: 'OA-37',
    what: 'grants less than was asked for',
    server: tokens((b) => (b.scope = 'openid')),
    want: { state: { scope: ['openid'] } },
    asks: token,
  },
  {
    id: 'OA-37',
    variant: 'more',
    what: 'grants more than was asked for',
    server: tokens((b) => (b.scope += ' admin')),
    want: { state: { scope: ['openid', 'offline_access', 'profile', 'admin'] } },
    asks: token,
  },
  {
    id: 'OA-37',
    variant: 'silent',
    what: 'does not say what it grants: what was asked for (RFC 6749, section 5.1)',
    server: tokens((b) => delete b.scope),
    want: { state: { scope: ['openid', 'offline_access', 'profile'] } },
    asks: token,
  },
  {
    id: 'OA-38',
    variant: 'absent',
    what: 'leaves token_type out',
    server: tokens((b) => delete b.token_type),
    ...refused('server_error'),
  },
  ...Object.entries(badTypes).map(([variant, [what, value]]) => ({
    id: 'OA-38',
    variant,
    what: `sends ${what}`,
    server: tokens((b) => (b.token_type = value)),
    ...refused('server_error'),
  })),
  {
    id: 'OA-39',
    variant: 'absent',
    what: 'sends no access token',
    server: tokens((b) => delete b.access_token),
    ...refused('server_error'),
  },
  ...Object.entries(badAccessTokens).map(([variant, [what, value]]) => ({
    id: 'OA-39',
    variant,
    what: `sends ${what}`,
    server: tokens((b) => (b.access_token = value)),
    ...refused('server_error'),
  })),
];
