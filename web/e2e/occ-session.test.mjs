// A customer's session at SAP Commerce: what refuses a token, what ends a session, and what goes when it is ended.
import assert from 'node:assert/strict';
import { eventOf, events, eventsOf, state } from './support/page.mjs';
import { get, people, requests, shops, signIn, tokenRequests } from './support/shop.mjs';
import { startStranger } from './support/stranger.mjs';

const shop = shops();

const errorList = (type) => JSON.stringify({ errors: [{ message: 'words', type }] });

for (const invalidToken of ['InvalidTokenError', 'InvalidBearerTokenError'])
  for (const expiredRefresh of ['invalid_token', 'invalid_grant'])
    shop(`S28 ${invalidToken} is a refusal, and ${expiredRefresh} the end`, {}, async ({ open, occ, api }) => {
      await occ.set({ invalidToken, expiredRefresh });
      const page = await open();
      await page.evaluate(() => {
        globalThis.said = [];
        for (const type of ['expired', 'error', 'logout'])
          session.on(type, (event) => said.push(JSON.stringify([event, event.error?.message, event.error?.oauth])));
      });
      await signIn(page);
      await occ.expire({ user: 'alice', kind: 'access' });
      assert.equal((await get(page, `${api}users/current`)).actor, 'alice');
      assert.equal((await tokenRequests(occ, 'refresh_token')).length, 1);
      await occ.expire({ user: 'alice' });
      const { status, errors } = await get(page, `${api}users/current`);
      assert.deepEqual([status, errors[0].type], [401, invalidToken]);
      assert.deepEqual(
        (await tokenRequests(occ, 'refresh_token')).map(({ status }) => status),
        [200, expiredRefresh === 'invalid_token' ? 401 : 400],
      );
      assert.equal((await state(page)).status, 'anonymous');
      // The server's words have the token in them: nobody is told.
      const said = (await page.evaluate(() => globalThis.said)).join();
      assert.match(said, /expired/);
      const tokens = errors[0].message.split(': ')[1];
      assert.ok(tokens.length > 10);
      assert.ok(!said.includes(tokens));
      // The one who signs out next has nothing to revoke, and the oracle sees to the rest.
    });

shop('S28 a 401 for another reason is nobody’s refusal, and its body is the caller’s', {}, async (scene) => {
  const { context, open, occ, api } = scene;
  const page = await open();
  await signIn(page);
  await occ.forget();
  const bodies = {
    other: [errorList('UnauthorizedError'), 'application/json'],
    xml: ['<errorList><errors><type>InvalidTokenError</type></errors></errorList>', 'application/xml'],
    empty: ['', 'application/json'],
    broken: ['{"errors":[{"type":"InvalidTokenError"', 'application/json'],
    bare: ['"InvalidTokenError"', 'application/json'],
    list: ['{"errors":{"type":"InvalidTokenError"}}', 'application/json'],
    huge: [`{"pad":"${'x'.repeat(200_000)}","errors":[{"type":"InvalidTokenError"}]}`, 'application/json'],
  };
  for (const [name, [body, contentType]] of Object.entries(bodies)) {
    await context.route('**/orders', (route) =>
      route.fulfill({ status: 401, contentType, body, headers: { 'access-control-allow-origin': '*' } }),
    );
    const answer = await page.evaluate(async (url) => {
      const response = await fetch(url);
      return { status: response.status, used: response.bodyUsed, text: await response.text() };
    }, `${api}orders`);
    assert.deepEqual(answer, { status: 401, used: false, text: body }, name);
    await context.unroute('**/orders');
  }
  assert.equal((await tokenRequests(occ)).length, 0);
  assert.equal((await state(page)).isLoggedIn, true);
});

shop(
  'S28 a refusal among other errors, its challenge not to be read, and its body left to the caller',
  {},
  async (scene) => {
    const { open, occ, api } = scene;
    const page = await open();
    await signIn(page);
    await occ.expire({ user: 'alice' });
    const { challenge, text } = await page.evaluate(async (url) => {
      const response = await fetch(url);
      return { challenge: response.headers.get('www-authenticate'), text: await response.text() };
    }, `${api}users/current`);
    assert.equal(challenge, null);
    assert.equal(JSON.parse(text).errors[0].type, 'InvalidTokenError');
    assert.equal((await eventsOf(page, 'expired')).length, 1);
  },
);

for (const retries of [0, 2])
  shop(`S34 a request that is always refused is sent ${retries + 1} times`, { options: { retries } }, async (scene) => {
    const { context, open, occ, api } = scene;
    const page = await open();
    await signIn(page);
    let sent = 0;
    await context.route('**/orders', (route) => {
      if (route.request().method() !== 'OPTIONS') sent++;
      return route.fulfill({
        status: 401,
        contentType: 'application/json',
        body: errorList('InvalidTokenError'),
        headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*, authorization' },
      });
    });
    assert.equal((await get(page, `${api}orders`)).status, 401);
    assert.equal(sent, retries + 1);
    // S33: an API that is simply wrong ends no session.
    await occ.until(
      (all) => all.filter(({ grantType }) => grantType === 'refresh_token').length >= Math.max(retries, 1),
    );
    assert.equal((await state(page)).isLoggedIn, true);
  });

