// Logout that the server begins: it loads latchkey.logout.html in a frame (OpenID Connect Front-Channel Logout 1.0).
import assert from 'node:assert/strict';

const token = ['authorize', 'token'];

/** The server's own page, with a frame for each address; it takes each away as soon as that has loaded. */
const server = {
  paths: { '/over': 'over' },
  instead: {
    over({ response, query }) {
      const frame = (src) => `<iframe src="${src.replaceAll('&', '&amp;')}" onload="this.remove()"></iframe>`;
      const html = `<!doctype html><title>over</title>${query.getAll('frame').map(frame).join('')}`;
      response.writeHead(200, { 'content-type': 'text/html' }).end(html);
    },
  },
};

/** Loads the logout page in a frame of the server's page, once for each query. Resolves when the server goes on. */
async function frames(scene, queries, origin = scene.as.issuer) {
  const page = await scene.context.newPage();
  const over = new URL(`${origin}/over`);
  for (const query of queries) {
    const given = new URLSearchParams(query);
    over.searchParams.append('frame', `${scene.origin}/dist/latchkey.logout.html${given.size ? `?${given}` : ''}`);
  }
  await page.goto(over.href, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.readyState === 'complete' && !document.querySelector('iframe'));
  await page.close();
}

/** What the server says of its session. */
const meant = ({ as }) => ({ iss: as.issuer, sid: as.sid });

const keyOf = ({ as }, context = '') =>
  ['latchkey/1', ...[as.issuer, 'app', context].map(encodeURIComponent)].join('/');
const read = (page, key) => page.evaluate((key) => localStorage.getItem(key), key);

/** Signs in. Resolves with two tabs of the session. */
async function tabs(scene) {
  const page = await scene.signIn();
  return [page, await scene.open()];
}

/** The session is over in every tab, which the server has told it, and nothing of it is stored. */
async function checkEnded(scene, pages) {
  for (const page of pages) {
    await page.waitForFunction(() => globalThis.events.some(({ type }) => type === 'logout'));
    const heard = await page.evaluate(() =>
      events
        .filter(({ type }) => !/login|statechange|refresh/.test(type))
        .map(({ type, reason, remote }) => [type, reason, remote]),
    );
    assert.deepEqual(heard, [['logout', 'revoked', true]]);
    assert.equal(await page.evaluate(() => session.state.status), 'anonymous');
    await scene.checkApi(page, false);
  }
  const stored = await pages[0].evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(![...scene.as.secrets].some((secret) => stored.includes(secret)), 'a token stays in storage');
  assert.deepEqual(scene.as.requests('revoke'), [], 'the server has done that');
}

const frontChannel = (variant, what, act) => ({ id: 'OP-42', variant, what, server, want: {}, asks: token, act });

