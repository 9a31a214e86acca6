// Load: LD-01, LD-02, LD-03, LD-07, LD-10 and LD-14. SOAK says how many seconds the soak takes, SEED which faults it meets,
// ROUNDS how often somebody signs in and out.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { served, signInByPassword } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { demo } = scenes();
const seconds = Number(process.env.SOAK ?? 60);
const rounds = Number(process.env.ROUNDS ?? 200);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const megabyte = 2 ** 20;

/** A server that takes and gives as much as it is asked to. */
let big;
const origin = () => `http://127.0.0.1:${big.address().port}/`;
before(async () => {
  const chunk = Buffer.alloc(megabyte, 'x');
  big = createServer(async (request, response) => {
    response.writeHead(200, {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'authorization',
      'access-control-allow-methods': 'GET, POST',
    });
    let got = 0;
    for await (const part of request) got += part.length;
    if (request.method !== 'GET')
      return response.end(JSON.stringify({ got, token: 'authorization' in request.headers }));
    for (let i = 0; i < Number(new URL(request.url, origin()).searchParams.get('megabytes')); i++)
      if (!response.write(chunk)) await once(response, 'drain');
    response.end();
  }).listen(0, '127.0.0.1');
  await once(big, 'listening');
});
after(() => big.close());

/** A fetch that is the browser's until `globalThis.answer` is there, and keeps what memory WebAssembly has. */
const instrument = () => {
  const native = globalThis.fetch;
  globalThis.fetch = function (input, init) {
    return globalThis.answer?.(input, init) || native.apply(this, arguments);
  };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const result = await original.apply(WebAssembly, args);
      globalThis.memory = (result.instance ?? result).exports.mem;
      return result;
    };
  }
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      globalThis.memory = this.exports.mem;
    }
  };
};
const wasmMemory = (page) => page.evaluate(() => memory.buffer.byteLength);

const heapOf = async (context, page) => {
  const cdp = await context.newCDPSession(page);
  // What a finalizer frees goes with the next collection.
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  await cdp.detach();
  return usedSize;
};

const given = { by: 'password', init: instrument, timeout: 300_000 };

demo(
  'LD-01 100,000 requests, one after the other: none fails, and no memory is kept',
  given,
  async ({ open, context, server }) => {
    const page = await open();
    await signInByPassword(page);
    const run = (count) =>
      page.evaluate(
        async ([url, count]) => {
          globalThis.answer = (input, init) =>
            input.startsWith(url) &&
            Promise.resolve(new Response('', { status: init.headers.authorization ? 200 : 500 }));
          let good = 0;
          for (let i = 0; i < count; i++) if ((await fetch(`${url}${i % 100}`)).status === 200) good++;
          return good;
        },
        [server.api, count],
      );
    assert.equal(await run(10_000), 10_000);
    const [heap, wasm] = [await heapOf(context, page), await wasmMemory(page)];
    for (let i = 0; i < 10; i++) assert.equal(await run(10_000), 10_000);
    const growth = (await heapOf(context, page)) - heap;
    assert.ok(growth <= megabyte, `the heap has grown by ${growth} bytes`);
    assert.equal(await wasmMemory(page), wasm);
  },
);

demo(
  'LD-02 10,000 at once when the token has ended: one refresh, none lost, 100 MB at most',
  given,
  async ({ open, context, server, delay }) => {
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    const before = await heapOf(context, page);
    const refresh = await delay(server.endpoints.token);
    await page.evaluate((url) => {
      let old;
      globalThis.refused = 0;
      globalThis.answer = (input, init) => {
        if (!input.startsWith(url)) return;
        const { authorization } = init.headers;
        old ??= authorization;
        if (authorization === old) refused++;
        return Promise.resolve(new Response('', { status: authorization === old ? 401 : 200 }));
      };
      globalThis.all = Promise.all(
        Array.from({ length: 10_000 }, (_, i) => fetch(`${url}${i}`, { method: 'POST', body: `${i}` })),
      );
    }, server.api);
    await refresh.arrived;
    await page.waitForFunction(() => refused === 10_000);
    const extra = (await heapOf(context, page)) - before;
    refresh.go();
    const statuses = await page.evaluate(async () => (await all).map(({ status }) => status));
    assert.deepEqual([statuses.length, new Set(statuses)], [10_000, new Set([200])]);
    assert.equal((await server.refreshes()).length, 1);
    assert.ok(extra <= 100 * megabyte, `${extra} bytes`);
  },
);

