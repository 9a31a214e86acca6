// XMLHttpRequest where a server says in its answers what they mean: a refusal by its body, and a token in a header.
import assert from 'node:assert/strict';
import { people, requests, shops, signIn, tokenRequests } from './support/shop.mjs';
import { add, cart, customer, stores, users } from './support/vendure.mjs';

/** `send(url, { method, body, headers, responseType })` resolves with what the page sees. */
const sender = () => {
  globalThis.send = (url, { method = 'GET', body, headers = {}, responseType = '' } = {}) =>
    new Promise((resolve) => {
      const xhr = new XMLHttpRequest();
      const states = [];
      xhr.onreadystatechange = () => states.push(xhr.readyState);
      xhr.open(method, url);
      xhr.responseType = responseType;
      for (const name in headers) xhr.setRequestHeader(name, headers[name]);
      xhr.onloadend = async () => {
        const { status, response } = xhr;
        const buffer = response instanceof Blob ? await response.arrayBuffer() : response;
        const text = buffer instanceof ArrayBuffer ? new TextDecoder().decode(buffer) : response;
        const names = Object.getOwnPropertyNames(xhr);
        resolve({
          status,
          json: typeof text == 'string' ? JSON.parse(text) : text,
          states: [...new Set(states)],
          names,
        });
      };
      xhr.send(body);
    });
};
const send = (page, url, init) => page.evaluate(([url, init]) => send(url, init), [url, init]);

const shop = shops();

for (const responseType of ['', 'json', 'arraybuffer', 'blob'])
  shop(`XH-10 a refusal that its body tells, read as ${responseType || 'text'}`, { init: sender }, async (scene) => {
    const { open, occ, api } = scene;
    const page = await open();
    await signIn(page);
    await occ.expire({ user: people.alice.username, kind: 'access' });
    await occ.forget();
    const { status, json, states, names } = await send(page, `${api}users/current`, { responseType });
    assert.equal(status, 200);
    assert.equal(json.errors, undefined);
    assert.deepEqual([states, names], [[1, 2, 3, 4], []]);
    assert.deepEqual(
      (await requests(occ, '/users/current')).map(({ status }) => status),
      [401, 200],
    );
    assert.equal((await tokenRequests(occ, 'refresh_token')).length, 1);
  });

const store = stores();

store('VE-08 a visitor’s session comes by the header of an answer', { init: sender }, async (scene) => {
  const { server, open, teapot } = scene;
  const page = await open();
  const run = (query) =>
    send(page, server.shop, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
  const { json, states, names } = await run(add(teapot));
  assert.equal(json.data.addItemToOrder.totalQuantity, 1);
  assert.deepEqual([states, names], [[1, 2, 3, 4], []]);
  assert.equal((await run(cart)).json.data.activeOrder.totalQuantity, 1);
  assert.deepEqual(await users(server), [null]);
});
