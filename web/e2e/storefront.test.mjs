// A storefront's middleware before SAP Commerce, over https: two devices, many tabs. S2, S42, S46, S50, S75, S99, RR-42,
// CK-04 to CK-09.
import assert from 'node:assert/strict';
import { startStorefront } from './servers/storefront.mjs';
import { backends } from './support/backends.mjs';
import { ask, eventOf, events, eventsOf, served, signInByPassword, state, stored } from './support/page.mjs';

const marker = 'vsf-sap-user';
const [signIn, renew, revoke, who] = ['OAuthUserAuthorization', 'OAuthUserTokenRefresh', 'OAuthUserRevoke', 'getUser'];
const anonymous = { customer: 401, application: 200, customerOrApplication: 200 };

const story = (name, given, act) =>
  run(
    name,
    {
      api: ({ baseUrl }) => [
        `${baseUrl}/sapcc/`,
        { url: `${baseUrl}/sapcc/application/`, as: 'client' },
        { url: `${baseUrl}/sapcc/customerOrApplication/`, as: 'user-or-client' },
        { url: `${baseUrl}/sapcc/none/`, as: 'none' },
      ],
      ...given,
    },
    async (scene) => {
      const { server } = scene;
      const sapcc = `${server.baseUrl}/sapcc`;
      const expire = async () => {
        await server.occ.expire({ user: 'alice', kind: 'access' });
        await server.forget();
      };
      await act({
        ...scene,
        sapcc,
        expire,
        me: `${sapcc}/customer/users/{user}`,
        asked: (path) => server.log().filter((one) => one.path === path),
      });
      // What the middleware keeps no page has.
      for (const secret of server.secrets) scene.oracle.secrets.add(secret);
      for (const page of scene.context.pages()) {
        const seen =
          (await stored(page)) + (await page.evaluate(() => document.cookie + JSON.stringify(session.state)));
        for (const secret of server.secrets) assert.ok(!seen.includes(secret), 'a token is in the page');
      }
    },
  );
const run = backends(startStorefront, 'cookies', ({ baseUrl }) => ({
  login: `${baseUrl}/sapcc/${signIn}`,
  refresh: `${baseUrl}/sapcc/${renew}`,
  logout: `${baseUrl}/sapcc/${revoke}`,
  session: `${baseUrl}/sapcc/${who}`,
  userId: 'customerId',
  csrf: {},
  marker,
}));

const cookies = async (context) => (await context.cookies()).map(({ name }) => name).sort();
const status = async (page, url, init) => (await ask(page, url, init)).status;
const post = (body) => ({ method: 'POST', body });
const types = (all) => all.map(({ type, reason }) => (reason ? `${type}:${reason}` : type));
const ends = async (page) => types(await events(page)).filter((type) => /expired|logout/.test(type));

story('S2 S99 the middleware keeps the tokens, and says who is there', {}, async (scene) => {
  const { context, server, open, asked, me } = scene;
  const page = await open();
  assert.equal((await state(page)).isLoggedIn, false);
  assert.deepEqual(server.log(), [], 'without the marker nobody is asked');
  assert.equal((await signInByPassword(page, 'alice', 'no-such-word')).code, 'invalid_credentials');
  assert.deepEqual(await signInByPassword(page), { userId: 'c-alice' });
  const [user, token] = (await context.cookies()).sort((a, b) => (a.httpOnly ? 1 : b.httpOnly ? -1 : 0));
  assert.deepEqual([user.name, user.value, user.httpOnly], [marker, 'c-alice', false]);
  assert.deepEqual([token.name, token.httpOnly, token.secure, token.sameSite], ['vsf-sap-token', true, true, 'Strict']);
  assert.equal(await status(page, me), 200);

  // Who is there stays, and the person is told why.
  const { code } = await signInByPassword(page, 'bob', 'builder');
  assert.equal(code, 'access_denied');
  const error = await page.evaluate(() => session.loginWithCredentials('bob', 'builder').catch(({ oauth }) => oauth));
  assert.equal(error.error, 'already_logged_in');
  assert.equal((await state(page)).userId, 'c-alice');

  // The next page shows them at once, and asks nobody.
  await server.forget();
  await page.reload();
  assert.equal((await page.evaluate(() => session.ready)).userId, 'c-alice');
  assert.deepEqual([...asked(who), ...asked(renew)], []);
});

story('CK-05 a visitor without a marker loads no runtime', { options: { load: 'demand' } }, async (scene) => {
  const { context, open, server, sapcc } = scene;
  const loaded = [];
  context.on('request', (request) => /wasm|runtime/.test(request.url()) && loaded.push(request.url()));
  const page = await open();
  assert.equal(await status(page, `${sapcc}/application/products/search`), 200);
  assert.deepEqual(loaded, []);
  assert.equal(server.log().length, 1);
  await signInByPassword(page);
  assert.equal(loaded.length > 0, true, 'else this proves nothing');
});

