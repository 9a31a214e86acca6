// A runtime that does not come, or does not stay: the page goes on.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { ask, eventOf, eventsOf, signInByPassword, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';
import { buildFaulty } from './support/faulty.mjs';

const { both, demo } = scenes();

const password = { by: 'password' };
const wasm = '**/latchkey.wasm';

/** Changes what the page is served at a URL. */
const change = (context, url, how) =>
  context.route(url, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, ...(await how(response)) });
  });

/** Serves the page with a Content-Security-Policy. */
async function restrict(context, server, policy) {
  // A document that comes from a test counts as one from the internet, which may not ask this machine.
  await context.grantPermissions(['local-network-access']);
  const rest = `connect-src 'self' ${server.issuer}; img-src data:`;
  await change(context, server.page, (response) => ({
    headers: { ...response.headers(), 'content-security-policy': `default-src 'none'; ${policy}; ${rest}` },
  }));
}

/** Ways to keep the runtime from running, each with a context to do it to. */
const faults = {
  'GW-08 FF-46 a wasm that is not there': (context) =>
    context.route(wasm, (route) => route.fulfill({ status: 404, body: 'not found' })),
  'FF-46 a network that fails': (context) => context.route(wasm, (route) => route.abort()),
  'FF-46 a wasm that is none': (context) =>
    context.route(wasm, (route) =>
      route.fulfill({ contentType: 'application/wasm', body: '<!doctype html><h1>Welcome</h1>' }),
    ),
  'FF-46 half a wasm': (context) =>
    change(context, wasm, async (response) => ({ body: (await response.body()).subarray(0, 100_000) })),
  'GW-08 a wasm of another version': (context) =>
    change(context, '**/dist/latchkey.js', async (response) => {
      const text = await response.text();
      const other = text.replaceAll(/"\d+\.\d+\.\d+"/g, '"0.0.0-other"');
      assert.notEqual(other, text, 'there is a version to change');
      return { body: other };
    }),
  "a policy without 'wasm-unsafe-eval'": (context, server) => restrict(context, server, "script-src 'self'"),
};

/** What holds while there is no runtime: nothing hangs, and nothing is sent that should not be. */
async function pageGoesOn(page, server) {
  assert.equal((await eventOf(page, 'error')).code, 'runtime_failed');
  assert.equal((await ask(page, '/page.js')).status, 200);
  await server.reset();
  const refused = await ask(page, `${server.api}me`);
  assert.deepEqual([refused.status, JSON.parse(refused.text).error], [401, 'unauthorized']);
  assert.equal((await server.requests('/api/me'))[0].authorization, 'none');
  const failed = await signInByPassword(page);
  assert.deepEqual([failed.name, failed.code], ['SessionError', 'runtime_failed']);
}

for (const [name, breakIt] of Object.entries(faults)) {
  demo(`${name}: a visitor's page goes on`, password, async ({ open, context, server }) => {
    await breakIt(context, server);
    const page = await open();
    assert.equal((await state(page)).status, 'anonymous');
    await pageGoesOn(page, server);
    assert.equal((await eventsOf(page, 'error')).length, 1, 'said once');
  });

  demo(`${name}: a page whose token has run out goes on without it`, password, async ({ open, context, server }) => {
    const page = await open();
    await signInByPassword(page);
    await context.clock.setFixedTime(Date.now() + 100_000);
    await breakIt(context, server);
    await page.goto(server.page);
    await page.waitForFunction(() => globalThis.session);
    const code = await page.evaluate(() =>
      session.ready.then(
        () => 'ready',
        ({ code }) => code,
      ),
    );
    assert.equal(code, 'runtime_failed');
    await pageGoesOn(page, server);
  });
}

both(
  'FF-46 without a runtime a token that is good goes on working, and one that is refused is the caller’s 401',
  password,
  async (scene) => {
    const { open, context, server } = scene;
    const page = await open();
    await signInByPassword(page);
    await context.route(wasm, (route) => route.abort());
    await page.reload();
    await settled(page);
    assert.equal((await state(page)).userId, 'alice');
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    await server.expire();
    const refused = await ask(page, `${server.api}me`);
    assert.deepEqual([refused.status, JSON.parse(refused.text).error], [401, 'invalid_token']);
    assert.equal((await eventOf(page, 'error')).code, 'runtime_failed');
    // The session is as it was: with a runtime it goes on.
    await context.unroute(wasm);
    assert.equal(await page.evaluate(() => session.refresh().then(({ userId }) => userId)), 'alice');
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
  },
);

for (const type of ['text/plain', 'application/octet-stream', 'application/wasm; charset=utf-8']) {
  demo(`a wasm that is served as ${type} works`, password, async ({ open, context, server }) => {
    await change(context, wasm, (response) => ({ headers: { ...response.headers(), 'content-type': type } }));
    const page = await open();
    assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.deepEqual(await eventsOf(page, 'error'), []);
  });
}

demo("a policy with 'wasm-unsafe-eval' is all that is needed", password, async ({ open, context, server }) => {
  await restrict(context, server, "script-src 'self' 'wasm-unsafe-eval'");
  const page = await open();
  assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
});

let faulty;
before(async () => {
  faulty = await buildFaulty();
});

for (const fault of ['panic', 'nil', 'index', 'stack', 'exit']) {
  demo(
    `GW-01 FF-46 a program that ends (${fault}): the page goes on, and the session can start again`,
    password,
    async (scene) => {
      const { open, context, server, oracle } = scene;
      oracle.secrets.add('what-a-panic-says');
      await context.route(wasm, (route) => route.fulfill({ contentType: 'application/wasm', body: faulty }));
      const page = await open();
      assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
      const token = await scene.delay(server.endpoints.token);
      const waiting = page.evaluate(() => session.refresh().catch(({ code }) => code));
      await token.arrived;
      await page.evaluate((fault) => (location.hash = `fault-${fault}`), fault);
      assert.equal(await waiting, 'runtime_failed');
      assert.equal((await eventOf(page, 'error')).code, 'runtime_failed');
      assert.equal((await ask(page, '/page.js')).status, 200);
      assert.equal((await ask(page, `${server.api}me`)).status, 401);
      await page.evaluate(() => (location.hash = ''));
      token.go();
      await context.unroute(server.endpoints.token);
      assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
      assert.equal((await ask(page, `${server.api}me`)).status, 200);
    },
  );
}

const names = () => {
  globalThis.before = Object.getOwnPropertyNames(globalThis);
};

demo(
  'GW-09 two sessions on one page add no global, and each has its own',
  { by: 'password', init: names },
  async (scene) => {
    const { open, server } = scene;
    const page = await open();
    await signInByPassword(page);
    const [added, users] = await page.evaluate(async () => {
      const { scheme, auth, options } = settings;
      const second = latchkey.createSession({ auth: latchkey[scheme](auth), ...options, context: 'second' });
      await second.loginWithCredentials('bob', 'builder');
      const known = ['before', 'settings', 'latchkey', 'session', 'events'];
      const added = Object.getOwnPropertyNames(globalThis).filter(
        (name) => !before.includes(name) && !known.includes(name),
      );
      const users = [session.state.userId, second.state.userId];
      second.close();
      return [added, users];
    });
    assert.deepEqual(added, []);
    assert.deepEqual(users, ['alice', 'bob']);
    assert.equal(JSON.parse((await ask(page, `${server.api}me`)).text).sub, 'alice');
  },
);
