// Requests as the client, as nobody in particular: one token for all tabs, and never a user's in its place.
import assert from 'node:assert/strict';
import { people, requests, shops, signIn, get, tokenRequests } from './support/shop.mjs';
import { eventsOf, state } from './support/page.mjs';
import { startStranger } from './support/stranger.mjs';

const shop = shops();

const asClient = { as: 'client' };
const register = (uid) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', 'cx-use-client-token': 'true' },
  body: JSON.stringify({ uid, password: 'secret-of-hers', firstName: 'New', lastName: 'Comer' }),
});
const marker = { headers: { 'cx-use-client-token': 'true' } };

shop('S48 a thousand calls at start, in ten tabs, take one client token', {}, async ({ context, occ, api }) => {
  const tabs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const page = await context.newPage();
      await page.addInitScript((url) => {
        globalThis.start = () => Promise.all(Array.from({ length: 100 }, () => fetch(url, { as: 'client' })));
        addEventListener('DOMContentLoaded', () => {
          globalThis.answers = start().then((all) => all.map(({ status }) => status));
        });
      }, `${api}users/anonymous`);
      return page;
    }),
  );
  await Promise.all(tabs.map((page) => page.goto(occ.page)));
  for (const page of tabs) {
    await page.waitForFunction(() => globalThis.answers);
    assert.deepEqual(await page.evaluate(() => answers), Array(100).fill(200));
  }
  assert.equal((await tokenRequests(occ)).length, 1);
  const asked = await requests(occ, '/users/anonymous');
  assert.equal(asked.length, 1000);
  assert.deepEqual([...new Set(asked.map(({ kind, token }) => `${kind} ${token}`))], ['client client-1']);
});

shop('S48 the token of the last visit is there before the runtime is', {}, async ({ context, open, occ, api }) => {
  const first = await open();
  assert.equal((await get(first, `${api}users/anonymous`, asClient)).actor, 'mobile_android');
  await context.route('**/latchkey.wasm', (route) => route.abort());
  const second = await open('', { until: 'nothing' });
  await second.waitForFunction(() => globalThis.session);
  assert.equal((await get(second, `${api}users/anonymous`, asClient)).actor, 'mobile_android');
  assert.equal((await tokenRequests(occ)).length, 1);
});

shop(
  "S48 a secret is form-encoded once, and is nobody's to see",
  { auth: { clientId: 'odd_client', clientSecret: 's% e+c&r=ét' } },
  async ({ open, occ, api }) => {
    const page = await open();
    assert.equal((await get(page, `${api}users/anonymous`, asClient)).actor, 'odd_client');
    assert.deepEqual((await tokenRequests(occ, 'client_credentials'))[0].authorization, 'none');
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify({ ...localStorage })), /r=ét/);
  },
);

shop('S49 many refused together take one new client token', {}, async ({ open, occ, api }) => {
  const tabs = [await open(), await open()];
  for (const tab of tabs) await get(tab, `${api}users/anonymous`, asClient);
  await occ.expire({ kind: 'client' });
  const all = await Promise.all(
    tabs.map((tab) =>
      tab.evaluate(
        async ([url, init]) => {
          const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(url, init)));
          return answers.map(({ status }) => status);
        },
        [`${api}users/anonymous`, asClient],
      ),
    ),
  );
  assert.deepEqual(all.flat(), Array(100).fill(200));
  assert.equal((await tokenRequests(occ)).length, 2);
});