demo(
  'LD-14 1,000 requests for which the server has no answer go on without one, and nothing is kept',
  { ...given, options: { timeout: 2000 } },
  async ({ open, context, server, delay }) => {
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    const run = () =>
      page.evaluate(async (url) => {
        globalThis.answer = (input) => input.startsWith(url) && Promise.resolve(new Response('', { status: 401 }));
        const all = await Promise.all(
          Array.from({ length: 1000 }, (_, i) =>
            fetch(`${url}${Math.random()}/${i}`, { method: 'POST', body: 'x'.repeat(10_000) }),
          ),
        );
        return all.filter(({ status }) => status === 401).length;
      }, server.api);
    const hanging = await delay(server.endpoints.token);
    assert.equal(await run(), 1000);
    const heap = await heapOf(context, page);
    assert.equal(await run(), 1000);
    const growth = (await heapOf(context, page)) - heap;
    assert.ok(growth <= megabyte, `the heap has grown by ${growth} bytes`);
    hanging.drop();
  },
);

demo(
  'LD-10 256 MB down and up: what goes through the page goes through no WebAssembly',
  {
    ...given,
    // Its port is known by then.
    get options() {
      return { api: [origin()] };
    },
  },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    const sizes = await page.evaluate(
      async ([url, megabyte]) => {
        const before = memory.buffer.byteLength;
        const { body } = await session.fetch(`${url}?megabytes=256`);
        let down = 0;
        for await (const part of body) down += part.length;
        const blob = new Blob(Array.from({ length: 256 }, () => new Uint8Array(megabyte)));
        const byFetch = await (await session.fetch(url, { method: 'POST', body: blob })).json();
        const byXHR = await new Promise((resolve, reject) => {
          const xhr = new XMLHttpRequest();
          xhr.open('POST', url);
          xhr.responseType = 'json';
          xhr.onload = () => resolve(xhr.response);
          xhr.onerror = reject;
          xhr.send(blob);
        });
        return { grown: memory.buffer.byteLength - before, down, byFetch, byXHR };
      },
      [origin(), megabyte],
    );
    const whole = { got: 256 * megabyte, token: true };
    assert.deepEqual(sizes, { grown: 0, down: 256 * megabyte, byFetch: whole, byXHR: whole });
  },
);

/** Timers and listeners of the page's, and what it stores. Runs before all else. */
const ledger = () => {
  const timers = new Set();
  for (const [set, clear] of [
    ['setTimeout', 'clearTimeout'],
    ['setInterval', 'clearInterval'],
  ]) {
    const [begin, end] = [globalThis[set], globalThis[clear]];
    globalThis[set] = (run, ...rest) => {
      const id = begin(
        (...args) => {
          if (set === 'setTimeout') timers.delete(id);
          run(...args);
        },
        ...rest,
      );
      timers.add(id);
      return id;
    };
    globalThis[clear] = (id) => {
      timers.delete(id);
      end(id);
    };
  }
  let listeners = 0;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, how) {
    // What listens to a request or a signal of its own goes with that.
    const lasts = this === globalThis || this === document || this === undefined;
    if (lasts) listeners++;
    if (lasts) how?.signal?.addEventListener?.('abort', () => listeners--);
    return addEventListener.call(this, type, listener, how);
  };
  EventTarget.prototype.removeEventListener = function (...args) {
    if (this === globalThis || this === document || this === undefined) listeners--;
    return removeEventListener.apply(this, args);
  };
  const size = (area) => Object.entries(area).map(([key, { length }]) => [key.split('/').at(-1), length]);
  globalThis.ledger = () => ({
    timers: timers.size,
    listeners,
    stored: size(localStorage).length + size(sessionStorage).length,
  });
};

