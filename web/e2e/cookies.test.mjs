// Sessions in cookies, on real better-auth over https: S2, S24, S53, CK-01 to CK-08.
import assert from 'node:assert/strict';
import { startBetterAuth } from './servers/better-auth.mjs';
import { backends } from './support/backends.mjs';
import { ask, eventOf, events, eventsOf, signInByPassword, state } from './support/page.mjs';

const get = '/api/auth/get-session';
const out = '/api/auth/sign-out';
const alice = ['alice@example.test', 'wonderland'];

const story = backends(
  () => startBetterAuth({ https: true }),
  'cookies',
  ({ baseUrl }) => ({
    login: { url: `${baseUrl}/api/auth/sign-in/email`, username: 'email' },
    logout: baseUrl + out,
    session: baseUrl + get,
  }),
);

const post = { method: 'POST' };
const who = async (page, url, init) => {
  const { status, text, error, code } = await ask(page, url, init);
  return error ? [error, code] : [status, JSON.parse(text).user];
};

story('S2 the session is in a Secure cookie: here, after a reload and in two tabs', {}, async (scene) => {
  const { context, server, open, asked, api } = scene;
  const other = await open();
  const page = await open();
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await asked(get)).length, 1, 'one question for all tabs');
  assert.deepEqual(await who(page, `${api}/me`), [401, undefined]);
  assert.deepEqual(await signInByPassword(page, 'alice@example.test', 'no-such-word'), {
    name: 'SessionError',
    code: 'invalid_credentials',
    message: 'the backend does not take this name and password',
  });
  const { userId } = await signInByPassword(page, ...alice);
  const { claims, tokenType, expiresAt } = await state(page);
  assert.deepEqual([claims.id, claims.email, tokenType, expiresAt], [userId, alice[0], null, null]);
  await eventOf(other, 'login');
  assert.deepEqual(await who(other, `${api}/me`), [200, 'alice']);
  const [cookie] = await context.cookies();
  assert.deepEqual([cookie.secure, cookie.httpOnly], [true, true]);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie, session.state]));
  assert.ok(!stored.includes(decodeURIComponent(cookie.value).slice(0, 20)), 'no token is here');

  // A page that loads sends the cookie before the runtime is there, and asks nobody.
  await server.forget();
  await context.route('**/*.wasm', (route) => route.abort());
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
  assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
  assert.deepEqual((await asked(get)).length, 0);
  await context.unroute('**/*.wasm');
  await page.reload();

  await page.evaluate(() => session.logout());
  await eventOf(other, 'logout');
  assert.deepEqual(await server.sessions(), []);
  assert.deepEqual(await who(other, `${api}/me`), [401, undefined]);
  await page.reload();
  assert.equal((await state(page)).isLoggedIn, false);
});

story('CK-04 ten tabs whose session has ended ask once, and are told once', {}, async (scene) => {
  const { server, open, asked, api } = scene;
  const pages = [await open()];
  await signInByPassword(pages[0], ...alice);
  while (pages.length < 10) pages.push(await open());
  await server.revoke();
  await server.forget();
  const answers = await Promise.all(pages.flatMap((page) => [1, 2].map(() => who(page, `${api}/me`))));
  assert.deepEqual(answers, Array(20).fill([401, undefined]));
  assert.equal((await asked(get)).length, 1);
  for (const page of pages) {
    assert.equal((await eventOf(page, 'logout')).reason, 'expired');
    assert.equal((await eventsOf(page, 'expired')).length, 1);
  }
});

story('CK-04 a session that slides is renewed by a look at it', {}, async ({ server, open, asked, api }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  await server.clock(100);
  await server.forget();
  await page.evaluate(() => session.refresh());
  const [look] = await asked(get);
  assert.ok(
    look.set.some(({ name, value }) => /session_token/.test(name) && value),
    'the cookie is a new one',
  );
  await server.clock(650);
  assert.deepEqual(await who(page, `${api}/me`), [200, 'alice'], 'past the first end');
});

