// Storage that is full, blocked, spoilt or somebody else's.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { ask, eventOf, eventsOf, recordKey, signInByPassword, state, stored } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both, demo } = scenes();

const by = 'password';

/** Signs in, calls, and tells whether a refresh goes well too. */
async function works(page, server) {
  assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  await server.expire();
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
}

/** Called in the page: leaves no room for another character. */
const fill = () => {
  let text = 'x'.repeat(1 << 20);
  let name = 0;
  while (text) {
    try {
      localStorage.setItem(`other/${name++}`, text);
    } catch {
      text = text.slice(text.length >> 1 || 1);
    }
  }
};

both('ST-01 a full storage: the session goes on in memory and says so once', { by }, async ({ open, server }) => {
  const page = await open();
  await page.evaluate(fill);
  await works(page, server);
  assert.equal((await eventOf(page, 'error')).code, 'storage_failed');
  assert.equal((await eventsOf(page, 'error')).length, 1);
  assert.equal(
    await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('latchkey')).length),
    0,
  );
});

demo(
  'ST-01 so it does with a record in it already, and an old browser that only has the number',
  {
    by,
    init: () => {
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (key, value) {
        if (globalThis.full) throw Object.assign(new Error('no room'), { code: 22 });
        return setItem.call(this, key, value);
      };
    },
  },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    await page.evaluate(() => (globalThis.full = true));
    await server.expire();
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.equal((await eventOf(page, 'error')).code, 'storage_failed');
    assert.equal((await state(page)).userId, 'alice');
  },
);

demo(
  'ST-02 a blocked storage: the session lives in memory',
  {
    by,
    init: () => {
      for (const area of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, area, {
          get() {
            throw new DOMException('blocked', 'SecurityError');
          },
        });
      }
    },
  },
  async ({ open, server }) => {
    const page = await open();
    assert.equal((await state(page)).status, 'anonymous');
    await works(page, server);
    assert.deepEqual(
      (await eventsOf(page, 'error')).map(({ code }) => code),
      ['storage_failed'],
    );
  },
);

demo('ST-04 a record that is none counts as signed out', { by }, async ({ open, server }) => {
  const page = await open();
  await signInByPassword(page);
  const key = recordKey(server);
  const whole = await page.evaluate((key) => localStorage.getItem(key), key);
  const without = (name) => JSON.stringify({ ...JSON.parse(whole), [name]: undefined });
  const spoilt = ['', 'null', 'undefined', '[]', '7', '"text"', '{', '{}', whole.slice(0, -20), `${whole}}`];
  for (const text of [...spoilt, without('format'), without('session'), without('generation'), without('tokens')]) {
    await page.evaluate(([key, text]) => localStorage.setItem(key, text), [key, text]);
    await page.reload();
    await settled(page);
    // What looks whole to the page's own reader lasts until the core has looked.
    await page.waitForFunction(() => session.state.status === 'anonymous');
    assert.equal((await ask(page, `${server.api}me`)).status, 401);
    assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
  }
});

both('ST-10 ST-15 the keys of others stay as they are', { by }, async ({ open, server }) => {
  const page = await open();
  const key = recordKey(server);
  const others = Object.fromEntries(
    ['latchkey', 'latchkey/', 'latchkey/1', `${key}2`, `${key}/pending2`, key.slice(0, -1), '', 'theme'].map((name) => [
      name,
      `of ${name}`,
    ]),
  );
  await page.evaluate(
    (others) => Object.entries(others).forEach(([name, value]) => localStorage.setItem(name, value)),
    others,
  );
  await works(page, server);
  const own = await page.evaluate(() => Object.keys(localStorage));
  // What the tabs have to know of a refresh, and what has happened, holds nothing that a session is made of.
  const beside = [`${key}/attempt`, `${key}/turn`, `${key}/trace`];
  assert.deepEqual(
    own.filter((name) => !(name in others) && !beside.includes(name)),
    [key],
    'one key holds the session',
  );
  await page.evaluate(() => session.logout({ atServer: false }));
  const rest = await page.evaluate(() => ({ ...localStorage }));
  for (const [name, value] of Object.entries(others)) assert.equal(rest[name], value);
});

