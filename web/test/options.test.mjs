import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createSession, latchkey, native, oauth, occ, oidc, play, runtime, visit } from './page.mjs';

beforeEach(() => {
  play();
  visit('https://app.test/page?a#b');
  globalThis.fetch = native;
});

const auth = { issuer: 'https://id.test', clientId: 'shop' };
const endpoints = { authorization: 'https://id.test/authorize', token: 'https://id.test/token' };
const make = (options) => createSession({ auth: oidc(auth), api: ['https://api.test/'], ...options });
const refused = (code, name, options) =>
  assert.throws(
    () => make(options),
    (error) => {
      assert.equal(error.code, code, `${name}: ${error}`);
      assert.ok(error.message.includes(name), `${error.message} names ${name}`);
      assert.equal(fetch, native);
      return latchkey.isSessionError(error);
    },
    name,
  );
const invalid = (name, options) => refused('config_invalid', name, options);
const later = (name, options) => refused('not_supported', name, options);

test('no options at all', () => {
  for (const nothing of [undefined, null, 'x', 1, []])
    assert.throws(() => createSession(nothing), { name: 'SessionError', code: 'config_invalid' });
});

test('an unknown option is refused by name', () => {
  invalid('storrage', { storrage: 'local' });
  invalid('auth.client_id', { auth: oidc({ ...auth, client_id: 'x' }) });
  invalid('auth.endpoints', { auth: oidc({ ...auth, endpoints }) });
  invalid('auth.issuer', { auth: oauth({ issuer: auth.issuer, clientId: 'x', endpoints }) });
  invalid('auth.endpoints.tokn', { auth: oauth({ clientId: 'x', endpoints: { ...endpoints, tokn: 'x' } }) });
  invalid('redirect.path', { redirect: { path: '/' } });
  invalid('api[1].uri', { api: ['/', { uri: '/a' }] });
  invalid('__proto__', JSON.parse('{"__proto__": 1}'));
  invalid('constructor', { constructor: 1 });
});

test('a missing option is refused by name', () => {
  invalid('auth', { auth: undefined });
  invalid('api', { api: undefined });
  invalid('auth.issuer', { auth: oidc({ clientId: 'x' }) });
  invalid('auth.issuer', { auth: oidc({ clientId: 'x', issuer: '' }) });
  invalid('auth.clientId', { auth: oidc({ issuer: auth.issuer }) });
  invalid('auth.endpoints', { auth: oauth({ clientId: 'x' }) });
  invalid('auth.endpoints.token', { auth: oauth({ clientId: 'x', endpoints: { authorization: 'https://id.test/' } }) });
  invalid('auth.endpoints.authorization', { auth: oauth({ clientId: 'x', endpoints: { token: 'https://id.test/' } }) });
  invalid('auth.scheme', { auth });
});

test('an option of a wrong type is refused by name', () => {
  const wrong = {
    auth: [1, null, 'oidc', []],
    api: [1, null, 'https://api.test/', {}],
    intercept: ['xhr', true, null],
    storage: ['disk', 1, null, 'object'],
    persistRefreshToken: ['true', 1],
    context: [1, null],
    isolation: ['frame', null],
    load: ['lazy', 1],
    wasmURL: [1, null],
    refreshLeeway: [-1, '30', NaN, Infinity, 2 ** 31, null],
    retries: [-1, '1', true],
    timeout: ['10', -1, 2 ** 31],
    limits: [600, null, false],
    redirect: ['/login', null],
    navigate: ['/', {}],
    allowInsecure: ['yes', 1, null],
  };
  for (const [name, values] of Object.entries(wrong)) for (const value of values) invalid(name, { [name]: value });
  for (const name of ['getItem', 'setItem', 'removeItem']) {
    const storage = { getItem() {}, setItem() {}, removeItem() {} };
    invalid(`storage.${name}`, { storage: { ...storage, [name]: 1 } });
  }
  const wrongAuth = {
    clientId: [1],
    scope: [['openid'], 1],
    flow: ['hybrid', 1],
    clockTolerance: ['60', -1],
    dpop: ['yes'],
    redirectUri: [1],
    clientSecret: [1],
  };
  for (const [name, values] of Object.entries(wrongAuth))
    for (const value of values) invalid(`auth.${name}`, { auth: oidc({ ...auth, [name]: value }) });
  for (const scheme of ['saml', 'constructor', '', 1, null, ['oidc'], { __proto__: null }])
    invalid('auth.scheme', { auth: { ...oidc(auth), scheme } });
  invalid('api[0]', { api: [null] });
  invalid('api[0].as', { api: [{ url: '/', as: 'me' }] });
  invalid('api[0].except', { api: [{ url: '/', except: '/a' }] });
  invalid('api[0].except', { api: [{ url: '/', except: [1] }] });
  for (const limit of ['idle', 'absolute', 'warning'])
    for (const value of ['600', -1, NaN, null]) invalid(`limits.${limit}`, { limits: { [limit]: value } });
  invalid('limits.sleep', { limits: { sleep: 600 } });
  invalid('redirect.exclude', { redirect: { exclude: [1] } });
  invalid('redirect.exclude', { redirect: { exclude: '/a' } });
  invalid('redirect.public', { redirect: { public: '/a' } });
  invalid('redirect.protected', { redirect: { protected: 'true' } });
});

