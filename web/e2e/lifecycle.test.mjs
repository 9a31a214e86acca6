// What becomes of a page: it is hidden, left, kept for the way back, copied. In Chromium, whose windows can be asked why not.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startEngines } from './engines/engines.mjs';
import { ask, settled, signIn, startGround, told } from './engines/scene.mjs';

const [[engine], ground] = await Promise.all([startEngines('chromium'), startGround()]);
const { server, page } = ground;
after(() => Promise.all([ground.close(), engine.close()]));

const me = `${server.api}me`;

/** A test with a profile of its own. */
const inside = (name, given, act) =>
  test(name, { timeout: 60_000 }, async () => {
    ground.configure(given);
    server.reset();
    const profile = await engine.profile();
    try {
      const open = async (path = '') => {
        const tab = await profile.open(page + path);
        await settled(tab);
        return tab;
      };
      await act({ profile, open });
    } finally {
      await profile.close();
    }
  });

/** What a page that is kept knows and sends at the moment that it comes back. Its own listener is the first. */
const watch = () => {
  const native = globalThis.fetch;
  if (!globalThis.session)
    globalThis.fetch = (url, init) => {
      globalThis.sent = 'authorization' in (init?.headers ?? {});
      return native(url, init);
    };
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    globalThis.asked = fetch(`${settings.options.api[0]}me`).then(() => sent);
    globalThis.back = [session.state.isLoggedIn, session.state.userId];
  });
};

/** Goes away and back, and resolves with what the page knew then; else with why it was not kept. */
const away = async (tab, act = () => {}) => {
  await tab.goto(ground.blank);
  await act();
  await tab.back();
  await tab.waitFor(() => location.pathname === '/' && globalThis.session);
  await settled(tab);
  return tab.evaluate(
    () => globalThis.back ?? JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons),
  );
};

inside('RR-11 a page is kept for the way back, also just after something was written', { init: watch }, async (it) => {
  const tab = await it.open();
  await signIn(tab);
  assert.deepEqual(await away(tab), [true, 'alice']);
  assert.equal(await tab.evaluate(() => asked), true);
});

inside(
  'RR-11 after a logout elsewhere it shows nobody, before anything of its own runs',
  { init: watch },
  async (it) => {
    const tab = await it.open();
    const other = await it.open('other');
    await signIn(tab);
    await other.waitFor(() => session.state.isLoggedIn);
    const known = await away(tab, () => other.evaluate(() => session.logout({ atServer: false })));
    assert.deepEqual(known, [false, 'anonymous']);
    assert.equal(await tab.evaluate(() => session.guard.requireLogin()), '/login');
    await tab.waitFor(() => events.some(({ type }) => type === 'logout'));
    const [{ reason, remote, previousUserId }] = await told(tab, 'logout');
    assert.deepEqual([reason, remote, previousUserId], ['user', true, 'alice']);
    assert.equal(await tab.evaluate(() => asked), false);
  },
);

inside('RR-11 so it does without the runtime, and tells of it', { options: { load: 'demand' } }, async (it) => {
  const first = await it.open('other');
  await signIn(first);
  const tab = await it.open();
  await tab.evaluate(watch);
  const known = await away(tab, () => first.evaluate(() => session.logout({ atServer: false })));
  assert.deepEqual(known, [false, 'anonymous']);
  await tab.waitFor(() => events.some(({ type }) => type === 'logout'));
  const [{ reason, previousUserId }] = await told(tab, 'logout');
  assert.deepEqual([reason, previousUserId], ['user', 'alice']);
});

inside('RR-11 VE-06 somebody else has signed in meanwhile', { init: watch }, async (it) => {
  const tab = await it.open();
  const other = await it.open('other');
  await signIn(tab);
  await other.waitFor(() => session.state.isLoggedIn);
  const known = await away(tab, () => signIn(other, 'bob', 'builder'));
  assert.deepEqual(known, [false, 'anonymous']);
  await tab.waitFor(() => session.state.userId === 'bob');
  assert.equal(JSON.parse((await ask(tab, me)).text).sub, 'bob');
});

/** Counts the timers that are set, by their delays, and has the page hidden by a word. */
const timers = () => {
  const set = new Map();
  const { setTimeout: native, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = (fn, delay, ...args) => {
    const id = native(() => {
      set.delete(id);
      fn(...args);
    }, delay);
    set.set(id, delay);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    set.delete(id);
    clear(id);
  };
  globalThis.setInterval = undefined;
  globalThis.timers = () => [...set.values()];
  let state = 'visible';
  Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state });
  globalThis.appear = (next) => {
    state = next;
    document.dispatchEvent(new Event('visibilitychange'));
  };
};

inside(
  'LD-13 GW-12 a hidden page has no timer, and a visible one looks once a minute, however far off all else is',
  { init: timers, options: { limits: { idle: 3600, absolute: 2 ** 31 - 1 } } },
  async (it) => {
    const tab = await it.open();
    await signIn(tab);
    assert.equal((await ask(tab, me)).status, 200);
    for (let round = 0; round < 2; round++) {
      await tab.evaluate(() => appear('hidden'));
      await tab.waitFor(() => !timers().length);
      await tab.evaluate(() => appear('visible'));
      await tab.waitFor(() => timers().length && timers().every((delay) => delay > 30_000 && delay <= 60_001));
    }
  },
);

inside(
  'ST-24 a tab that was opened with a copy of the storage never sends the refresh token in it',
  { options: { storage: 'session' } },
  async ({ open, profile }) => {
    const tab = await open();
    assert.equal(await signIn(tab), 'alice');
    const copy = await profile.opened(() => tab.evaluate(() => void globalThis.open(location.href)));
    await settled(copy);
    assert.equal(await copy.evaluate(() => session.state.userId), 'alice');
    assert.equal((await ask(copy, me)).status, 200);
    await copy.waitFor(() => !Object.values(sessionStorage).some((text) => text.includes('"refresh":')));

    server.expire();
    const [first, second] = await Promise.all([ask(tab, me), ask(copy, me)]);
    assert.deepEqual([first.status, second.status], [200, 401]);
    await copy.waitFor(() => !session.state.isLoggedIn);
    server.expire();
    assert.equal((await ask(tab, me)).status, 200);
    assert.deepEqual(
      (await server.refreshes()).map(({ status }) => status),
      [200, 200],
    );
    // A reload is no copy.
    await tab.reload();
    await settled(tab);
    server.expire();
    assert.equal((await ask(tab, me)).status, 200);
  },
);
