// The wire protocol of SuperTokens, on the real supertokens-node: S53 to S56, S88, S89, CK-04, CK-05. Beside it:
// supertokens-claims.test.mjs (S87), supertokens-stories.test.mjs (S90, S91, CK-06 and what their own tests have).
import assert from 'node:assert/strict';
import { startSuperTokens } from './servers/supertokens.mjs';
import { backends } from './support/backends.mjs';
import { ask, eventOf, events, eventsOf, signInByPassword, state } from './support/page.mjs';

const refresh = '/auth/session/refresh';
const out = '/auth/signout';
const alice = ['alice', 'wonderland'];
const post = (body = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const story = backends(
  () => startSuperTokens({ https: true }),
  'cookies',
  ({ baseUrl }) => ({
    protocol: 'supertokens',
    login: { url: `${baseUrl}/api/login`, username: 'user' },
    refresh: baseUrl + refresh,
    logout: baseUrl + out,
  }),
);

const who = async (page, url, init) => {
  const { status, text, error, code } = await ask(page, url, init);
  return error ? [error, code] : [status, JSON.parse(text).user];
};

for (const tokenTransferMethod of ['cookie', 'header']) {
  const both = (name, act, more) =>
    story(`${name} (${tokenTransferMethod})`, { ...more, auth: () => ({ tokenTransferMethod }) }, act);
  const isHeader = tokenTransferMethod === 'header';

  both('S2 S53 S54 a session: in two tabs, after a reload, and its end', async (scene) => {
    const { context, server, open, asked, api } = scene;
    const other = await open();
    const page = await open();
    assert.equal((await asked(refresh)).length, 1, 'one question for all tabs');
    assert.deepEqual(await who(page, `${api}/me`), [401, undefined]);
    assert.equal((await asked(refresh)).length, 1, 'none where there is no session');
    const { code } = await signInByPassword(page, 'alice', 'no-such-word');
    assert.equal(code, 'invalid_credentials');
    assert.deepEqual(await signInByPassword(page, ...alice), { userId: 'alice' });
    const { claims, tokenType } = await state(page);
    assert.deepEqual([claims.sub, claims.role, tokenType], ['alice', 'user', isHeader ? 'Bearer' : null]);
    await eventOf(other, 'login');
    assert.deepEqual(await who(other, `${api}/me`), [200, 'alice']);
    assert.deepEqual(await who(other, `${api}/write`, post()), [200, 'alice']);

    // A page that loads needs no runtime for what it can send by itself; what shows that it is its own, it asks for.
    await page.reload();
    assert.deepEqual(await who(page, `${api}/write`, post()), [200, 'alice']);
    await context.route('**/*.wasm', (route) => route.abort());
    await page.reload();
    await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
    assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
    await context.unroute('**/*.wasm');
    await page.reload();
    await page.evaluate(() => session.ready);

    const last = (await asked('/api/me')).at(-1);
    const { rid, 'st-auth-mode': mode } = last.headers;
    assert.deepEqual(
      [rid, mode, last.authorization?.scheme?.toLowerCase()],
      ['anti-csrf', tokenTransferMethod, isHeader ? 'bearer' : undefined],
    );
    await page.evaluate(() => session.logout());
    await eventOf(other, 'logout');
    assert.deepEqual([(await asked(out)).at(-1).status, await server.sessions()], [200, []]);
    await server.forget();
    assert.deepEqual(await who(other, `${api}/me`), [401, undefined]);
    assert.equal((await asked(refresh)).length, 0);
  });

  both('CK-04 S30 S39 ten tabs whose access token is refused are one refresh', async ({ server, open, asked, api }) => {
    const pages = [await open()];
    await signInByPassword(pages[0], ...alice);
    while (pages.length < 10) pages.push(await open());
    await server.expire();
    await server.forget();
    const answers = await Promise.all(pages.flatMap((page) => [1, 2].map(() => who(page, `${api}/me`))));
    assert.deepEqual(answers, Array(20).fill([200, 'alice']));
    assert.equal((await asked(refresh)).length, 1);
    const [{ headers }] = await asked(refresh);
    assert.deepEqual([headers.rid, !!headers['fdi-version']], ['session', true]);
  });

  both('S35 S36 a refresh that is refused ends the session once; one that fails does not', async (scene) => {
    const { server, open, asked, api } = scene;
    const page = await open();
    await signInByPassword(page, ...alice);
    await server.expire();
    await server.fault({ mode: '500', path: refresh });
    assert.deepEqual((await ask(page, `${api}/me`)).status, 401);
    assert.equal((await state(page)).isLoggedIn, true);
    await server.fault({ mode: 'ok' });
    await server.steal({ user: 'alice' });
    await page.evaluate(() => session.refresh().catch(() => {}));
    assert.equal((await eventOf(page, 'logout')).reason, 'expired');
    await server.forget();
    assert.deepEqual((await ask(page, `${api}/me`)).status, 401);
    assert.equal((await asked(refresh)).length, 0);
    assert.equal((await eventsOf(page, 'expired')).length, 1);
  });

  both('S54 S56 the payload changes by an ordinary answer', async ({ open, api }) => {
    const page = await open();
    await signInByPassword(page, ...alice);
    const other = await open();
    await ask(page, `${api}/payload`, post({ theme: 'dark' }));
    assert.equal((await state(page)).claims.theme, 'dark');
    await other.waitForFunction(() => session.state.claims.theme === 'dark');
    for (const tab of [page, other]) assert.deepEqual(await who(tab, `${api}/me`), [200, 'alice']);
    assert.ok(!(await events(page)).some(({ type }) => type === 'logout'));
  });

  both("S2 S54 the page's own requests sign in and out", async ({ open, api, server }) => {
    const page = await open();
    const other = await open();
    await ask(page, `${api}/login`, post({ user: 'alice', password: 'wonderland' }));
    assert.equal((await state(page)).userId, 'alice');
    assert.equal((await eventOf(other, 'login')).userId, 'alice');
    await ask(page, `${api}/login`, post({ user: 'bob', password: 'builder' }));
    assert.equal((await state(page)).userId, 'bob');
    assert.deepEqual(
      (await eventsOf(page, 'logout')).map(({ reason }) => reason),
      ['switched'],
    );
    await ask(page, `${api}/revoke`, post());
    assert.equal((await state(page)).isLoggedIn, false);
    assert.equal((await eventsOf(page, 'logout')).at(-1).reason, 'user');
    assert.ok(!(await server.sessions()).some(({ user }) => user === 'bob'));
  });

  for (const [how, off] of [
    ['ahead', 7200],
    ['behind', -7200],
  ])
    both(
      `S89 a server whose clock is hours ${how} ends no session, nor keeps one`,
      async ({ server, open, api, asked }) => {
        await server.clock(off);
        const page = await open();
        await signInByPassword(page, ...alice);
        const left = async () => (await state(page)).expiresAt - Date.now();
        assert.ok((await left()) > 30_000 && (await left()) <= 67_000, `${await left()}`);
        await server.forget();
        assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
        assert.equal((await asked(refresh)).length, 0);
        // It is put right in the middle of a session, and over a page load.
        await server.clock(0);
        await page.reload();
        await page.evaluate(() => session.refresh());
        assert.ok((await left()) > 30_000 && (await left()) <= 67_000, `${await left()}`);
        assert.deepEqual(await who(page, `${api}/me`), [200, 'alice']);
        assert.equal((await asked(refresh)).length, 1);
        await server.clock(off > 0 ? 100 : 0);
        await server.expire();
        assert.deepEqual(await who(page, `${api}/write`, post()), [200, 'alice']);
        assert.equal((await asked(refresh)).length, 2);
      },
    );

  both('S71 a sign-out with an access token that is over ends it at the server too', async ({ server, open }) => {
    const page = await open();
    await signInByPassword(page, ...alice);
    await server.expire();
    await page.evaluate(() => session.logout());
    assert.deepEqual(await server.sessions(), []);
  });
}

story('S88 a claim that is missing is told, and the answer is the caller’s', {}, async ({ open, api }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  await page.evaluate(() => {
    session.on('error', ({ error }) => Object.assign(globalThis, { lacking: [error.code, error.oauth] }));
  });
  const { status, text } = await ask(page, `${api}/verified`);
  assert.equal(status, 403);
  assert.equal(JSON.parse(text).claimValidationErrors[0].id, 'verified');
  assert.deepEqual(await page.evaluate(() => globalThis.lacking), [
    'access_denied',
    { error: 'invalid_claim', error_description: 'verified' },
  ]);
  assert.equal((await state(page)).isLoggedIn, true);
  await page.evaluate(() => void delete globalThis.lacking);
  assert.equal((await ask(page, `${api}/forbid`)).status, 403);
  assert.equal(await page.evaluate(() => globalThis.lacking), undefined, 'another 403 is none');
});

story(
  'CK-05 S91 cookies without a record are found by one refresh',
  {},
  async ({ context, server, open, asked, api }) => {
    const page = await open();
    await server.set({ antiCsrf: 'NONE' });
    await signInByPassword(page, ...alice);
    await page.evaluate(() => localStorage.clear());
    await page.close();
    await server.forget();
    const found = await open();
    assert.equal((await state(found)).userId, 'alice');
    assert.equal((await asked(refresh)).length, 1);
    assert.deepEqual(
      (await events(found)).map(({ type }) => type),
      ['statechange'],
    );

    await context.clearCookies();
    assert.equal((await ask(found, `${api}/me`)).status, 401);
    assert.equal((await eventOf(found, 'logout')).reason, 'expired');
  },
);

story('S37 a header that CORS hides is named', {}, async ({ server, open }) => {
  await server.set({ hide: ['front-token'] });
  const page = await open();
  const { code, message } = await signInByPassword(page, ...alice);
  assert.equal(code, 'server_error');
  assert.match(message, /front-token.*Access-Control-Expose-Headers/);
});
