// The page's own requests: what a page may rely on when its fetch is wrapped.
import assert from 'node:assert/strict';
import { ask, eventOf, signInByPassword, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both, demo } = scenes();

const password = { by: 'password' };

const stubbed = () => {
  globalThis.calls = [];
  globalThis.answer = Promise.resolve('the very answer');
  globalThis.fetch = function () {
    'use strict'; // or `this` would never be undefined
    const args = [...arguments];
    calls.push({ self: this, args });
    return answer;
  };
};

demo(
  'FF-01 what no prefix covers is the native call, with the same arguments, at once',
  { by: 'password', init: stubbed, options: { load: 'demand' } },
  async ({ open }) => {
    const page = await open();
    const same = await page.evaluate(() => {
      const url = { toString: () => 'https://elsewhere.test/' };
      const init = { headers: { a: 'b' } };
      const self = {};
      const given = [
        [undefined, ['/page.js']],
        [globalThis, [new Request('/page.js')]],
        [self, ['https://elsewhere.test/', init, 'a third']],
        [undefined, []],
      ];
      return given.map(([self, args]) => {
        calls.length = 0;
        const result = fetch.apply(self, args);
        const [call] = calls;
        return [
          result === answer,
          calls.length === 1,
          call.self === self,
          call.args.length === args.length,
          args.every((arg, i) => call.args[i] === arg),
        ];
      });
    });
    assert.deepEqual(same, Array(4).fill(Array(5).fill(true)));
  },
);

const observed = () => {
  const native = globalThis.fetch;
  globalThis.seen = [];
  globalThis.fetch = async function (...args) {
    try {
      const response = await native.apply(this, args);
      seen.push(response);
      return response;
    } catch (error) {
      seen.push(error);
      throw error;
    }
  };
};

both('FF-29 the answer is the native Response itself', { by: 'password', init: observed }, async ({ open, server }) => {
  const page = await open();
  await signInByPassword(page);
  for (const expired of [false, true]) {
    if (expired) await server.expire();
    const facts = await page.evaluate(async (url) => {
      const response = await fetch(url);
      let immutable;
      try {
        response.headers.set('a', 'b');
      } catch (error) {
        immutable = error instanceof TypeError;
      }
      const copy = await response.clone().json();
      return {
        same: response === seen.at(-1),
        own: Object.getOwnPropertyNames(response),
        prototype: Object.getPrototypeOf(response) === Response.prototype,
        type: response.type,
        url: response.url,
        unread: !response.bodyUsed,
        immutable,
        sub: [copy.sub, (await response.json()).sub],
      };
    }, `${server.api}me`);
    assert.deepEqual(facts, {
      same: true,
      own: [],
      prototype: true,
      type: 'cors',
      url: `${server.api}me`,
      unread: true,
      immutable: true,
      sub: ['alice', 'alice'],
    });
  }
});

both(
  "FF-34 a network error is the browser's own",
  { by: 'password', init: observed },
  async ({ open, server, context }) => {
    const page = await open();
    await signInByPassword(page);
    await context.route(`${server.api}me`, (route) => route.abort('connectionrefused'));
    const facts = await page.evaluate(async (url) => {
      const error = await fetch(url).catch((error) => error);
      return [error === seen.at(-1), error.constructor === TypeError, error.message];
    }, `${server.api}me`);
    assert.deepEqual(facts, [true, true, 'Failed to fetch']);
    assert.equal((await state(page)).userId, 'alice');
  },
);

both(
  'FF-04 a request that is aborted while it waits for a refresh ends at once, and is not sent',
  password,
  async (scene) => {
    const { open, server, delay } = scene;
    const page = await open();
    await signInByPassword(page);
    await server.expire();
    await server.reset();
    const token = await delay(server.endpoints.token);
    await page.evaluate((url) => {
      globalThis.controller = new AbortController();
      globalThis.outcome = fetch(url, { signal: controller.signal }).catch((error) => error);
    }, `${server.api}me`);
    await token.arrived;
    const same = await page.evaluate(async () => {
      const reason = new Error('the page has changed its mind');
      controller.abort(reason);
      return (await outcome) === reason;
    });
    assert.ok(same, 'rejects with the reason itself');
    const refreshed = eventOf(page, 'refresh');
    token.go();
    await refreshed;
    assert.equal((await ask(page, `${server.api}orders`)).status, 200);
    assert.deepEqual(
      (await server.requests('/api/me')).map(({ status }) => status),
      [401],
    );
  },
);