shop('S65 S66 S67 user ids, one stream of states, and each event once', {}, async ({ open, occ, api }) => {
  const page = await open();
  await page.evaluate(() => {
    globalThis.seen = [];
    session.subscribe(({ isLoggedIn, userId }) => seen.push(`${userId} ${isLoggedIn}`));
  });
  await signIn(page);
  await occ.expire({ user: 'alice', kind: 'access' });
  await get(page, `${api}users/current`);
  await eventOf(page, 'refresh');
  await page.evaluate(() => session.logout());
  const seen = await page.evaluate(() => [...new Set(globalThis.seen)]);
  assert.deepEqual(seen, ['anonymous false', 'current true']);
  assert.equal((await page.evaluate(() => globalThis.seen)).at(-1), 'anonymous false');
  assert.equal((await page.evaluate(() => globalThis.seen)).filter((one) => one === 'anonymous false').length, 2);
  const told = (await events(page)).filter(({ type }) => type !== 'statechange');
  assert.deepEqual(
    told.map(({ type, reason, previousUserId, userId }) => [type, reason ?? '', previousUserId, userId].join(' ')),
    ['login  anonymous current', 'refresh  current current', 'logout user current anonymous'],
  );
});

shop('S67 who listens for a sign-in after it is told of it, once, and not after the logout', {}, async ({ open }) => {
  const page = await open('', { until: 'nothing' });
  await page.waitForFunction(() => globalThis.session);
  const late = await page.evaluate(async () => {
    const { auth, options } = globalThis.settings;
    // A session of its own, as the page's has listeners from the beginning.
    const other = latchkey.createSession({ ...options, auth: latchkey.occ(auth), storage: 'memory' });
    await other.loginWithCredentials('alice', 'wonderland');
    const heard = [];
    other.on('login', ({ userId }) => heard.push(`first ${userId}`));
    other.on('login', ({ userId }) => heard.push(`second ${userId}`));
    await other.logout();
    other.on('login', ({ userId }) => heard.push(`third ${userId}`));
    other.close();
    return heard;
  });
  assert.deepEqual(late, ['first current']);
});

shop('S101 a session that ends while many call is told once, in each tab', {}, async ({ open, occ, api }) => {
  const tabs = [await open(), await open()];
  await signIn(tabs[0]);
  await eventOf(tabs[1], 'login');
  await occ.revoke({ user: 'alice' });
  for (const tab of tabs) {
    const statuses = await tab.evaluate(
      async (url) => (await Promise.all(Array.from({ length: 20 }, () => fetch(url)))).map(({ status }) => status),
      `${api}users/current`,
    );
    assert.deepEqual(new Set(statuses), new Set([401]));
  }
  for (const [i, tab] of tabs.entries()) {
    await eventOf(tab, 'logout');
    const told = (await events(tab)).filter(({ type }) => type === 'expired' || type === 'logout');
    assert.deepEqual(
      told.map(({ type, reason, remote }) => [type, reason, remote]),
      [
        ['expired', undefined, i === 1],
        ['logout', 'expired', i === 1],
      ],
    );
  }
  assert.equal((await tokenRequests(occ, 'refresh_token')).length, 1);
});

shop('S101 a wrong password, and a customer who may not sign in, say so without the password', {}, async ({ open }) => {
  const page = await open();
  for (const { username } of [people.alice, people.disabled]) {
    const error = await page.evaluate(
      (username) =>
        session.loginWithCredentials(username, 'not-her-password').then(null, ({ code, message, oauth }) => ({
          code,
          text: JSON.stringify([message, oauth]),
        })),
      username,
    );
    assert.equal(error.code, 'invalid_credentials');
    assert.doesNotMatch(error.text, /not-her-password/);
  }
  assert.equal((await eventsOf(page, 'login')).length, 0);
});

shop('S99 a second sign-in replaces the first, and its requests carry the second', {}, async ({ open, occ, api }) => {
  const page = await open();
  await signIn(page);
  await signIn(page, people.bob);
  assert.equal((await get(page, `${api}users/current`)).actor, 'bob');
  // One that fails leaves it as it is.
  await assert.rejects(signIn(page, { username: 'alice', password: 'wrong-password' }), /invalid_credentials/);
  assert.equal((await get(page, `${api}users/current`)).actor, 'bob');
  assert.equal((await tokenRequests(occ, 'password')).length, 3);
});

const revocations = (occ) => requests(occ, '/oauth/revoke');
const labels = (all) => all.map(({ given }) => given.replace(/-.*/, ''));