test('ST-29 what is not built yet is refused by name: the refresh token is kept with the session', () => {
  later('isolation', { isolation: 'worker' });
  later('persistRefreshToken', { persistRefreshToken: false });
  for (const [name, value] of Object.entries({ customTokenParameters: [], requireState: false }))
    later(`auth.${name}`, { auth: oauth({ clientId: 'x', endpoints, [name]: value }) });
});

test('S9, S48, S72 occ() knows both generations, and takes the flow from the response type', async () => {
  const shop = { baseUrl: 'https://shop.test/rest/', baseSite: 'electronics-spa' };
  const told = async (more, names) => {
    const config = await configOf({ auth: occ({ ...shop, ...more }) });
    return names.split(' ').map((name) => config[name]);
  };
  const all = 'client clientSecret flow clientTokens authorizeRevocation';
  assert.deepEqual(await told({}, 'agent'), [{}]);
  assert.deepEqual(await told({ agent: false }, 'agent'), [false]);
  assert.deepEqual(await told({}, all), ['mobile_android_public', undefined, 'code', false, false]);
  assert.deepEqual(await told({ flow: 'password' }, all), ['mobile_android', 'secret', 'password', true, true]);
  assert.deepEqual(await told({ clientId: 'mobile_android' }, all), [
    'mobile_android',
    'secret',
    'password',
    true,
    true,
  ]);
  assert.deepEqual(await told({ clientId: 'app', clientSecret: 's' }, all), ['app', 's', 'password', true, true]);
  assert.deepEqual(await told({ clientId: 'app', flow: 'password' }, all), ['app', undefined, 'password', true, true]);
  assert.deepEqual(await told({ clientId: 'app', clientTokens: true }, all), ['app', undefined, 'code', true, false]);
  const flows = { code: 'code', 'code id_token': 'code', token: 'implicit', 'id_token token': 'implicit' };
  for (const [responseType, flow] of Object.entries({ ...flows, id_token: 'password' })) {
    const asked = flow == 'password' ? undefined : responseType;
    assert.deepEqual(await told({ responseType }, 'flow responseType'), [flow, asked]);
  }
  const [key, context, endpoints] = await told(
    { endpoints: { userinfo: 'https://id.test/me' } },
    'key context endpoints',
  );
  assert.deepEqual(endpoints, {
    authorization: 'https://shop.test/rest/authorizationserver/oauth/authorize',
    token: 'https://shop.test/rest/authorizationserver/oauth/token',
    revocation: 'https://shop.test/rest/authorizationserver/oauth/revoke',
    userinfo: 'https://id.test/me',
  });
  assert.equal(context, 'electronics-spa');
  assert.equal(key, `latchkey/1/${encodeURIComponent(endpoints.token)}/mobile_android_public/electronics-spa`);
  assert.equal((await configOf({ auth: occ(shop), context: 'all' })).context, 'all');
  const scheme = occ({ ...shop, agent: { idleTimeout: 60 } });
  assert.deepEqual(JSON.parse(JSON.stringify(scheme)).agent, { idleTimeout: 60 });
});

