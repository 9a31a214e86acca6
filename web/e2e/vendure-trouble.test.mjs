// What must not become a session at a real Vendure, and what the page is told where one can't be had.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import {
  add,
  asked,
  cart,
  customer,
  isLoggedIn,
  login,
  me,
  quantity,
  run,
  signIn,
  state,
  stores,
  told,
  users,
} from './support/vendure.mjs';

const store = stores();
const evil = 'e'.repeat(64);

/** Another origin, which gives everybody a token and lets every page read it. */
async function giver(act, handle = (_, response) => response.end('{"data":{}}')) {
  const seen = [];
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', `*, ${request.headers['access-control-request-headers'] ?? ''}`);
    response.setHeader('access-control-expose-headers', 'vendure-auth-token');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    seen.push(request.headers);
    response.setHeader('vendure-auth-token', evil);
    response.setHeader('content-type', 'application/json');
    handle(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await act(`http://127.0.0.1:${server.address().port}/`, seen);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
/** All that is stored has no such token in it, and no request has carried one. */
const isNowhere = async (page, server) => {
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(evil));
  assert.ok((await server.log()).every(({ authorization }) => !/unknown/.test(authorization?.token ?? '')));
};

store(
  'VE-02 a token of another origin is nobody’s, also after a redirect there',
  {},
  async ({ server, open, alice }) => {
    const page = await open();
    await giver(async (elsewhere, seen) => {
      await run(page, cart, {}, { url: elsewhere });
      for (const who of ['visitor', 'customer']) {
        for (const status of [307, 302]) {
          await server.fault({ mode: 'redirect', status, to: elsewhere, field: 'activeOrder', count: 1 });
          assert.deepEqual((await run(page, cart)).data, {}, `${who} ${status}`);
        }
        await run(page, customer);
        await isNowhere(page, server);
        if (who === 'visitor') await signIn(page, alice);
      }
      assert.equal((await state(page)).isLoggedIn, true);
      assert.equal((await run(page, customer)).data.activeCustomer.emailAddress, alice.username);
      assert.equal(seen.length, 5);
      for (const { authorization } of seen) assert.equal(authorization, undefined);
    });
  },
);

store('VE-02 the server’s own answer by way of another origin counts', {}, async ({ server, open, teapot }) => {
  const page = await open();
  await giver(
    async (elsewhere) => {
      await server.fault({ mode: 'redirect', status: 307, to: elsewhere, field: 'addItemToOrder', count: 1 });
      // Back from there its origin is nobody's, which the server does not answer.
      assert.equal((await run(page, add(teapot))).error, 'TypeError');
      assert.deepEqual(await told(page), []);
    },
    (_, response) => response.writeHead(307, { location: server.shop }).end(),
  );
});

for (const [what, value] of [
  ['words', 'no token at all'],
  ['not ASCII', 't\u00f6ken-t\u00f6ken'],
  ['huge', 'x'.repeat(5000)],
])
  store(`VE-04 a header that is no token (${what}) is refused, and told`, {}, async ({ server, open, teapot }) => {
    const page = await open();
    await server.fault({ mode: 'edit', headers: { 'vendure-auth-token': value }, field: 'addItemToOrder', count: 1 });
    assert.equal((await run(page, add(teapot))).status, 200);
    assert.deepEqual(await told(page), ['error server_error']);
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(value.slice(0, 8)));
    assert.equal((await run(page, add(teapot))).data.addItemToOrder.totalQuantity, 1);
    assert.equal(await quantity(page), 1);
  });

store('VE-03 a header that CORS hides is told by its name, once, and never where there is none', {}, async (scene) => {
  const { server, open, teapot, hat, alice, bob } = scene;
  const page = await open();
  await page.evaluate(() => {
    globalThis.words = [];
    session.on('error', ({ error }) => globalThis.words.push(error.message));
  });
  const words = () => page.evaluate(() => globalThis.words);
  // What brings no session has nothing to hide.
  await run(page, login, { ...alice, password: 'no' });
  await run(page, `mutation { requestPasswordReset(emailAddress: "${bob.username}") { __typename } }`);
  await run(page, me);
  await run(page, 'mutation { addItemToOrder(productVariantId: "none") { nothing } }');
  assert.deepEqual(await words(), []);
  await server.set({ hide: ['vendure-auth-token'] });
  await run(page, add(teapot));
  await run(page, add(hat));
  await run(page, cart);
  const [first, ...more] = await words();
  assert.match(first, /vendure-auth-token .*Access-Control-Expose-Headers/);
  assert.deepEqual(more, []);
  const { code, message } = await signIn(page, alice);
  assert.equal(code, 'server_error');
  assert.match(message, /vendure-auth-token .*Access-Control-Expose-Headers/);
  assert.equal((await state(page)).isLoggedIn, false);
});

