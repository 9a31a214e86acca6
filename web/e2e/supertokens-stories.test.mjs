// What supertokens-website's own tests hold it to, one story each, through latchkey on the real supertokens-node. What both
// clients send is compared in supertokens-oracle.test.mjs.
import assert from 'node:assert/strict';
import { startSuperTokens } from './servers/supertokens.mjs';
import { backends } from './support/backends.mjs';
import { ask, eventOf, events, eventsOf, served, signInByPassword, state, stored } from './support/page.mjs';

const refresh = '/auth/session/refresh';
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
    logout: `${baseUrl}/auth/signout`,
  }),
);
const both = (name, given, act) => {
  for (const tokenTransferMethod of ['cookie', 'header'])
    story(`${name} (${tokenTransferMethod})`, { ...given, auth: () => ({ tokenTransferMethod }) }, (scene) =>
      act({ ...scene, isHeader: tokenTransferMethod === 'header' }),
    );
};
/** A page on the server's own origin, its paths relative. */
const here = {
  at: ({ baseUrl }) => `${baseUrl}/`,
  api: () => ['/api/'],
  auth: () => ({ login: { url: '/api/login', username: 'user' }, refresh: undefined, logout: undefined }),
};

const statusOf = async (page, url, init) => {
  const { status, error } = await ask(page, url, init);
  return status ?? error;
};
const signedIn = async ({ open }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  return page;
};
const errorsOf = async (page) => (await eventsOf(page, 'error')).map(({ code }) => code);

both('S30 S31 one refresh, also for a 401 that comes when it is over', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.expire();
  await server.fault({ mode: 'late', path: '/strict', count: 1 });
  await server.forget();
  const late = statusOf(page, `${api}/strict`);
  await server.until((requests) => requests.some(({ path }) => path === '/api/strict'));
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => statusOf(page, `${api}/me`))), [200, 200, 200]);
  await server.fault({ mode: 'ok' });
  assert.equal(await late, 200);
  assert.equal((await asked(refresh)).length, 1);
  assert.deepEqual(
    (await asked('/api/strict')).map(({ status }) => status),
    [401, 200],
    'two hits',
  );
});

both('S38 S46 a 401 that takes the session away is no cause for a refresh', {}, async (scene) => {
  const { server, open, asked, api } = scene;
  const page = await signedIn(scene);
  const other = await open();
  await server.revoke({ user: 'alice' });
  await server.forget();
  assert.equal(await statusOf(page, `${api}/strict`), 401);
  for (const tab of [page, other]) assert.equal((await eventOf(tab, 'logout')).reason, 'expired');
  assert.equal((await eventsOf(page, 'expired')).length, 1);
  assert.deepEqual([(await asked(refresh)).length, (await asked('/api/strict')).length], [0, 1]);
  assert.ok(!/"(access|refresh|csrf)":/.test(await stored(page)), 'nothing is left');
});

for (const retries of [0, 1, 3, 10])
  both(
    `S34 RR-30 RR-31 a 401 that stays is the caller's after ${retries} refreshes`,
    { options: { retries } },
    async (scene) => {
      const { server, asked, api } = scene;
      const page = await signedIn(scene);
      await server.forget();
      for (const call of [1, 2]) {
        assert.equal(await statusOf(page, `${api}/refuse`), 401);
        // What it says then is its opinion (RR-31): for a while no call is tried again there.
        assert.equal((await asked('/api/refuse')).length, retries + call);
      }
      // Without a second try, a refresh is only for the requests to come.
      if (retries) assert.equal((await asked(refresh)).length, retries);
      const told = retries ? ['server_error'] : [];
      if (retries) await page.waitForFunction(() => events.some(({ type }) => type === 'error'));
      assert.deepEqual(await errorsOf(page), told);
      assert.equal(await statusOf(page, `${api}/me`), 200, 'others are served');
      assert.equal((await state(page)).isLoggedIn, true);
    },
  );

