// Tabs that share a session: one of them refreshes, the others go on with what it got.
import assert from 'node:assert/strict';
import { ask, eventOf, eventsOf, served, signInByPassword, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both, demo } = scenes();

const password = { by: 'password' };

async function openTabs({ open }, count) {
  const tabs = [await open()];
  await signInByPassword(tabs[0]);
  while (tabs.length < count) tabs.push(await open());
  return tabs;
}

/** Every tab calls at once, with a token that the server calls dead. */
async function refusedTogether({ server }, tabs) {
  await server.expire();
  await server.reset();
  const answers = await Promise.all(tabs.map((tab) => ask(tab, `${server.api}me`)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    tabs.map(() => 200),
  );
  const sent = await server.refreshes();
  assert.deepEqual(
    sent.map(({ status }) => status),
    [200],
  );
}

both('RR-06 two tabs refresh together with one token request, ten times', password, async (scene) => {
  const tabs = await openTabs(scene, 2);
  for (let round = 0; round < 10; round++) await refusedTogether(scene, tabs);
  for (const tab of tabs) assert.equal((await state(tab)).userId, 'alice');
});

both('RR-06 so do five', password, async (scene) => {
  const tabs = await openTabs(scene, 5);
  await refusedTogether(scene, tabs);
  await refusedTogether(scene, tabs);
  for (const tab of tabs) assert.deepEqual(await eventsOf(tab, 'expired'), []);
});

both('one tab signs in, and the other is told', password, async ({ open, server }) => {
  const tab = await open();
  const other = await open();
  await signInByPassword(tab);
  const { remote, userId } = await eventOf(other, 'login');
  assert.deepEqual([remote, userId], [true, 'alice']);
  assert.equal((await ask(other, `${server.api}me`)).status, 200);
  assert.equal((await eventOf(tab, 'login')).remote, false);
});

demo('a tab whose runtime comes late is told of what it missed', password, async ({ context, open, delay }) => {
  const tab = await open();
  const wasm = await delay('**/latchkey.wasm');
  const other = await open();
  await wasm.arrived;
  await signInByPassword(tab);
  assert.equal((await state(other)).userId, 'anonymous');
  wasm.go();
  const { remote, previousUserId, userId } = await eventOf(other, 'login');
  assert.deepEqual([remote, previousUserId, userId], [true, 'anonymous', 'alice']);
  await context.unroute('**/latchkey.wasm');
});

both(
  'RR-04 a token that has run out before the page loads is renewed before the first call',
  password,
  async (scene) => {
    const { context, server, open } = scene;
    const [page] = await openTabs(scene, 1);
    await page.close();
    await server.reset();
    await context.clock.setFixedTime(Date.now() + 100_000);
    const again = await open('', { until: 'nothing' });
    await again.waitForFunction(() => globalThis.session);
    // Not waiting for `ready`: the call waits by itself.
    assert.equal((await ask(again, `${server.api}me`)).status, 200);
    const log = (await server.log()).filter(
      ({ path }) => path === '/api/me' || path === new URL(server.endpoints.token).pathname,
    );
    assert.deepEqual(
      log.map(({ grantType, status }) => [grantType ?? 'call', status]),
      [
        ['refresh_token', 200],
        ['call', 200],
      ],
    );
    await settled(again);
    assert.equal((await state(again)).status, 'authenticated');
  },
);

both('RR-08 a reload in the middle of a refresh loses nothing', password, async (scene) => {
  const { server, context } = scene;
  const [page] = await openTabs(scene, 1);
  await server.expire();
  const token = await scene.delay(server.endpoints.token);
  void page.evaluate((url) => fetch(url).catch(() => {}), `${server.api}me`).catch(() => {});
  await token.arrived;
  await page.reload();
  // What the page had sent before does not arrive.
  token.drop();
  await context.unroute(server.endpoints.token);
  await settled(page);
  await served(page, `${server.api}me`);
  assert.deepEqual(await eventsOf(page, 'expired'), []);
});

demo('RR-07 a tab that is closed while it refreshes hands over to the other', password, async (scene) => {
  const { server } = scene;
  const [tab, other] = await openTabs(scene, 2);
  await server.expire();
  await server.reset();
  // The server holds one request, and drops it with its connection.
  await server.control('token', { mode: 'hang', count: 1 });
  void tab.evaluate((url) => fetch(url), `${server.api}me`).catch(() => {});
  await server.reached('token');
  const refused = other.waitForResponse((response) => response.status() === 401);
  const answer = ask(other, `${server.api}me`);
  await refused;
  await tab.close();
  assert.equal((await answer).status, 200);
  assert.deepEqual(
    (await server.refreshes()).map(({ status }) => status),
    [0, 200],
  );
  assert.equal((await state(other)).userId, 'alice');
});

demo('RR-08 an answer that is lost with its tab ends in a sign-in, not in a loop', password, async (scene) => {
  const { server } = scene;
  const [tab, other] = await openTabs(scene, 2);
  await server.expire();
  await server.reset();
  await server.control('token', { mode: 'drop', count: 1 });
  await ask(tab, `${server.api}me`);
  await tab.close();
  // The pause after the first one's failure is everybody's: who asks goes past it.
  await other.evaluate(() => session.refresh().catch(() => {}));
  // The rotated token is gone for good: the server takes the old one for stolen.
  const { reason } = await eventOf(other, 'logout');
  assert.equal(reason, 'expired');
  assert.equal((await eventsOf(other, 'expired')).length, 1);
  assert.equal((await ask(other, `${server.api}me`)).status, 401);
  const refreshes = (await server.refreshes()).length;
  assert.ok(refreshes <= 3, `${refreshes} token requests`);
});