demo(
  `LD-07 ${rounds} sign-ins and logouts: nothing is left of them`,
  { by: 'password', init: `(${ledger})();(${instrument})()`, timeout: 120_000 + 200 * rounds },
  async ({ open, context, server }) => {
    const page = await open();
    const run = (count) =>
      page.evaluate(
        async ([url, count]) => {
          const wrong = [];
          for (let i = 0; i < count; i++) {
            const { userId } = await session.loginWithCredentials('alice', 'wonderland');
            const { status } = await fetch(url);
            if (userId !== 'alice' || status !== 200) wrong.push([i, userId, status]);
            await session.logout({ atServer: false, revoke: false });
            events.length = 0;
            window.name = '[]';
          }
          return wrong;
        },
        [`${server.api}me`, count],
      );
    // A record is told of for a while.
    const calm = async () => {
      await page.waitForFunction(async () => !(await navigator.locks.query()).held.length);
      return { ...(await page.evaluate(() => ledger())), heap: await heapOf(context, page) };
    };
    assert.deepEqual(await run(20), []);
    const before = await calm();
    const wasm = await wasmMemory(page);
    assert.deepEqual(await run(rounds), []);
    const { heap, ...after } = await calm();
    const { heap: start, ...first } = before;
    assert.deepEqual(after, first);
    assert.ok(heap - start <= megabyte, `the heap has grown by ${heap - start} bytes`);
    // It is grown in steps of half a megabyte, by when Go collects; 10 kB kept in each round would be more than this.
    const grown = (await wasmMemory(page)) - wasm;
    assert.ok(grown <= 2 * megabyte, `WebAssembly's memory has grown by ${grown} bytes`);
  },
);

demo(
  `LD-03 ${seconds} s of 50 requests a second, tokens of 1 s, faults: nobody is signed out, and all are answered`,
  { ...given, timeout: 120_000 + 2000 * seconds },
  async ({ open, server, context }) => {
    let state = seed;
    const random = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    await server.control('lifetime', { seconds: 1 });
    const page = await open();
    await signInByPassword(page);
    await page.evaluate((url) => {
      globalThis.counts = {};
      globalThis.pending = new Set();
      const count = (what) => (counts[what] = (counts[what] ?? 0) + 1);
      for (const type of ['logout', 'expired']) session.on(type, ({ reason }) => count(`${type} ${reason}`));
      let i = 0;
      globalThis.timer = setInterval(() => {
        // Chromium has no more than 16,384 bodies that nobody reads, wrapped or not.
        const one = fetch(`${url}me?${i++}`)
          .then((response) => response.text().then(() => response.status))
          .then(count, ({ name }) => count(name));
        pending.add(one);
        one.finally(() => pending.delete(one));
      }, 20);
    }, server.api);
    /** What is in use, but for what the page has noted of events. */
    const kept = async () => {
      await page.evaluate(() => {
        events.length = 0;
        window.name = '';
      });
      return [await heapOf(context, page), await wasmMemory(page)];
    };
    let before;
    const faults = ['500', '503', '429', 'drop-before', 'html', 'empty', 'truncated'];
    const begun = Date.now();
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      const isFaulty = random() < 0.1;
      const mode = isFaulty ? faults[Math.floor(random() * faults.length)] : 'ok';
      await server.control('token', { mode, ...(mode === '429' && { retryAfter: 1 }) });
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (!before && Date.now() - begun > 100 * seconds) before = await kept();
    }
    await server.control('token', { mode: 'ok' });
    const counts = await page.evaluate(async () => {
      clearInterval(timer);
      await Promise.all(pending);
      return counts;
    });
    const { 200: good = 0, 401: refused = 0, ...others } = counts;
    const facts = `SEED=${seed}: ${JSON.stringify(counts)}`;
    assert.deepEqual(others, {}, facts);
    // How many are refused, as no new token could be had in time, is the faults' and the machine's: with most it still goes on.
    assert.ok(good > seconds && good + refused > 10 * seconds, facts);
    const refreshes = await server.refreshes();
    assert.ok(refreshes.length <= 2 * seconds + 20, `SEED=${seed}: ${refreshes.length} refreshes`);
    const [heap, wasm] = (await kept()).map((bytes, i) => bytes - before[i]);
    assert.ok(heap <= megabyte, `SEED=${seed}: the heap has grown by ${heap} bytes`);
    assert.ok(wasm <= 2 * megabyte, `SEED=${seed}: WebAssembly's memory has grown by ${wasm} bytes`);
    // The same session goes on, after the pause that the last fault may have begun.
    await served(page, `${server.api}me`);
    assert.equal(await page.evaluate(() => session.state.userId), 'alice');
  },
);