story('S34 what is refused for ever is explained', {}, async (scene) => {
  const page = await signedIn(scene);
  const told = page.evaluate(
    () => new Promise((resolve) => session.on('error', ({ error }) => resolve(error.message))),
  );
  await ask(page, `${scene.api}/refuse`);
  assert.match(await told, /refused .* 1 new access tokens.* retries/);
});

both('S37 a refresh whose answer hides the session is no loop and no end', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.expire();
  await server.set({ hide: ['front-token'] });
  await server.forget();
  assert.equal(await statusOf(page, `${api}/me`), 401);
  assert.deepEqual([(await asked(refresh)).length, (await asked('/api/me')).length], [1, 1]);
  assert.equal((await state(page)).isLoggedIn, true);
  const { code, message } = await page.evaluate(() =>
    session.refresh().catch(({ code, message }) => ({ code, message })),
  );
  assert.equal(code, 'server_error');
  assert.match(message, /front-token.*Access-Control-Expose-Headers/);
  await server.set({ hide: [] });
  await served(page, `${api}/me`);
});

story('S25 S20 relative addresses, and headers of the page’s own, survive a refresh', here, async (scene) => {
  const { server, asked } = scene;
  const page = await signedIn(scene);
  await server.expire();
  await server.forget();
  assert.equal(await statusOf(page, '/api/me', { headers: { 'x-own': 'mine', rid: 'mine' } }), 200);
  assert.deepEqual(
    (await asked('/api/me')).map(({ status, headers }) => [status, headers['x-own'], headers.rid]),
    [
      [401, 'mine', 'mine'],
      [200, 'mine', 'mine'],
    ],
  );
  assert.equal(await statusOf(page, 'api/write', post({ a: 1 })), 200);
  assert.equal((await asked(refresh)).length, 1);
});

story('S28 what is no refusal is the caller’s, as it is', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.forget();
  for (const status of [400, 405, 403, 500]) {
    await server.fault({ mode: `${status}`, path: '/me', count: 1 });
    const { status: got, text, native } = await ask(page, `${api}/me`);
    assert.deepEqual([got, native, JSON.parse(text)], [status, true, { message: 'a fault of the test' }]);
  }
  assert.equal((await asked('/api/me')).length, 4);
  await server.fault({ mode: 'drop-before', path: '/me' });
  assert.equal(await statusOf(page, `${api}/me`), 'TypeError');
  assert.equal((await asked(refresh)).length, 0);
  assert.deepEqual([(await state(page)).isLoggedIn, await errorsOf(page)], [true, []]);
});

story('S27 RR-47 a session that is made twice refreshes once', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await page.evaluate(() => {
    const { auth, options } = settings;
    globalThis.second = latchkey.createSession({ auth: latchkey.cookies(auth), ...options });
    return second.ready;
  });
  await server.expire();
  await server.forget();
  assert.deepEqual(await Promise.all([1, 2].map(() => statusOf(page, `${api}/me`))), [200, 200]);
  assert.equal((await asked(refresh)).length, 1);
  await page.evaluate(() => second.logout());
  assert.equal((await eventOf(page, 'logout')).reason, 'user');
});

story(
  'S27 S52 other interceptors, above and below, see their share',
  {
    init: () => {
      const native = fetch;
      globalThis.below = [];
      globalThis.fetch = (...args) => {
        globalThis.below.push(new URL(args[0].url ?? args[0], location.href).pathname);
        return native(...args);
      };
    },
  },
  async (scene) => {
    const { server, api } = scene;
    const page = await signedIn(scene);
    await server.expire();
    const [above, below, isNative] = await page.evaluate(async (url) => {
      const ours = fetch;
      const above = [];
      globalThis.fetch = async (...args) => {
        const response = await ours(...args);
        above.push(response.status);
        return response;
      };
      globalThis.below.length = 0;
      const response = await fetch(url);
      return [above, globalThis.below, response instanceof Response];
    }, `${api}/me`);
    assert.deepEqual([above, below, isNative], [[200], ['/api/me', refresh, '/api/me'], true]);
  },
);

