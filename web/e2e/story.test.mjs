// Issue 2's story, step by step, as somebody who uses a page would live it.
import assert from 'node:assert/strict';
import { ask, eventOf, eventsOf, signInByPassword, state, stored } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both } = scenes();

both('a visitor is anonymous before the runtime is there', {}, async ({ open, delay, context }) => {
  const wasm = await delay('**/latchkey.wasm');
  let finished = 0;
  context.on('requestfinished', (request) => (finished += request.url().endsWith('.wasm')));
  const page = await open();
  assert.equal((await state(page)).status, 'anonymous');
  await wasm.arrived;
  assert.equal(finished, 0);
  wasm.go();
});

both('signs in by code and PKCE, calls the API, and leaves the address as it was', {}, async (scene) => {
  const { open, signIn, server } = scene;
  const page = await open('shop?promocode=A%20B+c&x#top/%7Eme');
  await signIn(page, { login: { returnTo: '/shop?promocode=A%20B+c&x#top/%7Eme' } });
  const { status, isLoggedIn, userId, claims, scope, tokenType } = await state(page);
  assert.deepEqual([status, isLoggedIn, userId, claims.name], ['authenticated', true, 'alice', 'Alice Liddell']);
  assert.ok(scope.includes('api'));
  assert.equal(tokenType.toLowerCase(), 'bearer');
  console.log(page.url(), await page.evaluate(() => events));
  const me = await ask(page, `${server.api}me`);
  assert.deepEqual([me.status, JSON.parse(me.text).sub], [200, 'alice']);
});