both('FF-45 what is called before the runtime is there waits for it, in order', password, async (scene) => {
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
  const statuses = page.evaluate(
    (url) => Promise.all(Array.from({ length: 5 }, async (_, i) => (await fetch(`${url}?${i}`)).status)),
    `${server.api}me`,
  );
  await wasm.arrived;
  assert.deepEqual(sent, []);
  wasm.go();
  assert.deepEqual(await statuses, Array(5).fill(200));
  assert.deepEqual(sent, ['?0', '?1', '?2', '?3', '?4']);
  assert.ok((await server.requests('/api/me')).every(({ authorization }) => authorization === 'bearer'));
  assert.equal((await server.refreshes()).length, 1);
});

both(
  "a caller's own Authorization stays, and `as` picks nobody's credentials",
  password,
  async ({ open, server, context }) => {
    const page = await open();
    await signInByPassword(page);
    const sent = [];
    context.on('request', (request) => {
      if (request.url().startsWith(server.api)) sent.push(request.headers());
    });
    await server.reset();
    await ask(page, `${server.api}public`, { headers: { authorization: 'Basic bm9ib2R5' } });
    await page.evaluate((url) => fetch(url, { as: 'none' }), `${server.api}public`);
    await ask(page, `${server.api}public`, { headers: { 'latchkey-as': 'none' } });
    await ask(page, `${server.api}public`, { headers: { 'latchkey-as': 'user' } });
    await ask(page, '/page.js', { headers: { 'Latchkey-As': 'user' } });
    assert.deepEqual(
      (await server.requests('/api/public')).map(({ authorization }) => authorization),
      ['other', 'none', 'none', 'bearer'],
    );
    assert.ok(
      sent.length >= 4 && sent.every((headers) => !('latchkey-as' in headers)),
      'the marker stays in the browser',
    );
  },
);

demo(
  'a request that waited while somebody else signed in is not sent as theirs',
  password,
  async ({ open, server }) => {
    const page = await open();
    await signInByPassword(page);
    const other = await open();
    await server.expire();
    await server.reset();
    await server.control('token', { mode: 'hang', count: 1 });
    const outcome = page.evaluate(
      (url) =>
        fetch(url).then(
          () => 'sent',
          ({ name, code }) => `${name} ${code}`,
        ),
      `${server.api}me`,
    );
    await server.reached('token');
    assert.deepEqual(await signInByPassword(other, 'bob', 'builder'), { userId: 'bob' });
    await page.waitForFunction(() => session.state.userId === 'bob');
    assert.equal(await outcome, 'SessionError session_changed');
    assert.equal((await server.requests('/api/me')).length, 1);
    assert.equal(JSON.parse((await ask(page, `${server.api}me`)).text).sub, 'bob');
  },
);

demo('RFC 9470 an API that wants a stronger sign-in says which, and nobody is signed out', { by: 'password' }, async (scene) => {
  const { context, server, open } = scene;
  const page = await open();
  await signInByPassword(page);
  await server.reset();
  const wanted = 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"';
  await context.route(`${server.api}me`, (route) =>
    route.fulfill({
      status: 401,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'www-authenticate',
        'www-authenticate': wanted,
      },
      body: 'not enough',
    }),
  );
  await page.evaluate(() => {
    globalThis.asked = new Promise((resolve) => session.on('error', ({ error }) => resolve([error.code, error.challenge])));
  });
  const answer = await ask(page, `${server.api}me`);
  assert.deepEqual([answer.status, answer.text], [401, 'not enough']);
  const asked = await page.evaluate(() => globalThis.asked);
  assert.deepEqual(asked, ['interaction_required', { acrValues: 'gold', maxAge: 60 }]);
  assert.deepEqual(await server.refreshes(), []);
  assert.equal((await state(page)).userId, 'alice');
});
