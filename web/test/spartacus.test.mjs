// A storefront's configuration becomes a scheme, and each thing that is not carried over has its sentence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, occ, visit } from './page.mjs';

/** The defaults of @spartacus/core 4.3.8. */
const classic = {
  client_id: 'mobile_android',
  client_secret: 'secret',
  tokenEndpoint: '/oauth/token',
  revokeEndpoint: '/oauth/revoke',
  loginUrl: '/oauth/authorize',
  OAuthLibConfig: {
    scope: '',
    customTokenParameters: ['token_type'],
    strictDiscoveryDocumentValidation: false,
    skipIssuerCheck: true,
    disablePKCE: true,
    oidc: false,
    clearHashAfterLogin: false,
  },
};

/** Those of the 2025 generation, where authorizationCodeFlowByDefault is off. */
const classicOf2025 = { ...classic, sendAuthHeaderOnRevoke: true, useClientTokens: true };

/** And where it is on, with asyncAuthConfigInitializer. */
const code = {
  client_id: 'mobile_android_public',
  tokenEndpoint: '/oauth/token',
  revokeEndpoint: '/oauth/revoke',
  loginUrl: '/oauth/authorize',
  OAuthLibConfig: { ...classic.OAuthLibConfig, disablePKCE: false, responseType: 'code' },
  customLoginPage: { csrfEndpoint: '/csrf', loginFormEndpoint: '/login' },
  initializerOptions: { addBaseSiteToRedirectUri: 'auto', baseSiteSuffix: 'auto' },
};

const backend = {
  occ: { baseUrl: 'https://shop.test', prefix: '/occ/v2/' },
  context: { baseSite: ['electronics-spa'], urlParameters: ['baseSite', 'language', 'currency'] },
};

const read = (authentication, more = backend) => {
  const said = [];
  const scheme = occ.fromSpartacusConfig(authentication, more, (...sentence) => said.push(...sentence));
  return { scheme: JSON.parse(JSON.stringify(scheme)), said };
};
/** With further options of the engine. */
const lib = (options, from = classic) => ({ ...from, OAuthLibConfig: { ...from.OAuthLibConfig, ...options } });
const told = (authentication, more) => read(authentication, more).said.map((text) => text.replace('Spartacus: ', ''));

const at = 'https://shop.test/authorizationserver/oauth/';
const loginForm = {
  csrf: 'https://shop.test/authorizationserver/csrf',
  action: 'https://shop.test/authorizationserver/login',
};
const endpoints = { authorization: `${at}authorize`, token: `${at}token`, revocation: `${at}revoke` };

test('the defaults of 4.3.8 are carried over without a word', () => {
  for (const authentication of [classic, classicOf2025])
    assert.deepEqual(read(authentication), {
      scheme: {
        scheme: 'occ',
        baseUrl: 'https://shop.test',
        prefix: '/occ/v2',
        baseSite: 'electronics-spa',
        clientId: 'mobile_android',
        clientSecret: 'secret',
        flow: 'password',
        scope: '',
        clientTokens: true,
        authorizeRevocation: true,
        endpoints,
        loginForm,
      },
      said: [],
    });
});

test('the defaults with codes are carried over, except for what depends on the site', () => {
  assert.deepEqual(read(code), {
    scheme: {
      scheme: 'occ',
      baseUrl: 'https://shop.test',
      prefix: '/occ/v2',
      baseSite: 'electronics-spa',
      clientId: 'mobile_android_public',
      flow: 'code',
      responseType: 'code',
      scope: '',
      clientTokens: false,
      authorizeRevocation: false,
      endpoints,
      loginForm,
    },
    said: ['Spartacus: initializerOptions is not carried over.'],
  });
});

test('createSession takes what comes out', () => {
  visit('https://app.test/');
  for (const authentication of [
    classic,
    classicOf2025,
    code,
    lib({ responseType: 'token id_token', scope: 'openid' }),
    lib({ responseType: 'code token id_token', redirectUri: 'https://app.test/callback', clockSkewInSec: 60 }),
    { ...classic, client_id: 'shop', client_secret: '', userinfoEndpoint: 'userinfo' },
    {},
  ])
    createSession({ auth: occ.fromSpartacusConfig(authentication, backend, () => {}), api: ['/'] }).close();
});

test('S9 the response type decides the flow, and goes on in its usual order', () => {
  const flows = { code: 'code', 'id_token code': 'code', token: 'implicit', 'token id_token': 'implicit' };
  for (const [responseType, flow] of Object.entries(flows)) {
    const { scheme } = read(lib({ responseType }));
    assert.equal(scheme.flow, flow);
    assert.deepEqual(scheme.responseType.split(' '), responseType.split(' ').sort());
  }
  for (const responseType of ['', undefined, 'id_token'])
    assert.equal(read(lib({ responseType })).scheme.flow, 'password');
});

test('endpoints go behind the base URL, whatever they look like', () => {
  const urls = (more) => read({ ...classic, ...more }).scheme.endpoints;
  assert.equal(urls({ tokenEndpoint: 'token' }).token, 'https://shop.test/authorizationserver/token');
  assert.equal(urls({ baseUrl: 'https://id.test/as' }).token, 'https://id.test/as/oauth/token');
  assert.equal(urls({ userinfoEndpoint: '/me' }).userinfo, 'https://shop.test/authorizationserver/me');
  assert.equal(
    urls({ revokeEndpoint: 'https://id.test/revoke' }).revocation,
    'https://shop.test/authorizationserver/https://id.test/revoke',
  );
  const { loginForm: form } = read({
    ...code,
    baseUrl: 'https://id.test/as',
    customLoginPage: { csrfEndpoint: 'token/csrf' },
  }).scheme;
  assert.deepEqual(form, { csrf: 'https://id.test/as/token/csrf', action: 'https://id.test/as/login' });
  const partial = read({ client_id: 'mobile_android' }).scheme;
  assert.deepEqual(partial.endpoints, endpoints, 'as the storefront merges its defaults in');
});

