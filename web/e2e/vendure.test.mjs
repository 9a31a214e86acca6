// A customer of a real Vendure whose session is a token in a header: how it comes, whose it is, and how it ends.
import assert from 'node:assert/strict';
import {
  add,
  asked,
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

const store = stores();
const logout = (page) => page.evaluate(() => session.logout());

store('VE-01 a visitor’s cart becomes the customer’s, and is not anybody’s after the logout', {}, async (scene) => {
  const { server, open, teapot, alice } = scene;
  const page = await open();
  assert.equal((await run(page, add(teapot))).data.addItemToOrder.totalQuantity, 1);
  assert.equal(await quantity(page), 1);
  assert.deepEqual(await users(server), [null]);
  assert.deepEqual(await told(page), []);
  assert.equal((await state(page)).isLoggedIn, false);

  assert.equal(typeof (await signIn(page, alice)), 'string');
  assert.equal((await state(page)).claims.identifier, alice.username);
  assert.equal(await quantity(page), 1);
  assert.equal((await run(page, customer)).data.activeCustomer.emailAddress, alice.username);
  assert.deepEqual(await users(server), [alice.username]);
  assert.deepEqual(
    (await server.orders()).map((order) => [order.customer, order.quantity]),
    [[alice.username, 1]],
  );

  await logout(page);
  assert.equal((await run(page, customer)).data.activeCustomer, null);
  assert.equal(await quantity(page), 0);
  assert.deepEqual(await told(page), ['login', 'logout user']);

  // A second logout leaves a visitor who can have a session.
  await logout(page);
  await logout(page);
  await run(page, add(teapot));
  assert.equal(await quantity(page), 1);
});

store(
  'VE-05 100 first calls side by side get one session and keep every cart, and no catalogue waits',
  {},
  async (scene) => {
    const { server, open, teapot, hat } = scene;
    const page = await open();
    // The first of them is answered when the catalogue's are.
    await server.fault({ mode: 'late', field: 'addItemToOrder', count: 1 });
    const calls = page.evaluate(
      async ([queries, catalogue]) => {
        const ask = async (query) => {
          const response = await fetch(globalThis.settings.auth.url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ query }),
          });
          return (await response.json()).data;
        };
        const all = queries.map(ask);
        const browsed = await Promise.all([catalogue, catalogue, catalogue].map(ask));
        globalThis.browsed = browsed.map((data) => typeof data.products.totalItems);
        return (await Promise.all(all)).length;
      },
      [Array.from({ length: 100 }, (_, i) => [add(teapot), cart, add(hat), customer][i % 4]), catalogue],
    );
    await page.waitForFunction(() => globalThis.browsed);
    assert.deepEqual(await page.evaluate(() => globalThis.browsed), ['number', 'number', 'number']);
    // Nobody else has been let through to begin a session.
    assert.equal((await asked(server, 'activeOrder')).length, 0);
    assert.equal((await asked(server, 'addItemToOrder')).length, 1);
    await server.fault({ mode: 'ok', field: 'addItemToOrder' });
    assert.equal(await calls, 100);
    assert.deepEqual(await users(server), [null]);
    assert.equal((await server.orders()).length, 1);
    assert.equal(new Set((await asked(server, 'addItemToOrder')).slice(1)).size, 1);
  },
);

store('VE-05 a first call that is given up holds nobody up', {}, async ({ server, open, teapot }) => {
  const page = await open();
  await server.fault({ mode: 'hang', field: 'addItemToOrder', count: 1 });
  const calls = page.evaluate(
    async ([add, cart, url]) => {
      const controller = new AbortController();
      const ask = (query, signal) =>
        fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
          signal,
        });
      globalThis.giveUp = () => controller.abort();
      const first = ask(add, controller.signal).catch(({ name }) => name);
      const second = ask(cart);
      return [await first, (await second).status];
    },
    [add(teapot), cart, server.shop],
  );
  await server.until((all) => all.some(({ fields }) => fields.includes('addItemToOrder')));
  await page.evaluate(() => globalThis.giveUp());
  assert.deepEqual(await calls, ['AbortError', 200]);
  await server.fault({ mode: 'ok' });
});

store(
  'VE-06 a token that one tab was given is used in the other, and a sign-in there is told here',
  {},
  async (scene) => {
    const { server, open, teapot, alice } = scene;
    const first = await open();
    const second = await open();
    await run(first, add(teapot));
    await second.waitForFunction(() => session.getAccessToken().catch(() => ''));
    assert.equal(await quantity(second), 1);
    assert.deepEqual(await users(server), [null]);
    await signIn(second, alice);
    await isLoggedIn(first);
    assert.equal(await quantity(first), 1);
    await logout(first);
    await isLoggedIn(second, false);
    assert.deepEqual(await told(first), ['login remote', 'logout user']);
    assert.deepEqual(await told(second), ['login', 'logout user remote']);
    assert.deepEqual(await users(server), []);
  },
);

store('a reload begins with the session, a visitor’s and a customer’s', {}, async ({ server, open, teapot, alice }) => {
  const page = await open();
  await run(page, add(teapot));
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  assert.equal(await quantity(page), 1);
  await signIn(page, alice);
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  assert.equal((await state(page)).claims.identifier, alice.username);
  assert.equal(await quantity(page), 1);
  assert.deepEqual(await told(page), ['login']);
  assert.deepEqual(await users(server), [alice.username]);
});