test('occ() names what is wrong', () => {
  const shop = { baseUrl: 'https://shop.test', baseSite: 'electronics-spa' };
  const wrong = (name, more) => invalid(name, { auth: occ({ ...shop, ...more }) });
  wrong('auth.baseUrl', { baseUrl: undefined });
  wrong('auth.baseUrl', { baseUrl: 'http://shop.test' });
  wrong('auth.baseSite', { baseSite: undefined });
  wrong('auth.isolated', { isolated: 'yes' });
  wrong('auth.agent.idleTime', { agent: { idleTime: 1 } });
  wrong('auth.agent.flow', { agent: { flow: 'implicit' } });
  wrong('auth.agent', { agent: true });
  invalid('auth.agent', { auth: occ({ ...shop, agent: false }), api: [{ url: '/', as: 'agent' }] });
  invalid('auth.agent', { api: [{ url: '/', as: 'agent' }] });
});

test('OA-15 tokens come through the address bar only where that was asked for', async () => {
  const told = async (options) => {
    const { responseType, flow } = await configOf({ auth: oidc({ ...auth, ...options }) });
    return [flow, responseType];
  };
  assert.deepEqual(await told({}), ['code', undefined]);
  assert.deepEqual(await told({ flow: 'implicit' }), ['implicit', 'token']);
  assert.deepEqual(await told({ flow: 'implicit', scope: 'openid api' }), ['implicit', 'id_token token']);
  assert.deepEqual(await told({ flow: 'implicit', responseType: 'id_token' }), ['implicit', 'id_token']);
  assert.deepEqual(await told({ responseType: 'code id_token' }), ['code', 'code id_token']);
  for (const wrong of [
    { responseType: 'token id_token' },
    { responseType: 'code code' },
    { responseType: 'none' },
    { responseType: 'code', flow: 'implicit' },
    { responseType: 'code', flow: 'password' },
  ])
    invalid('auth.responseType', { auth: oidc({ ...auth, ...wrong }) });
  const { authorization } = endpoints;
  make({ auth: oauth({ clientId: 'x', endpoints: { authorization }, flow: 'implicit' }) }).close();
  invalid('auth.endpoints.authorization', { auth: oauth({ clientId: 'x', endpoints: {}, flow: 'implicit' }) });
  invalid('auth.endpoints.token', {
    auth: oauth({ clientId: 'x', endpoints: { authorization }, responseType: 'code token' }),
  });
});

test('OA-29 the origins of endpoints may be pinned', async () => {
  const told = async (endpointOrigins) =>
    (await configOf({ auth: oidc({ ...auth, endpointOrigins }) })).endpointOrigins;
  assert.deepEqual(await told('issuer'), [new URL(auth.issuer).origin]);
  assert.deepEqual(await told(['https://a.test/', 'https://B.test:443/x']), ['https://a.test', 'https://b.test']);
  invalid('auth.endpointOrigins', { auth: oidc({ ...auth, endpointOrigins: 'https://a.test' }) });
  for (const origin of ['a.test', 'http://a.test', '*', 7])
    invalid('auth.endpointOrigins[0]', { auth: oidc({ ...auth, endpointOrigins: [origin] }) });
});

test('OP-43 the session at the server is watched if that is asked for, of an OpenID provider', async () => {
  const told = async (more) => (await configOf({ auth: oidc({ ...auth, ...more }) })).monitorSession;
  assert.equal(await told({}), undefined);
  assert.equal(await told({ monitorSession: true }), true);
  invalid('auth.monitorSession', { auth: oidc({ ...auth, monitorSession: 'yes' }) });
  invalid('auth.monitorSession', { auth: oauth({ clientId: 'x', endpoints, monitorSession: true }) });
});

test('what says that it wants no such feature is no reason to refuse', () => {
  make({
    persistRefreshToken: true,
    isolation: 'page',
    auth: oidc({ ...auth, dpop: false, responseType: 'code', flow: 'code' }),
  }).close();
  make({ auth: oauth({ clientId: 'x', endpoints, requireState: true }), api: [] }).close();
});

test('the password grant is for oidc as for oauth', () => {
  make({ auth: oidc({ ...auth, flow: 'password' }) }).close();
  make({ auth: oauth({ clientId: 'x', endpoints: { token: endpoints.token }, flow: 'password' }) }).close();
});