test('options of the engine that have one of ours are carried over', () => {
  const { scheme, said } = read(
    lib({
      scope: 'basic openid',
      redirectUri: 'https://app.test/callback',
      postLogoutRedirectUri: 'https://app.test/',
      clockSkewInSec: 30,
    }),
  );
  const { scope, redirectUri, postLogoutRedirectUri, clockTolerance } = scheme;
  assert.deepEqual(
    { scope, redirectUri, postLogoutRedirectUri, clockTolerance },
    {
      scope: 'basic openid',
      redirectUri: 'https://app.test/callback',
      postLogoutRedirectUri: 'https://app.test/',
      clockTolerance: 30,
    },
  );
  assert.deepEqual(said, []);
});

test('S48, S72 client tokens and the header of a revocation are as they were said, or as the generation has them', () => {
  const both = ({ scheme }) => [scheme.clientTokens, scheme.authorizeRevocation];
  assert.deepEqual(both(read({ ...classic, useClientTokens: false })), [false, true]);
  assert.deepEqual(both(read({ ...classic, sendAuthHeaderOnRevoke: false })), [true, false]);
  assert.deepEqual(both(read({ ...code, useClientTokens: true })), [true, false]);
  assert.deepEqual(both(read(code)), [false, false]);
});

test('a secret that is empty is none', () => {
  assert.equal(read({ ...code, client_secret: '' }).scheme.clientTokens, false, 'and makes no other generation');
  assert.equal(read({ ...classic, client_secret: '' }).scheme.clientSecret, '');
  assert.equal(read({ ...code, client_secret: 's' }).scheme.clientSecret, 's');
});

test('S79 the base site is the one of the context, if it is one', () => {
  const site = (context) => read(classic, { ...backend, context }).scheme.baseSite;
  assert.equal(site({ baseSite: ['a'] }), 'a');
  assert.equal(site({ baseSite: ['a', 'b'] }), undefined);
  assert.equal(site({}), undefined);
  assert.equal(site(undefined), undefined);
  const auth = occ.fromSpartacusConfig(classic, { occ: backend.occ });
  assert.throws(() => createSession({ auth, api: [] }), {
    code: 'config_invalid',
    message: /auth\.baseSite is required/,
  });
  createSession({ auth: { ...auth, baseSite: 'a' }, api: [] }).close();
});

test('what is not carried over, or works in another way, is said by name', () => {
  assert.deepEqual(told(lib({ responseType: 'code' })), [
    'OAuthLibConfig.disablePKCE has no effect: PKCE is always used.',
  ]);
  assert.deepEqual(told(lib({ requireHttps: false })), [
    'OAuthLibConfig.requireHttps is now allowInsecure of createSession.',
  ]);
  const { client_id, ...nameless } = code;
  assert.ok(told(nameless).includes('client_id is taken to be mobile_android_public.'));
  const not = (name, authentication, more) =>
    assert.deepEqual(told(authentication, more), [`${name} is not carried over.`], name);
  for (const name of ['logoutUrl', 'initializerOptions', 'autoConfigure', 'ours'])
    not(name, { ...classic, [name]: '/logout' });
  const engine = {
    issuer: 'https://id.test',
    oidc: true,
    jwks: { keys: [] },
    useHttpBasicAuth: true,
    customQueryParams: { a: 'b' },
    sessionChecksEnabled: true,
    silentRefreshRedirectUri: 'https://app.test/silent.html',
    timeoutFactor: 0.5,
    customTokenParameters: ['token_type', 'tenant'],
  };
  for (const [name, value] of Object.entries(engine)) not(`OAuthLibConfig.${name}`, lib({ [name]: value }));
  not('backend.occ.useWithCredentials', classic, { ...backend, occ: { ...backend.occ, useWithCredentials: true } });
});

test("what is nobody's business but the storefront's is not spoken of", () => {
  const more = { media: { baseUrl: 'https://media.test' }, loadingScopes: {} };
  assert.deepEqual(told(classic, { ...backend, ...more, occ: { ...backend.occ, endpoints: { user: 'u' } } }), []);
  assert.deepEqual(told(lib({ useHttpBasicAuth: false, showDebugInformation: false, issuer: undefined })), []);
  assert.deepEqual(told(lib({ skipIssuerCheck: false, clearHashAfterLogin: true })), []);
});

test('no secret is in a sentence', () => {
  const said = told({
    ...lib({ responseType: 'code', dummyClientSecret: 'hush' }),
    client_secret: 'hush',
    other: 'hush',
  });
  assert.ok(said.length > 2 && !said.join().includes('hush'), said.join());
});

test('without a function the console has the sentences', (t) => {
  const { warn } = console;
  t.after(() => (console.warn = warn));
  const said = [];
  console.warn = (text) => said.push(text);
  occ.fromSpartacusConfig({ ...classic, logoutUrl: '/logout' }, backend);
  assert.deepEqual(said, ['Spartacus: logoutUrl is not carried over.']);
});
