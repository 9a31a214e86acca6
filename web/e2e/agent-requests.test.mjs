// Assisted service, request by request: whose credentials each carries, and what becomes of those that are under way.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { startStranger } from './support/stranger.mjs';
import {
  agentSignsIn,
  asUser,
  call,
  customerSignsIn,
  desk,
  modes,
  reload,
  search,
  shows,
  site,
  told,
} from './support/desk.mjs';
import { ask } from './support/page.mjs';

const scene = desk();
let stranger;
before(async () => {
  stranger = await startStranger();
});
after(() => stranger?.close());

/** A customer's session, and an agent who acts for another one. */
async function alongside({ open }, tabs = 1) {
  const pages = [];
  while (pages.length < tabs) pages.push(await open());
  await customerSignsIn(pages[0]);
  await agentSignsIn(pages[0]);
  await call(pages[0], 'agent.emulate', 'c-bob');
  await shows(modes.bob, ...pages);
  for (const page of pages) await told(page);
  return pages;
}

const agentKey = (page) => page.evaluate(() => Object.keys(localStorage).find((key) => key.endsWith('/agent')));

scene(
  'S84 what is for agents carries their token: by the address, by rule, by `as`, by either marker',
  { api: [{ url: '/occ/v2/electronics-spa/products', as: 'agent' }] },
  async (it) => {
    const [page] = await alongside(it);
    const { occ } = it;
    await occ.forget();
    const url = `${occ.baseUrl}/assistedservicewebservices/customers/search?query=bob&baseSite=electronics-spa`;
    const products = `${occ.baseUrl}${site}/products/search`;
    const profile = `${occ.baseUrl}${site}/users/c-bob`;
    const status = async (...args) => (await ask(page, ...args)).status;
    assert.equal(await status(url), 200);
    assert.equal(await status(products), 200);
    assert.equal(await status(profile, { as: 'agent' }), 200);
    assert.equal(await status(profile, { headers: { 'latchkey-as': 'agent' } }), 200);
    assert.equal(await status(profile, { headers: { 'cx-use-csagent-token': 'true' } }), 200);
    assert.equal(await status(profile, { as: 'none' }), 401);
    // Below /authorizationserver nothing is covered, whatever is asked for.
    await status(`${occ.baseUrl}/authorizationserver/oauth/revoke`, {
      method: 'POST',
      headers: { 'cx-use-csagent-token': 'true' },
    });
    const log = (await occ.log()).filter(({ method }) => method !== 'OPTIONS');
    assert.deepEqual(
      log.map(({ kind, authorization }) => [kind, authorization]),
      [...Array(5).fill(['agent', 'bearer']), ['none', 'none'], ['none', 'none']],
    );
    for (const { headers, asked = [] } of await occ.log())
      for (const name of [...headers, ...asked]) assert.ok(!/^(latchkey|cx-use)/.test(name), name);
    await call(page, 'agent.stopEmulating');
    assert.deepEqual(await search(page), [200, 'agent']);
    await call(page, 'agent.logout');
    assert.equal((await search(page))[0], 401, "nobody's, and not the customer's");
  },
);

scene('S84 a marker takes no token to a foreign origin, and does not get there itself', {}, async (it) => {
  const [page] = await alongside(it);
  for (const init of [
    { as: 'agent' },
    { headers: { 'latchkey-as': 'agent' } },
    { headers: { 'cx-use-csagent-token': 'true' } },
  ])
    assert.equal((await ask(page, `${stranger.origin}/customers/search`, init)).status, 200);
  assert.equal(stranger.arrived.length, 3);
  for (const { authorization, headers } of stranger.arrived) {
    assert.equal(authorization, undefined);
    assert.deepEqual(
      Object.keys(headers).filter((name) => /latchkey|cx-/.test(name)),
      [],
    );
  }
});

scene('S86 the emulated customer goes along in a header, where it is asked for', {}, async (it) => {
  const [page] = await alongside(it);
  const { occ } = it;
  await occ.forget();
  const url = `${occ.baseUrl}${site}/products/search`;
  await ask(page, url, { headers: { 'latchkey-user-id': 'true' } });
  await call(page, 'agent.stopEmulating');
  await ask(page, url, { headers: { 'latchkey-user-id': 'true' } });
  const log = (await occ.log()).filter(({ method }) => method === 'GET');
  assert.deepEqual(
    log.map(({ userId, subject }) => [userId, subject]),
    [
      ['c-bob', 'bob'],
      [undefined, 'anonymous'],
    ],
  );
});

