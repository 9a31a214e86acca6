// Real tabs of one Chromium against oidc-provider, which takes a refresh token once: a second use of it ends the whole grant.
// With a grace period it takes one again for a while, as many servers do. TABS and SECONDS say how many and for how long;
// STAGES=all tries each way to lose a tab at each stage of a refresh.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { startEngines } from './engines/engines.mjs';
import { ask, settled, settles, signIn, startGround, told } from './engines/scene.mjs';
import { init, stages, stopAt, thaw, ways } from './support/stages.mjs';

const count = Number(process.env.TABS ?? 10);
const seconds = Number(process.env.SECONDS ?? 20);

const [[engine], strict, grace, short] = await Promise.all([
  startEngines('chromium'),
  startGround(),
  startGround({ grace: 60 }),
  startGround({ accessTokenTTL: 5 }),
]);
after(() => Promise.all([engine, strict, grace, short].map((one) => one.close())));

/** A test with a profile of its own. */
const inside = (name, { ground = strict, timeout = 60_000, todo, ...given }, act) =>
  test(name, { timeout, todo }, async () => {
    ground.configure(given);
    ground.server.reset();
    const profile = await engine.profile();
    try {
      const open = async (path = '') => {
        const tab = await profile.open(ground.page + path);
        await settled(tab);
        return tab;
      };
      const { server } = ground;
      await act({ profile, open, ground, server, me: `${server.api}me` });
    } finally {
      await profile.close();
    }
  });

/** Asserts that no refresh token was used twice, and that each use was good. */
const assertNoReplay = (refreshes) => {
  assert.deepEqual(new Set(refreshes.map(({ status }) => status)), new Set([200]));
  assert.equal(new Set(refreshes.map(({ refreshId }) => refreshId)).size, refreshes.length, 'one was used twice');
};
const assertSignedIn = async (tab, me) => {
  assert.equal((await ask(tab, me)).status, 200);
  assert.equal(await tab.evaluate(() => session.state.userId), 'alice');
  for (const type of ['expired', 'logout']) assert.deepEqual(await told(tab, type), []);
};

inside(
  `LD-05 RR-06 RR-40 ${count} tabs for ${seconds} s with tokens of 5 s: one token request per expiry, no replay`,
  { ground: short, timeout: 120_000 + 2000 * seconds },
  async ({ open, server, me }) => {
    const tabs = [await open()];
    await signIn(tabs[0]);
    while (tabs.length < count) tabs.push(await open());
    await Promise.all(
      tabs.map((tab, i) =>
        tab.evaluate(
          (url, every, first) => {
            globalThis.counts = {};
            globalThis.pending = new Set();
            const note = (what) => (counts[what] = (counts[what] ?? 0) + 1);
            for (const type of ['logout', 'expired']) session.on(type, ({ reason }) => note(`${type} ${reason}`));
            const call = () => {
              const one = fetch(url).then(
                ({ status }) => note(status),
                ({ code, name }) => note(code ?? name),
              );
              pending.add(one);
              one.finally(() => pending.delete(one));
            };
            setTimeout(() => (globalThis.timer = setInterval(call, every)), first);
          },
          me,
          50 * count,
          50 * i,
        ),
      ),
    );
    server.reset();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const refreshes = await server.refreshes();
    const counts = await Promise.all(
      tabs.map((tab) =>
        tab.evaluate(async () => {
          clearInterval(timer);
          await Promise.all(pending);
          return counts;
        }),
      ),
    );
    for (const { 200: good = 0, ...others } of counts) {
      assert.deepEqual(others, {}, 'none is refused, as the token is renewed before that');
      assert.ok(good > 0);
    }
    assertNoReplay(refreshes);
    // Renewed after three quarters of its life at the earliest, and at the latest when it is over.
    const { length } = refreshes;
    assert.ok(length >= seconds / 5 - 2 && length <= seconds / 3.75 + 2, `${length} token requests`);
  },
);

/** What make test tries: each stage, each way, and each of them with what it may lose. */
const chosen = {
  closed: ['before it is answered'],
  killed: Object.keys(stages),
  'on another page': ['before it is stored'],
  reloaded: ['before it is sent', 'before it is stored'],
  frozen: Object.keys(stages),
};
const cases = { closed: 'RR-07', killed: 'RR-07', 'on another page': 'RR-11', reloaded: 'RR-48', frozen: 'RR-10' };

