// XMLHttpRequest: what a page may rely on when its session goes with that too. e2e/twin compares it with the native one.
import assert from 'node:assert/strict';
import { signInByPassword } from './support/page.mjs';
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
  'XH-17 a thousand that are refused: one refresh, and all succeed',
  { by: 'password', init: helpers },
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    const before = (await server.requests('token')).length;
    const statuses = await page.evaluate(
      async (url) => (await Promise.all(Array.from({ length: 1000 }, () => run(url)))).map(({ status }) => status),
      `${server.api}me`,
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal((await server.requests('token')).length - before, 1);
  },
);