for (const [end, how] of [
  ['expire', { user: 'alice' }],
  ['revoke', { user: 'alice' }],
])
  for (const [what, query] of Object.entries({
    'a refusal': me,
    'a new visitor’s token': cart,
    'both at once': '{ activeOrder { code } me { id } }',
  }))
    store(`a customer’s session that is dead (${end}) is told once by ${what}`, {}, async (scene) => {
      const { server, open, teapot, hat, alice } = scene;
      const page = await open();
      await signIn(page, alice);
      await run(page, add(teapot));
      await server[end](how);
      const answers = await Promise.all([query, query, query].map((one) => run(page, one)));
      for (const { status } of answers) assert.equal(status, 200);
      await isLoggedIn(page, false);
      assert.deepEqual(await told(page), ['login', 'expired', 'logout expired']);
      assert.equal(await quantity(page), 0);
      // A visitor again, and the next one in the same session.
      assert.equal((await run(page, add(hat))).data.addItemToOrder.totalQuantity, 1);
      assert.equal(await quantity(page), 1);
      await signIn(page, alice);
      assert.equal(await quantity(page), 2);
    });

store('a visitor’s session that is dead is replaced, and nobody is told', {}, async ({ server, open, teapot }) => {
  const page = await open();
  await run(page, add(teapot));
  await server.expire({ anonymous: true });
  assert.equal(await quantity(page), 0);
  await run(page, add(teapot));
  assert.equal(await quantity(page), 1);
  assert.deepEqual(await told(page), []);
  assert.equal(new Set((await asked(server, 'addItemToOrder')).map(String)).size, 2);
});

store('the page’s own sign-in and sign-out are noticed, and its answers are its own', {}, async (scene) => {
  const { server, open, teapot, alice } = scene;
  const page = await open();
  await run(page, add(teapot));
  const { data } = await run(page, login, alice);
  assert.equal(data.login.identifier, alice.username);
  // The caller gets its answer when the state is that.
  assert.equal((await state(page)).claims.identifier, alice.username);
  assert.equal(await quantity(page), 1);
  assert.deepEqual(await users(server), [alice.username]);
  assert.equal((await run(page, 'mutation { logout { success } }')).data.logout.success, true);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.deepEqual(await told(page), ['login', 'logout user']);
  assert.equal(
    (await run(page, login, { ...alice, password: 'no' })).data.login.errorCode,
    'INVALID_CREDENTIALS_ERROR',
  );
  // And as the first call of all.
  await run(page, login, alice);
  assert.equal((await state(page)).isLoggedIn, true);
});

store('S99 all ways to sign in, with the server’s own words for what it refuses', {}, async (scene) => {
  const { server, open, alice } = scene;
  await server.set({ requireVerification: true });
  const page = await open();
  const refused = async (operation, variables, error) => {
    const { code, oauth, message } = await signInWith(page, operation, variables);
    assert.deepEqual([code, oauth?.error], ['invalid_credentials', error], message);
  };
  await refused('authenticate', { input: { friend: { word: 'enemy' } } }, 'INVALID_CREDENTIALS_ERROR');
  assert.equal(
    await signInWith(page, 'authenticate', { input: { friend: { word: 'friend-of-carol' } } }),
    'carol@friends.test',
  );
  await logout(page);

  const dora = { username: 'dora@example.test', password: 'explorer-1' };
  const register =
    'mutation ($input: RegisterCustomerInput!) { registerCustomerAccount(input: $input) { __typename } }';
  await run(page, register, { input: { emailAddress: dora.username, password: dora.password } });
  assert.deepEqual((await signIn(page, dora)).oauth.error, 'NOT_VERIFIED_ERROR');
  const { token } = (await server.mail()).find(({ kind, to }) => kind === 'verify' && to === dora.username);
  assert.equal(await signInWith(page, 'verifyCustomerAccount', { token }), dora.username);
  await logout(page);
  await refused('verifyCustomerAccount', { token }, 'VERIFICATION_TOKEN_INVALID_ERROR');

  await run(page, `mutation { requestPasswordReset(emailAddress: "${alice.username}") { __typename } }`);
  const reset = (await server.mail()).find(({ kind }) => kind === 'reset');
  await refused(
    'resetPassword',
    { token: 'none', password: 'through-the-glass' },
    'PASSWORD_RESET_TOKEN_INVALID_ERROR',
  );
  assert.equal(
    await signInWith(page, 'resetPassword', { token: reset.token, password: 'through-the-glass' }),
    alice.username,
  );
  await refused('login', { username: alice.username, password: 'no' }, 'INVALID_CREDENTIALS_ERROR');
  // A refused sign-in ends nobody's session.
  assert.equal((await state(page)).isLoggedIn, true);
  const { code } = await signInWith(page, 'login', { username: alice.username });
  assert.equal(code, 'server_error');
  assert.equal((await signInWith(page, 'registerCustomerAccount', {})).code, 'config_invalid');
});

store('VE-07 an answer that comes after the logout brings nothing back', {}, async (scene) => {
  const { server, open, teapot, alice } = scene;
  const page = await open();
  const late = async (query, variables, field) => {
    await server.forget();
    await server.fault({ mode: 'late', field });
    const answer = run(page, query, variables);
    await server.until((all) => all.some(({ fields }) => fields.includes(field)));
    return async () => {
      await server.fault({ mode: 'ok', field });
      await answer;
    };
  };
  // A sign-in of the page's own.
  await run(page, add(teapot));
  const signedIn = await late(login, alice, 'login');
  await logout(page);
  await signedIn();
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal(await quantity(page), 0);
  // A visitor's token, after somebody has come and gone.
  await logout(page);
  const visited = await late(add(teapot), {}, 'addItemToOrder');
  const other = await open();
  await signIn(other, alice);
  await isLoggedIn(page);
  await logout(other);
  await isLoggedIn(page, false);
  await visited();
  assert.equal(await quantity(page), 0);
  assert.equal((await state(page)).isLoggedIn, false);
});