for (const [name, auth, authorization] of [
  ['S72 AS-07 a revocation carries the access token, in the classic generation', {}, 'bearer'],
  ['S72 AS-07 a revocation carries none where that is switched off', { authorizeRevocation: false }, 'none'],
])
  shop(name, { auth }, async ({ open, occ }) => {
    await occ.set({ revokeNeedsAuthorization: authorization === 'bearer' });
    const page = await open();
    await signIn(page);
    await occ.fault({ endpoint: 'revoke', mode: 'hang', count: 1 });
    const leaving = page.evaluate(() => session.logout());
    // S18283 of Spartacus: never two at once, as the one may end what the other needs.
    await occ.until((all) => all.some(({ path, method }) => method === 'POST' && path.endsWith('/revoke')));
    assert.equal((await state(page)).isLoggedIn, false);
    assert.equal((await revocations(occ)).length, 1);
    await occ.fault({ endpoint: 'revoke', mode: 'ok' });
    await leaving;
    const all = await revocations(occ);
    assert.deepEqual(labels(all), ['refresh', 'access']);
    assert.deepEqual(
      all.map((one) => [one.authorization, one.status]),
      [
        [authorization, 200],
        [authorization, 200],
      ],
    );
    for (const { stands } of await occ.tokens()) assert.equal(stands, 'ended');
    // AS-07: to that endpoint, and to no other of the server's.
    for (const one of await tokenRequests(occ)) assert.equal(one.authorization, 'none');
  });

shop('S72 a token that ends the other one, and one that is over, do not keep a logout', {}, async ({ open, occ }) => {
  await occ.set({ revokeNeedsAuthorization: true, revokeEndsBoth: true });
  const page = await open();
  await signIn(page);
  await page.evaluate(() => session.logout());
  assert.deepEqual(
    (await revocations(occ)).map(({ status }) => status),
    [200, 401],
  );
  await signIn(page);
  await occ.forget();
  await occ.expire({ user: 'alice' });
  await page.evaluate(() => session.logout());
  assert.deepEqual(
    (await revocations(occ)).map(({ status }) => status),
    [401, 401],
  );
  assert.equal((await eventsOf(page, 'error')).length, 0);
  assert.equal((await state(page)).status, 'anonymous');
});

shop(
  'S72 offline, and where the server hangs, a logout ends all the same',
  { options: { timeout: 1000 } },
  async (scene) => {
    const { context, open, occ } = scene;
    const page = await open();
    await signIn(page);
    await context.setOffline(true);
    await page.evaluate(() => session.logout());
    assert.equal((await state(page)).status, 'anonymous');
    await context.setOffline(false);
    await signIn(page);
    await occ.fault({ endpoint: 'revoke', mode: 'hang' });
    await page.evaluate(() => session.logout());
    assert.equal((await state(page)).status, 'anonymous');
    assert.equal((await eventsOf(page, 'logout')).length, 2);
  },
);

for (const refresh of ['repeat', 'omit', 'rotate'])
  shop(`RR-42 two devices with one token, refresh tokens that the server calls ${refresh}`, {}, async (scene) => {
    const { open, profile, occ, api } = scene;
    await occ.set({ refresh });
    const device = await open();
    await signIn(device);
    const other = await (await profile()).open();
    await signIn(other);
    const [first, second] = await tokenRequests(occ, 'password');
    assert.deepEqual(first.issued, second.issued);
    await occ.expire({ user: 'alice', kind: 'access' });
    assert.equal((await get(device, `${api}users/current`)).status, 200);
    // The first device's refresh has ended the token of the second.
    const { status } = await get(other, `${api}users/current`);
    const rotates = refresh === 'rotate';
    assert.equal(status, rotates ? 401 : 200);
    assert.equal((await state(other)).isLoggedIn, !rotates);
    assert.equal((await eventsOf(other, 'expired')).length, rotates ? 1 : 0);
    // No loop: one refresh of each, and what is asked then leaves as nobody's.
    assert.equal((await tokenRequests(occ, 'refresh_token')).length, 2);
    if (!rotates) return;
    assert.equal((await get(other, `${api}users/current`)).status, 401);
    assert.equal((await tokenRequests(occ, 'refresh_token')).length, 2);
    assert.equal((await get(device, `${api}users/current`)).status, 200);
    assert.equal(await signIn(other), 'current');
  });

shop(
  'S86 a customer’s id goes along where the page says so, never a constant, never to a stranger',
  {},
  async (scene) => {
    const { open, occ, api } = scene;
    const stranger = await startStranger();
    try {
      const page = await open();
      await signIn(page);
      const sent = async (id, url = `${api}products/search`) => {
        await occ.forget();
        await get(page, url, { headers: { 'latchkey-user-id': id } });
        return (await requests(occ, 'search'))[0]?.userId ?? '';
      };
      assert.equal(await sent('c-alice'), 'c-alice');
      for (const id of ['true', 'current', 'anonymous', 'guest']) assert.equal(await sent(id), '', id);
      assert.equal(await sent('c-alice', `${stranger.origin}/search`), '');
      assert.ok(!('sap-commerce-cloud-user-id' in stranger.arrived[0].headers));
    } finally {
      await stranger.close();
    }
  },
);

shop('S10 answers are in JSON, unless the page asks for something else', {}, async ({ open, api }) => {
  const page = await open();
  assert.equal((await get(page, `${api}products/search`)).actor, 'nobody');
  const { text } = await get(page, `${api}products/search`, { headers: { accept: 'application/xml' } });
  assert.match(text, /^<\?xml/);
});