for (const [what, id, mode] of [
  ['is no id', 'current', modes.agent],
  ['has a line break in it', 'c\\nbob', modes.agent],
  ['nobody has', 'c-nobody', 'authenticated c-nobody agent emulated'],
])
  scene(`AS-05 an id in storage that ${what}`, {}, async (it) => {
    const [page] = await alongside(it);
    const { occ } = it;
    const key = await agentKey(page);
    await page.evaluate(
      ([key, id]) => {
        addEventListener('pagehide', () => {
          const stored = localStorage.getItem(key);
          const forged = stored
            .replace('"acts":{"for":"c-bob"', `"acts":{"for":"${id}"`)
            .replaceAll('"userId":"c-bob"', `"userId":"${id}"`);
          localStorage.setItem(key, forged);
        });
      },
      [key, id],
    );
    await occ.forget();
    await reload(page);
    await shows(mode, page);
    // The server refuses it, and the storefront falls back to the agent.
    const answer = await asUser(page);
    if (mode === modes.agent) assert.equal(answer, 'nobody for anonymous');
    else assert.equal(answer, 400);
    await call(page, 'agent.stopEmulating');
    await shows(modes.agent, page);
    assert.deepEqual(await search(page), [200, 'agent']);
    const sent = (await occ.log()).filter(({ authorization }) => authorization === 'bearer');
    assert.ok(sent.every(({ kind }) => kind === 'agent'));
    await call(page, 'agent.logout');
    await shows(modes.customer, page);
    assert.equal(await asUser(page), 'alice for alice');
  });

scene('AS-05 headers and a mode that are planted in storage are used by nobody', {}, async (it) => {
  const [page] = await alongside(it);
  const key = await agentKey(page);
  await page.evaluate((key) => {
    addEventListener('pagehide', () => {
      const record = JSON.parse(localStorage.getItem(key));
      record.state = { ...record.state, userId: 'c-alice' };
      for (const rule of record.policy.rules) rule.headers.authorization = 'Bearer planted';
      localStorage.setItem(key, JSON.stringify(record));
    });
  }, key);
  await reload(page);
  await shows(modes.bob, page);
  assert.equal(await asUser(page), 'agent for bob');
});

/** A request that the server has seen, and answers when it is told to. */
async function held(it, page, ended) {
  const { occ } = it;
  await occ.fault({ endpoint: 'occ', mode: 'late', count: 1 });
  if (ended) await occ.expire({ kind: 'access' });
  const before = (await occ.log()).length;
  const answer = asUser(page, ended ? '/addresses' : '');
  await occ.until((log) =>
    log
      .slice(before)
      .find(
        ({ path, method, subject, stands }) =>
          path.includes('/users/') && method === 'GET' && (subject || stands === 'expired' || stands === 'ended'),
      ),
  );
  return {
    async let() {
      await occ.fault({ endpoint: 'occ', mode: 'ok' });
      return answer;
    },
  };
}

scene('AS-09 a request in flight ends as the customer it was made for', {}, async (it) => {
  const [page, other] = await alongside(it, 2);
  for (const [by, change, mode, answer] of [
    [page, () => call(page, 'agent.emulate', 'c-alice'), modes.alice, 'agent for bob'],
    [other, () => call(other, 'agent.stopEmulating'), modes.agent, 'agent for alice'],
    [other, () => call(other, 'agent.emulate', 'c-bob'), modes.bob, 'nobody for anonymous'],
    [other, () => call(page, 'agent.logout'), modes.customer, 'agent for bob'],
    [page, () => agentSignsIn(other), modes.agent, 'alice for alice'],
  ]) {
    const request = await held(it, by, false);
    assert.equal(await change(), undefined);
    await shows(mode, page, other);
    assert.equal(await request.let(), answer);
  }
});

