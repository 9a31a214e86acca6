// An agent who does nothing is signed out, in all tabs at once, and is warned before that.
import assert from 'node:assert/strict';
import { agentSignsIn, asUser, call, customerSignsIn, desk, modes, shows, told } from './support/desk.mjs';

const scene = desk();

const minutes = 60_000;

/** A customer's session, and an agent who acts for another one, in two tabs whose clocks the test moves. */
async function two({ open, context }) {
  await context.clock.install();
  const pages = [await open(), await open()];
  await customerSignsIn(pages[0]);
  await agentSignsIn(pages[0]);
  await call(pages[0], 'agent.emulate', 'c-bob');
  await shows(modes.bob, ...pages);
  for (const page of pages) {
    await told(page);
    await page.evaluate(() => {
      globalThis.warnings = [];
      session.on('idle', ({ endsAt }) =>
        warnings.push(endsAt === null ? 'called off' : Math.ceil((endsAt - Date.now()) / 10_000)),
      );
    });
  }
  return pages;
}

/** Waits for so many warnings and their ends, and resolves with them: an end is in tens of seconds. */
const warnings = async (page, count) => {
  await page.waitForFunction((count) => warnings.length >= count, count);
  return page.evaluate(() => warnings);
};

const out = [['expired agent', 'logout agent', 'login agent']];

/** What each tab was told of the end, which one of them brought about. */
async function ends(pages) {
  await shows(modes.customer, ...pages);
  const all = await Promise.all(pages.map(told));
  const events = all.map((some) =>
    some.filter((event) => !/^(idle|refresh)/.test(event)).map((event) => event.replace(' remote', '')),
  );
  assert.deepEqual(events, [...out, ...out]);
  assert.equal(all.flat().filter((event) => event === 'expired agent').length, 1);
}

scene('S85 one tab is active, and the agent stays; then none is', {}, async (it) => {
  const pages = await two(it);
  const { context } = it;
  await context.clock.fastForward(9 * minutes + 5_000);
  for (const page of pages) assert.deepEqual(await warnings(page, 1), [6]);
  await pages[1].mouse.click(5, 5);
  for (const page of pages) assert.deepEqual(await warnings(page, 2), [6, 'called off']);
  await context.clock.fastForward(5 * minutes);
  await pages[0].keyboard.press('Shift');
  await context.clock.fastForward(5 * minutes);
  await shows(modes.bob, ...pages);
  assert.equal(await asUser(pages[0]), 'agent for bob');
  await context.clock.fastForward(4 * minutes + 5_000);
  for (const page of pages) assert.equal((await warnings(page, 3))[2], 6);
  await context.clock.fastForward(1 * minutes);
  await ends(pages);
  for (const page of pages) {
    assert.equal(await asUser(page), 'alice for alice');
    assert.deepEqual((await warnings(page, 4)).slice(3), ['called off']);
  }
});

scene('S85 a refresh, a request and an event of a script are no signs of life', {}, async (it) => {
  const pages = await two(it);
  const { context, occ } = it;
  await context.clock.fastForward(9 * minutes + 5_000);
  await occ.expire({ user: 'agent', kind: 'access' });
  assert.equal(await asUser(pages[0]), 'agent for bob');
  await pages[0].evaluate(() => {
    for (const type of ['pointerdown', 'keydown', 'popstate']) dispatchEvent(new Event(type));
    return session.getAccessToken();
  });
  await context.clock.fastForward(1 * minutes);
  await ends(pages);
});

scene('S85 a machine that slept: whoever wakes it up finds the agent signed out', {}, async (it) => {
  const pages = await two(it);
  const { context, occ } = it;
  // The clock alone: no timer fires.
  await context.clock.setSystemTime(Date.now() + 8 * 60 * minutes);
  await pages[0].mouse.click(5, 5);
  await ends(pages);
  // The agent's two tokens, after the end here.
  const revoked = (log) => log.filter(({ path, method }) => path.endsWith('/revoke') && method === 'POST');
  await occ.until((log) => revoked(log).length === 2);
  assert.equal(await asUser(pages[1]), 'alice for alice');
});

scene('S85 a tab that is opened too late', {}, async (it) => {
  const [page, other] = await two(it);
  const { context } = it;
  await page.close();
  await other.close();
  await context.clock.setSystemTime(Date.now() + 11 * minutes);
  const late = await it.open();
  await shows(modes.customer, late);
  assert.equal(await asUser(late), 'alice for alice');
});

scene(
  'S85 in memory too',
  { options: { storage: 'memory' }, auth: { agent: { idleTimeout: 120, idleWarning: 30 } } },
  async (it) => {
    const { context, open } = it;
    await context.clock.install();
    const page = await open();
    await agentSignsIn(page);
    await call(page, 'agent.emulate', 'c-bob');
    await context.clock.fastForward(1.4 * minutes);
    await page.mouse.click(5, 5);
    await context.clock.fastForward(1.4 * minutes);
    await shows(modes.bob, page);
    await context.clock.fastForward(1 * minutes);
    await shows(modes.nobody, page);
  },
);

scene('S85 after close() nobody is measured', {}, async (it) => {
  const [page, other] = await two(it);
  const { context } = it;
  await other.evaluate(() => session.close());
  await page.close();
  await context.clock.fastForward(20 * minutes);
  await other.mouse.click(5, 5);
  const stored = await other.evaluate(() => {
    const { session } = JSON.parse(
      localStorage.getItem(Object.keys(localStorage).find((key) => key.endsWith('/agent'))),
    );
    return !!session;
  });
  assert.ok(stored);
});
