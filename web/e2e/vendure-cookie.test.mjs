// The same real Vendure with its session in an HttpOnly cookie: the page sees none of it, so the server is asked.
import assert from 'node:assert/strict';
import {
  add,
  cart,
  catalogue,
  customer,
  isLoggedIn,
  login,
  me,
  quantity,
  run,
  signIn,
  signInWith,
  state,
  stores,
  told,
  users,
} from './support/vendure.mjs';

const store = stores('cookie');
const logout = (page) => page.evaluate(() => session.logout());
const endAtServer = 'mutation { logout { success } }';
const fields = async (server) =>
  (await server.log()).filter(({ method }) => method === 'POST').flatMap((one) => one.fields);

store(
  'CK-01 a visitor’s cart becomes the customer’s; no token is in the page, and the cookie crosses origins',
  {},
  async (scene) => {
    const { server, open, teapot, alice } = scene;
    const page = await open();
    await run(page, add(teapot));
    assert.equal(await quantity(page), 1);
    await signIn(page, alice);
    assert.equal(await quantity(page), 1);
    assert.equal((await state(page)).claims.identifier, alice.username);
    assert.deepEqual(await users(server), [alice.username]);
    assert.ok((await server.log()).every(({ authorization }) => !authorization));
    const token = await page.evaluate(() => session.getAccessToken().catch(({ code }) => code));
    assert.equal(token, 'not_supported');
    // What the caller says of cookies holds.
    assert.equal((await run(page, customer, {}, { credentials: 'omit' })).data.activeCustomer, null);
    assert.equal((await state(page)).isLoggedIn, true);
    await logout(page);
    // Whoever asks without a cookie is another visitor.
    assert.deepEqual(await users(server), [null]);
    assert.deepEqual(await told(page), ['login', 'logout user']);
    assert.equal((await run(page, customer)).data.activeCustomer, null);
  },
);

store('VE-05 first calls side by side get one cookie and one cart', {}, async ({ server, open, teapot, hat }) => {
  const page = await open();
  const count = await page.evaluate(
    async (queries) => {
      const all = queries.map((query) =>
        fetch(globalThis.settings.auth.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        }),
      );
      return (await Promise.all(all)).length;
    },
    Array.from({ length: 40 }, (_, i) => [add(teapot), catalogue, cart, add(hat)][i % 4]),
  );
  assert.equal(count, 40);
  assert.deepEqual(await users(server), [null]);
  assert.equal((await server.orders()).length, 1);
});

store('who it is is asked once where nothing is known, and nobody has signed in by that', {}, async (scene) => {
  const { server, context, open, alice } = scene;
  // The cookie of an app beside this one.
  await context.request.post(server.shop, { data: { query: login, variables: alice } });
  await server.forget();
  const page = await open();
  assert.equal((await state(page)).claims.identifier, alice.username);
  assert.deepEqual(await told(page), []);
  assert.equal((await fields(server)).filter((field) => field === 'me').length, 1);
});

store('a visitor is asked about once, and the next page begins at once', {}, async ({ server, open }) => {
  const page = await open();
  assert.equal((await state(page)).isLoggedIn, false);
  await server.fault({ mode: 'hang', field: 'me' });
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  assert.equal(await page.evaluate(async () => (await session.ready).status), 'anonymous');
  assert.equal(await quantity(page), 0);
  await server.fault({ mode: 'ok' });
});

store('a reload, another tab and a closed browser: what is stored is compared with the cookie', {}, async (scene) => {
  const { server, context, open, alice, bob } = scene;
  const page = await open();
  await signIn(page, alice);
  // Each page asks the server once it has started: with the cookie of that time.
  const compared = () => context.waitForEvent('response', (it) => it.url() === server.shop && it.request().method() === 'POST');
  const first = compared();
  const other = await open();
  assert.equal((await state(other)).claims.identifier, alice.username);
  await first;
  const second = compared();
  await page.reload();
  await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
  await second;
  assert.deepEqual(await told(page), ['login']);
  // The cookie is gone: the browser was closed.
  await context.clearCookies();
  await page.reload();
  await isLoggedIn(page, false);
  await isLoggedIn(other, false);
  assert.deepEqual(await told(page), ['login', 'expired', 'logout expired']);
  // It is somebody else's: an app beside this one.
  await signIn(page, alice);
  await context.request.post(server.shop, { data: { query: login, variables: bob } });
  await page.reload();
  await page.waitForFunction((name) => globalThis.session?.state.claims?.identifier === name, bob.username);
  assert.deepEqual((await told(page)).slice(3), ['login', 'logout switched', 'login']);
});

store('a customer’s session that is dead is told once, and a visitor has a cart again', {}, async (scene) => {
  const { server, open, teapot, alice } = scene;
  const page = await open();
  await signIn(page, alice);
  await run(page, add(teapot));
  await server.revoke({ user: 'alice' });
  const answers = await Promise.all([me, me, me].map((one) => run(page, one)));
  for (const { errors } of answers) assert.equal(errors[0].extensions.code, 'FORBIDDEN');
  await isLoggedIn(page, false);
  assert.deepEqual(await told(page), ['login', 'expired', 'logout expired']);
  assert.equal(await quantity(page), 0);
  await run(page, add(teapot));
  assert.equal(await quantity(page), 1);
});

store('the page’s own sign-in and sign-out are noticed', {}, async ({ open, teapot, alice, bob }) => {
  const page = await open();
  await run(page, add(teapot));
  await run(page, login, alice);
  assert.equal((await state(page)).claims.identifier, alice.username);
  await run(page, login, bob);
  assert.equal((await state(page)).claims.identifier, bob.username);
  await run(page, endAtServer);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.deepEqual(await told(page), ['login', 'logout switched', 'login', 'logout user']);
  await run(page, login, { ...alice, password: 'no' });
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal(
    await signInWith(page, 'authenticate', { input: { friend: { word: 'friend-of-carol' } } }),
    'carol@friends.test',
  );
});

store(
  'a logout that the server has not heard of is told, and the session does not come back by itself',
  {},
  async (scene) => {
    const { server, open, alice } = scene;
    const page = await open();
    await signIn(page, alice);
    await server.fault({ mode: 'drop-before', field: 'logout' });
    await logout(page);
    assert.deepEqual(await told(page), ['login', 'logout user', 'error network_error']);
    assert.deepEqual(await users(server), [alice.username]);
    await server.forget();
    await page.reload();
    await page.waitForFunction(() => globalThis.session);
    await page.evaluate(() => session.ready);
    await run(page, catalogue);
    assert.equal((await state(page)).isLoggedIn, false);
    await server.fault({ mode: 'ok' });
    await logout(page);
    assert.deepEqual(await users(server), []);
  },
);

store('the admin API', { api: 'admin' }, async ({ server, open, superadmin }) => {
  const page = await open();
  await signIn(page, superadmin);
  assert.ok((await run(page, '{ administrators { totalItems } }')).data.administrators.totalItems > 0);
  await logout(page);
  // To ask who it is gets a visitor a session there.
  assert.deepEqual(await users(server), [null]);
});
