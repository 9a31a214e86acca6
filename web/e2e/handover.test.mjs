// The code handed over to the app's own backend, the session in its cookie: S12.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../tools/browser.mjs';
import { startBackend } from './servers/backend.mjs';
import { startOidcProvider } from './servers/oidc-provider.mjs';
import { watch } from './support/oracle.mjs';
import { ask, eventOf, events, eventsOf, state } from './support/page.mjs';
import { settled } from './support/scenes.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A test with a backend, a provider and a context of its own. No secret of theirs may be seen, or be in a storage. */
const handed = (name, act) =>
  test(name, { timeout: 40_000 }, async () => {
    const provider = {};
    const backend = await startBackend(provider);
    const server = await startOidcProvider({ spaOrigins: [backend.origin] });
    provider.issuer = server.issuer;
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    const oracle = watch(context, `${server.issuer}/token`);
    const api = [`${backend.origin}/api/`, `${backend.api}/api/`];
    await context.addInitScript(
      (value) => {
        globalThis.settings = value;
      },
      {
        scheme: 'oidc',
        auth: {
          issuer: server.issuer,
          clientId: 'demo',
          scope: 'openid profile',
          redirectUri: `${backend.origin}/callback`,
          codeExchange: '/auth/code',
        },
        options: { api },
      },
    );
    const open = async (path = '/') => {
      const page = await context.newPage();
      await page.goto(backend.origin + path);
      await settled(page);
      return page;
    };
    try {
      await act({ backend, server, context, open, urls: api.map((one) => `${one}me`) });
      for (const secret of backend.tokens.filter(Boolean)) oracle.secrets.add(secret);
      for (const page of context.pages()) {
        if (!page.url().startsWith(backend.origin)) continue;
        const stored = await page.evaluate(() =>
          JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, session.state]),
        );
        for (const secret of oracle.secrets) assert.ok(!stored.includes(secret), 'a secret is in the storage');
        assert.doesNotMatch(stored, /eyJ|Bearer/);
      }
      await oracle.check();
      assert.ok(!server.log().some(({ path, authorization }) => path === '/token' && authorization !== 'none'));
    } finally {
      await context.close();
      await Promise.all([backend.close(), server.close()]);
    }
  });

/** Signs in by redirect. The page that was wanted shows the state before its runtime is there, which tells the login. */
async function signIn(page, user = 'alice', password = 'wonderland') {
  void page.evaluate(() => session.loginWithRedirect()).catch(() => {});
  await page.fill('[name=username]', user);
  await page.fill('[name=password]', password);
  await page.click('button[value=signin]');
  await page.waitForFunction(() => location.pathname !== '/callback' && globalThis.session?.state.isLoggedIn);
  await eventOf(page, 'login');
}

const who = async (page, url) => {
  const { status, text } = await ask(page, url);
  return [status, JSON.parse(text).sub];
};

const failure = (page, method) =>
  page.evaluate(
    (method) =>
      session[method]().then(
        () => 'no error',
        ({ code, oauth }) => [code, oauth?.error],
      ),
    method,
  );

handed('S12 the session is in the cookie, here, on another port, after a reload and in two tabs', async (scene) => {
  const { backend, context, open, urls } = scene;
  const other = await open();
  const page = await open('/shop?a=b');
  await signIn(page);
  assert.equal(page.url(), `${backend.origin}/shop?a=b`);
  const { userId, claims, expiresAt, tokenType } = await state(page);
  assert.deepEqual([userId, claims.name, expiresAt, tokenType], ['alice', 'Alice Liddell', null, null]);
  await eventOf(other, 'login');
  for (const tab of [page, other]) for (const url of urls) assert.deepEqual(await who(tab, url), [200, 'alice']);
  assert.deepEqual(JSON.parse((await ask(page, urls[1])).text).authorization, '');
  for (const method of ['getAccessToken', 'getIdToken', 'getUserInfo'])
    assert.deepEqual(await failure(page, method), ['not_supported', undefined]);

  // A page that loads sends it before the runtime is there.
  await context.route('**/*.wasm', (route) => route.abort());
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
  assert.deepEqual(await who(page, urls[1]), [200, 'alice']);
  assert.equal(backend.codes.length, 1);
});

handed('S12 a cookie that is over is renewed by a new code, once for all tabs', async ({ backend, open, urls }) => {
  const page = await open();
  await signIn(page);
  const other = await open();
  backend.forget();
  const answers = await Promise.all([page, other].flatMap((tab) => urls.map((url) => who(tab, url))));
  assert.deepEqual(answers, Array(4).fill([200, 'alice']));
  assert.equal(backend.codes.length, 2);
  for (const tab of [page, other]) {
    await eventOf(tab, 'refresh');
    for (const type of ['expired', 'logout', 'error']) assert.deepEqual(await eventsOf(tab, type), []);
  }
});

handed('S12 without a session at the server the session is over', async ({ backend, server, context, open, urls }) => {
  const page = await open();
  await signIn(page);
  backend.forget();
  await context.clearCookies({ name: /^_session/ });
  assert.deepEqual(await who(page, urls[0]), [401, undefined]);
  assert.equal((await eventOf(page, 'logout')).reason, 'expired');
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal(backend.codes.length, 1);
});

handed('S12 a code that the server refuses leaves the session as it was', async ({ backend, open, urls }) => {
  const page = await open();
  await signIn(page);
  const before = [await state(page), (await events(page)).length];
  backend.switches.twice = true;
  assert.deepEqual(await failure(page, 'loginSilently'), ['server_error', 'invalid_grant']);
  assert.equal(backend.codes.length, 2);
  assert.deepEqual([await state(page), (await events(page)).length], before);
  assert.deepEqual(await who(page, urls[1]), [200, 'alice']);
});

handed('S12 expiresIn is when a request waits for a new code', async ({ backend, open, urls }) => {
  backend.switches.life = 0.001;
  const page = await open();
  await signIn(page);
  const before = backend.codes.length;
  backend.switches.life = 600;
  for (const url of urls) assert.deepEqual(await who(page, url), [200, 'alice']);
  assert.equal(backend.codes.length, before + 1);
  assert.ok((await state(page)).expiresAt > Date.now());
});

handed('S12 a logout ends it in all tabs, and at the server', async ({ backend, server, open }) => {
  const page = await open();
  await signIn(page);
  const other = await open();
  void page.evaluate(() => session.logout()).catch(() => {});
  await page.waitForURL(`${server.issuer}/session/end*`);
  const left = new URL(page.url()).searchParams;
  assert.deepEqual([left.get('client_id'), left.has('id_token_hint')], ['demo', false]);
  assert.equal((await eventOf(other, 'logout')).reason, 'user');
  assert.ok(!server.log().some(({ path }) => path === '/token/revocation'));
  assert.equal(backend.codes.length, 1);
});

handed('S12 nobody but the page can hand a code over', async ({ backend, open }) => {
  const page = await open();
  await signIn(page);
  const stranger = await page.context().newPage();
  await stranger.goto(`${backend.api}/api/me`);
  const tried = await stranger.evaluate(async (url) => {
    const body = JSON.stringify({ code: 'c', codeVerifier: 'v', redirectUri: 'r' });
    const send = (init) =>
      fetch(url, { method: 'POST', credentials: 'include', body, ...init }).then(
        ({ type }) => type,
        () => 'refused',
      );
    return [await send({ headers: { 'content-type': 'application/json' } }), await send({ mode: 'no-cors' })];
  }, `${backend.origin}/auth/code`);
  assert.deepEqual(tried, ['refused', 'opaque']);
  assert.equal(backend.codes.length, 1);
  await stranger.close();
});
