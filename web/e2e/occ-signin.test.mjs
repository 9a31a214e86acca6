// The ways in at SAP Commerce.
import assert from 'node:assert/strict';
import { eventOf, events, eventsOf, state } from './support/page.mjs';
import {
  get,
  people,
  requests,
  shops,
  signedIn,
  signIn,
  signInByCode,
  site,
  submit,
  tokenRequests,
} from './support/shop.mjs';
import { startSite } from './support/site.mjs';

const shop = shops();

/** The generation with a public client and codes. */
const byCode = { auth: { clientId: 'mobile_android_public' } };

/** Notes in the tab where each sign-in is told. */
function noteLogins() {
  let its;
  Object.defineProperty(globalThis, 'session', {
    get: () => its,
    set(session) {
      its = session;
      session.on('login', ({ previousUserId, userId }) => {
        const told = JSON.parse(sessionStorage.getItem('told') ?? '[]');
        told.push(`${location.pathname}${location.hash} ${previousUserId} ${userId}`);
        sessionStorage.setItem('told', JSON.stringify(told));
      });
    },
  });
}
const told = (page) => page.evaluate(() => JSON.parse(sessionStorage.getItem('told') ?? '[]'));
/** Waits until one more has been told than before. */
const toldAgain = (page, count = 1) =>
  page.waitForFunction((count) => JSON.parse(sessionStorage.getItem('told') ?? '[]').length >= count, count);

shop('S9 S4 S5 the public generation signs in by code, with PKCE, without a secret', byCode, async (scene) => {
  const { open, occ, api } = scene;
  const page = await open('cart?code=SUMMER');
  await signInByCode(page);
  await page.waitForURL('**/cart?code=SUMMER');
  assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
  const [{ form, client }] = await tokenRequests(occ, 'authorization_code');
  assert.equal(client, 'mobile_android_public');
  assert.ok(form.includes('code_verifier') && !form.includes('client_secret'));
  const [asked] = await requests(occ, '/oauth/authorize');
  assert.ok(asked.query.includes('state') && asked.query.includes('code_challenge'));
  await occ.expire({ kind: 'access' });
  assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
  await page.evaluate(() => session.logout());
  assert.deepEqual(
    (await requests(occ, '/oauth/revoke')).map(({ authorization }) => authorization),
    ['none', 'none'],
  );
  assert.equal((await tokenRequests(occ, 'client_credentials')).length, 0);
});

shop('S9 the classic generation signs in by password, with its secret', {}, async ({ open, occ }) => {
  const page = await open();
  assert.equal(await signIn(page), 'current');
  const [{ form, client }] = await tokenRequests(occ);
  assert.equal(client, 'mobile_android');
  assert.ok(form.includes('client_secret'));
  const error = await page.evaluate(() => session.loginWithRedirect().catch(({ code }) => code));
  assert.equal(error, 'config_invalid');
});

shop(
  'S9 S8 a token in the address, where responseType says so',
  { auth: { clientId: 'mobile_android', responseType: 'token' } },
  async ({ open, occ, api }) => {
    const page = await open('cart');
    await signInByCode(page);
    await page.waitForURL('**/cart');
    assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
    assert.equal((await tokenRequests(occ, 'authorization_code')).length, 0);
    // There is no refresh token: the end of this one is that of the session.
    await occ.expire({ kind: 'access' });
    assert.equal((await get(page, `${api}users/current`)).status, 401);
    await eventOf(page, 'expired');
  },
);

shop('S11 a one-time password: asked for as nobody, and signed in with', {}, async ({ open, occ, api }) => {
  const page = await open();
  const { tokenId } = await get(page, `${api}users/anonymous/verificationToken`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'cx-use-client-token': 'true' },
    body: JSON.stringify({ purpose: 'LOGIN', loginId: 'alice', password: 'wonderland' }),
  });
  const [{ to, code }] = await occ.mail();
  assert.equal(to, 'alice');
  // S11: it survives a reload between the two steps.
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  assert.equal(await signIn(page, { username: tokenId, password: code }, { otp: true }), 'current');
  assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
  // Once.
  await assert.rejects(signIn(page, { username: tokenId, password: code }, { otp: true }), /invalid_credentials/);
});