both(
  "storage: 'session' keeps the session for this tab",
  { by, options: { storage: 'session' } },
  async ({ open, server }) => {
    const page = await open();
    await works(page, server);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.reload();
    await settled(page);
    assert.equal((await state(page)).userId, 'alice');
    assert.equal((await state(await open())).status, 'anonymous');
  },
);

both("storage: 'memory' keeps it for this page", { by, options: { storage: 'memory' } }, async ({ open, server }) => {
  const page = await open();
  await works(page, server);
  assert.equal(await stored(page), '[{},{}]');
  await page.reload();
  await settled(page);
  assert.equal((await state(page)).status, 'anonymous');
});

const asynchronous = {
  by,
  init: () => {
    const later = (work) => new Promise((resolve) => setTimeout(() => resolve(work()), 5));
    globalThis.more = {
      storage: {
        getItem: (key) => later(() => localStorage.getItem(`mine:${key}`)),
        setItem: (key, value) => later(() => localStorage.setItem(`mine:${key}`, value)),
        removeItem: (key) => later(() => localStorage.removeItem(`mine:${key}`)),
      },
    };
  },
};

both("a storage of the page's own may answer later", asynchronous, async ({ open, server }) => {
  const page = await open();
  await works(page, server);
  assert.ok((await page.evaluate(() => Object.keys(localStorage))).every((key) => key.startsWith('mine:latchkey/')));
  await server.reset();
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  // Sent before `ready`: it waits for what the storage says.
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  assert.deepEqual(
    (await server.requests('/api/me')).map(({ authorization }) => authorization),
    ['bearer'],
  );
  assert.equal((await state(page)).userId, 'alice');
});

both(
  'ST-19 a storage that keeps nothing, and does not say so: the session lives in memory',
  {
    by,
    init: () => {
      Storage.prototype.setItem = () => {};
    },
  },
  async ({ open, server }) => {
    const page = await open();
    await works(page, server);
    assert.deepEqual(
      (await eventsOf(page, 'error')).map(({ code }) => code),
      ['storage_failed'],
    );
    assert.equal((await state(page)).userId, 'alice');
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  },
);

demo('ST-20 a script that patches the storage later is told no token', { by }, async ({ open, server }) => {
  const page = await open();
  await page.evaluate(() => {
    globalThis.taken = [];
    for (const name of ['getItem', 'setItem', 'removeItem']) {
      const native = Storage.prototype[name];
      Storage.prototype[name] = function (...args) {
        taken.push(name, ...args);
        return native.apply(this, args);
      };
    }
  });
  await works(page, server);
  assert.ok(await stored(page, server));
  assert.deepEqual(await page.evaluate(() => taken), []);
});

demo(
  'ST-22 a request asks no storage',
  {
    by,
    init: () => {
      globalThis.asked = 0;
      for (const name of ['getItem', 'setItem', 'removeItem', 'key']) {
        const native = Storage.prototype[name];
        Storage.prototype[name] = function (...args) {
          globalThis.asked++;
          return native.apply(this, args);
        };
      }
    },
  },
  async ({ open, server }) => {
    const page = await open();
    await works(page, server);
    const asked = await page.evaluate(async (url) => {
      const before = globalThis.asked;
      for (let i = 0; i < 50; i++) await (await fetch(url)).text();
      return [before > 0, globalThis.asked - before];
    }, `${server.api}me`);
    assert.deepEqual(asked, [true, 0]);
  },
);

demo('ST-25 in a frame of another site the session works, in a storage of its own or none', { by }, async (scene) => {
  const { context, open, server } = scene;
  const outer = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end(`<!doctype html><iframe src="${server.page}"></iframe>`),
  );
  await new Promise((resolve) => outer.listen(0, '127.0.0.1', resolve));
  try {
    const page = await context.newPage();
    await page.goto(`http://localhost:${outer.address().port}/`);
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await frame.waitForFunction(() => globalThis.session);
    await settled(frame);
    await works(frame, server);
    // A browser that keeps third parties' storage back refuses it, and that is said.
    const isThere = await frame.evaluate(() => {
      try {
        return !!localStorage;
      } catch {
        return false;
      }
    });
    assert.deepEqual(
      (await eventsOf(frame, 'error')).map(({ code }) => code),
      isThere ? [] : ['storage_failed'],
    );
    // The app's own tab is another place.
    assert.equal((await state(await open())).status, 'anonymous');
  } finally {
    outer.close();
    outer.closeAllConnections();
  }
});
