// The real servers of backends/, asked by a client that is not ours: what the browser tests rely on, and what a new
// version of one of them may change. Where it is a browser's rule that counts, Chromium asks.
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { after, before, beforeEach, describe, test } from 'node:test';
import { build } from 'esbuild';
import { launch } from '../../tools/browser.mjs';
import { startBetterAuth } from './better-auth.mjs';
import { startSuperTokens } from './supertokens.mjs';
import { startVendure } from './vendure.mjs';

let browser;
const secured = { https: true };
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A client with a jar of cookies, as a page of the server's own would be; `last` is the answer it got at last. */
function client({ page }) {
  const origin = new URL(page).origin;
  const jar = new Map();
  const self = {
    jar,
    last: undefined,
    async ask(url, { body, headers, ...init } = {}) {
      const answer = await fetch(url, {
        method: body ? 'POST' : 'GET',
        redirect: 'manual',
        ...init,
        headers: {
          origin,
          ...(body && { 'content-type': 'application/json' }),
          ...(jar.size && { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }),
          ...headers,
        },
        body: body && JSON.stringify(body),
      });
      self.last = answer;
      for (const { name, value } of cookiesOf(answer)) {
        if (value) jar.set(name, value);
        else jar.delete(name);
      }
      return answer;
    },
  };
  return self;
}

function cookiesOf(answer) {
  return answer.headers.getSetCookie().map((line) => {
    const [, name, value, rest] = /^([^=]+)=([^;]*);? ?(.*)$/.exec(line);
    return { name, value, attributes: rest.toLowerCase().split('; ') };
  });
}

const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