story('CK-07 S24 credentials that the caller leaves out stay out', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.forget();
  assert.equal(await statusOf(page, `${api}/me`, { credentials: 'omit' }), 401);
  assert.ok((await asked(refresh)).length <= 1);
  for (const { cookies } of await asked('/api/me')) assert.deepEqual(cookies, {});
  assert.equal((await state(page)).isLoggedIn, true);
  assert.equal(await statusOf(page, `${api}/me`), 200);
});

for (const [from, to] of [
  ['cookie', 'header'],
  ['header', 'cookie'],
])
  story(
    `S55 a session goes on by ${from} in a page that has changed to ${to}, and the next one is by that`,
    { auth: () => ({ tokenTransferMethod: from }) },
    async (scene) => {
      const { context, server, open, asked, api } = scene;
      const before = await signedIn(scene);
      await before.close();
      await context.addInitScript((to) => {
        globalThis.settings.auth.tokenTransferMethod = to;
      }, to);
      const page = await open();
      const bearer = async () => (await asked('/api/me')).at(-1).authorization?.scheme?.toLowerCase();
      assert.equal(await statusOf(page, `${api}/me`), 200);
      assert.equal(await bearer(), from === 'header' ? 'bearer' : undefined);
      await server.expire();
      assert.equal(await statusOf(page, `${api}/me`), 200, 'it is refreshed as it was');
      assert.equal(await bearer(), from === 'header' ? 'bearer' : undefined);
      await page.evaluate(() => session.logout());
      assert.deepEqual(await server.sessions(), []);
      await signInByPassword(page, ...alice);
      assert.equal(await statusOf(page, `${api}/me`), 200);
      assert.equal(await bearer(), to === 'header' ? 'bearer' : undefined);
    },
  );

story(
  'S23 S19 an Authorization of the caller’s is left alone, also our own token',
  { auth: () => ({ tokenTransferMethod: 'header' }) },
  async (scene) => {
    const { server, asked, api } = scene;
    const page = await signedIn(scene);
    const call = (kind) =>
      page.evaluate(
        async ([url, kind]) => {
          const own = await session.getAccessToken();
          const headers = {
            equal: { Authorization: `Bearer ${own}` },
            casing: { aUTHORIZATION: `Bearer ${own}` },
            other: { Authorization: 'Basic YTpi' },
          }[kind];
          return (await fetch(url, { headers })).status;
        },
        [`${api}/me`, kind],
      );
    assert.deepEqual([await call('equal'), await call('casing')], [200, 200]);
    await server.expire();
    await server.forget();
    for (const kind of ['equal', 'casing', 'other']) assert.equal(await call(kind), 401);
    assert.deepEqual([(await asked('/api/me')).length, (await asked(refresh)).length], [3, 0], 'no loop');
    await server.revoke({ user: 'alice' });
    assert.equal(await statusOf(page, `${api}/me`), 401);
    assert.equal((await state(page)).isLoggedIn, false);
  },
);

both('S54 an end whose empty headers a proxy has dropped leaves nothing', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.fault({
    mode: 'edit',
    path: '/revoke',
    headers: { 'st-access-token': null, 'st-refresh-token': null, 'anti-csrf': null },
  });
  assert.equal(await statusOf(page, `${api}/revoke`, post()), 200);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.ok(!/"(access|refresh|csrf)":/.test(await stored(page)));
  await server.forget();
  assert.equal(await statusOf(page, `${api}/me`), 401);
  const [{ authorization }] = await asked('/api/me');
  assert.equal(authorization, undefined);
});

both('S90 a session that is over stays one without a network', {}, async (scene) => {
  const { context, server, api, open } = scene;
  await server.set({ accessLife: 2 });
  await context.route(`**${refresh}`, (route) => route.abort());
  const page = await signedIn(scene);
  await page.waitForFunction(() => Date.now() >= session.state.expiresAt);
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  const ready = await page.evaluate(async () => (await session.ready).userId);
  assert.equal(ready, 'alice');
  assert.equal(await statusOf(page, `${api}/me`), 401, 'the server judges');
  assert.equal((await state(page)).isLoggedIn, true);
  assert.equal((await events(page)).filter(({ type }) => /logout|expired/.test(type)).length, 0);
  await context.unroute(`**${refresh}`);
  await server.set({ accessLife: 60 });
  await served(page, `${api}/me`);
  assert.equal((await state(await open())).userId, 'alice');
});

