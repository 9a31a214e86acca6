// The bundle without client tokens and agents: `./build.sh user`.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ask, state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { demo } = scenes();

const dist = join(import.meta.dirname, '../dist');
assert.ok(existsSync(join(dist, 'latchkey-user.wasm')), 'make build, or ./build.sh user, has to run before');

/** Makes a session in a page without one, of the bundle that is named; resolves with how that fails. */
const refusal = (page, bundle, given) =>
  page.evaluate(
    async ([bundle, { auth, ...options }]) => {
      const { createSession, occ } = await import(`/dist/${bundle}`);
      const shop = { baseUrl: location.origin, baseSite: 'electronics-spa', ...auth };
      let session;
      try {
        session = createSession({ auth: occ(shop), api: ['/occ/v2/'], ...options });
        await session.refresh();
        return 'no error';
      } catch ({ code, message }) {
        return `${code}: ${message}`;
      } finally {
        session?.close();
      }
    },
    [bundle, given],
  );

demo('latchkey-user.js signs in, and is the smaller program', { by: 'password' }, async ({ context, server }) => {
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await context.route('**/dist/latchkey.js', (route) => route.fulfill({ path: join(dist, 'latchkey-user.js') }));
  const page = await context.newPage();
  await page.goto(server.page);
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate(() => session.loginWithCredentials('alice', 'wonderland'));
  assert.equal((await state(page)).userId, 'alice');
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  assert.ok(asked.includes('/dist/latchkey-user.wasm') && !asked.includes('/dist/latchkey.wasm'));
});

demo('latchkey-user.js refuses the options of what it has not, by name', {}, async ({ open }) => {
  const page = await open();
  const refused = {
    'auth.agent': { auth: { agent: {} } },
    'auth.clientTokens': { auth: { clientTokens: true } },
    'api[0].as': { api: [{ url: '/occ/v2/', as: 'client' }] },
  };
  for (const bundle of ['latchkey-user.js', 'latchkey-user.min.js'])
    for (const [name, given] of Object.entries(refused))
      assert.equal(await refusal(page, bundle, given), `not_supported: ${name} is not in latchkey-user`);
  // What is asked for by nobody is no reason to refuse a storefront.
  assert.match(await refusal(page, 'latchkey-user.js', { auth: { flow: 'password' } }), /^session_expired/);
});

demo('the smaller program refuses them where the whole script asks for them', {}, async ({ open }) => {
  const page = await open();
  const wasmURL = '/dist/latchkey-user.wasm';
  for (const [name, auth] of Object.entries({
    'auth.agent': { agent: {} },
    'auth.clientTokens': { clientTokens: true },
  }))
    assert.match(
      await refusal(page, 'latchkey.js', { auth, wasmURL }),
      new RegExp(`^not_supported: ${name} .*not in this build`),
    );
});
