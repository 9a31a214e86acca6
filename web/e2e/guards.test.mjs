// Guards in a page whose session ends behind its back.
import assert from 'node:assert/strict';
import { recordKey, signInByPassword, state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { demo } = scenes();
const by = 'password';

demo(
  'S70 the back button after a logout: a page that comes back shows no session',
  { by },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    const [before, after] = await page.evaluate(async (key) => {
      const before = await session.guard.requireLogin();
      // Another page of this tab has signed out while this one was in the back/forward cache, where it hears nothing.
      const { format, issuer, client, context, generation } = JSON.parse(localStorage.getItem(key));
      const next = { format, issuer, client, context, session: '', generation: generation + 1, ended: 'user' };
      localStorage.setItem(key, JSON.stringify({ ...next, state: null, policy: null }));
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      return [before, await session.guard.requireLogin()];
    }, recordKey(server));
    assert.deepEqual([before, after], [true, '/login']);
    assert.equal((await state(page)).isLoggedIn, false);
  },
);

demo(
  'S71 a guard during a logout waits for its end here, and not for the server',
  { by },
  async ({ open, server, delay }) => {
    const page = await open();
    await signInByPassword(page);
    const revocation = await delay(server.endpoints.revocation);
    const answer = await page.evaluate(async () => {
      globalThis.out = Promise.all([session.logout(), session.logout()]);
      return [await session.guard.requireLogin('/orders'), session.state.isLoggedIn];
    });
    assert.deepEqual(answer, ['/login', false]);
    await revocation.arrived;
    revocation.go();
    await page.evaluate(() => out);
    // Both tokens, once each.
    assert.equal((await server.requests('revocation')).length, 2);
  },
);

demo('S71 a logout during a refresh: no guard sees a session again', { by }, async ({ open, server, delay }) => {
  const page = await open();
  await signInByPassword(page);
  const token = await delay(server.endpoints.token);
  await page.evaluate(() => void (globalThis.renewed = session.refresh().catch(({ code }) => code)));
  await token.arrived;
  const during = await page.evaluate(async () => {
    void session.logout();
    return session.guard.requireLogin();
  });
  token.go();
  assert.equal(during, '/login');
  assert.equal(typeof (await page.evaluate(() => renewed)), 'string', 'the refresh ends with a code');
  assert.equal(await page.evaluate(() => session.guard.requireLogin()), '/login');
});

demo('guards answer where the runtime cannot run', { by, options: { wasmURL: '/nowhere.wasm' } }, async ({ open }) => {
  const page = await open();
  const answers = await page.evaluate(async () => [
    await session.guard.requireLogin('/orders'),
    await session.guard.requireAnonymous(),
    await session.guard.check('/login'),
    await session.guard.check('/orders'),
    await session.guard.check('/logout'),
  ]);
  assert.deepEqual(answers, ['/login', true, true, true, '/']);
});