store(
  'VE-08 the header has another name, in any case, and the page sends Requests',
  { auth: { authTokenHeader: 'X-Shop-Token' } },
  async (scene) => {
    const { server, open, teapot } = scene;
    const page = await open();
    const token = await page.evaluate(
      async ([query, url]) => {
        const { fetch } = globalThis;
        const body = JSON.stringify({ query });
        const response = await fetch(
          new Request(url, { method: 'POST', body, headers: { 'content-type': 'application/json', as: 'none' } }),
        );
        return response.headers.get('VENDURE-AUTH-TOKEN');
      },
      [add(teapot), server.shop],
    );
    await server.fault({
      mode: 'edit',
      headers: { 'X-Shop-TOKEN': token, 'access-control-expose-headers': 'X-SHOP-token' },
      field: 'activeCustomer',
      count: 1,
    });
    await page.evaluate(
      ([query, url]) =>
        fetch(
          new Request(url, {
            method: 'POST',
            body: JSON.stringify({ query }),
            headers: { 'content-type': 'application/json' },
          }),
        ),
      [customer, server.shop],
    );
    assert.equal(await quantity(page), 1);
  },
);

store(
  'a channel goes with every request, unless the caller names one; one that is unknown is forgotten',
  {},
  async (scene) => {
    const { server, context, open, alice } = scene;
    const { second } = server.channels;
    const active = '{ activeChannel { code } }';
    const plain = await open();
    assert.equal((await run(plain, active)).data.activeChannel.code, '__default_channel__');
    await context.addInitScript((token) => {
      globalThis.settings.auth.channelToken = token;
    }, second.token);
    const page = await open();
    const code = async (init) => (await run(page, active, {}, init)).data.activeChannel.code;
    assert.equal(await code(), second.code);
    assert.equal(await code({ url: `${server.shop}?vendure-token=${second.token}` }), second.code);
    // The page's own is the page's affair.
    const { errors } = await run(page, active, {}, { headers: { 'vendure-token': 'none' } });
    assert.equal(errors[0].extensions.code, 'CHANNEL_NOT_FOUND');
    assert.equal(
      (await run(page, active, {}, { url: `${server.shop}?vendure-token=none` })).errors[0].extensions.code,
      'CHANNEL_NOT_FOUND',
    );
    assert.deepEqual(await told(page), []);
    assert.equal(await code(), second.code);
    await signIn(page, alice);
    await page.evaluate(() => session.logout());

    await context.addInitScript(() => {
      globalThis.settings.auth.channelToken = 'gone';
    });
    for (const who of ['visitor', 'customer', 'sign-in']) {
      const other = await open();
      await other.evaluate(() => session.logout());
      await other.evaluate(() => (globalThis.events.length = 0));
      if (who === 'customer') {
        // Signed in without a channel, so that the page's own request is the first to ask for it.
        await run(other, login, alice, { headers: { 'vendure-token': second.token } });
        await isLoggedIn(other);
        await other.evaluate(() => (globalThis.events.length = 0));
      }
      if (who === 'sign-in') {
        const failed = await signIn(other, alice);
        assert.deepEqual([failed.code, failed.oauth.error], ['config_invalid', 'CHANNEL_NOT_FOUND']);
      } else {
        const answer = await run(other, active);
        assert.equal(answer.errors[0].extensions.code, 'CHANNEL_NOT_FOUND', 'the answer is the caller’s');
      }
      assert.deepEqual(await told(other), ['error config_invalid'], who);
      assert.equal((await run(other, active)).data.activeChannel.code, '__default_channel__');
      if (who === 'sign-in') assert.equal(typeof (await signIn(other, alice)), 'string');
      await other.evaluate(() => session.logout());
      await other.close();
    }
  },
);