story('CK-04 ten tabs with an expired token refresh once, and all calls are sent again', {}, async (scene) => {
  const { server, open, asked, expire, me } = scene;
  const pages = [await open()];
  await signInByPassword(pages[0]);
  while (pages.length < 10) pages.push(await open());
  await expire();
  const answers = await Promise.all(pages.flatMap((page) => [1, 2, 3].map(() => status(page, me))));
  assert.deepEqual(answers, Array(30).fill(200));
  assert.equal(asked(renew).length, 1);
  assert.equal((await server.occ.log()).filter(({ grantType }) => grantType === 'refresh_token').length, 1);
  for (const page of pages) assert.deepEqual(await ends(page), []);
  // The second refresh is with the token that the first one gave.
  await expire();
  assert.equal(await status(pages[9], me), 200);
  assert.equal(asked(renew).length, 1);
});

story('RR-42 S46 S75 the refresh on one device ends the other gently, once, and says why', {}, async (scene) => {
  const { server, open, device, asked, expire, me } = scene;
  const first = await open();
  await signInByPassword(first);
  const other = await device();
  const tabs = [await other.open()];
  await signInByPassword(tabs[0]);
  while (tabs.length < 3) tabs.push(await other.open());
  // What an app does: it says so, once.
  for (const tab of tabs)
    await tab.evaluate(() => {
      globalThis.messages = [];
      session.on('logout', ({ reason }) =>
        messages.push(reason === 'expired' ? 'Your session has ended' : 'Signed out'),
      );
    });

  await expire();
  assert.equal(await status(first, me), 200);
  assert.equal(asked(renew).length, 1);
  await server.forget();
  const answers = await Promise.all(tabs.flatMap((tab) => [1, 2].map(() => status(tab, me))));
  assert.deepEqual(answers, Array(6).fill(401), 'the caller has the shop’s own refusal');
  for (const tab of tabs) {
    await eventOf(tab, 'logout');
    assert.deepEqual(await ends(tab), ['expired', 'logout:expired']);
    assert.deepEqual(await tab.evaluate(() => messages), ['Your session has ended']);
    assert.equal((await state(tab)).isLoggedIn, false);
  }
  assert.deepEqual(
    asked(renew).map(({ status }) => status),
    [401],
    'asked once',
  );
  assert.deepEqual(await cookies(other.context), []);

  // No loop, and no second message.
  await server.forget();
  assert.deepEqual([await status(tabs[0], me), await status(tabs[1], me)], [401, 401]);
  await tabs[2].reload();
  assert.equal(await status(tabs[2], me), 401);
  assert.deepEqual([...asked(renew), ...asked(who)], []);
  assert.deepEqual(await ends(tabs[0]), ['expired', 'logout:expired']);

  // It signs in again, and the first one is as it was.
  assert.deepEqual(await signInByPassword(tabs[0]), { userId: 'c-alice' });
  assert.equal(await status(tabs[1], me), 200);
  assert.equal(await status(first, me), 200);
  assert.deepEqual(await ends(first), []);
});

story('S75 a sign-out on one device is an end on the other', {}, async (scene) => {
  const { open, device, asked, server, me } = scene;
  const first = await open();
  await signInByPassword(first);
  const other = await device();
  const second = await other.open();
  await signInByPassword(second);
  await first.evaluate(() => session.logout());
  assert.deepEqual(await ends(first), ['logout:user']);
  await server.forget();
  assert.equal(await status(second, me), 401);
  await eventOf(second, 'logout');
  assert.deepEqual(await ends(second), ['expired', 'logout:expired']);
  assert.equal(asked(renew).length, 1);
});

story('S42 a logout in one tab is one in all, and its cookies are gone', {}, async (scene) => {
  const { context, open, asked, server, me, sapcc } = scene;
  const [page, other] = [await open(), await open()];
  await signInByPassword(page);
  await eventOf(other, 'login');
  await page.evaluate(() => session.logout());
  assert.equal((await eventOf(other, 'logout')).remote, true);
  assert.deepEqual([await ends(page), await ends(other)], [['logout:user'], ['logout:user']]);
  assert.equal(asked(revoke).length, 1);
  assert.deepEqual(await cookies(context), []);
  const live = (await server.occ.tokens()).filter(({ user, stands }) => user === 'alice' && stands === 'live');
  assert.deepEqual(live, []);
  assert.equal(await status(other, me), 401);
  assert.equal(await status(other, `${sapcc}/customerOrApplication/products/search`), 200);
  assert.deepEqual(asked(renew), []);
});

