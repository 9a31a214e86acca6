// Tokens that come through the address bar, where a page asks for them.
import assert from 'node:assert/strict';
import { ask, eventsOf, state, stored } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both, demo } = scenes();

/** What comes in the address bar is the protocol's own, until the page has taken it away. */
const carried = ['access_token', 'id_token', 'id_token_hint'];
const implicit = (more) => ({
  carried,

  auth: { clientId: 'demo-implicit', flow: 'implicit', scope: 'openid profile api', ...more },
});

both('S8 the implicit flow signs in, and leaves nothing in the address bar', implicit(), async (scene) => {
  const { open, signIn, server } = scene;
  const page = await open();
  await signIn(page, { returnTo: '/shop?promocode=A%20B#/top' });
  assert.equal(page.url(), new URL('/shop?promocode=A%20B#/top', server.page).href);
  const { userId, claims, tokenType, expiresAt } = await state(page);
  assert.deepEqual([userId, claims.name, tokenType], ['alice', 'Alice Liddell', 'Bearer']);
  assert.ok(expiresAt > Date.now());
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  assert.deepEqual(await server.requests('token'), [], 'the token endpoint is not asked');
  assert.doesNotMatch(await stored(page), /"refresh"/, 'OA-15');
  await page.reload();
  await settled(page);
  assert.equal((await state(page)).userId, 'alice');
  assert.equal((await eventsOf(page, 'login')).length, 1);
});

both(
  'S8 an id token alone says who somebody is, and opens nothing',
  implicit({ responseType: 'id_token' }),
  async (scene) => {
    const { open, signIn, server } = scene;
    const page = await open();
    await signIn(page);
    const { userId, tokenType } = await state(page);
    assert.deepEqual([userId, tokenType], ['alice', null]);
    assert.equal((await ask(page, `${server.api}me`)).status, 401);
    assert.equal((await state(page)).isLoggedIn, true);
  },
);

demo(
  'S8 a plain token of OAuth 2.0, without an id token',
  implicit({ responseType: 'token', scope: 'api' }),
  async (scene) => {
    const { open, signIn, server } = scene;
    const page = await open();
    await signIn(page);
    const { userId, claims, scope } = await state(page);
    assert.deepEqual([userId, claims, scope], ['current', null, ['api']]);
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
  },
);