for (const [name, change, mode, answer] of [
  ['for another customer', (page) => call(page, 'agent.emulate', 'c-alice'), modes.alice, 'session_changed'],
  ['for nobody', (page) => call(page, 'agent.stopEmulating'), modes.agent, 401],
  ['no more, as the agent goes', (page) => call(page, 'agent.logout'), modes.customer, 'session_changed'],
])
  for (const [where, index] of [
    ['here', 0],
    ['in another tab', 1],
  ])
    scene(`AS-09 a refused request is not sent again when the agent acts ${name}, ${where}`, {}, async (it) => {
      const pages = await alongside(it, 2);
      const { occ } = it;
      const request = await held(it, pages[0], true);
      const before = (await occ.log()).length;
      await change(pages[index]);
      await shows(mode, ...pages);
      assert.equal(await request.let(), answer);
      const again = (await occ.log()).slice(before).filter(({ path }) => path.endsWith('/addresses'));
      assert.deepEqual(again, []);
    });

scene('AS-09 a request of the customer is not sent again for the agent', {}, async (it) => {
  const page = await it.open();
  await customerSignsIn(page);
  const request = await held(it, page, true);
  await agentSignsIn(page);
  await call(page, 'agent.emulate', 'c-bob');
  assert.equal(await request.let(), 'session_changed');
});

scene('AS-04 the agent token ends while they act for somebody: it is refreshed, once for both tabs', {}, async (it) => {
  const pages = await alongside(it, 2);
  const { occ } = it;
  await occ.expire({ user: 'agent', kind: 'access' });
  await occ.forget();
  assert.deepEqual(await Promise.all([...pages, ...pages].map((page) => asUser(page))), Array(4).fill('agent for bob'));
  assert.equal((await occ.log()).filter(({ grantType }) => grantType === 'refresh_token').length, 1);
  await shows(modes.bob, ...pages);
});

for (const expiredRefresh of ['invalid_token', 'invalid_grant'])
  scene(
    `AS-04 the agent's session is dead: the agent is out, the customer is not (${expiredRefresh})`,
    {},
    async (it) => {
      const [page, other] = await alongside(it, 2);
      const { occ } = it;
      await occ.set({ expiredRefresh });
      await occ.expire({ user: 'agent' });
      assert.deepEqual(
        [(await search(page))[0], await told(page)],
        [401, ['expired agent', 'logout agent', 'login agent']],
      );
      await shows(modes.customer, page, other);
      assert.deepEqual(await told(other), ['expired agent remote', 'logout agent remote', 'login agent remote']);
      for (const one of [page, other]) assert.equal(await asUser(one), 'alice for alice');
      await reload(other);
      await shows(modes.customer, other);
    },
  );

scene(
  'S83 a customer whose token has ended meanwhile is back with a new one',
  { auth: { agent: { idleTimeout: 60_000 } } },
  async (it) => {
    const { occ, context } = it;
    const [first] = await alongside(it);
    await first.close();
    await occ.forget();
    // Thirteen hours later: both tokens are over, the agent is still there.
    await context.clock.setFixedTime(Date.now() + 13 * 3_600_000);
    const page = await it.open();
    const other = await it.open();
    await shows(modes.bob, page, other);
    const refreshes = async () =>
      (await occ.log()).filter(({ grantType }) => grantType === 'refresh_token').map(({ actor }) => actor);
    assert.deepEqual(await refreshes(), ['agent'], 'nobody waits for the customer');
    for (const one of [page, other]) await told(one);
    await occ.fault({ endpoint: 'token', mode: 'late' });
    const out = call(page, 'agent.logout');
    await occ.until((log) => log.find(({ actor, grantType }) => actor === 'alice' && grantType === 'refresh_token'));
    await shows('restoring anonymous', page, other);
    await occ.fault({ endpoint: 'token', mode: 'ok' });
    assert.equal(await out, undefined);
    await shows(modes.customer, page, other);
    for (const one of [page, other]) {
      assert.equal(await asUser(one), 'alice for alice');
      assert.deepEqual(
        (await told(one)).map((event) => event.replace(' remote', '')),
        ['logout agent', 'login agent'],
      );
    }
    assert.deepEqual(await refreshes(), ['agent', 'alice']);
  },
);