shop('S49 a client token that is over is replaced before it is sent', {}, async ({ context, open, occ, api }) => {
  await occ.lifetime({ client: 600 });
  await get(await open(), `${api}users/anonymous`, asClient);
  await context.clock.setFixedTime(Date.now() + 700_000);
  const page = await open();
  await occ.expire({ kind: 'client' });
  await occ.forget();
  assert.equal((await get(page, `${api}users/anonymous`, asClient)).status, 200);
  const log = (await occ.log()).filter(({ method }) => method !== 'OPTIONS');
  assert.deepEqual(
    log.map(({ path, status }) => [path.replace(/.*\//, ''), status]),
    [
      ['token', 200],
      ['anonymous', 200],
    ],
  );
});

shop('S48 a load that failed is told once, holds nobody, and is tried again', {}, async ({ open, occ, api }) => {
  const page = await open();
  await occ.fault({ endpoint: 'token', mode: '500' });
  for (let i = 0; i < 3; i++) {
    const { status, errors } = await get(page, `${api}users/current/carts`, { ...asClient, method: 'GET' });
    assert.deepEqual([status, errors[0].type], [401, 'UnauthorizedError']);
    assert.equal((await get(page, `${api}users/anonymous`, asClient)).actor, 'nobody');
  }
  // A pause was made after the first.
  assert.equal((await tokenRequests(occ)).length, 1);
  const errors = await eventsOf(page, 'error');
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['server_error'],
  );
  await occ.fault({ endpoint: 'token', mode: 'ok' });
  await page.evaluate(async (url) => {
    for (;;) {
      const { actor } = await (await fetch(url, { as: 'client' })).json();
      if (actor === 'mobile_android') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, `${api}users/anonymous`);
  assert.equal((await eventsOf(page, 'error')).length, 1);
  assert.equal((await tokenRequests(occ)).length, 2);
});

shop(
  'S48 a server that never answers holds a request no longer than timeout',
  { options: { timeout: 1000 } },
  async ({ open, occ, api }) => {
    const page = await open();
    await occ.fault({ endpoint: 'token', mode: 'hang' });
    assert.equal((await get(page, `${api}users/anonymous`, asClient)).actor, 'nobody');
  },
);

shop('S50 whose credentials a request carries is said by rule, per call, and by marker', {}, async (scene) => {
  const { open, api } = scene;
  const page = await open();
  const actor = async (init) => (await get(page, `${api}products/search`, init)).actor;
  const either = { as: 'user-or-client' };
  assert.deepEqual(
    [await actor(), await actor(asClient), await actor(marker), await actor(either)],
    ['nobody', 'mobile_android', 'mobile_android', 'mobile_android'],
  );
  await signIn(page);
  assert.deepEqual(
    [await actor(), await actor(asClient), await actor(marker), await actor(either), await actor({ as: 'none' })],
    ['alice', 'mobile_android', 'mobile_android', 'alice', 'nobody'],
  );
  await page.evaluate(() => session.logout());
  assert.deepEqual([await actor(), await actor(either)], ['nobody', 'mobile_android']);
});

shop(
  'S48 without client tokens the marker only goes',
  { auth: { clientTokens: false } },
  async ({ open, occ, api }) => {
    const page = await open();
    assert.equal((await get(page, `${api}products/search`, marker)).actor, 'nobody');
    await signIn(page);
    assert.equal((await get(page, `${api}products/search`, marker)).actor, 'alice');
    assert.equal((await get(page, `${api}products/search`, asClient)).actor, 'nobody');
    assert.equal((await tokenRequests(occ, 'client_credentials')).length, 0);
  },
);

shop('S51 no marker leaves the browser, on a retry and on foreign URLs neither', {}, async ({ open, occ, api }) => {
  const stranger = await startStranger();
  try {
    const page = await open();
    await get(page, `${api}users/anonymous`, asClient);
    await occ.expire({ kind: 'client' });
    const all = { 'cx-use-client-token': 'true', 'latchkey-as': 'client', 'latchkey-user-id': 'true' };
    assert.equal((await get(page, `${api}users/anonymous`, { headers: all })).status, 200);
    const agent = { 'cx-use-csagent-token': 'true' };
    assert.equal((await get(page, `${api}users/anonymous`, { headers: agent })).status, 200);
    assert.equal((await get(page, `${stranger.origin}/a`, { headers: { ...all, ...agent } })).status, 200);
    for (const { headers, asked } of await occ.log())
      for (const name of [...headers, ...(asked ?? [])]) assert.doesNotMatch(name, /^(latchkey-|cx-)/);
    assert.equal(stranger.arrived.length, 1);
    for (const name of Object.keys(stranger.arrived[0].headers)) assert.doesNotMatch(name, /latchkey|cx-|authoriz/);
  } finally {
    await stranger.close();
  }
});

shop("AS-08 a client token never goes to what is the user's own", {}, async ({ open, occ, api }) => {
  const page = await open();
  for (const path of ['users/current', 'users/current/carts', 'users/current?fields=FULL', 'users/current;v=1'])
    assert.equal((await get(page, api + path, asClient)).status, 401, path);
  const sent = (await occ.log()).filter(({ method, path }) => method === 'GET' && path.includes('/users/current'));
  assert.deepEqual([...new Set(sent.map(({ authorization }) => authorization))], ['none']);
  assert.equal((await get(page, `${api}products/search?q=/users/current`, asClient)).actor, 'mobile_android');
});

shop("S48 registering a customer, and a sign-in with the new one's password", {}, async ({ open, api }) => {
  const page = await open();
  const { status, customerId } = await get(page, `${api}users`, register('dinah'));
  assert.deepEqual([status, /^c-new/.test(customerId)], [201, true]);
  assert.equal(await signIn(page, { username: 'dinah', password: 'secret-of-hers' }), 'current');
});

const mine = (page, api) => get(page, `${api}users/current`);
const anybodys = (page, api) => get(page, `${api}users/anonymous`, asClient);

shop('RR-43 a client token that is over is got anew, and the user stays as they are', {}, async (scene) => {
  const { open, occ, api } = scene;
  const page = await open();
  await signIn(page);
  await anybodys(page, api);
  await occ.expire({ kind: 'client' });
  await occ.forget();
  const [me, anybody] = await Promise.all([mine(page, api), anybodys(page, api)]);
  assert.deepEqual([me.actor, anybody.actor], ['alice', 'mobile_android']);
  assert.deepEqual(
    (await tokenRequests(occ)).map(({ grantType }) => grantType),
    ['client_credentials'],
  );
  assert.equal((await eventsOf(page, 'refresh')).length, 0);
});

shop("RR-43 a user's token that is over is refreshed, and the client's stays", {}, async ({ open, occ, api }) => {
  const page = await open();
  await signIn(page);
  await anybodys(page, api);
  await occ.expire({ kind: 'access' });
  await occ.forget();
  const [me, anybody] = await Promise.all([mine(page, api), anybodys(page, api)]);
  assert.deepEqual([me.actor, anybody.actor], ['alice', 'mobile_android']);
  assert.deepEqual(
    (await tokenRequests(occ)).map(({ grantType }) => grantType),
    ['refresh_token'],
  );
});

shop("RR-43 a user's session that is over takes no client token with it", {}, async ({ open, occ, api }) => {
  const page = await open();
  await signIn(page);
  await anybodys(page, api);
  await occ.revoke({ user: 'alice' });
  await occ.forget();
  const [me, anybody] = await Promise.all([mine(page, api), anybodys(page, api)]);
  assert.deepEqual([me.status, anybody.actor], [401, 'mobile_android']);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await tokenRequests(occ, 'client_credentials')).length, 0);
});

shop(
  'S52 a script that has wrapped fetch before sees the markers go, one that comes later sees them',
  {
    init: () => {
      const native = globalThis.fetch;
      globalThis.under = [];
      globalThis.fetch = (input, init) => {
        under.push(Object.keys(init?.headers ?? {}));
        return native(input, init);
      };
    },
  },
  async ({ open, api }) => {
    const page = await open();
    await signIn(page);
    await page.evaluate(() => {
      const session = globalThis.fetch;
      globalThis.over = [];
      globalThis.fetch = (input, init) => {
        over.push(Object.keys(init.headers));
        return session(input, init);
      };
      under.length = 0;
    });
    // The client's token beats the user's.
    assert.equal((await get(page, `${api}products/search`, marker)).actor, 'mobile_android');
    const [over, under] = await page.evaluate(() => [globalThis.over, globalThis.under]);
    assert.deepEqual(over, [['cx-use-client-token']]);
    assert.deepEqual(under.at(-1), ['accept', 'authorization']);
  },
);

shop('UM-32 S22 the sign-in server and the list of sites get no token', {}, async ({ open, occ, api }) => {
  const page = await open();
  await signIn(page, people.bob);
  await occ.expire({ kind: 'access' });
  await occ.forget();
  // S22: with the token that is over this would be refused, and the app would not start.
  const list = await get(page, `${occ.baseUrl}/occ/v2/basesites`, { headers: { accept: 'application/json' } });
  assert.equal(list.baseSites.length, 3);
  await get(page, `${occ.baseUrl}/authorizationserver/csrf`);
  const sent = (await occ.log()).filter(({ method }) => method === 'GET');
  assert.deepEqual(
    sent.map(({ authorization }) => authorization),
    ['none', 'none'],
  );
  assert.equal((await get(page, `${api}products/search`)).actor, 'bob');
});