story('CK-08 CK-09 a logout without a network takes the marker away', {}, async (scene) => {
  const { context, open, asked, server } = scene;
  await context.addInitScript(() => {
    const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
    globalThis.written = [];
    Object.defineProperty(document, 'cookie', {
      get: () => get.call(document),
      set(text) {
        written.push(text);
        set.call(document, text);
      },
    });
  });
  const page = await open();
  await signInByPassword(page);
  await context.route(`**/${revoke}`, (route) => route.abort());
  await page.evaluate(() => session.logout());
  assert.equal((await state(page)).isLoggedIn, false);
  assert.deepEqual(await cookies(context), ['vsf-sap-token'], 'the middleware’s own is not ours to delete');
  const written = await page.evaluate(() => globalThis.written);
  assert.ok(written.length > 0);
  for (const text of written)
    assert.match(text, /^vsf-sap-user=; Max-Age=0; Path=\/; SameSite=Lax; Secure(; Domain=|$)/);
  await server.forget();
  await page.reload();
  const next = await open();
  assert.deepEqual([(await state(page)).isLoggedIn, (await state(next)).isLoggedIn], [false, false]);
  assert.deepEqual(asked(who), [], 'nobody is brought back');
});

story(
  'CK-09 a marker that no other host can set goes as well',
  { auth: () => ({ marker: `__Host-${marker}` }) },
  async ({ context, open, server }) => {
    server.set({ marker: `__Host-${marker}` });
    const page = await open();
    await signInByPassword(page);
    assert.deepEqual(await cookies(context), [`__Host-${marker}`, 'vsf-sap-token']);
    await context.route(`**/${revoke}`, (route) => route.abort());
    await page.evaluate(() => session.logout());
    assert.deepEqual(await cookies(context), ['vsf-sap-token']);
  },
);

story('CK-05 marker, cookies and record are reconciled', {}, async (scene) => {
  const { context, open, asked, server, me } = scene;
  let page = await open();
  await signInByPassword(page);

  // Without a record, as in a browser that has cleared its storage: asked once, for all tabs.
  await page.evaluate(() => localStorage.clear());
  await page.close();
  await server.forget();
  const found = await Promise.all([open(), open()]);
  for (const tab of found) assert.equal((await state(tab)).userId, 'c-alice');
  assert.equal(asked(who).length, 1);

  // Without the marker: renewed once, and it is back.
  for (const tab of found) await tab.close();
  await context.clearCookies({ name: marker });
  await server.forget();
  page = await open();
  assert.equal((await state(page)).userId, 'c-alice');
  assert.equal(asked(renew).length, 1);
  assert.deepEqual(await cookies(context), ['vsf-sap-token', marker].sort());

  // Without the token: the first refusal ends it once, and the marker goes.
  await context.clearCookies({ name: 'vsf-sap-token' });
  await server.forget();
  assert.equal(await status(page, me), 401);
  await eventOf(page, 'logout');
  assert.deepEqual(await ends(page), ['expired', 'logout:expired']);
  assert.deepEqual([asked(renew).length, await cookies(context)], [1, []]);

  // Neither record nor token, and the marker left: taken away, and not asked about again.
  await page.evaluate(() => localStorage.clear());
  await context.addCookies([{ name: marker, value: 'c-alice', url: server.page, secure: true }]);
  await server.forget();
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.state.status === 'anonymous');
  assert.deepEqual([asked(who).length, await cookies(context)], [1, []]);
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.state.status === 'anonymous');
  assert.equal(asked(who).length, 1);
});

story('CK-05 all cookies gone with the browser: the next page says why', {}, async (scene) => {
  const { context, open, asked, server } = scene;
  const page = await open();
  await signInByPassword(page);
  await page.close();
  await context.clearCookies();
  await server.forget();
  const next = await open();
  assert.equal((await state(next)).isLoggedIn, false);
  assert.deepEqual(await ends(next), ['expired', 'logout:expired']);
  assert.equal(asked(renew).length, 1);
});

story('CK-05 whoever signs in by a form of the middleware’s is there on the next page', {}, async (scene) => {
  const { open, asked, server, sapcc } = scene;
  const page = await open();
  await signInByPassword(page);
  await page.evaluate(() => session.logout());
  const login = {
    ...post(JSON.stringify({ username: 'bob', password: 'builder' })),
    headers: { 'x-requested-with': 'a' },
  };
  assert.equal(await status(page, `${sapcc}/${signIn}`, login), 200);
  await server.forget();
  await page.reload();
  assert.equal((await page.evaluate(() => session.ready)).userId, 'c-bob');
  assert.equal(asked(who).length, 1);
});