for (const [way, goes] of Object.entries(ways))
  for (const [stage, { spent }] of Object.entries(stages))
    for (const [kind, ground] of Object.entries({ strict, grace })) {
      if (!(process.env.STAGES === 'all' || (chosen[way].includes(stage) && (spent || kind === 'strict')))) continue;
      const id = spent && way !== 'frozen' ? (stage.endsWith('stored') ? 'RR-09' : 'RR-08') : cases[way];
      const isLost = spent && kind === 'strict';
      inside(
        `${id} a tab that is ${way} ${stage}, with a ${kind} server: ${isLost ? 'the end has its reason' : 'another takes over'}`,
        { ground, init },
        async ({ open, server, me }) => {
          const tab = await open();
          await signIn(tab);
          const other = await open();
          server.expire();
          server.reset();
          const held = await stopAt(stage, tab, server, me);
          await other.evaluate((url) => {
            globalThis.waits = fetch(url).then(({ status }) => status);
          }, me);
          // Both have been refused.
          while ((await server.requests('/api/me')).filter(({ status }) => status === 401).length < 2)
            await new Promise((resolve) => setTimeout(resolve, 20));
          await goes(tab, ground);
          if (isLost) {
            assert.equal(await other.evaluate(() => waits), 401);
            const [{ reason }] = await told(other, 'logout');
            assert.equal(reason, 'expired');
            assert.equal((await told(other, 'expired')).length, 1);
            assert.equal((await ask(other, me)).status, 401);
          } else {
            assert.equal(await other.evaluate(() => waits), 200);
            await assertSignedIn(other, me);
          }
          if (way === 'frozen') {
            // What it gets only now is of no more use, and does no harm.
            await thaw(tab);
            await tab.evaluate(() => goOn());
            // What comes to the server only now would be a second use: it never does.
            if (stage !== 'before it is served') {
              held.go();
              await tab.evaluate(() => late);
            }
            await settles(tab, (userId) => session.state.userId === userId, isLost ? 'anonymous' : 'alice');
          }
          if (way === 'reloaded') await settled(tab);
          for (const one of way === 'frozen' || way === 'reloaded' ? [tab, other] : [other]) {
            if (isLost) assert.equal((await ask(one, me)).status, 401);
            else await assertSignedIn(one, me);
          }
          const refreshes = await server.refreshes();
          assert.ok(refreshes.length <= 3, `${refreshes.length} token requests`);
        },
      );
    }

inside(
  'RR-35 a logout in another tab ends all that waits for a refresh here',
  { init },
  async ({ open, server, me }) => {
    const tab = await open();
    await signIn(tab);
    const other = await open();
    server.expire();
    const held = await stopAt('before it is answered', tab, server, me);
    await tab.evaluate((url) => {
      globalThis.all = Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          fetch(`${url}?${i}`).then(
            ({ status }) => status,
            ({ code }) => code,
          ),
        ),
      );
    }, me);
    await other.evaluate(() => session.logout({ atServer: false, revoke: false }));
    const ended = await tab.evaluate(() => Promise.all([all, late]).then(([all, late]) => [...all, late]));
    for (const one of ended) assert.ok([401, 'session_expired', 'session_changed'].includes(one), `${one}`);
    held.go();
    await settles(tab, () => session.state.status === 'anonymous');
    assert.equal((await ask(tab, me)).status, 401);
    assert.equal((await told(tab, 'logout')).length, 1);
  },
);

inside(
  'RR-47 two sessions of one page, made alike, send one refresh and end together',
  {},
  async ({ open, server, me }) => {
    const tab = await open();
    await signIn(tab);
    await tab.evaluate(async () => {
      const { scheme, auth, options } = settings;
      globalThis.second = latchkey.createSession({ auth: latchkey[scheme](auth), ...options });
      await second.ready;
    });
    server.expire();
    server.reset();
    const statuses = await tab.evaluate(
      async (url) =>
        (await Promise.all([fetch(url), session.fetch(url), second.fetch(url)])).map(({ status }) => status),
      me,
    );
    assert.deepEqual(statuses, [200, 200, 200]);
    assertNoReplay(await server.refreshes());
    assert.equal((await server.refreshes()).length, 1);
    await tab.evaluate(() => second.logout({ atServer: false }));
    await tab.waitFor(() => session.state.status === 'anonymous');
    assert.equal((await ask(tab, me)).status, 401);
  },
);

inside('RR-47 two versions in two tabs share a session', {}, async ({ open, profile, server, me }) => {
  const tab = await open();
  await signIn(tab);
  // The same program, which takes itself for a later one.
  const dist = new URL('../dist/', import.meta.url);
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url)));
  const later = version.replace(/.$/, (digit) => (digit === '9' ? '8' : '9'));
  const asLater = async (name) =>
    Buffer.from((await readFile(new URL(name, dist))).toString('latin1').replaceAll(version, later), 'latin1');
  await profile.context.route('**/dist/*', async (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1);
    const contentType = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    await route.fulfill({ body: await asLater(name), contentType });
  });
  const other = await open();
  for (let round = 0; round < 3; round++) {
    server.expire();
    server.reset();
    const answers = await Promise.all([tab, other].map((one) => ask(one, me)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );
    assertNoReplay(await server.refreshes());
    assert.equal((await server.refreshes()).length, 1);
  }
  await other.evaluate(() => session.logout({ atServer: false }));
  await tab.waitFor(() => session.state.status === 'anonymous');
});
