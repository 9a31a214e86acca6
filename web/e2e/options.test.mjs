// What createSession can be told, and the members of a session beside signing in and out.
import assert from 'node:assert/strict';
import { ask, eventsOf, signInByPassword, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both, demo } = scenes();

const by = 'password';
const isWasm = (request) => request.url().endsWith('latchkey.wasm');

function wasmRequests(context) {
  const asked = [];
  context.on('request', (request) => isWasm(request) && asked.push(request.url()));
  return asked;
}

both(
  "intercept 'none' leaves fetch alone and offers session.fetch",
  { by, options: { intercept: 'none' } },
  async ({ open, server, context }) => {
    await context.addInitScript(() => (globalThis.native = globalThis.fetch));
    const page = await open();
    assert.equal(await page.evaluate(() => fetch === native), true);
    await signInByPassword(page);
    assert.equal((await ask(page, `${server.api}me`)).status, 401);
    await server.expire();
    const status = await page.evaluate(async (url) => (await session.fetch(url)).status, `${server.api}me`);
    assert.equal(status, 200);
  },
);

both(
  "load 'demand' asks for no runtime until it is needed",
  { by, options: { load: 'demand' } },
  async ({ open, server, context }) => {
    const asked = wasmRequests(context);
    const page = await open();
    assert.equal((await state(page)).status, 'anonymous');
    assert.equal((await ask(page, `${server.api}public`)).status, 200);
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    assert.deepEqual(asked, []);
    await signInByPassword(page);
    assert.equal(asked.length, 1);

    await page.reload();
    await settled(page);
    assert.equal((await state(page)).userId, 'alice');
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.equal(asked.length, 1);
    await server.expire();
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.equal(asked.length, 2);
  },
);

demo(
  "load 'idle' loads the runtime when the page is idle",
  {
    by,
    options: { load: 'idle' },
    init: () => {
      globalThis.requestIdleCallback = (work) => (globalThis.idle = work);
    },
  },
  async ({ open, context }) => {
    const asked = wasmRequests(context);
    const page = await open();
    assert.equal((await state(page)).status, 'anonymous');
    await page.waitForFunction(() => globalThis.idle);
    assert.deepEqual(asked, []);
    const loaded = page.waitForEvent('requestfinished', isWasm);
    await page.evaluate(() => idle());
    await loaded;
    assert.equal(asked.length, 1);
  },
);

both('close puts fetch back and ends what is under way', { by }, async ({ open, server, context }) => {
  await context.addInitScript(() => (globalThis.native = globalThis.fetch));
  const page = await open();
  await signInByPassword(page);
  assert.equal(await page.evaluate(() => fetch === native), false);
  const codes = await page.evaluate(async () => {
    const code = (promise) =>
      promise.then(
        () => 'done',
        ({ code }) => code,
      );
    const under = code(session.refresh());
    session.close();
    session.close();
    return [await under, await code(session.getAccessToken()), await code(session.loginWithRedirect())];
  });
  assert.deepEqual(codes, ['closed', 'closed', 'closed']);
  assert.equal(await page.evaluate(() => fetch === native), true);
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
  await page.reload();
  await settled(page);
  assert.equal((await state(page)).userId, 'alice', 'closing is no logout');
});

both(
  'S69 a guard remembers the page that was wanted, and redirectAfterLogin tells it once',
  {},
  async ({ open, submit, server, context }) => {
    await context.addInitScript(() => {
      globalThis.went = [];
      globalThis.more = { navigate: (path) => went.push(path) };
    });
    const page = await open('account?tab=2#mail');
    const guarded = await page.evaluate(async () => [
      await session.guard.requireLogin(),
      await session.guard.requireAnonymous(),
    ]);
    assert.deepEqual(guarded, ['/login', true]);
    await submit(page);
    await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
    // The session is known a little before the page is sent where it was.
    await page.evaluate(() => session.checkOAuthParamsInUrl());
    const [required, anonymous, first, second] = await page.evaluate(async () => [
      await session.guard.requireLogin('/somewhere'),
      await session.guard.requireAnonymous(),
      went[0] ?? (await session.redirectAfterLogin()),
      await session.redirectAfterLogin(),
    ]);
    assert.deepEqual([required, anonymous], [true, '/']);
    // Nothing is remembered any more: then it is the home page.
    assert.deepEqual([first, second], ['/account?tab=2#mail', '/']);
    assert.ok(page.url().startsWith(server.page));
  },
);

for (const hostile of ['https://evil.test/', '//evil.test/', '/\\evil.test/', 'javascript:alert(1)']) {
  demo(`OA-21 a page of another origin is not remembered: ${hostile}`, { by }, async ({ open }) => {
    const page = await open();
    await page.evaluate((path) => session.guard.requireLogin(path), hostile);
    await signInByPassword(page);
    assert.equal(await page.evaluate(() => session.redirectAfterLogin()), '/');
  });
}

both(
  'getAccessToken gives a token that lives as long as asked, and one refresh serves all',
  { by },
  async ({ open, server }) => {
    const page = await open();
    const visitor = await page.evaluate(() => session.getAccessToken().catch(({ code }) => code));
    assert.equal(visitor, 'session_expired');
    await signInByPassword(page);
    await server.reset();
    const [same, sub] = await page.evaluate(async (url) => {
      const tokens = await Promise.all([session.getAccessToken(), session.getAccessToken({ minValidity: 5 })]);
      const response = await session.fetch(url, { as: 'none', headers: { authorization: `Bearer ${tokens[0]}` } });
      return [tokens[0] === tokens[1], (await response.json()).sub];
    }, `${server.api}me`);
    assert.deepEqual([same, sub], [true, 'alice']);
    assert.equal((await server.refreshes()).length, 0);
    const changed = await page.evaluate(async () => {
      const before = await session.getAccessToken();
      const states = await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
      return states.every((state) => state === session.state) && before !== (await session.getAccessToken());
    });
    assert.equal(changed, true);
    assert.equal((await server.refreshes()).length, 1);
    assert.equal((await eventsOf(page, 'refresh')).length, 1);
  },
);

both('subscribe and state: frozen, at once, and never a token', { by }, async ({ open }) => {
  const page = await open();
  const seen = await page.evaluate(async () => {
    const statuses = [];
    const off = session.subscribe(({ status }) => statuses.push(status));
    await session.loginWithCredentials('alice', 'wonderland');
    off();
    await session.logout({ atServer: false });
    const text = JSON.stringify(session.state);
    return { statuses, frozen: Object.isFrozen(session.state) && Object.isFrozen(session.state.scope), text };
  });
  assert.deepEqual(seen.statuses, ['anonymous', 'authenticated']);
  assert.ok(seen.frozen);
});