test('UM-34 bad prefixes are refused', () => {
  for (const url of [
    '',
    '*',
    'https://*.test/',
    'https://api.test/*',
    'api.test',
    'api.test/v1',
    'api.test:443/v1',
    'localhost:80/',
    'https://api.test./v1',
    'https://api.test.:8080/',
    'https://user:pw@api.test/',
    'https://user@api.test/',
    'https://api.test/?a',
    'https://api.test/?',
    'https://api.test/#a',
    'https://api.test/v1/../',
    'https://api.test/..',
    '../api',
    'https://api.test/%2E%2e/a',
    'https://api.test/a\\..\\b',
    'http://api.test/',
    'ftp://api.test/',
    'javascript:1',
    'data:,',
    'https://',
  ]) {
    invalid('api[0]', { api: [url] });
    invalid('api[0].url', { api: [{ url }] });
  }
  invalid('api[1].url', { api: ['https://api.test/', 'https://API.test'] });
  for (const one of ['https://other.test/', '/v2', '../', 'a*'])
    invalid('api[0].except', { api: [{ url: 'https://api.test/v1', except: [one] }] });
  invalid('api[0].except', { api: [{ url: 'https://api.test/v1/', except: ['https://api.test/v1/'] }] });
});

test('OA-36 http: is for loopback, unless allowInsecure', () => {
  for (const host of ['localhost', 'a.localhost', '127.0.0.1:8080', '127.1.2.3', '[::1]:3000']) {
    make({ auth: oidc({ ...auth, issuer: `http://${host}` }), api: [`http://${host}/`] }).close();
  }
  for (const host of ['id.test', 'localhost.test', '127.0.0.1.test', '10.0.0.1', '[::2]', 'evillocalhost']) {
    const issuer = `http://${host}`;
    invalid('auth.issuer', { auth: oidc({ ...auth, issuer }) });
    invalid('api[0]', { api: [`${issuer}/`] });
    invalid('auth.endpoints.token', { auth: oauth({ clientId: 'x', endpoints: { ...endpoints, token: issuer } }) });
    make({ auth: oidc({ ...auth, issuer }), api: [`${issuer}/`], allowInsecure: true }).close();
  }
});

test("a server's URL has no user info and no fragment, an issuer no query", () => {
  for (const issuer of [
    'https://a@id.test',
    'https://id.test/#a',
    'https://id.test/?a',
    'id.test',
    'javascript:1',
    '/id',
  ])
    invalid('auth.issuer', { auth: oidc({ ...auth, issuer }) });
  for (const revocation of ['https://a@id.test', 'https://id.test/#a', 'javascript:1', ''])
    invalid('auth.endpoints.revocation', { auth: oauth({ clientId: 'x', endpoints: { ...endpoints, revocation } }) });
});

test('OA-18 a redirect URI is of this origin and has no fragment', () => {
  for (const redirectUri of [
    'https://other.test/',
    'https://app.test/#a',
    'https://app.test/#',
    '//other.test/',
    'http://app.test/',
    'https://[',
  ])
    invalid('auth.redirectUri', { auth: oidc({ ...auth, redirectUri }) });
});

test('paths are of this origin', () => {
  for (const name of ['loginPath', 'logoutPath', 'homePath'])
    for (const path of ['//evil.test', '/\\evil.test', '/\t/evil.test', 'https://evil.test', 'login', '', 1])
      invalid(`redirect.${name}`, { redirect: { [name]: path } });
  for (const path of ['//evil.test', '/\\evil.test', 'https://app.test/a', 'a', '', 1, null]) {
    for (const name of ['exclude', 'public']) invalid(`redirect.${name}`, { redirect: { [name]: ['/a', path] } });
    if (path !== '' && path !== null) invalid('redirect.prefix', { redirect: { prefix: path }, navigate() {} });
  }
});

test('redirect.prefix is for an app that has a router', async () => {
  invalid('redirect.prefix', { redirect: { prefix: '/shop/*' } });
  assert.equal((await configOf({ redirect: { prefix: '' } })).prefix, '');
  assert.equal((await configOf({ redirect: { prefix: '/shop/*' }, navigate() {} })).prefix, '/shop/*');
});

