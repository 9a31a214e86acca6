// Assisted service, the whole story: an agent comes, acts for customers, and goes; in two tabs, with reloads.
import assert from 'node:assert/strict';
import { people } from './servers/occ.mjs';
import {
  agentSignsIn,
  asUser,
  byRedirect,
  call,
  customerSignsIn,
  desk,
  modes,
  reload,
  search,
  shows,
  told,
} from './support/desk.mjs';
import { stored } from './support/page.mjs';

const scene = desk();

/** The classic generation by password, the public one by redirect: there the agent has a client of their own. */
const ways = {
  'by password': {
    auth: {},
    customer: customerSignsIn,
    agent: agentSignsIn,
    clients: ['mobile_android', 'mobile_android'],
  },
  'by redirect': {
    auth: { flow: 'code' },
    customer: (page) => byRedirect(page, () => session.loginWithRedirect(), people.alice),
    agent: (page) =>
      byRedirect(page, () => session.agent.loginWithRedirect({ returnTo: '/desk' }), people.agent, '/desk'),
    clients: ['mobile_android_public', 'asm_client'],
  },
};

for (const [way, { auth, customer, agent, clients }] of Object.entries(ways))
  scene(
    `AS-01 AS-02 AS-03 AS-06 the whole story ${way}, in two tabs, with a reload at each step`,
    { auth },
    async ({ open, occ }) => {
      const page = await open();
      const other = await open();
      const pages = [page, other];
      /** What both show, were told and can ask for, before and after a reload. */
      const step = async (mode, answer, here, there) => {
        await shows(mode, ...pages);
        assert.deepEqual([await told(page), await told(other)], [here, there]);
        for (const one of pages) assert.equal(await asUser(one), answer);
        for (const one of pages) await reload(one);
        await shows(mode, ...pages);
        assert.deepEqual([await told(page), await told(other)], [[], []], 'a reload is no event');
        for (const one of pages) assert.equal(await asUser(one), answer);
      };

      await shows(modes.nobody, ...pages);
      await customer(page);
      await step(modes.customer, 'alice for alice', ['login'], ['login remote']);
      await agent(page);
      // By redirect it is told in the page that the answer came to, which is left at once.
      const left = way === 'by redirect' ? [] : ['logout agent'];
      await step(modes.agent, 'nobody for anonymous', left, ['logout agent remote']);
      assert.deepEqual(await search(other), [200, 'agent']);
      assert.equal(await call(other, 'agent.emulate', 'c-bob'), undefined);
      await step(modes.bob, 'agent for bob', ['login agent remote'], ['login agent']);
      assert.deepEqual(await search(page), [200, 'agent']);
      assert.equal(await call(page, 'agent.stopEmulating'), undefined);
      await step(modes.agent, 'nobody for anonymous', ['logout agent'], ['logout agent remote']);
      assert.equal(await call(page, 'agent.emulate', 'c-alice'), undefined);
      await step(modes.alice, 'agent for alice', ['login agent'], ['login agent remote']);
      // A logout of the page's user stops that, and nothing more.
      assert.equal(await call(other, 'logout'), undefined);
      await step(modes.agent, 'nobody for anonymous', ['logout agent remote'], ['logout agent']);
      assert.equal((await occ.log()).filter(({ path }) => path.endsWith('/revoke')).length, 0);
      assert.equal(await call(page, 'agent.emulate', 'c-bob'), undefined);
      await step(modes.bob, 'agent for bob', ['login agent'], ['login agent remote']);
      assert.equal(await call(page, 'agent.logout'), undefined);
      await step(
        modes.customer,
        'alice for alice',
        ['logout agent', 'login agent'],
        ['logout agent remote', 'login agent remote'],
      );
      assert.ok(!(await stored(page)).includes('c-bob'));

      const log = await occ.log();
      const issued = log.filter(({ issued }) => issued);
      assert.deepEqual(
        issued.map(({ client, actor }) => [client, actor]),
        [
          [clients[0], 'alice'],
          [clients[1], 'agent'],
        ],
      );
      const revoked = log.filter(({ path, method }) => path.endsWith('/revoke') && method === 'POST');
      assert.deepEqual(
        revoked.map(({ given, status }) => [given, status]),
        [...issued[1].issued].reverse().map((label) => [label, 200]),
        "the agent's, the refresh token first",
      );
    },
  );

scene(
  'S81 a sign-in by redirect asks, though the server knows the customer by its own cookie',
  { auth: { flow: 'code' } },
  async ({ open, occ }) => {
    const page = await open();
    await byRedirect(page, () => session.loginWithRedirect(), people.alice);
    const asked = page.waitForRequest((request) => request.url().includes('/oauth/authorize'));
    void page.evaluate(() => session.agent.loginWithRedirect()).catch(() => {});
    const sent = new URL((await asked).url()).searchParams;
    assert.deepEqual([sent.get('prompt'), sent.get('client_id')], ['login', 'asm_client']);
    // Not signed in silently: there is the form, which is left without an answer.
    await page.waitForSelector('[name=password]');
    await page.goto(occ.page);
    await shows(modes.customer, page);
    assert.equal(await asUser(page), 'alice for alice');
  },
);