store('the admin API: a refusal of what its user may not do ends nothing', { api: 'admin' }, async (scene) => {
  const { server, open, superadmin, alice } = scene;
  const page = await open();
  assert.equal((await run(page, '{ administrators { totalItems } }')).errors[0].extensions.code, 'FORBIDDEN');
  assert.equal((await signIn(page, alice)).oauth.error, 'INVALID_CREDENTIALS_ERROR');
  assert.equal(typeof (await signIn(page, superadmin)), 'string');
  assert.ok((await run(page, '{ administrators { totalItems } }')).data.administrators.totalItems > 0);
  // Another answer of that kind, while the session is good.
  await page.context().route('**/admin-api', (route) =>
    route.request().postData()?.includes('nothingOfYours')
      ? route.fulfill({
          contentType: 'application/json',
          headers: { 'access-control-allow-origin': new URL(server.page).origin },
          body: '{"errors":[{"extensions":{"code":"FORBIDDEN"}}],"data":null}',
        })
      : route.continue(),
  );
  await server.forget();
  assert.equal((await run(page, '{ nothingOfYours }')).errors[0].extensions.code, 'FORBIDDEN');
  assert.equal((await asked(server, 'me')).length, 1);
  assert.equal((await state(page)).isLoggedIn, true);
  assert.deepEqual(await told(page), ['login']);
  await server.revoke({ user: 'superadmin' });
  assert.equal((await run(page, '{ administrators { totalItems } }')).errors[0].extensions.code, 'FORBIDDEN');
  await isLoggedIn(page, false);
  assert.deepEqual(await told(page), ['login', 'expired', 'logout expired']);
});

store(
  'a session that is not to be remembered ends with the tab',
  { options: { storage: 'session' } },
  async (scene) => {
    const { server, context, open, alice } = scene;
    const page = await open();
    let remembered;
    context.on('request', (request) => {
      const { query, variables } = JSON.parse(request.postData() ?? '{}');
      if (/login\(/.test(query)) remembered = variables.rememberMe;
    });
    await signIn(page, alice);
    assert.equal(remembered, false);
    await page.reload();
    await isLoggedIn(page);
    assert.equal((await state(await open())).isLoggedIn, false);
    await signIn(page, alice, { params: { rememberMe: 'true' } });
    assert.equal(remembered, true);
    assert.equal((await signIn(page, alice, { params: { remember: 'yes' } })).code, 'config_invalid');
    assert.deepEqual(await users(server), [alice.username, alice.username]);
  },
);

store('a logout ends all devices, and the other one is told', {}, async ({ server, open, context, alice }) => {
  const page = await open();
  await signIn(page, alice);
  // Another device, by hand.
  const url = server.shop;
  const device = await context.request.post(url, { data: { query: login, variables: alice } });
  assert.ok(device.headers()['vendure-auth-token']);
  await context.request.post(url, {
    data: { query: 'mutation { logout { success } }' },
    headers: { authorization: `Bearer ${device.headers()['vendure-auth-token']}` },
  });
  assert.equal((await run(page, me)).errors[0].extensions.code, 'FORBIDDEN');
  await isLoggedIn(page, false);
  assert.deepEqual(await told(page), ['login', 'expired', 'logout expired']);
});

store(
  'what fails on the way is told by its code, and no session is made of it',
  {},
  async ({ server, open, alice }) => {
    const page = await open();
    for (const [mode, code] of Object.entries({
      'drop-before': 'network_error',
      drop: 'network_error',
      html: 'server_error',
      empty: 'server_error',
      truncated: 'network_error',
      429: 'rate_limited',
      503: 'server_error',
    })) {
      await server.fault({ mode, field: 'login' });
      assert.equal((await signIn(page, alice)).code, code, mode);
      await server.fault({ mode: 'ok' });
    }
    assert.equal((await state(page)).isLoggedIn, false);
    assert.equal(typeof (await signIn(page, alice)), 'string');
  },
);