test('options are read once, and own ones only', () => {
  const read = [];
  const hostile = new Proxy(
    { auth: oidc(auth), api: [{ url: 'https://api.test/' }], storage: 'memory' },
    { get: (target, name) => (read.push(name), target[name]) },
  );
  createSession(hostile).close();
  assert.deepEqual(read.sort(), ['api', 'auth', 'storage']);
  const inherited = Object.create(
    { intercept: 'none' },
    Object.getOwnPropertyDescriptors({ auth: oidc(auth), api: [] }),
  );
  const session = createSession(inherited);
  assert.notEqual(fetch, native);
  session.close();
});

const configOf = async (options) => {
  const session = make({ ...options, load: 'demand' });
  session.refresh().catch(() => {});
  const { config } = (await runtime()).options;
  session.close();
  play();
  return JSON.parse(JSON.stringify(config));
};

test('the core gets every option; what it does not get has its default there', async () => {
  assert.deepEqual(await configOf(), {
    scheme: 'oidc',
    key: 'latchkey/1/https%3A%2F%2Fid.test/shop/',
    issuer: 'https://id.test',
    client: 'shop',
    redirectUri: 'https://app.test/',
    origin: 'https://app.test',
    flow: 'code',
    apiResources: [],
    context: '',
    storage: 'local',
    timeout: 10000,
    home: '/',
    login: '/login',
    logout: '/logout',
    exclude: [],
    public: [],
    leaves: true,
  });
  const storage = { getItem: () => null, setItem() {}, removeItem() {} };
  assert.deepEqual(
    await configOf({
      auth: oauth({
        clientId: 'a/b',
        endpoints: { token: '/oauth/token?x=1', revocation: 'https://id.test/revoke' },
        flow: 'password',
        scope: 'a b',
        redirectUri: 'cb?x=1',
        clockTolerance: 0,
      }),
      context: 'site 1',
      storage,
      refreshLeeway: 0,
      timeout: 1,
      allowInsecure: true,
      redirect: { homePath: '/h', loginPath: '/l', logoutPath: '/o', exclude: ['/l'], public: ['/'], protected: true },
    }),
    {
      scheme: 'oauth',
      key: 'latchkey/1/https%3A%2F%2Fapp.test%2Foauth%2Ftoken%3Fx%3D1/a%2Fb/site%201',
      issuer: 'https://app.test/oauth/token?x=1',
      client: 'a/b',
      scope: 'a b',
      redirectUri: 'https://app.test/cb?x=1',
      origin: 'https://app.test',
      flow: 'password',
      endpoints: { token: 'https://app.test/oauth/token?x=1', revocation: 'https://id.test/revoke' },
      apiResources: [],
      context: 'site 1',
      storage: 'custom',
      refreshLeeway: 0,
      timeout: 1,
      clockTolerance: 0,
      allowInsecure: true,
      home: '/h',
      login: '/l',
      logout: '/o',
      exclude: ['/l'],
      public: ['/'],
      protected: true,
      leaves: true,
    },
  );
});

test('a rule may have a resource: an absolute URI without a fragment, for a user (RFC 8707, section 2)', async () => {
  const url = 'https://api.test/';
  for (const resource of [
    '',
    '/orders',
    'orders',
    'https://a.test/#',
    'https://a.test/a b',
    'urn:ü',
    'urn:\n',
    1,
    ['urn:a'],
  ])
    invalid('api[0].resource', { api: [{ url, resource }] });
  invalid('api[0].resource', { api: [{ url, resource: 'urn:a', as: 'none' }] });
  const { apiResources } = await configOf({
    api: [
      url,
      { url: '/a', resource: 'urn:a' },
      { url: '/b', resource: 'https://b.test?x=1', as: 'user' },
      { url: '/c', resource: 'urn:a' },
    ],
  });
  assert.deepEqual(apiResources, ['urn:a', 'https://b.test?x=1'], 'each once');
});

test('a scheme is plain data', () => {
  const scheme = oidc(auth);
  assert.deepEqual(JSON.parse(JSON.stringify(scheme)), { ...auth, scheme: 'oidc' });
  make({ auth: JSON.parse(JSON.stringify(scheme)) }).close();
  // Whole, the bundle knows each by its name; who leaves presets out, e2e/package.test.mjs tells.
  make({ auth: { scheme: 'vendure', url: 'https://shop.test/shop-api' } }).close();
  make({ auth: { scheme: 'cookies', session: '/session' } }).close();
  make({ auth: { ...occ({ baseUrl: 'https://shop.test', baseSite: 'a' }), agent: false } }).close();
});