story('CK-05 cookies without a record are found, a record without cookies ends', {}, async (scene) => {
  const { context, open, asked, server, api } = scene;
  const page = await open();
  await signInByPassword(page, ...alice);
  await page.evaluate(() => localStorage.clear());
  await page.close();
  await server.forget();
  const found = await open();
  assert.equal((await state(found)).claims.name, 'alice');
  assert.deepEqual(
    (await events(found)).map(({ type }) => type),
    ['statechange'],
  );
  assert.equal((await asked(get)).length, 1);

  await context.clearCookies();
  assert.deepEqual(await who(found, `${api}/me`), [401, undefined]);
  assert.equal((await eventOf(found, 'logout')).reason, 'expired');
  await server.forget();
  assert.deepEqual(await who(found, `${api}/me`), [401, undefined]);
  assert.equal((await asked(get)).length, 0);
});

story('CK-06 a browser that keeps no cookies is told apart from a wrong password', {}, async (scene) => {
  const { server, open } = scene;
  await server.fault({ mode: 'edit', path: '/sign-in/email', headers: { 'set-cookie': null } });
  const page = await open();
  const { code, message } = await signInByPassword(page, ...alice);
  assert.equal(code, 'storage_failed');
  assert.match(message, /did not keep its cookies/);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await server.log()).filter(({ path }) => path === get).length, 2);
});

story('CK-07 what the caller says about credentials is done', {}, async ({ open, api }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  assert.deepEqual(await who(page, `${api}/me`, { credentials: 'omit' }), [401, undefined]);
  assert.equal((await state(page)).isLoggedIn, true, 'the session itself is good');
  assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
});

story('CK-08 a logout without a network ends it here', {}, async ({ context, server, open }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  await context.route(`**${out}`, (route) => route.abort());
  await page.evaluate(() => session.logout());
  assert.equal((await state(page)).isLoggedIn, false);
  await page.reload();
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await server.sessions()).length, 1, 'it lives on at the backend');
});

for (const [csrf, option] of [
  ['header', () => ({ header: 'X-Requested-With' })],
  ['cookie', () => ({ cookie: 'csrf', endpoint: undefined })],
  ['token', (baseUrl) => ({ endpoint: `${baseUrl}/api/csrf` })],
]) {
  story(
    `CK-01 CK-02 unsafe requests show a ${csrf}`,
    { auth: ({ baseUrl }) => ({ csrf: option(baseUrl) }) },
    async (scene) => {
      const { context, server, open, api, asked } = scene;
      await server.set({ csrf });
      const page = await open();
      await signInByPassword(page, ...alice);
      if (csrf === 'cookie') await page.evaluate((url) => fetch(url), `${api}/csrf`);
      await server.forget();
      assert.deepEqual(await who(page, `${api}/write`, post), [200, 'alice']);
      assert.deepEqual(await who(page, `${api}/write`, post), [200, 'alice']);
      if (csrf === 'token') assert.ok((await asked('/api/csrf')).length <= 1);
      assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
      const [{ headers }] = await asked('/api/me');
      assert.deepEqual(
        Object.keys(headers).filter((name) => /csrf|requested/.test(name)),
        [],
      );

      // After a reload too, also where the runtime is late.
      await page.reload();
      assert.deepEqual(await who(page, `${api}/write`, post), [200, 'alice']);
      if (csrf === 'token') return;
      await context.route('**/*.wasm', (route) => route.abort());
      await page.reload();
      await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
      assert.deepEqual(await who(page, `${api}/write`, post), [200, 'alice']);
      // Not across a redirect, which nobody can look at before it is followed.
      await server.fault({ mode: 'redirect', path: '/write', to: `${server.baseUrl}/elsewhere` });
      assert.deepEqual(await who(page, `${api}/write`, post), ['TypeError', undefined]);
    },
  );
}

story(
  'CK-03 a value that the server has changed meanwhile is asked for once more',
  { auth: ({ baseUrl }) => ({ csrf: { endpoint: `${baseUrl}/api/csrf`, staleStatus: 403 } }) },
  async ({ context, server, open, api, asked }) => {
    await server.set({ csrf: 'token' });
    const page = await open();
    await signInByPassword(page, ...alice);
    // The first answer is an old one.
    let first = true;
    await context.route('**/api/csrf', async (route) => {
      const answer = await route.fetch();
      if (!first) return route.fulfill({ response: answer });
      first = false;
      await route.fulfill({ response: answer, json: { token: 'an-old-one' } });
    });
    await page.reload();
    await server.forget();
    assert.deepEqual(await who(page, `${api}/write`, { ...post, body: 'a' }), [200, 'alice']);
    assert.deepEqual(
      (await asked('/api/write')).map(({ status }) => status),
      [403, 200],
    );
  },
);