shop(
  'S11 S80 a one-time password of an isolated site has no site behind its name',
  { auth: { flow: 'password', baseSite: 'isolated-spa', isolated: true } },
  async ({ open, occ }) => {
    const api = `${occ.baseUrl}/occ/v2/isolated-spa/`;
    const page = await open();
    const { carol } = people.isolated;
    const { tokenId } = await get(page, `${api}users/anonymous/verificationToken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'latchkey-as': 'client' },
      body: JSON.stringify({ purpose: 'LOGIN', loginId: carol.username, password: carol.password }),
    });
    const [{ code }] = await occ.mail();
    await assert.rejects(signIn(page, { username: tokenId, password: code }), /invalid_credentials/);
    assert.equal(await signIn(page, { username: tokenId, password: code }, { otp: true }), 'current');
    assert.equal((await get(page, `${api}users/current`)).actor, 'carol|isolated-spa');
  },
);

/** Asks for the form's hidden fields, and posts it as a page's own form would. */
const post = (page, who) =>
  page.evaluate(async ({ username, password }) => {
    const { action, fields } = await session.loginForm();
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action });
    for (const [name, value] of Object.entries({ ...fields, username, password }))
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
    document.body.append(form);
    // After this call is over: the page leaves.
    setTimeout(() => form.submit());
  }, who);

/** Whether a call rejects, and with what; undefined where the page has left before. */
const codeOf = (page, method) =>
  page
    .evaluate(
      (method) =>
        session[method]().then(
          () => 'resolved',
          ({ code }) => code,
        ),
      method,
    )
    .catch(() => undefined);

const onLogin = async (page, search = '') => {
  await page.waitForURL((url) => url.pathname === '/login' && url.search === search);
  await page.waitForFunction(() => globalThis.session);
};

shop("S13 the server's form in the app's own page, and a wrong password", byCode, async ({ open, occ, api }) => {
  await occ.set({ loginPage: `${occ.page}login` });
  const page = await open('cart');
  void codeOf(page, 'loginWithRedirect');
  await onLogin(page);
  await post(page, { username: 'alice', password: 'not-hers' });
  await onLogin(page, '?error=bad_credentials');
  await post(page, people.alice);
  await page.waitForURL('**/cart');
  await signedIn(page);
  assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
  // The password never came past this page's own requests.
  for (const one of await tokenRequests(occ)) assert.ok(!one.form.includes('password'));
});

shop('S13 a login page that somebody goes to by themselves begins a sign-in, once', byCode, async ({ open, occ }) => {
  await occ.set({ loginPage: `${occ.page}login` });
  const page = await open('login');
  const [code] = await Promise.all([codeOf(page, 'loginForm'), page.waitForRequest(/\/oauth\/authorize/)]);
  assert.ok(!code || code === 'interaction_required');
  await onLogin(page);
  await post(page, people.alice);
  await signedIn(page);
  assert.equal(new URL(page.url()).pathname, '/');
});

shop(
  "S13 where the server's session does not last, a sign-in is begun once, and then the page is told",
  byCode,
  async (scene) => {
    const { open, occ } = scene;
    await occ.set({ loginPage: `${occ.page}login` });
    await occ.fault({ endpoint: 'csrf', mode: '401' });
    const page = await open('login');
    await Promise.all([codeOf(page, 'loginForm'), page.waitForRequest(/\/oauth\/authorize/)]);
    await onLogin(page);
    assert.equal(await codeOf(page, 'loginForm'), 'interaction_required');
    assert.equal(await codeOf(page, 'loginForm'), 'interaction_required');
    assert.equal((await requests(occ, '/oauth/authorize')).length, 1);
    assert.equal(new URL(page.url()).pathname, '/login');
  },
);

shop('S13 a session of the server that ended while the form was open is begun anew', byCode, async (scene) => {
  const { context, open, occ } = scene;
  await occ.set({ loginPage: `${occ.page}login` });
  const page = await open('cart');
  void codeOf(page, 'loginWithRedirect');
  await onLogin(page);
  await occ.sessions('end');
  // 15 seconds later.
  await context.clock.setFixedTime(Date.now() + 20_000);
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  await Promise.all([codeOf(page, 'loginForm'), page.waitForRequest(/\/oauth\/authorize/)]);
  await onLogin(page);
  await post(page, people.alice);
  await signedIn(page);
});

shop('S102 a login page for several shops, on an origin of its own', byCode, async ({ open, occ, api }) => {
  await occ.set({ loginPage: `${occ.shared}/shops/one` });
  const page = await open('cart');
  void codeOf(page, 'loginWithRedirect');
  await page.waitForURL(`${occ.shared}/**`);
  await submit(page);
  await page.waitForURL('**/cart');
  await signedIn(page);
  assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
});

shop(
  'S102 what binds an answer stays with its origin, and an origin that the server does not know is refused',
  byCode,
  async (scene) => {
    const { context, open, occ } = scene;
    const other = await startSite();
    try {
      await occ.set({ loginPage: `${occ.shared}/` });
      const page = await open('cart');
      const stranger = await context.newPage();
      await stranger.goto(`${other.origin}/cart`);
      await stranger.waitForFunction(() => globalThis.session);
      void codeOf(stranger, 'loginWithRedirect');
      await stranger.waitForSelector('#message');
      assert.match(await stranger.textContent('#message'), /not registered/);
      // The answer to a sign-in of one shop's is none to another: brought there, it signs nobody in.
      await occ.set({ origins: [other.origin] });
      void codeOf(page, 'loginWithRedirect');
      await page.waitForURL(`${occ.shared}/**`);
      // It stays unused where it belongs.
      await occ.fault({ endpoint: 'token', mode: '503' });
      const [request] = await Promise.all([page.waitForRequest(/[?]code=/), submit(page)]);
      const answer = new URL(request.url());
      await stranger.goto(other.origin + answer.pathname + answer.search);
      await eventOf(stranger, 'error');
      assert.equal((await eventsOf(stranger, 'error'))[0].code, 'state_mismatch');
      assert.equal((await state(stranger)).isLoggedIn, false);
    } finally {
      await other.close();
    }
  },
);

const atCallback = (more) => ({ ...byCode, init: noteLogins, ...more });

shop(
  'S78 a sign-in by redirect is told in the page it leads to, there only, and once',
  atCallback(),
  async ({ open }) => {
    const page = await open('cart');
    await signInByCode(page);
    await page.waitForURL('**/cart');
    await toldAgain(page);
    assert.deepEqual(await told(page), ['/cart anonymous current']);
    for (let i = 0; i < 2; i++) {
      await page.reload();
      await page.waitForFunction(() => globalThis.session);
      await page.evaluate(() => session.getAccessToken().then(() => {}));
    }
    assert.equal((await told(page)).length, 1);
    // The cart's page learns nothing that it could not know: no token waits anywhere.
    assert.equal(await page.evaluate(() => Object.keys(sessionStorage).join()), 'told');
  },
);

shop(
  'S78 it is told there too where nothing else needs the runtime',
  atCallback({ options: { load: 'demand' } }),
  async ({ open }) => {
    const page = await open('cart');
    await signInByCode(page);
    await page.waitForURL('**/cart');
    await toldAgain(page);
    assert.deepEqual(await told(page), ['/cart anonymous current']);
  },
);

shop(
  'S78 with a router of the app’s it is told at once',
  {
    ...byCode,
    init: () => {
      globalThis.more = { navigate: (path) => history.pushState(null, '', path) };
      // Not in the blank page before.
      if (location.origin !== 'null') sessionStorage.loads = (Number(sessionStorage.loads) || 0) + 1;
    },
  },
  async ({ open }) => {
    const page = await open('cart');
    await signInByCode(page);
    await page.waitForURL('**/cart');
    const { previousUserId, userId, remote } = await eventOf(page, 'login');
    assert.deepEqual([previousUserId, userId, remote], ['anonymous', 'current', false]);
    assert.equal(await page.evaluate(() => sessionStorage.loads), '2');
    await page.reload();
    await page.waitForFunction(() => globalThis.session);
    await page.evaluate(() => session.getAccessToken().then(() => {}));
    assert.equal((await eventsOf(page, 'login')).length, 1);
  },
);

shop('S78 none is told of a sign-in that failed', atCallback(), async ({ open, occ }) => {
  const page = await open('cart');
  await occ.fault({ endpoint: 'token', mode: '500', grantType: 'authorization_code' });
  void codeOf(page, 'loginWithRedirect');
  await submit(page);
  await eventOf(page, 'error');
  await page.goto(`${occ.page}cart`);
  await page.waitForFunction(() => globalThis.session);
  assert.deepEqual(await told(page), []);
  assert.deepEqual(
    (await eventsOf(page, 'error')).map(({ code }) => code),
    ['server_error'],
  );
  assert.equal((await state(page)).isLoggedIn, false);
});

shop(
  'S78 in an app whose pages are in the fragment the page stays, so it is told there, and so is the next',
  atCallback(),
  async ({ open }) => {
    const page = await open('#/cart');
    await signInByCode(page);
    await page.waitForURL('**/#/cart');
    await toldAgain(page);
    assert.equal((await told(page)).length, 1);
    await page.evaluate(() => session.logout({ returnTo: '/#/bye' }));
    await page.waitForURL('**/#/bye');
    await signInByCode(page, { prompt: 'login' });
    await toldAgain(page, 2);
    assert.equal((await told(page)).length, 2);
  },
);

shop('S78 a sign-in by password is told where it is', { init: noteLogins }, async ({ open }) => {
  const page = await open('cart');
  await signIn(page);
  assert.deepEqual(await told(page), ['/cart anonymous current']);
  assert.equal((await events(page)).filter(({ type }) => type === 'login').length, 1);
});
