// Coming from Spartacus: whoever was signed in there is signed in here, without having noticed anything.
import assert from 'node:assert/strict';
import { events, eventsOf, state } from './support/page.mjs';
import { get, people, requests, shops, signIn, tokenRequests } from './support/shop.mjs';

const shop = shops();

const authKey = 'spartacus⚿⚿auth';

/** Notes in the page every state it is shown, and asks for the user's own at once. */
function note() {
  let its;
  Object.defineProperty(globalThis, 'session', {
    get: () => its,
    set(session) {
      its = session;
      globalThis.seen = [];
      session.subscribe(({ status, userId }) => seen.push(`${status} ${userId}`));
      const { baseUrl, baseSite } = settings.auth;
      globalThis.first = fetch(`${baseUrl}/occ/v2/${baseSite}/users/current`).then((answer) => answer.json());
    },
  });
}
const adopting = { auth: { flow: 'password', adopt: true }, init: note };

/** What @spartacus/core 4.3.8 has in storage of somebody who has signed in there. */
async function leave({ context, occ, who = people.alice, more = {}, auth = {} }) {
  const body = new URLSearchParams({
    client_id: 'mobile_android',
    client_secret: 'secret',
    grant_type: 'password',
    username: who.username,
    password: who.password,
  });
  const answer = await fetch(`${occ.baseUrl}/authorizationserver/oauth/token`, { method: 'POST', body });
  const { access_token, token_type, expires_in } = await answer.json();
  await occ.forget();
  const left = {
    token: {
      access_token,
      granted_scopes: [],
      access_token_stored_at: `${Date.now()}`,
      expires_at: `${Date.now() + expires_in * 1000}`,
      token_type,
      ...more,
    },
    userId: 'current',
    redirectUrl: '/electronics-spa/en/USD/cart',
    ...auth,
  };
  const page = await context.newPage();
  await page.route('**/spartacus', (route) => route.fulfill({ contentType: 'text/html', body: '<p>Spartacus</p>' }));
  await page.goto(`${occ.page}spartacus`);
  await page.evaluate(
    ([key, left]) => {
      localStorage.setItem(key, JSON.stringify(left));
      localStorage.setItem('spartacus⚿⚿asm', JSON.stringify({ ui: { collapsed: false }, tokenTarget: 'User' }));
    },
    [authKey, left],
  );
  await page.close();
}

const seen = (page) => page.evaluate(() => globalThis.seen);
const keysLeft = (page) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('spartacus')));
const first = (page) => page.evaluate(() => globalThis.first);

for (const load of ['eager', 'idle', 'demand'])
  shop(
    `S60 the session that Spartacus has left is this one's, at once, and once (load: '${load}')`,
    { ...adopting, options: { load } },
    async ({ context, open, occ, api }) => {
      await leave({ context, occ });
      const page = await open();
      assert.equal((await first(page)).actor, 'alice');
      assert.deepEqual(await seen(page), ['restoring anonymous', 'authenticated current']);
      assert.deepEqual(await keysLeft(page), []);
      // S67: nobody has signed in.
      assert.equal((await eventsOf(page, 'login')).length, 0);
      const asked = await requests(occ, '/users/current');
      assert.deepEqual(
        asked.map(({ token }) => token),
        ['access-2'],
      );
      assert.equal((await tokenRequests(occ)).length, 0);
      assert.equal(await page.evaluate(() => session.redirectAfterLogin()), '/electronics-spa/en/USD/cart');
      await page.reload();
      await page.waitForFunction(() => globalThis.session);
      assert.deepEqual((await seen(page))[0], 'authenticated current');
      assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
    },
  );

shop('S60 two tabs at once, and neither shows nobody in between', adopting, async ({ profile, occ }) => {
  for (let round = 0; round < 8; round++) {
    const { context, open } = await profile();
    await leave({ context, occ });
    const tabs = await Promise.all([open(), open(), open()]);
    const sessions = new Set();
    for (const page of tabs) {
      assert.equal((await first(page)).actor, 'alice');
      for (const one of await seen(page)) assert.notEqual(one, 'anonymous anonymous', `round ${round}`);
      assert.equal((await eventsOf(page, 'login')).length, 0);
      assert.deepEqual(await keysLeft(page), []);
      sessions.add(
        await page.evaluate(
          () =>
            JSON.parse(localStorage[Object.keys(localStorage).find((key) => key.endsWith('/electronics-spa'))]).session,
        ),
      );
    }
    assert.equal(sessions.size, 1);
    await context.close();
  }
});

shop('S60 after a logout here it is not taken again', adopting, async ({ context, open, occ }) => {
  await leave({ context, occ });
  const page = await open();
  await page.evaluate(() => session.logout());
  await leave({ context, occ });
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate(() => session.ready);
  assert.equal((await state(page)).status, 'anonymous');
  assert.equal((await first(page)).errors[0].type, 'UnauthorizedError');
  const again = await open();
  assert.equal((await state(again)).status, 'anonymous');
});

shop('S60 whoever is signed in here stays so', adopting, async ({ context, open, occ, api }) => {
  const page = await open();
  await signIn(page, people.bob);
  await leave({ context, occ });
  const again = await open();
  assert.equal((await get(again, `${api}users/current`)).actor, 'bob');
  assert.deepEqual((await seen(again))[0], 'authenticated current');
});

for (const [name, more] of [
  ['a token that is over', { more: { expires_at: `${Date.now() - 1000}` } }],
  ['nobody', { more: { access_token: undefined }, auth: { userId: 'anonymous' } }],
])
  shop(`S60 of ${name} nothing is taken`, adopting, async ({ context, open, occ }) => {
    await leave({ context, occ, ...more });
    const page = await open();
    assert.deepEqual(await seen(page), ['restoring anonymous', 'anonymous anonymous']);
    assert.deepEqual(await keysLeft(page), []);
    assert.deepEqual(
      (await events(page)).filter(({ type }) => type !== 'statechange'),
      [],
    );
  });

shop("S60 without the option Spartacus' keys stay", { init: note }, async ({ context, open, occ }) => {
  await leave({ context, occ });
  const page = await open();
  assert.equal((await state(page)).status, 'anonymous');
  assert.equal((await keysLeft(page)).length, 2);
});

shop('S60 it has no refresh token: the end of its token is its own', adopting, async ({ context, open, occ, api }) => {
  await leave({ context, occ });
  const page = await open();
  await occ.expire({ user: 'alice', kind: 'access' });
  assert.equal((await get(page, `${api}users/current`)).status, 401);
  assert.equal((await eventsOf(page, 'expired')).length, 1);
  assert.equal((await tokenRequests(occ)).length, 0);
});