test('an insecure page is refused in a sentence', () => {
  globalThis.isSecureContext = false;
  try {
    refused('runtime_failed', 'https', {});
  } finally {
    globalThis.isSecureContext = true;
  }
});

test('S12 codeExchange is a URL of the app, and goes with a code alone', async () => {
  const given = (more, make = oidc) => ({ auth: make({ ...(make == oidc ? auth : {}), clientId: 'shop', ...more }) });
  const codeExchange = '/auth/code';
  assert.equal((await configOf(given({ codeExchange }))).codeExchange, 'https://app.test/auth/code');
  for (const more of [{}, { responseType: 'code' }, { flow: 'code' }, { dpop: false }])
    make(given({ codeExchange, ...more })).close();
  for (const wrong of ['', 1, null, 'http://app.test/auth', 'javascript:0', 'https://a@app.test/', '/auth#a'])
    invalid('auth.codeExchange', given({ codeExchange: wrong }));
  for (const more of [
    { flow: 'implicit' },
    { responseType: 'code id_token' },
    { responseType: 'token' },
    { dpop: true },
    { monitorSession: true },
  ])
    invalid('auth.codeExchange', given({ codeExchange, ...more }));
  const { token, ...rest } = endpoints;
  invalid('auth.codeExchange', given({ codeExchange, flow: 'password', endpoints: { token } }, oauth));
  make(given({ codeExchange, endpoints: rest }, oauth)).close();
});

test('CK-01 cookies() makes of its options what the core and each request need', async () => {
  const of = (auth, more) => configOf({ auth: latchkey.cookies({ session: '/session', ...auth }), ...more });
  const { backend, csrf, visitors, issuer } = await of({ login: '/in', logout: '/out', csrf: { cookie: 'a' } });
  const at = (path) => new URL(path, location.href).href;
  assert.deepEqual(backend.login, { username: 'username', password: 'password', url: at('/in') });
  assert.deepEqual(
    [backend.logout, backend.session, backend.refresh, issuer],
    [at('/out'), at('/session'), undefined, at('/session')],
  );
  assert.deepEqual({ ...csrf }, { header: 'x-csrf-token', cookie: 'a' });
  assert.deepEqual(
    visitors,
    ['user', 'client'].map((as) => ({ as, credentials: 'include', csrf })),
  );
  assert.deepEqual({ ...(await of({ csrf: {} })).csrf }, { header: 'x-requested-with', value: 'XMLHttpRequest' });
  const supertokens = await of({
    session: undefined,
    protocol: 'supertokens',
    login: { url: '/in', formFields: true },
  });
  assert.deepEqual(supertokens.headers, { 'st-auth-mode': 'cookie', rid: 'anti-csrf' });
  assert.deepEqual([supertokens.backend.login.username, supertokens.issuer], ['email', at('/auth/session/refresh')]);
  const its = { session: undefined, protocol: 'supertokens' };
  const { claims } = (
    await of({
      ...its,
      claims: [
        { id: 'a', refresh: '/a' },
        { id: 'b', hasValue: 1 },
      ],
    })
  ).backend;
  assert.deepEqual(claims, [
    { id: 'a', refresh: at('/a') },
    { id: 'b', hasValue: 1 },
  ]);
  for (const [name, auth] of Object.entries({
    claims: { ...its, claims: 'a' },
    'claims ': { ...its, claims: [{ id: 'a', refresh: 'http://id.test/' }] },
    session: { session: undefined },
    login: { login: 'http://id.test/in' },
    'login.url': { login: {} },
    'csrf.header': { csrf: { header: 'a b' } },
    'csrf.endpoint': { csrf: { endpoint: 'ftp://a' } },
    csrf: { session: undefined, protocol: 'supertokens', csrf: {} },
    userId: { session: undefined, protocol: 'supertokens', userId: 'a' },
    marker: { session: undefined, protocol: 'supertokens', marker: 'a' },
    tokenTransferMethod: { tokenTransferMethod: 'header' },
  }))
    invalid(`auth.${name.trim()}`, { auth: latchkey.cookies({ session: '/session', ...auth }) });
});
