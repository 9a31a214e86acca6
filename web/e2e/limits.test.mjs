// Limits of a session that the server would let go on, and a network that goes, in real tabs whose clocks the test moves.
import assert from 'node:assert/strict';
import { ask, eventsOf, served, signInByPassword, state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { demo } = scenes();
const minutes = 60_000;

/** Two tabs with a session. */
async function two({ open, context }) {
  await context.clock.install();
  const pages = [await open(), await open()];
  await signInByPassword(pages[0]);
  await pages[1].waitForFunction(() => session.state.isLoggedIn);
  return pages;
}

/** Waits for so many events of a type, and resolves with the last. */
const last = async (page, type, count) => {
  await page.waitForFunction(([type, count]) => events.filter((e) => e.type === type).length >= count, [type, count]);
  return (await eventsOf(page, type))[count - 1];
};

const ended = async (pages, server) => {
  for (const page of pages) await page.waitForFunction(() => !session.state.isLoggedIn);
  for (const page of pages) assert.equal((await last(page, 'logout', 1)).reason, 'expired');
  const ours = [];
  for (const page of pages) ours.push((await last(page, 'expired', 1)).remote);
  assert.deepEqual(ours.toSorted(), [false, true]);
  while ((await server.requests('revocation')).length < 2);
};

demo(
  'limits.idle: whoever does nothing is warned, and signed out in all tabs; a key puts that off',
  { by: 'password', options: { limits: { idle: 600 } } },
  async (it) => {
    const { context, server } = it;
    const pages = await two(it);
    await context.clock.fastForward(9 * minutes + 5_000);
    for (const page of pages) assert.equal(typeof (await last(page, 'idle', 1)).endsAt, 'number');
    await pages[1].keyboard.press('Shift');
    for (const page of pages) assert.equal((await last(page, 'idle', 2)).endsAt, null);
    // A request is no sign of life, and no script is.
    await context.clock.fastForward(5 * minutes);
    await served(pages[0], `${server.api}me`);
    await pages[0].evaluate(() => dispatchEvent(new Event('keydown')));
    await context.clock.fastForward(5 * minutes + 5_000);
    await ended(pages, server);
  },
);

demo(
  'limits.absolute: a session lasts no longer, whatever the person does, and a sleep is no way around',
  { by: 'password', options: { limits: { absolute: 3600 } } },
  async (it) => {
    const { context, server } = it;
    const pages = await two(it);
    await context.clock.fastForward(30 * minutes);
    await pages[0].keyboard.press('Shift');
    // The clock alone: no timer fires. Whoever sends something first asks first.
    await context.clock.setSystemTime(Date.now() + 61 * minutes);
    await server.reset();
    assert.equal((await ask(pages[1], `${server.api}me`)).status, 401);
    const [{ reason }] = await eventsOf(pages[1], 'logout');
    assert.equal(reason, 'expired');
    await ended(pages, server);
    // A page that is opened then knows.
    const page = await it.open('other');
    assert.equal((await state(page)).isLoggedIn, false);
  },
);

demo(
  'S90 offline: signed in, requests fail as natively, nothing redirects; online again it goes on by itself',
  { by: 'password' },
  async (it) => {
    const { context, server } = it;
    const [page] = await two(it);
    await context.setOffline(true);
    await context.clock.setSystemTime(Date.now() + 60 * minutes);
    const seen = await page.evaluate(async (url) => {
      const code = ({ code }) => code;
      return [
        await fetch(url).catch(({ name }) => name),
        await session.getAccessToken().catch(code),
        await session.refresh().catch(code),
        await session.guard.requireLogin(),
        session.state.status,
      ];
    }, `${server.api}me`);
    assert.deepEqual(seen, ['TypeError', 'network_error', 'network_error', true, 'authenticated']);
    await context.setOffline(false);
    await page.evaluate(() => navigator.onLine || new Promise((go) => addEventListener('online', go)));
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.deepEqual(await eventsOf(page, 'logout'), []);
    assert.deepEqual(
      (await server.refreshes()).map(({ status }) => status),
      [200],
    );
  },
);

demo('S17 what nobody uses runs out, what is used is renewed ahead of time', { by: 'password' }, async (it) => {
  const { context, server } = it;
  const [page] = await two(it);
  const { expiresAt } = await state(page);
  const life = expiresAt - (await page.evaluate(() => Date.now()));
  await context.clock.fastForward(life - 1000);
  assert.equal((await server.refreshes()).length, 0);
  await context.clock.fastForward(2000);
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  assert.equal((await server.refreshes()).length, 1);
  // That request has used what it brought.
  await context.clock.fastForward(life - 1000);
  await last(page, 'refresh', 2);
  assert.equal((await server.refreshes()).length, 2);
});