/** A page of the server's in Chromium; `from` is the origin that it has. */
async function inBrowser(t, server, from = server.page) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${from}page.js`); // a text, of which only the origin counts
  const ask = (url, body, headers) =>
    page.evaluate(
      async ([url, body, headers]) => {
        const init = {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json', ...headers },
        };
        const answer = await fetch(url, { credentials: 'include', headers, ...(body && init) });
        return { status: answer.status, headers: Object.fromEntries(answer.headers), ...(await answer.json()) };
      },
      [url, body, headers],
    );
  return { context, page, ask };
}

describe('Vendure', () => {
  const token = 'vendure-auth-token';
  const user =
    '__typename ... on CurrentUser { identifier channels { permissions } } ... on ErrorResult { errorCode message }';
  const login = `mutation ($username: String!, $password: String!) { login(username: $username, password: $password, rememberMe: true) { ${user} } }`;
  const cart = '{ activeOrder { code totalQuantity } }';
  const customer = '{ activeCustomer { emailAddress } }';
  let server, me, alice, add;
  before(async () => {
    server = await startVendure();
    alice = server.people.alice;
    add = `mutation { addItemToOrder(productVariantId: "${server.products.teapot}", quantity: 1) { ... on Order { code totalQuantity } } }`;
  });
  after(() => server?.close());
  beforeEach(async () => {
    await server.reset();
    me = client(server);
  });

  const shop = async (query, variables, { url = server.shop, ...more } = {}) =>
    (await me.ask(url, { ...more, body: { query, variables } })).json();
  const given = () => me.last.headers.get(token);

  test('login: bearer, cookie, both', async () => {
    for (const [tokenMethod, hasToken, cookies] of [
      ['bearer', true, []],
      ['cookie', false, ['session', 'session.sig']],
      ['both', true, ['session', 'session.sig']],
    ]) {
      await server.set({ tokenMethod });
      const { data } = await shop(login, alice);
      assert.equal(me.last.status, 200);
      assert.equal(data.login.identifier, alice.username);
      assert.equal(/^[0-9a-f]{64}$/.test(given()), hasToken, tokenMethod);
      const set = cookiesOf(me.last);
      assert.deepEqual(
        set.map(({ name }) => name),
        cookies,
      );
      for (const { attributes } of set) {
        assert.deepEqual(attributes.filter((one) => !one.startsWith('expires=')).sort(), [
          'httponly',
          'path=/',
          'samesite=lax',
        ]);
        assert.ok(attributes.some((one) => one.startsWith('expires=')));
      }
      const exposed = me.last.headers.get('access-control-expose-headers');
      assert.equal(exposed.includes(token), hasToken, tokenMethod);
      await shop(customer, {}, given() ? bearer(given()) : {});
      assert.deepEqual([given(), cookiesOf(me.last)], [null, []], 'no rotation');
    }
  });

  test('what is refused is HTTP 200', async () => {
    const { data } = await shop(login, { ...alice, password: 'no' });
    assert.equal(me.last.status, 200);
    assert.deepEqual(
      [data.login.__typename, data.login.errorCode],
      ['InvalidCredentialsError', 'INVALID_CREDENTIALS_ERROR'],
    );
    const { errors } = await shop('{ me { identifier } }');
    assert.deepEqual([me.last.status, errors[0].extensions.code], [200, 'FORBIDDEN']);
    assert.deepEqual((await shop(customer)).data, { activeCustomer: null });
  });

  test('logout: an empty header, and a cookie that says so', async () => {
    await shop(login, alice);
    const { data } = await shop('mutation { logout { success } }', {}, bearer(given()));
    assert.equal(data.logout.success, true);
    assert.equal(given(), '');
    const cookie = cookiesOf(me.last).find(({ name }) => name === 'session');
    assert.equal(Buffer.from(decodeURIComponent(cookie.value), 'base64').toString(), '{"token":""}');
  });

  test('logout ends all devices', async () => {
    await server.set({ tokenMethod: 'bearer' });
    await shop(login, alice);
    const first = given();
    await shop(login, alice);
    await shop('mutation { logout { success } }', {}, bearer(given()));
    assert.equal((await shop(customer, {}, bearer(first))).data.activeCustomer, null);
  });

  test('a dead token is HTTP 200 as nobody: the header is empty, or has a new anonymous token', async () => {
    await server.set({ tokenMethod: 'bearer' });
    for (const end of [
      () => server.expire({ user: 'alice' }),
      () => server.revoke({ user: 'alice' }),
      () => server.clock(2 * 31_536_000),
    ]) {
      await shop(login, alice);
      const mine = given();
      assert.equal((await shop(customer, {}, bearer(mine))).data.activeCustomer.emailAddress, alice.username);
      await end();
      const { errors } = await shop('{ me { identifier } }', {}, bearer(mine));
      assert.deepEqual([me.last.status, errors[0].extensions.code, given()], [200, 'FORBIDDEN', '']);
      assert.equal((await shop(cart, {}, bearer(mine))).data.activeOrder, null);
      assert.match(given(), /^[0-9a-f]{64}$/);
      assert.notEqual(given(), mine);
    }
  });

  test('sessionDuration can be short', async () => {
    await server.set({ tokenMethod: 'bearer', sessionDuration: 1000 });
    await shop(login, alice);
    const mine = given();
    await server.clock(300); // less than half is left from 500 on: then it is made longer
    assert.equal((await shop(customer, {}, bearer(mine))).data.activeCustomer.emailAddress, alice.username);
    await server.clock(1200);
    assert.equal((await shop(customer, {}, bearer(mine))).data.activeCustomer, null);
  });

  test("an anonymous cart becomes the customer's at login, under a new token", async () => {
    await server.set({ tokenMethod: 'bearer' });
    await shop(add);
    const anonymous = given();
    assert.deepEqual(
      (await server.sessions()).map((one) => one.user),
      [null],
    );
    await shop(login, alice, bearer(anonymous));
    assert.notEqual(given(), anonymous);
    const mine = given();
    await shop(add, {}, bearer(mine));
    assert.equal((await shop(cart, {}, bearer(mine))).data.activeOrder.totalQuantity, 2);
    const orders = await server.orders();
    assert.deepEqual(
      orders.map(({ customer, quantity, active }) => [customer, quantity, active]),
      [[alice.username, 2, true]],
    );
    // And another product, on another device: it is merged.
    await shop(add.replace(server.products.teapot, server.products.hat));
    await shop(login, alice, bearer(given()));
    assert.equal((await shop(cart, {}, bearer(given()))).data.activeOrder.totalQuantity, 3);
  });

  test('first calls side by side get a session and a cart each', async () => {
    await server.set({ tokenMethod: 'bearer' });
    await Promise.all(['1', '2', '3'].map(() => shop(add)));
    assert.equal((await server.sessions()).length, 3);
    assert.equal((await server.orders()).length, 3);
  });

  test('with both, the cookie wins', async () => {
    await shop(login, alice);
    const other = client(server);
    const { bob } = server.people;
    const answer = await other.ask(server.shop, { body: { query: login, variables: bob } });
    const { data } = await shop(customer, {}, bearer(answer.headers.get(token)));
    assert.equal(data.activeCustomer.emailAddress, alice.username);
  });

  test('other ways to begin a session', async () => {
    await server.set({ tokenMethod: 'bearer', requireVerification: true });
    const friend = (word) => shop(`mutation { authenticate(input: { friend: { word: "${word}" } }) { ${user} } }`);
    assert.equal((await friend('enemy')).data.authenticate.errorCode, 'INVALID_CREDENTIALS_ERROR');
    assert.equal((await friend('friend-of-carol')).data.authenticate.identifier, 'carol@friends.test');
    assert.match(given(), /^[0-9a-f]{64}$/);

    const dora = { username: 'dora@example.test', password: 'explorer-1' };
    await shop(
      `mutation { registerCustomerAccount(input: { emailAddress: "${dora.username}", password: "${dora.password}" }) { __typename } }`,
    );
    assert.equal((await shop(login, dora)).data.login.errorCode, 'NOT_VERIFIED_ERROR');
    const letter = (await server.mail()).find(({ kind, to }) => kind === 'verify' && to === dora.username);
    const verify = `mutation ($token: String!) { verifyCustomerAccount(token: $token) { ${user} } }`;
    assert.equal((await shop(verify, letter)).data.verifyCustomerAccount.identifier, dora.username);
    assert.match(given(), /^[0-9a-f]{64}$/);
    assert.equal((await shop(verify, letter)).data.verifyCustomerAccount.errorCode, 'VERIFICATION_TOKEN_INVALID_ERROR');

    await shop(`mutation { requestPasswordReset(emailAddress: "${alice.username}") { __typename } }`);
    const { token: key } = (await server.mail()).find(({ kind }) => kind === 'reset');
    const reset = await shop(`mutation { resetPassword(token: "${key}", password: "through-the-glass") { ${user} } }`);
    assert.equal(reset.data.resetPassword.identifier, alice.username);
    assert.match(given(), /^[0-9a-f]{64}$/);
    await server.reset();
    assert.equal((await shop(login, alice)).data.login.identifier, alice.username);
  });

  test('admin API', async () => {
    const { data } = await shop(login, server.people.superadmin, { url: server.admin });
    assert.ok(data.login.channels[0].permissions.length > 50);
    assert.match(given(), /^[0-9a-f]{64}$/);
    assert.equal((await shop(login, alice, { url: server.admin })).data.login.errorCode, 'INVALID_CREDENTIALS_ERROR');
  });

  test('channels: the query wins over the header, and one that is unknown is an error in HTTP 200', async () => {
    const active = '{ activeChannel { code } }';
    const channel = (value) => ({ headers: { 'vendure-token': value } });
    const { code, token: key } = server.channels.second;
    assert.equal((await shop(active)).data.activeChannel.code, '__default_channel__');
    assert.equal((await shop(active, {}, channel(key))).data.activeChannel.code, code);
    const url = `${server.shop}?vendure-token=${key}`;
    assert.equal((await shop(active, {}, { url, ...channel('none') })).data.activeChannel.code, code);
    const { errors } = await shop(active, {}, channel('none'));
    assert.deepEqual([me.last.status, errors[0].extensions.code], [200, 'CHANNEL_NOT_FOUND']);
  });

  test('CORS is for the page, and the token can be hidden', async () => {
    const allowed = () => me.last.headers.get('access-control-allow-origin');
    await shop(login, alice);
    assert.deepEqual(
      [allowed(), me.last.headers.get('access-control-allow-credentials')],
      [new URL(server.page).origin, 'true'],
    );
    await shop(login, alice, { headers: { origin: 'http://127.0.0.1:2' } });
    assert.equal(allowed(), null);
    await server.set({ hide: [token] });
    await shop(login, alice);
    assert.equal(me.last.headers.get('access-control-expose-headers'), '');
  });

  test('the record says what was asked and with which token, and has no secret', async () => {
    await shop(login, alice);
    const mine = given();
    await shop(cart, {}, bearer(mine));
    const [signIn, asked] = await server.log();
    assert.deepEqual([signIn.fields, asked.fields], [['login'], ['activeOrder']]);
    assert.equal(asked.authorization.token, signIn.answer[token]);
    assert.equal(asked.cookies.session, signIn.set[0].value);
    assert.deepEqual(
      (await server.sessions()).map((one) => one.token),
      [asked.authorization.token],
    );
    const told = JSON.stringify([await server.log(), await server.sessions()]);
    for (const secret of [mine, alice.password, ...me.jar.values()]) assert.ok(!told.includes(secret));
  });

  test('in the browser: bearer is readable unless hidden, and the cookie comes back', async (t) => {
    const { ask } = await inBrowser(t, server);
    const first = await ask(server.shop, { query: login, variables: alice });
    assert.match(first.headers[token], /^[0-9a-f]{64}$/);
    assert.equal((await ask(server.shop, { query: customer })).data.activeCustomer.emailAddress, alice.username);
    await server.set({ hide: [token] });
    const again = await ask(server.shop, { query: login, variables: alice });
    assert.equal(again.headers[token], undefined);
    const { authorization, cookies, preflight } = (await server.log())[1];
    assert.equal(authorization, undefined);
    assert.deepEqual(Object.keys(cookies), ['session', 'session.sig']);
    assert.ok(preflight === undefined || preflight.includes('content-type'));
  });
});

describe('Vendure over https', () => {
  test('CK: __Host- and Secure, which Chromium takes and hides', async (t) => {
    const server = await startVendure(secured);
    t.after(() => server.close());
    await server.set({ tokenMethod: 'cookie' });
    assert.equal(server.cookieName, '__Host-session');
    const { ask, context, page } = await inBrowser(t, server);
    const query = 'mutation { login(username: "alice@example.test", password: "wonderland") { __typename } }';
    await ask(server.shop, { query });
    const { data } = await ask(server.shop, { query: '{ activeCustomer { emailAddress } }' });
    assert.equal(data.activeCustomer.emailAddress, server.people.alice.username);
    const cookie = (await context.cookies()).find(({ name }) => name === server.cookieName);
    assert.deepEqual([cookie.secure, cookie.httpOnly, cookie.sameSite, cookie.path], [true, true, 'Lax', '/']);
    assert.equal(await page.evaluate(() => document.cookie), '');
  });
});

describe('SuperTokens', () => {
  let server, me;
  before(async () => {
    server = await startSuperTokens();
  });
  after(() => server?.close());
  beforeEach(async () => {
    await server.reset();
    me = client(server);
  });

  const say = async (path, more) => {
    const answer = await me.ask(server.baseUrl + path, more);
    return { ...(await answer.json()), status: answer.status };
  };
  const signIn = (mode = 'cookie', more) =>
    say('/api/login', {
      body: { user: 'alice', password: server.people.alice, ...more },
      headers: { 'st-auth-mode': mode },
    });
  const header = (name) => me.last.headers.get(name);
  const front = () => JSON.parse(Buffer.from(header('front-token'), 'base64').toString());
  const refresh = (more) => say(server.paths.refresh, { method: 'POST', ...more });
  const tokens = () => ({ access: header('st-access-token'), refresh: header('st-refresh-token') });

  test('cookie transfer: names, attributes, front token, anti-csrf', async () => {
    assert.equal((await signIn()).status, 200);
    const [access, refreshing] = cookiesOf(me.last);
    const plain = ({ attributes }) => attributes.filter((one) => !one.startsWith('expires='));
    assert.deepEqual([access.name, plain(access)], ['sAccessToken', ['path=/', 'httponly', 'samesite=lax']]);
    assert.equal(refreshing.name, 'sRefreshToken');
    assert.deepEqual(plain(refreshing), ['path=/auth/session/refresh', 'httponly', 'samesite=lax']);
    const { uid, ate, up } = front();
    assert.equal(uid, 'alice');
    assert.ok(ate > Date.now() && ate % 1000 === 0);
    assert.equal(up.role, 'user');
    assert.deepEqual(tokens(), { access: null, refresh: null });
    const guard = header('anti-csrf');
    assert.ok(guard);
    assert.deepEqual(await say('/api/me'), { status: 200, user: 'alice', role: 'user' });
    assert.deepEqual(await say('/api/write', { method: 'POST' }), { status: 401, message: 'try refresh token' });
    assert.equal((await say('/api/write', { method: 'POST', headers: { 'anti-csrf': guard } })).status, 200);
  });

  test('anti-csrf: none, and by a custom header', async () => {
    await server.set({ antiCsrf: 'NONE' });
    await signIn();
    assert.equal(header('anti-csrf'), null);
    assert.equal((await say('/api/write', { method: 'POST' })).status, 200);
    await server.set({ antiCsrf: 'VIA_CUSTOM_HEADER' });
    assert.equal((await say('/api/write', { method: 'POST' })).status, 401);
    assert.equal((await say('/api/write', { method: 'POST', headers: { rid: 'anti-csrf' } })).status, 200);
  });

  test('header transfer: two headers, no cookie, no anti-csrf', async () => {
    await signIn('header');
    const { access, refresh: token } = tokens();
    assert.ok(access && token && header('front-token'));
    assert.deepEqual([cookiesOf(me.last), header('anti-csrf')], [[], null]);
    assert.equal((await say('/api/write', { method: 'POST', ...bearer(access) })).status, 200);
    const refreshed = await refresh(bearer(token));
    assert.equal(refreshed.status, 200);
    assert.notEqual(tokens().access, access);
    await say(server.paths.signOut, { method: 'POST', ...bearer(tokens().access) });
    assert.deepEqual([tokens(), header('front-token')], [{ access: '', refresh: '' }, 'remove']);
  });

  test('what a 401 says, and what it clears', async () => {
    assert.deepEqual(await say('/api/me'), { status: 401, message: 'unauthorised' });
    assert.deepEqual(await say('/api/maybe'), { status: 200, user: null });
    assert.deepEqual(await refresh(), { status: 401, message: 'unauthorised' });
    await signIn();
    await server.expire();
    assert.deepEqual(await say('/api/me'), { status: 401, message: 'try refresh token' });
    assert.deepEqual([header('front-token'), me.jar.size], [null, 2]);
    await refresh();
    assert.equal((await say('/api/me')).status, 200);
    await server.revoke({ user: 'alice' });
    assert.equal((await say('/api/me')).status, 200, 'an access token is not looked up');
    assert.deepEqual(await say('/api/strict'), { status: 401, message: 'unauthorised' });
    assert.deepEqual([header('front-token'), me.jar.size], ['remove', 0]);
    await signIn();
    await server.revoke({ user: 'alice' });
    assert.deepEqual(await refresh(), { status: 401, message: 'unauthorised' });
    assert.deepEqual([header('front-token'), me.jar.size], ['remove', 0]);
    assert.equal((await say('/api/refuse')).status, 401);
    assert.equal(header('front-token'), null);
  });

  test('rotation: the parent is good until its child is used, then it is theft', async () => {
    await signIn('header');
    const parent = tokens().refresh;
    await refresh(bearer(parent));
    assert.equal((await refresh(bearer(parent))).status, 200, 'as if the answer had been lost');
    const child = tokens();
    await say('/api/me', bearer(child.access));
    assert.ok(tokens().access && !tokens().refresh, 'an ordinary answer has a new access token');
    assert.equal((await say('/api/me', bearer(tokens().access))).status, 200);
    assert.deepEqual(tokens(), { access: null, refresh: null });
    assert.deepEqual(await refresh(bearer(parent)), { status: 401, message: 'token theft detected' });
    assert.deepEqual([tokens(), header('front-token')], [{ access: '', refresh: '' }, 'remove']);
    assert.deepEqual(await refresh(bearer(child.refresh)), { status: 401, message: 'unauthorised' });
  });

  test('theft on demand', async () => {
    await signIn();
    await server.steal({ user: 'alice' });
    assert.deepEqual(await refresh(), { status: 401, message: 'token theft detected' });
    assert.equal(me.jar.size, 0);
  });

  test('claims: 403 with the reasons; a change of the payload comes on an ordinary answer', async () => {
    await server.set({ antiCsrf: 'NONE' });
    await signIn();
    await say('/api/verify', { body: { value: false } });
    assert.equal(front().up.verified.v, false);
    const refused = await say('/api/verified');
    assert.deepEqual([refused.status, refused.message], [403, 'invalid claim']);
    const [{ id, reason }] = refused.claimValidationErrors;
    assert.deepEqual(
      [id, reason.message, reason.expectedValue, reason.actualValue],
      ['verified', 'wrong value', true, false],
    );
    await say('/api/verify', { body: {} });
    assert.equal((await say('/api/verified')).status, 200);
    await say('/api/payload', { body: { colour: 'green' } });
    assert.equal(front().up.colour, 'green');
    assert.deepEqual(
      cookiesOf(me.last).map(({ name }) => name),
      ['sAccessToken'],
    );
    await refresh();
    assert.equal(front().up.colour, 'green');
    assert.deepEqual(await say('/api/forbid'), { status: 403, error: 'the app itself says no' });
  });

  test('sign-out, and a session that ends on an ordinary answer', async () => {
    await server.set({ antiCsrf: 'NONE' });
    for (const path of [server.paths.signOut, '/api/revoke']) {
      await signIn();
      assert.equal((await say(path, { method: 'POST' })).status, 200);
      assert.deepEqual([header('front-token'), me.jar.size], ['remove', 0]);
      assert.deepEqual(await server.sessions(), []);
    }
  });

  test('lifetimes, and a clock that is wrong', async () => {
    await server.set({ accessLife: 20 });
    await server.clock(-7200);
    await signIn();
    const { ate, up } = front();
    assert.equal(ate - up.iat * 1000, 20_000);
    assert.ok(ate < Date.now() - 7_000_000, 'past by our clock, and good at the server');
    assert.equal((await say('/api/me')).status, 200);
    await server.clock(-7200 + 25);
    assert.deepEqual(await say('/api/me'), { status: 401, message: 'try refresh token' });
    assert.equal((await refresh()).status, 200);
    assert.equal((await server.sessions())[0].refreshes, 1);
  });

  test('CORS names what is to be exposed', async () => {
    await signIn();
    const exposed = () => header('access-control-expose-headers').split(/, */);
    for (const name of ['front-token', 'anti-csrf', 'st-access-token', 'st-refresh-token'])
      assert.ok(exposed().includes(name));
    await server.set({ hide: ['front-token'] });
    await signIn();
    assert.ok(!exposed().includes('front-token') && exposed().includes('anti-csrf'));
  });

  test('the record has no secret', async () => {
    await signIn('header');
    const secrets = [...Object.values(tokens()), header('front-token'), server.people.alice];
    await say('/api/me', bearer(secrets[0]));
    const [first, second] = await server.log();
    assert.equal(second.authorization.token, first.answer['st-access-token']);
    const told = JSON.stringify(await server.log());
    for (const secret of secrets) assert.ok(!told.includes(secret));
  });

  /** The official client, in the page. */
  async function official(t, from, mode) {
    const { page, context } = await inBrowser(t, from);
    const { outputFiles } = await build({
      stdin: {
        contents: "import SuperTokens from 'supertokens-website'; globalThis.SuperTokens = SuperTokens;",
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      write: false,
    });
    await page.evaluate(outputFiles[0].text);
    await page.evaluate(
      ([apiDomain, tokenTransferMethod]) => SuperTokens.init({ apiDomain, apiBasePath: '/auth', tokenTransferMethod }),
      [from.baseUrl, mode],
    );
    const ask = (path, body) =>
      page.evaluate(
        async ([url, body]) => {
          const init = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
          return (await fetch(url, body && init)).status;
        },
        [from.baseUrl + path, body],
      );
    return { page, context, ask };
  }

  async function story(t, from, mode) {
    const { page, context, ask } = await official(t, from, mode);
    const exists = () => page.evaluate(() => SuperTokens.doesSessionExist());
    assert.equal(await exists(), false);
    assert.equal(await ask('/api/login', { user: 'alice', password: from.people.alice }), 200);
    assert.equal(await exists(), true);
    await from.expire();
    await from.forget();
    assert.deepEqual(await Promise.all(['1', '2', '3'].map((n) => ask(`/api/me?${n}`))), [200, 200, 200]);
    const asked = await from.log();
    const at = (path, status) => asked.filter((entry) => entry.path === path && entry.status === status).length;
    assert.equal(at(from.paths.refresh, 200), 1);
    assert.equal(at('/api/me', 200), 3);
    assert.ok(at('/api/me', 401) >= 1);
    const cookies = await context.cookies(from.baseUrl + from.paths.refresh);
    await page.evaluate(() => SuperTokens.signOut());
    assert.equal(await exists(), false);
    await from.forget();
    assert.equal(await ask('/api/me'), 401);
    assert.deepEqual(
      (await from.log()).map(({ path }) => path),
      ['/api/me'],
      'no refresh without a session',
    );
    return cookies.filter(({ httpOnly }) => httpOnly).map(({ name, secure, path }) => [name, secure, path]);
  }

  test('the official client in Chromium: by header', async (t) => {
    assert.deepEqual(await story(t, server, 'header'), []);
  });

  test('the official client in Chromium: by cookie', async (t) => {
    const cookies = await story(t, server, 'cookie');
    assert.deepEqual(cookies.sort(), [
      ['sAccessToken', false, '/'],
      ['sRefreshToken', false, server.paths.refresh],
    ]);
  });

  test('CK: the official client in Chromium: by Secure cookies over https', async (t) => {
    const safe = await startSuperTokens(secured);
    t.after(() => safe.close());
    const cookies = await story(t, safe, 'cookie');
    assert.deepEqual(cookies.sort(), [
      ['sAccessToken', true, '/'],
      ['sRefreshToken', true, safe.paths.refresh],
    ]);
  });
});

describe('better-auth', () => {
  const name = 'better-auth.session_token';
  let server, me;
  before(async () => {
    server = await startBetterAuth({ bearer: true });
  });
  after(() => server?.close());
  beforeEach(async () => {
    await server.reset();
    me = client(server);
  });

  const say = async (path, more) => {
    const answer = await me.ask(server.baseUrl + path, more);
    return { status: answer.status, body: await answer.json() };
  };
  const signIn = (more, init) => {
    const { email, password } = server.people.alice;
    return say('/api/auth/sign-in/email', { body: { email, password, ...more }, ...init });
  };

  test('sign-in, the session, sign-out', async () => {
    assert.deepEqual(await say('/api/auth/get-session'), { status: 200, body: null });
    assert.deepEqual(await say('/api/me'), { status: 401, body: { error: 'unauthorized' } });
    assert.equal((await signIn()).status, 200);
    const [cookie] = cookiesOf(me.last);
    assert.deepEqual([cookie.name, cookie.attributes], [name, ['max-age=600', 'path=/', 'httponly', 'samesite=lax']]);
    assert.equal(decodeURIComponent(me.last.headers.get('set-auth-token')), decodeURIComponent(cookie.value));
    const { body } = await say('/api/auth/get-session');
    assert.equal(body.user.email, server.people.alice.email);
    assert.deepEqual(await say('/api/me'), { status: 200, body: { user: 'alice' } });
    assert.deepEqual(await say('/api/auth/sign-out', { body: {} }), { status: 200, body: { success: true } });
    assert.deepEqual([me.jar.size, await server.sessions()], [0, []]);
  });

  test('what is refused', async () => {
    const wrong = await signIn({ password: 'no-such-word' });
    assert.deepEqual([wrong.status, wrong.body.code], [401, 'INVALID_EMAIL_OR_PASSWORD']);
    const foreign = await signIn({}, { headers: { origin: 'http://evil.test', cookie: 'a=b' } });
    assert.deepEqual([foreign.status, foreign.body.code], [403, 'INVALID_ORIGIN']);
  });

  test('expiry slides with a look, and an end is 200 with null that clears', async () => {
    await signIn();
    await server.clock(30);
    await say('/api/auth/get-session');
    assert.deepEqual(cookiesOf(me.last), [], 'too young for another');
    await server.clock(100);
    await say('/api/auth/get-session');
    assert.deepEqual(
      cookiesOf(me.last).map((one) => one.name),
      [name],
    );
    await server.clock(650);
    assert.equal((await say('/api/me')).status, 200, 'past the first end');
    await server.clock(1300);
    assert.deepEqual(await say('/api/auth/get-session'), { status: 200, body: null });
    assert.ok(
      cookiesOf(me.last).some((one) => one.name === name && !one.value && one.attributes.includes('max-age=0')),
    );
    await server.set({ expiresIn: 10 });
    await server.clock(0);
    await signIn();
    assert.ok(cookiesOf(me.last)[0].attributes.includes('max-age=10') || (await server.sessions())[0].expiresAt);
    await server.revoke();
    assert.equal((await say('/api/me')).status, 401);
  });

  test("CSRF of the app's own API", async () => {
    await signIn();
    const { headerName, token } = (await say('/api/csrf')).body;
    const write = async (headers) => (await say('/api/write', { method: 'POST', headers })).status;
    assert.equal(await write(), 200);
    for (const [csrf, headers] of [
      ['header', { 'x-requested-with': 'fetch' }],
      ['cookie', { [headerName]: me.jar.get(server.csrfCookie) }],
      ['token', { [headerName]: token }],
    ]) {
      await server.set({ csrf });
      assert.deepEqual(
        [await write(), await write({ [headerName]: 'no' }), await write(headers)],
        [403, 403, 200],
        csrf,
      );
      assert.equal((await say('/api/me')).status, 200);
    }
  });

  test('CK: Secure cookies over https in Chromium, and the cookie that the page has to read', async (t) => {
    const safe = await startBetterAuth(secured);
    t.after(() => safe.close());
    const { ask, context } = await inBrowser(t, safe);
    const { email, password } = safe.people.alice;
    assert.equal((await ask(`${safe.baseUrl}/api/auth/sign-in/email`, { email, password })).status, 200);
    assert.equal((await ask(`${safe.baseUrl}/api/me`)).user, 'alice');
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.name, cookie.secure, cookie.httpOnly], [`__Secure-${name}`, true, true]);
    assert.equal(safe.csrfCookie, '__Host-csrf');
    await ask(`${safe.baseUrl}/api/csrf`);
    const own = await context.newPage();
    await own.goto(`${safe.baseUrl}/page.js`);
    assert.match(await own.evaluate(() => document.cookie), /^__Host-csrf=[0-9a-f]{32}$/);
  });
});

describe('the front of each', () => {
  let server, me;
  before(async () => {
    server = await startBetterAuth();
  });
  after(() => server?.close());
  beforeEach(async () => {
    await server.reset();
    me = client(server);
  });
  const ask = (path = '/api/me') => me.ask(server.baseUrl + path);

  test('serves the page, on its own origin and on the page’s', async () => {
    for (const url of [`${server.page}some/route`, `${server.baseUrl}/some/route`]) {
      assert.match(await (await fetch(url)).text(), /<!doctype/i);
    }
    assert.equal((await fetch(`${server.page}none.js`)).status, 404);
  });

  test('faults that answer', async () => {
    await server.fault({ mode: '503', retryAfter: 7, count: 1 });
    const { status, headers } = await ask();
    assert.deepEqual([status, headers.get('retry-after')], [503, '7']);
    assert.equal(headers.get('access-control-allow-origin'), new URL(server.page).origin);
    assert.equal((await ask()).status, 401);
    await server.fault({ path: '/me', mode: 'redirect', to: 'http://127.0.0.1:2/elsewhere', status: 307 });
    const moved = await ask();
    assert.deepEqual([moved.status, moved.headers.get('location')], [307, 'http://127.0.0.1:2/elsewhere']);
    assert.equal((await ask('/api/auth/get-session')).status, 200);
    await server.fault({ mode: 'ok' });
    await server.fault({ mode: 'html' });
    assert.match((await ask()).headers.get('content-type'), /html/);
    await server.fault({ mode: 'ok' });
    await server.fault({ mode: 'edit', headers: { 'vendure-auth-token': '', 'content-type': null } });
    const edited = await ask();
    assert.deepEqual([edited.headers.get('vendure-auth-token'), edited.headers.get('content-type')], ['', null]);
    await assert.rejects(server.fault({ mode: 'sometimes' }), /mode is/);
    await assert.rejects(server.set({ csrf: 'sometimes' }), /csrf is none or/);
    await assert.rejects(server.set({ nothing: 1 }), /no switch nothing/);
  });

  test('faults that do not', async () => {
    for (const mode of ['drop', 'drop-before', 'truncated']) {
      await server.fault({ mode, count: 1 });
      await assert.rejects(
        ask().then((answer) => answer.text()),
        mode,
      );
      await server.until((requests) => requests.at(-1).done);
      const { fault, status } = (await server.log()).at(-1);
      assert.deepEqual([fault, status], [mode, mode === 'drop-before' ? undefined : 401]);
    }
  });

  test('what hangs, before the work or after, until it is let go', async () => {
    for (const mode of ['hang', 'late']) {
      await server.forget();
      await server.fault({ path: '/me', mode });
      const asked = ask();
      const held = await server.until((requests) => requests.find(({ fault }) => fault));
      assert.equal(held.done, false);
      await server.fault({ mode: 'ok' });
      assert.equal((await asked).status, 401);
      await server.until((requests) => requests[0].done);
    }
  });

  test('over https by a certificate that says it is for this machine', async (t) => {
    const safe = await startBetterAuth(secured);
    t.after(() => safe.close());
    const status = await new Promise((resolve, reject) => {
      get(`${safe.baseUrl}/api/me`, { ca: safe.ca }, (answer) => resolve(answer.statusCode)).on('error', reject);
    });
    assert.equal(status, 401);
    assert.equal(new URL(safe.page).protocol, 'https:');
  });
});
