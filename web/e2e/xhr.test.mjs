// XMLHttpRequest: what a page may rely on when its session goes with that too. e2e/twin compares it with the native one.
import assert from 'node:assert/strict';
import { ask, eventOf, signInByPassword, state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { both, demo } = scenes();

/** Sends one, and writes down all that it tells, each with its state and status. */
const helpers = () => {
  const kinds = ['readystatechange', 'loadstart', 'progress', 'abort', 'error', 'load', 'timeout', 'loadend'];
  globalThis.ask = (url, { method = 'GET', body, headers = {}, responseType = '', before = () => {} } = {}) => {
    const xhr = new XMLHttpRequest();
    const log = [];
    for (const kind of kinds)
      xhr.addEventListener(kind, (event) => {
        if (event.target !== xhr || event.currentTarget !== xhr) log.push('wrong target');
        // How many parts an answer comes in is nobody's promise.
        const entry = `${kind} ${xhr.readyState} ${xhr.status}`;
        if (!(kind == 'progress' || (kind == 'readystatechange' && xhr.readyState == 3)) || !log.includes(entry))
          log.push(entry);
      });
    xhr.open(method, url);
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.responseType = responseType;
    before(xhr);
    const ended = new Promise((resolve) => xhr.addEventListener('loadend', () => resolve()));
    xhr.send(body);
    return { xhr, log, ended };
  };
  globalThis.run = async (url, options) => {
    const { xhr, log, ended } = ask(url, options);
    await ended;
    return { log, status: xhr.status, text: xhr.responseText, own: Object.getOwnPropertyNames(xhr) };
  };
};
const once = (status, before = []) => [
  ...before,
  'loadstart 1 0',
  `readystatechange 2 ${status}`,
  `readystatechange 3 ${status}`,
  `progress 3 ${status}`,
  `readystatechange 4 ${status}`,
  `load 4 ${status}`,
  `loadend 4 ${status}`,
];

both(
  'XH-01 XH-04 XH-05 XH-07 one request is what the page sees, refused or not',
  { by: 'password', init: helpers },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    for (const expired of [false, true]) {
      if (expired) await server.expire();
      const facts = await page.evaluate((url) => run(url), `${server.api}me`);
      assert.deepEqual([facts.status, JSON.parse(facts.text).sub, facts.own], [200, 'alice', []]);
      assert.deepEqual(facts.log, once(200, ['readystatechange 1 0']));
    }
  },
);

demo(
  'XH-17 two hundred that are refused: one refresh, and all succeed',
  { by: 'password', init: helpers },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    const before = (await server.requests('token')).length;
    const statuses = await page.evaluate(
      (url) =>
        Promise.all(
          Array.from(
            { length: 200 },
            () =>
              new Promise((resolve) => {
                const xhr = new XMLHttpRequest();
                xhr.open('GET', url);
                xhr.onloadend = () => resolve(xhr.status);
                xhr.send();
              }),
          ),
        ),
      `${server.api}me`,
    );
    assert.deepEqual(statuses, Array(200).fill(200));
    assert.equal((await server.requests('token')).length - before, 1);
  },
);

both(
  'XH-08 what is aborted while it waits for a refresh ends as natively, and is not sent again',
  { by: 'password', init: helpers },
  async ({ open, server, delay }) => {
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    await server.reset();
    const token = await delay(server.endpoints.token);
    await page.evaluate((url) => {
      globalThis.asked = ask(url);
    }, `${server.api}me`);
    await token.arrived;
    const facts = await page.evaluate(() => {
      const { xhr, log } = asked;
      xhr.abort();
      return { log, after: [xhr.readyState, xhr.status, xhr.responseText], own: Object.getOwnPropertyNames(xhr) };
    });
    assert.deepEqual(facts.log, [
      'readystatechange 1 0',
      'loadstart 1 0',
      'readystatechange 4 0',
      'abort 4 0',
      'loadend 4 0',
    ]);
    assert.deepEqual(facts.after, [0, 0, '']);
    const refreshed = eventOf(page, 'refresh');
    token.go();
    await refreshed;
    assert.equal((await ask(page, `${server.api}orders`)).status, 200);
    assert.deepEqual(
      (await server.requests('/api/me')).map(({ status }) => status),
      [401],
    );
    // The object is as good as new.
    const again = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const { xhr } = asked;
          xhr.open('GET', url);
          xhr.onload = () => resolve([xhr.status, Object.getOwnPropertyNames(xhr)]);
          xhr.send();
        }),
      `${server.api}me`,
    );
    assert.deepEqual(again, [200, []]);
  },
);