scene('S81 an agent who fails changes nothing', {}, async ({ open, occ }) => {
  const page = await open();
  const other = await open();
  await customerSignsIn(page);
  await shows(modes.customer, page, other);
  await Promise.all([page, other].map(told));
  assert.equal(await agentSignsIn(page, { username: 'agent', password: 'wrong' }), 'invalid_credentials');
  await occ.fault({ endpoint: 'token', mode: '503' });
  assert.equal(await agentSignsIn(page), 'server_error');
  await occ.fault({ endpoint: 'token', mode: 'ok' });
  for (const one of [page, other]) {
    await shows(modes.customer, one);
    assert.deepEqual(await told(one), []);
    assert.equal(await asUser(one), 'alice for alice');
  }
});

scene('S81 the mode changes when the server has said yes, and not before', {}, async ({ open, occ }) => {
  const page = await open();
  await customerSignsIn(page);
  await occ.fault({ endpoint: 'token', mode: 'late', count: 1 });
  const signedIn = agentSignsIn(page);
  await occ.until((log) => log.find(({ actor, issued }) => actor === 'agent' && issued));
  await shows(modes.customer, page);
  assert.equal(await asUser(page), 'alice for alice');
  await occ.fault({ endpoint: 'token', mode: 'ok' });
  assert.equal(await signedIn, undefined);
  await shows(modes.agent, page);
});

scene('S81 no customer signs in while an agent is there', {}, async ({ open }) => {
  const page = await open();
  const other = await open();
  await agentSignsIn(page);
  await shows(modes.agent, page, other);
  for (const one of [page, other]) assert.equal(await customerSignsIn(one), 'agent_logged_in');
  await call(page, 'agent.emulate', 'c-bob');
  assert.equal(await customerSignsIn(other, people.bob), 'agent_logged_in');
  await shows(modes.bob, page, other);
});

scene(
  'S81 nor by an answer that comes back in another tab, or in any other way',
  { auth: { flow: 'code' } },
  async ({ open, occ }) => {
    const page = await open();
    const other = await open();
    // The customer is at the server's form when the agent comes.
    void other.evaluate(() => session.loginWithRedirect()).catch(() => {});
    await other.waitForSelector('[name=password]');
    await byRedirect(page, () => session.agent.loginWithRedirect(), people.agent);
    // The form has a session of its own at the server by now, as the two share their cookies.
    await other.reload();
    await other.goto(occ.page);
    await shows(modes.agent, page);
    for (const name of ['loginWithRedirect', 'loginSilently']) assert.equal(await call(page, name), 'agent_logged_in');
    const [popup, code] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(() => session.loginWithPopup().catch(({ code }) => code)),
    ]);
    assert.equal(code, 'agent_logged_in');
    assert.ok(popup);
    assert.equal(await call(page, 'agent.login', 'agent', 'support'), 'config_invalid');
  },
);

scene(
  'S81 an answer for a customer is refused where an agent has come meanwhile',
  { auth: { flow: 'code' } },
  async ({ open, context, occ }) => {
    const page = await open();
    const other = await open();
    // The answer is in the address bar, and nobody looks at it yet.
    await other.route('**/page.js', (route) => route.abort());
    void other.evaluate(() => session.loginWithRedirect()).catch(() => {});
    await other.fill('[name=username]', 'alice');
    await other.fill('[name=password]', 'wonderland');
    await other.click('button');
    await other.waitForURL(/[?&]code=/);
    await byRedirect(page, () => session.agent.loginWithRedirect(), people.agent);
    await shows(modes.agent, page);
    await told(page);
    await other.unroute('**/page.js');
    await other.reload();
    await other.waitForFunction(() => globalThis.events?.some(({ type }) => type === 'error'));
    await shows(modes.agent, page, other);
    assert.deepEqual(await told(other), ['error agent_logged_in']);
    await call(page, 'agent.logout');
    await shows(modes.nobody, page, other);
  },
);

scene('S82 an app may hear of it once, and take the state for it', {}, async ({ open }) => {
  const page = await open();
  await agentSignsIn(page);
  const heard = await page.evaluate(async () => {
    const heard = [];
    for (const type of ['login', 'logout', 'statechange'])
      session.on(type, ({ reason, previousUserId, userId }) =>
        heard.push([type, reason ?? '', previousUserId, userId, session.state.userId].join(' ')),
      );
    await session.agent.emulate('c-bob');
    await session.agent.emulate('c-alice');
    await session.agent.stopEmulating();
    return heard;
  });
  assert.deepEqual(heard, [
    'statechange  anonymous c-bob c-bob',
    'login agent anonymous c-bob c-bob',
    'statechange  c-bob c-alice c-alice',
    'logout agent c-bob c-alice c-alice',
    'login agent c-bob c-alice c-alice',
    'statechange  c-alice anonymous anonymous',
    'logout agent c-alice anonymous anonymous',
  ]);
});

scene('there are no agents where the option says so', { auth: { agent: false } }, async ({ open }) => {
  const page = await open();
  assert.equal(await agentSignsIn(page), 'not_supported');
  assert.equal(await call(page, 'agent.emulate', 'c-bob'), 'not_supported');
  assert.deepEqual(await search(page), [401, undefined]);
});