scene('AS-06 requests before the runtime is up wait, and never leave as the customer', {}, async (it) => {
  const { occ, context } = it;
  const [page] = await alongside(it);
  for (const [mode, answer, prepare] of [
    [modes.bob, 'agent for bob', () => {}],
    [modes.agent, 'nobody for anonymous', () => call(page, 'agent.stopEmulating')],
  ]) {
    await prepare();
    let go;
    const gate = new Promise((resolve) => (go = resolve));
    await context.route('**/latchkey.wasm', async (route) => {
      await gate;
      await route.continue();
    });
    await occ.forget();
    await page.reload();
    await page.waitForFunction(() => globalThis.session);
    // Whoever it is: by the id that the page gets to know, and with what is there by then.
    const asked = page.evaluate(async (site) => {
      const url = `${settings.auth.baseUrl}${site}/products/search`;
      const response = await fetch(url, { headers: { 'latchkey-user-id': 'true' } });
      return [response.status, session.state.status];
    }, site);
    const known = page.evaluate(async (site) => {
      const { userId } = await session.ready;
      const { who, actor } = await (await fetch(`${settings.auth.baseUrl}${site}/users/${userId}`)).json();
      return `${actor} for ${who}`;
    }, site);
    assert.equal(await page.evaluate(() => session.state.status), 'restoring');
    assert.deepEqual(await occ.log(), [], 'nothing has left');
    go();
    assert.equal((await asked)[0], 200);
    assert.equal(await known, answer);
    await shows(mode, page);
    assert.ok((await occ.log()).every(({ kind }) => kind !== 'customer'));
    await context.unroute('**/latchkey.wasm');
  }
});

scene(
  'AS-06 a tab without a runtime hears of an agent, and asks for nothing as the customer any more',
  { options: { load: 'demand' } },
  async (it) => {
    const page = await it.open();
    await customerSignsIn(page);
    const late = await it.open();
    await shows(modes.customer, late);
    assert.equal(await asUser(late), 'alice for alice');
    await told(late);
    await agentSignsIn(page);
    await call(page, 'agent.emulate', 'c-bob');
    await shows(modes.bob, late);
    assert.deepEqual(
      (await told(late))
        .map((event) => event.replace(' remote', ''))
        .filter((event, i, all) => all.indexOf(event) === i),
      ['logout agent', 'login agent'],
    );
    assert.equal(await asUser(late), 'agent for bob');
  },
);

scene(
  'S60 an agent of Spartacus stays, and so does the customer whose token was set aside',
  { auth: { adopt: true } },
  async (it) => {
    const { occ, context } = it;
    const first = await it.open();
    const tokens = await first.evaluate(async () => {
      const get = async (username, password) => {
        const body = new URLSearchParams({
          grant_type: 'password',
          client_id: 'mobile_android',
          client_secret: 'secret',
          username,
          password,
        });
        const answer = await fetch(`${settings.auth.baseUrl}/authorizationserver/oauth/token`, {
          method: 'POST',
          body,
        });
        const { access_token, token_type } = await answer.json();
        return {
          access_token,
          token_type,
          access_token_stored_at: `${Date.now()}`,
          expires_at: `${Date.now() + 3_600_000}`,
        };
      };
      session.close();
      localStorage.clear();
      const [agent, alice] = [await get('agent', 'support'), await get('alice', 'wonderland')];
      localStorage.setItem('spartacus⚿⚿auth', JSON.stringify({ token: agent, userId: 'c-bob', redirectUrl: '/cart' }));
      localStorage.setItem(
        'spartacus⚿⚿asm',
        JSON.stringify({ ui: {}, tokenTarget: 'CSAgent', emulatedUserToken: alice }),
      );
      return [agent, alice].map(({ access_token }) => access_token);
    });
    await first.close();
    const page = await it.open();
    await shows(modes.bob, page);
    assert.deepEqual(await told(page), []);
    assert.equal(await asUser(page), 'agent for bob');
    assert.deepEqual(await search(page), [200, 'agent']);
    assert.equal(
      await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('spartacus')).length),
      0,
    );
    await reload(page);
    await shows(modes.bob, page);
    await call(page, 'agent.logout');
    await shows(modes.customer, page);
    assert.equal(await asUser(page), 'alice for alice');
    const all = JSON.stringify(await occ.log());
    for (const token of tokens) assert.ok(!all.includes(token));
    await context.clearCookies();
  },
);