both(
  'XH-03 a synchronous one has the token that is at hand, and its refusal',
  { by: 'password' },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    const ask = () =>
      page.evaluate((url) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', url, false);
        xhr.send();
        return xhr.status;
      }, `${server.api}me`);
    assert.equal(await ask(), 200);
    await server.expire();
    await server.reset();
    assert.equal(await ask(), 401);
    assert.deepEqual(await server.refreshes(), []);
    assert.equal((await state(page)).userId, 'alice');
  },
);

both(
  'XH-16 one object, opened again in its handlers, refused each time',
  { by: 'password' },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    // In state 2 Chromium by itself gives the rest of the first answer to the second request.
    for (const [when, state] of [
      ['load', 4],
      ['loadend', 4],
      ['readystatechange', 4],
    ]) {
      await server.expire();
      await server.reset();
      const answers = await page.evaluate(
        ([url, when, state]) =>
          new Promise((resolve) => {
            const xhr = new XMLHttpRequest();
            const answers = [];
            xhr.addEventListener(when, function again() {
              if (xhr.readyState !== state) return;
              xhr.removeEventListener(when, again);
              answers.push(xhr.status);
              xhr.open('GET', `${url}?second`);
              xhr.onload = () => resolve([...answers, xhr.status, JSON.parse(xhr.responseText).sub]);
              xhr.send();
            });
            xhr.open('GET', `${url}?first`);
            xhr.send();
          }),
        [`${server.api}me`, when, state],
      );
      assert.deepEqual(answers, [200, 200, 'alice'], `${when} ${state}`);
      assert.equal((await server.refreshes()).length, 1);
    }
  },
);

both(
  'XH-04 FF-45 what is sent before the runtime is there waits for it, in order',
  { by: 'password', init: helpers },
  async (scene) => {
    const { open, server, delay, context } = scene;
    const page = await open();
    await signInByPassword(page);
    await context.clock.setFixedTime(Date.now() + 100_000);
    const wasm = await delay('**/latchkey.wasm');
    await server.reset();
    await page.reload();
    await page.waitForFunction(() => globalThis.session);
    const sent = [];
    context.on('request', (request) => {
      if (request.url().startsWith(`${server.api}me?`) && request.method() === 'GET')
        sent.push(new URL(request.url()).search);
    });
    const facts = page.evaluate(
      (url) =>
        Promise.all(Array.from({ length: 5 }, (_, i) => (i % 2 ? fetch(`${url}?${i}`) : run(`${url}?${i}`)))).then(
          (all) => all.map(({ status, log }) => [status, log]),
        ),
      `${server.api}me`,
    );
    await wasm.arrived;
    assert.deepEqual(sent, []);
    wasm.go();
    const log = once(200, ['readystatechange 1 0']);
    assert.deepEqual(
      (await facts).map(([status, log]) => [status, log ?? 'fetch']),
      [log, 'fetch', log, 'fetch', log].map((log) => [200, log]),
    );
    assert.deepEqual(sent, ['?0', '?1', '?2', '?3', '?4']);
    assert.ok((await server.requests('/api/me')).every(({ authorization }) => authorization === 'bearer'));
    assert.equal((await server.refreshes()).length, 1);
  },
);