story(
  'S90 S91 CK-05 what nobody knows stays unknown without a network, and is asked once with one',
  {},
  async (scene) => {
    const { context, server, open, asked, api } = scene;
    await server.set({ antiCsrf: 'NONE' });
    const page = await signedIn(scene);
    await page.evaluate(() => localStorage.clear());
    await page.close();
    await context.route(`**${refresh}`, (route) => route.abort());
    const offline = await open();
    assert.equal((await state(offline)).isLoggedIn, false);
    assert.deepEqual(await errorsOf(offline), ['network_error']);
    await offline.close();
    await context.unroute(`**${refresh}`);
    await server.forget();
    const pages = await Promise.all([open(), open(), open()]);
    for (const tab of pages) {
      assert.equal((await state(tab)).userId, 'alice');
      assert.equal(await statusOf(tab, `${api}/me`), 200);
    }
    assert.equal((await asked(refresh)).length, 1, 'one refresh for all');
  },
);

story('S91 an unknown state in which nobody is there is one refresh, for good', {}, async (scene) => {
  const { server, open, asked, api } = scene;
  const page = await open();
  assert.deepEqual(
    (await asked(refresh)).map(({ status }) => status),
    [401],
  );
  await server.forget();
  await page.reload();
  await page.evaluate(() => session.ready);
  assert.equal(await statusOf(page, `${api}/me`), 401);
  assert.equal((await asked(refresh)).length, 0);
});

story('CK-05 CK-08 cookies that a sign-out could not take are no session', {}, async (scene) => {
  const { context, server, open, asked, api } = scene;
  const page = await signedIn(scene);
  await context.route('**/auth/signout', (route) => route.abort());
  await page.evaluate(() => session.logout());
  await server.forget();
  await page.reload();
  const other = await open();
  for (const tab of [page, other]) {
    await tab.evaluate(() => session.ready);
    assert.equal((await state(tab)).isLoggedIn, false);
  }
  assert.equal((await asked(refresh)).length, 0, 'it does not exist: nobody is asked');
  assert.equal((await context.cookies()).length > 0, true);
  assert.equal((await ask(page, `${api}/me`)).status, 200, 'which docs/cookies.md tells');
  assert.equal((await state(page)).isLoggedIn, false);
});

story('CK-06 S91 a browser that keeps no cookies ends it, by an error that says so', {}, async (scene) => {
  const { server, asked, api } = scene;
  for (const path of ['/login', refresh]) await server.fault({ mode: 'edit', path, headers: { 'set-cookie': null } });
  const page = await signedIn(scene);
  await page.evaluate(() => {
    session.on('error', ({ error: { code, message } }) => Object.assign(globalThis, { told: [code, message] }));
  });
  await server.forget();
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => statusOf(page, `${api}/me`))), [401, 401, 401]);
  assert.equal((await eventOf(page, 'logout')).reason, 'expired');
  const [code, message] = await page.evaluate(() => globalThis.told);
  assert.equal(code, 'storage_failed');
  assert.match(message, /did not keep its cookies/);
  assert.deepEqual([await errorsOf(page), (await asked(refresh)).length], [['storage_failed'], 1]);
  assert.equal(await statusOf(page, `${api}/me`), 401);
  assert.equal((await asked(refresh)).length, 1, 'no loop');
});

story('CK-06 cookies that a refresh could not set are no loop', {}, async (scene) => {
  const { server, asked, api } = scene;
  const page = await signedIn(scene);
  await server.fault({ mode: 'edit', path: refresh, headers: { 'set-cookie': null } });
  await server.expire();
  await server.forget();
  assert.equal(await statusOf(page, `${api}/me`), 401);
  assert.deepEqual([(await asked(refresh)).length, (await asked('/api/me')).length], [1, 2]);
  await eventOf(page, 'error');
  assert.deepEqual(await errorsOf(page), ['server_error']);
});