story('S50 a rule says whose token the middleware takes', {}, async (scene) => {
  const { server, open, asked, sapcc, me } = scene;
  const page = await open();
  const kinds = async () => {
    await server.occ.forget();
    const all = {};
    for (const mode of ['customer', 'application', 'customerOrApplication', 'none'])
      all[mode] = await status(page, `${sapcc}/${mode}/products/search`);
    return [all, (await server.occ.log()).filter(({ path }) => /search/.test(path)).map(({ kind }) => kind)];
  };
  assert.deepEqual(await kinds(), [{ ...anonymous, none: 200 }, ['client', 'client', 'none']]);
  await signInByPassword(page);
  assert.deepEqual(await kinds(), [
    { customer: 200, application: 200, customerOrApplication: 200, none: 200 },
    ['customer', 'client', 'customer', 'none'],
  ]);

  // What is posted shows that it is the page's own; as 'none' nothing is added.
  for (const [mode, want] of [
    ['application', 201],
    ['customerOrApplication', 201],
    ['none', 403],
  ])
    assert.equal(await status(page, `${sapcc}/${mode}/users/{user}/carts`, post('')), want, mode);

  // A refusal of the application's token says nothing of the session.
  await server.forget();
  await server.occ.fault({ endpoint: 'occ', mode: '401', path: '/products/search' });
  assert.equal(await status(page, `${sapcc}/application/products/search`), 401);
  assert.equal(await status(page, `${sapcc}/none/products/search`), 401);
  assert.deepEqual(asked(renew), []);
  await server.occ.fault({ endpoint: 'occ', mode: 'ok' });
  // As either, the customer's is renewed.
  await scene.expire();
  assert.equal(await status(page, `${sapcc}/customerOrApplication/products/search`), 200);
  assert.deepEqual([asked(renew).length, (await server.occ.log()).at(-1).kind], [1, 'customer']);
  assert.equal(await status(page, me), 200);
});

story('S50 a request that may be anybody’s runs as nobody else when the session ends on its way', {}, async (scene) => {
  const { server, open, asked, sapcc } = scene;
  const page = await open();
  await signInByPassword(page);
  await server.forget();
  await server.occ.fault({ endpoint: 'occ', mode: 'hang', path: '/carts' });
  const url = `${sapcc}/customerOrApplication/users/{user}/carts`;
  const late = status(page, url, post(''));
  await server.occ.until((all) => all.some(({ path }) => /carts/.test(path)));
  await page.evaluate(() => session.logout());
  await server.occ.fault({ endpoint: 'occ', mode: 'ok' });
  assert.equal(await late, 401);
  assert.equal(asked('customerOrApplication/users/{user}/carts').length, 1);
});

story('FF-30 whatever was posted is sent again as it was', {}, async (scene) => {
  const { open, asked, expire, sapcc } = scene;
  const page = await open();
  await signInByPassword(page);
  const url = `${sapcc}/customer/users/{user}/carts`;
  const path = 'customer/users/{user}/carts';
  for (const kind of ['text', 'json', 'form', 'multipart', 'blob', 'bytes', 'request']) {
    await expire();
    const answer = await page.evaluate(
      async ([kind, url]) => {
        const text = 'ünïcode & more=1';
        const form = new FormData();
        form.set('file', new Blob([text]), 'a.txt');
        const bodies = {
          text,
          json: JSON.stringify({ text }),
          form: new URLSearchParams({ text }),
          multipart: form,
          blob: new Blob([text], { type: 'text/plain' }),
          bytes: new TextEncoder().encode(text),
        };
        const init = { method: 'POST', body: bodies[kind] ?? text };
        return (await (kind === 'request' ? fetch(new Request(url, init)) : fetch(url, init))).status;
      },
      [kind, url],
    );
    assert.equal(answer, 201, kind);
    const [refused, again, ...more] = asked(path);
    assert.deepEqual([refused.status, again.status, more, asked(renew).length], [401, 201, [], 1], kind);
    // Where one part ends the browser says anew each time.
    const parts = ({ body }) => body.replace(/-+WebKitFormBoundary\w+/g, '--');
    assert.equal(parts(again), parts(refused), kind);
    assert.match(again.body, /ünïcode|%C3%BCn/, kind);
  }
});

story('RR-05 a shop that is away ends nothing', {}, async (scene) => {
  const { context, server, open, asked, expire, me } = scene;
  const page = await open();
  await signInByPassword(page);
  await expire();
  await server.occ.fault({ endpoint: 'token', mode: '503', grantType: 'refresh_token' });
  assert.equal(await status(page, me), 401, 'its own answer');
  assert.deepEqual(
    asked(renew).map(({ status }) => status),
    [503],
  );
  assert.deepEqual([(await state(page)).userId, await ends(page)], ['c-alice', []]);
  assert.deepEqual(await cookies(context), ['vsf-sap-token', marker].sort());
  await server.occ.fault({ endpoint: 'token', mode: 'ok' });
  await served(page, me);
  assert.equal((await eventsOf(page, 'expired')).length, 0);
});