demo(
  'XH-19 two sessions in one page: each has its own requests, and close() puts everything back',
  {
    by: 'password',
    init: () => {
      globalThis.names = ['open', 'setRequestHeader', 'send', 'abort', 'upload', 'constructor'];
      globalThis.natives = () => {
        const { prototype } = XMLHttpRequest;
        const all = names.map((name) => Object.getOwnPropertyDescriptor(prototype, name));
        return [XMLHttpRequest, ...all.map(({ value, get }) => value ?? get)];
      };
      globalThis.before = natives();
      globalThis.statusOf = (url) =>
        new Promise((resolve) => {
          const xhr = new XMLHttpRequest();
          xhr.open('GET', url);
          xhr.onloadend = () => resolve([xhr.status, JSON.parse(xhr.responseText).sub]);
          xhr.send();
        });
    },
  },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    const me = `${server.api}me`;
    await page.evaluate(async (me) => {
      const { scheme, auth } = settings;
      globalThis.second = latchkey.createSession({ auth: latchkey[scheme](auth), api: [me], context: 'second' });
      await second.loginWithCredentials('bob', 'builder');
    }, me);
    for (const expired of [false, true]) {
      if (expired) await server.expire();
      const answers = await page.evaluate((me) => Promise.all([statusOf(me), statusOf(me)]), me);
      assert.deepEqual(answers, Array(2).fill([200, 'bob']));
    }
    await page.evaluate(() => second.close());
    assert.deepEqual(await page.evaluate((me) => statusOf(me), me), [200, 'alice']);
    assert.equal(await page.evaluate(() => natives().some((it, i) => it === before[i])), false);
    await page.evaluate(() => session.close());
    assert.equal(await page.evaluate(() => natives().every((it, i) => it === before[i])), true);
    assert.equal((await page.evaluate((me) => statusOf(me), me))[0], 401);
  },
);

both(
  'the event request says what each covered request cost, and nothing secret',
  { by: 'password' },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    await page.evaluate(() => {
      globalThis.reports = [];
      globalThis.stop = session.on('request', ({ duration, ...report }) =>
        reports.push({ ...report, timed: duration >= 0 }),
      );
    });
    // The part that counts comes with the second file.
    await page.waitForFunction(async (url) => (await fetch(url)).ok && reports.length, `${server.api}me`);
    await server.expire();
    const reports = await page.evaluate(async (url) => {
      reports.length = 0;
      await fetch(`${url}?secret=1#secret`);
      await fetch(url, { headers: { authorization: 'Bearer mine' } });
      await fetch(location.href);
      await new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', `${url}?secret=2`);
        // Whoever counts hears of it last.
        xhr.onloadend = () => setTimeout(resolve);
        xhr.send();
      });
      const all = [...reports];
      stop();
      await fetch(url);
      return [all, reports.length];
    }, `${server.api}me`);
    const report = { type: 'request', method: 'GET', url: `${server.api}me`, as: 'user', timed: true };
    assert.deepEqual(reports, [
      [
        { ...report, via: 'fetch', status: 200, attempts: 2 },
        { ...report, via: 'fetch', status: 401, attempts: 1 },
        { ...report, via: 'xhr', status: 200, attempts: 1 },
      ],
      3,
    ]);
  },
);

demo(
  'XH-22 objects that the page has let go of are collected',
  { by: 'password' },
  async ({ open, server, context }) => {
    const page = await open();
    await signInByPassword(page);
    await page.evaluate(
      async ([covered, url]) => {
        globalThis.refs = [];
        const make = (act) => {
          const xhr = new XMLHttpRequest();
          xhr.addEventListener('load', () => xhr.status);
          refs.push(new WeakRef(xhr), new WeakRef(xhr.upload));
          return act(xhr);
        };
        const ended = (xhr) => new Promise((resolve) => (xhr.onloadend = () => resolve()));
        for (let i = 0; i < 300; i++) {
          make(() => {});
          for (const at of [covered, url]) make((xhr) => xhr.open('GET', at));
          make((xhr) => {
            xhr.open('GET', covered);
            xhr.send();
            xhr.abort();
          });
        }
        for (let i = 0; i < 20; i++)
          await make((xhr) => {
            xhr.open('GET', covered);
            xhr.send();
            return ended(xhr);
          });
      },
      [`${server.api}me`, '/nothing'],
    );
    await server.expire();
    // One that was refused, and sent again.
    const status = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const xhr = new XMLHttpRequest();
          refs.push(new WeakRef(xhr));
          xhr.onloadend = () => resolve(xhr.status);
          xhr.open('POST', url);
          xhr.send('x');
        }),
      `${server.api}me`,
    );
    const debug = await context.newCDPSession(page);
    let left;
    for (let i = 0; i < 10 && left !== 0; i++) {
      await debug.send('HeapProfiler.collectGarbage');
      left = await page.evaluate(() => refs.filter((ref) => ref.deref()).length);
    }
    assert.deepEqual([status < 500, left], [true, 0]);
  },
);