export const frontChannels = [
  frontChannel(undefined, 'ends its session by the front channel: it is over in all tabs', async (scene) => {
    const pages = await tabs(scene);
    const before = JSON.parse(await read(pages[0], keyOf(scene)));
    await frames(scene, [meant(scene)]);
    await checkEnded(scene, pages);
    const after = JSON.parse(await read(pages[0], keyOf(scene)));
    assert.deepEqual([after.generation, after.ended], [before.generation + 1, 'revoked']);
    // It is a record that the core goes on from.
    const next = await scene.open();
    assert.equal(await next.evaluate(() => session.state.status), 'anonymous');
    await scene.leave(next);
    await pages[0].waitForFunction(() => session.state.userId === 'alice');
    assert.equal(JSON.parse(await read(next, keyOf(scene))).generation, before.generation + 2);
  }),
  frontChannel('else', 'or somebody else: what does not say both iss and sid ends nothing', async (scene) => {
    const pages = await tabs(scene);
    const before = await read(pages[0], keyOf(scene));
    const { iss, sid } = meant(scene);
    const more = { iss, sid };
    await frames(scene, [
      [],
      { iss },
      { sid },
      { ...more, sid: `${sid}x` },
      { ...more, sid: '' },
      { ...more, iss: `${iss}/` },
      { ...more, iss: scene.as.elsewhere },
      [...Object.entries(more), ['sid', 'another']],
      [...Object.entries(more), ['iss', scene.as.elsewhere]],
    ]);
    assert.ok((await read(pages[0], keyOf(scene))) === before, 'the record is another one');
    for (const page of pages) {
      assert.equal(await page.evaluate(() => session.state.userId), 'alice');
      await scene.checkApi(page, true);
    }
    // All of that has been waited for, if this has.
    await frames(scene, [more]);
    await checkEnded(scene, pages);
  }),
  frontChannel('refresh', 'ends its session during a refresh: no answer brings it back', async (scene) => {
    const pages = await tabs(scene);
    let go;
    const arrived = new Promise((resolve) => {
      const gate = new Promise((open) => (go = open));
      void scene.context.route(`${scene.as.issuer}/token`, async (route) => {
        // Answered, and not yet delivered.
        const response = await route.fetch();
        resolve();
        await gate;
        await route.fulfill({ response });
      });
    });
    const refreshed = pages[0].evaluate(() => session.refresh().catch(({ code }) => code));
    await arrived;
    await frames(scene, [meant(scene)]);
    await checkEnded(scene, pages);
    const over = await read(pages[0], keyOf(scene));
    const revoked = scene.context.waitForEvent('response', (response) => response.url().endsWith('/revoke'));
    go();
    assert.equal(await refreshed, 'session_expired');
    await revoked; // what came belongs to nobody
    assert.ok((await read(pages[0], keyOf(scene))) === over, 'the record is another one');
    for (const page of pages) assert.equal(await page.evaluate(() => session.state.status), 'anonymous');
  }),
  frontChannel('records', 'ends its session: what else is stored stays as it is', async (scene) => {
    const pages = await tabs(scene);
    const record = JSON.parse(await read(pages[0], keyOf(scene)));
    const key = (context) => keyOf(scene, context);
    const spoilt = {
      [key('newer')]: JSON.stringify({ ...record, context: 'newer', format: 2 }),
      [key('another')]: JSON.stringify(record),
      [key('cut')]: JSON.stringify({ ...record, context: 'cut' }).slice(0, -2),
      [key('nobody')]: JSON.stringify({ ...record, context: 'nobody', tokens: { ...record.tokens, claims: {} } }),
      [key('null')]: 'null',
      [`${key()}/pending`]: JSON.stringify(record),
      [`${key()}/more/pending`]: '{}',
      'somebody/else': JSON.stringify(record),
    };
    // Another account on this origin, with the same session at the server.
    const own = JSON.stringify({ ...record, context: 'own' });
    await pages[0].evaluate((all) => Object.assign(localStorage, all), { ...spoilt, [key('own')]: own });
    await frames(scene, [meant(scene)]);
    const after = await pages[0].evaluate(() => ({ ...localStorage }));
    for (const [name, text] of Object.entries(spoilt)) assert.ok(after[name] === text, name);
    for (const name of [key(), key('own')]) assert.equal(JSON.parse(after[name]).ended, 'revoked');
    await pages[0].evaluate((names) => names.forEach((name) => localStorage.removeItem(name)), Object.keys(spoilt));
    await checkEnded(scene, pages);
  }),
  frontChannel('busy', 'ends its session while a tab writes: its page waits for the logout', async (scene) => {
    const pages = await tabs(scene);
    const lock = `${keyOf(scene)}/write`;
    await pages[0].evaluate(
      (lock) =>
        new Promise((held) =>
          navigator.locks.request(lock, () => (held(), new Promise((free) => (globalThis.free = free)))),
        ),
      lock,
    );
    const done = frames(scene, [meant(scene)]);
    await pages[1].evaluate(async (lock) => {
      while (!(await navigator.locks.query()).pending.some(({ name }) => name === lock));
    }, lock);
    await pages[0].evaluate(() => free());
    await done;
    await checkEnded(scene, pages);
  }),
  frontChannel(
    'late',
    'ends its session before the last write has arrived: that is waited for, and counts',
    async (scene) => {
      const pages = await tabs(scene);
      const key = keyOf(scene);
      const hold = (name) =>
        new Promise((held) => void navigator.locks.request(name, () => (held(), new Promise(() => {}))));
      await pages[0].evaluate(hold, `${key}/at/5`);
      const page = await scene.context.newPage();
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 1000);
      const loaded = page.goto(`${scene.origin}/dist/latchkey.logout.html?${new URLSearchParams(meant(scene))}`);
      await pages[0].evaluate(async (name) => {
        while (!(await navigator.locks.query()).held.some((lock) => lock.name === name));
      }, `${key}/write`);
      await page.clock.runFor(100);
      await pages[0].evaluate((key) => {
        const record = JSON.parse(localStorage[key]);
        localStorage[key] = JSON.stringify({ ...record, generation: 5 });
      }, key);
      const over = async () => JSON.parse(await read(page, key)).ended;
      while (!(await over())) await page.clock.runFor(10);
      await loaded;
      assert.equal(JSON.parse(await read(page, key)).generation, 6);
      // And it says itself what it has written, while it is there.
      const held = await page.evaluate(async () => (await navigator.locks.query()).held.map(({ name }) => name));
      assert.ok(held.includes(`${key}/at/6`));
      await checkEnded(scene, pages);
    },
  ),
  frontChannel('frozen', 'ends its session while a tab is frozen that writes', async (scene) => {
    const pages = await tabs(scene);
    await pages[0].evaluate(
      (lock) => new Promise((held) => void navigator.locks.request(lock, () => (held(), new Promise(() => {})))),
      `${keyOf(scene)}/write`,
    );
    await frames(scene, [meant(scene)]);
    await checkEnded(scene, pages);
  }),
  frontChannel('policy', 'ends its session: a strict policy of the logout page permits it', async (scene) => {
    const pages = await tabs(scene);
    await scene.context.route('**/latchkey.logout.html?*', async (route) => {
      const response = await route.fetch();
      const policy =
        `default-src 'none'; script-src 'self'; frame-ancestors ${new URL(scene.as.issuer).origin}; ` +
        "require-trusted-types-for 'script'; trusted-types 'none'";
      await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } });
    });
    await frames(scene, [meant(scene)]);
    await checkEnded(scene, pages);
  }),
  frontChannel('site', 'is on another site: its frame sees no session, and ends none', async (scene) => {
    const pages = await tabs(scene);
    await frames(scene, [meant(scene)], scene.as.issuer.replace('127.0.0.1', 'localhost'));
    for (const page of pages) await scene.checkApi(page, true);
    await frames(scene, [meant(scene)]);
    await checkEnded(scene, pages);
  }),
];
