// A sign-in whose page is left at once is told in the page that it leads to.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { anonymous, ann, visit } from './page.mjs';
import { createLeaving } from '../.cache/test/leaving.mjs';
import { platform } from '../.cache/test/platform.mjs';

const config = { key: 'the-key' };
const login = { type: 'login', remote: false, previousUserId: 'anonymous', userId: 'ann' };
const refresh = { type: 'refresh', remote: false, previousUserId: 'ann', userId: 'ann' };
const stored = () => sessionStorage.getItem('the-key/login');

/** What a page load at that address has, and where it was sent to. */
const page = (href = 'https://app.test/callback', navigate, prefix) => {
  const sent = [];
  const location = Object.assign(new URL(href), { assign: (to) => sent.push(to) });
  const types = { ...platform.types, location };
  return { sent, ...createLeaving({ ...platform, types }, { config: { ...config, prefix }, navigate }) };
};
const types = ({ events }) => events.map(({ type }) => type);

beforeEach(() => visit('https://app.test/callback'));

test('S78 it is told in the next page, and once', () => {
  const callback = page();
  callback.navigate('/cart');
  assert.deepEqual(callback.sent, ['/cart']);
  const published = callback.told({ state: ann, events: [login, refresh] });
  assert.deepEqual(types(published), ['refresh']);
  const cart = page('https://app.test/cart');
  assert.deepEqual(cart.told({ state: ann }).events, [login]);
  assert.deepEqual(cart.told({ state: ann }).events, []);
  assert.deepEqual(page('https://app.test/cart').told({ state: ann }).events, []);
});

test('S78 what is told is only what it was: no more members, and none of another type', () => {
  for (const [text, told] of [
    ['{"type":"login","remote":false,"previousUserId":"a","userId":"ann","token":"x"}', ['login']],
    ['{"type":"logout","userId":"ann"}', []],
    ['{', []],
    ['null', []],
    ['"login"', []],
  ]) {
    sessionStorage.setItem('the-key/login', text);
    const { events } = page().told({ state: ann });
    assert.deepEqual(types({ events }), told, text);
    assert.ok(events.every((event) => !('token' in event)));
    assert.equal(stored(), null, text);
  }
});

test('S78 it is not told of somebody who has gone, or of another', () => {
  for (const state of [anonymous, { ...ann, userId: 'bob' }]) {
    sessionStorage.setItem('the-key/login', JSON.stringify(login));
    assert.deepEqual(page().told({ state }).events, []);
    assert.deepEqual(page().told({ state: ann }).events, []);
  }
});

test('S78 where the page stays it is told at once: with a router, and in another fragment', () => {
  const to = [];
  const routed = page(undefined, (path) => to.push(path));
  routed.navigate('/cart');
  assert.deepEqual([to, types(routed.told({ state: ann, events: [login] }))], [['/cart'], ['login']]);
  for (const [from, path, told] of [
    ['https://app.test/', '/#/cart', ['login']],
    ['https://app.test/?a#/x', '/?a#/cart', ['login']],
    ['https://app.test/', '/?a#/cart', []],
    // The same address without a fragment is loaded again.
    ['https://app.test/', '/', []],
    ['https://app.test/#/x', '/', []],
  ]) {
    const own = page(from);
    own.navigate(path);
    assert.deepEqual(types(own.told({ state: ann, events: [login] })), told, `${from} to ${path}`);
  }
});

test('S69 a router that is not there yet is reported, and the page is loaded; not where a prefix is the router’s', (t) => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  t.after(() => delete globalThis.reportError);
  const early = () => {
    throw new Error('no router yet');
  };
  for (const [prefix, sent] of [
    [undefined, ['/cart']],
    ['/shop/*', []],
  ]) {
    const app = page(undefined, early, prefix);
    app.navigate('/cart');
    assert.deepEqual([app.sent, reported.splice(0)], [sent, ['no router yet']]);
  }
});

test('S78 where the storage is refused a sign-in is no error', () => {
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get() {
      throw new Error('refused');
    },
    set() {},
  });
  try {
    const callback = page();
    callback.navigate('/cart');
    assert.deepEqual(callback.told({ state: ann, events: [login] }).events, []);
    assert.deepEqual(page().told({ state: ann, events: [login] }).events, [login]);
  } finally {
    delete globalThis.sessionStorage;
    visit('https://app.test/');
  }
});
