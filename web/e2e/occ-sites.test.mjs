// Several base sites on one origin: a session each.
import assert from 'node:assert/strict';
import { eventOf, events, state } from './support/page.mjs';
import { get, people, shops, signIn, tokenRequests } from './support/shop.mjs';

const shop = shops();

const isolated = { auth: { flow: 'password', baseSite: 'isolated-spa', isolated: true } };

/** A page of another site's in the same browser. */
const openSite = async ({ context, occ }, baseSite, more = {}) => {
  const page = await context.newPage();
  await page.addInitScript(
    ([baseSite, more]) => {
      Object.assign(settings.auth, { baseSite }, more);
    },
    [baseSite, more],
  );
  await page.goto(occ.page);
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate(() => session.ready);
  return page;
};

const switchTo = (page, site) => page.evaluate((site) => session.switchContext(site), site);
const at = (occ, site, path = 'users/current') => `${occ.baseUrl}/occ/v2/${site}/${path}`;
const told = async (page) =>
  (await events(page))
    .filter(({ type }) => type === 'login' || type === 'logout')
    .map(({ type, reason, previousUserId, userId }) => `${type} ${reason ?? ''} ${previousUserId} ${userId}`);

shop('S59 S79 each site has a record, a lock and a channel of its own', {}, async (scene) => {
  const { open, occ } = scene;
  const page = await open();
  const other = await openSite(scene, 'apparel-uk-spa');
  await signIn(page);
  assert.equal((await state(other)).isLoggedIn, false);
  await signIn(other, people.bob);
  assert.equal((await get(page, at(occ, 'electronics-spa'))).actor, 'alice');
  assert.equal((await get(other, at(occ, 'apparel-uk-spa'))).actor, 'bob');
  const keys = await page.evaluate(() => Object.keys(localStorage).filter((key) => /-spa$/.test(key)));
  assert.deepEqual(keys.map((key) => key.replace(/.*\//, '')).sort(), ['apparel-uk-spa', 'electronics-spa']);
  await page.evaluate(() => session.logout());
  assert.equal((await get(other, at(occ, 'apparel-uk-spa'))).actor, 'bob');
  assert.deepEqual(await told(other), ['login  anonymous current']);
});

shop("S80 a customer of an isolated site signs in by that site's name for them", isolated, async ({ open, occ }) => {
  const page = await open();
  assert.equal(await signIn(page, people.isolated.carol), 'current');
  assert.equal((await get(page, at(occ, 'isolated-spa'))).actor, 'carol|isolated-spa');
  await assert.rejects(signIn(page, people.bob), /invalid_credentials/);
});

shop('S79 switchContext goes over to the other session, and back', {}, async (scene) => {
  const { open, occ } = scene;
  const page = await open();
  await signIn(page);
  const seen = await page.evaluate(async () => {
    const seen = [];
    session.subscribe(({ status }) => seen.push(status));
    await session.switchContext('apparel-uk-spa');
    return seen;
  });
  assert.deepEqual(seen, ['authenticated', 'anonymous']);
  assert.equal((await get(page, at(occ, 'apparel-uk-spa'))).status, 401);
  await signIn(page, people.bob);
  assert.equal((await switchTo(page, 'electronics-spa')).userId, 'current');
  assert.equal((await get(page, at(occ, 'electronics-spa'))).actor, 'alice');
  assert.equal((await switchTo(page, 'apparel-uk-spa')).userId, 'current');
  assert.equal((await get(page, at(occ, 'apparel-uk-spa'))).actor, 'bob');
  assert.deepEqual(await told(page), [
    'login  anonymous current',
    'logout switched current anonymous',
    'login  anonymous current',
    'logout switched current current',
    'login switched current current',
    'logout switched current current',
    'login switched current current',
  ]);
  // The refresh and the logout are those of the site that is there.
  await occ.expire({ kind: 'access' });
  assert.equal((await get(page, at(occ, 'apparel-uk-spa'))).actor, 'bob');
  await page.evaluate(() => session.logout());
  assert.equal((await switchTo(page, 'electronics-spa')).isLoggedIn, true);
  assert.equal((await get(page, at(occ, 'electronics-spa'))).actor, 'alice');
});

shop('S79 to the same site nothing happens', {}, async ({ open, occ }) => {
  const page = await open();
  await signIn(page);
  assert.equal((await switchTo(page, 'electronics-spa')).userId, 'current');
  assert.deepEqual(await told(page), ['login  anonymous current']);
  assert.equal((await get(page, at(occ, 'electronics-spa'))).actor, 'alice');
});

shop('S79 a session there whose token is over is restored before the state is told', {}, async (scene) => {
  const { context, open, occ } = scene;
  await occ.lifetime({ access: 600 });
  const first = await openSite(scene, 'apparel-uk-spa');
  await signIn(first, people.bob);
  await first.close();
  await context.clock.setFixedTime(Date.now() + 700_000);
  await occ.expire({ user: 'bob', kind: 'access' });
  const page = await open();
  await occ.forget();
  const seen = await page.evaluate(async () => {
    const seen = [];
    const { isLoggedIn } = await session.switchContext('apparel-uk-spa');
    return { isLoggedIn, seen };
  });
  assert.equal(seen.isLoggedIn, true);
  assert.equal((await tokenRequests(occ, 'refresh_token')).length, 1);
  assert.equal((await get(page, at(occ, 'apparel-uk-spa'))).actor, 'bob');
  // And one that is no more is nobody's.
  await switchTo(page, 'electronics-spa');
  await occ.revoke({ user: 'bob' });
  await context.clock.setFixedTime(Date.now() + 1_400_000);
  const again = await open();
  assert.equal((await switchTo(again, 'apparel-uk-spa')).status, 'anonymous');
});

shop('AS-09 S79 what is under way for the site before is not sent as the one after', {}, async (scene) => {
  const { open, occ } = scene;
  const page = await open();
  await signIn(page);
  await switchTo(page, 'apparel-uk-spa');
  await signIn(page, people.bob);
  await switchTo(page, 'electronics-spa');
  await occ.forget();
  await occ.expire({ user: 'alice', kind: 'access' });
  // Refused, when the page is at the other site already.
  await occ.fault({ endpoint: 'occ', mode: 'late', count: 1 });
  const asked = page.evaluate(
    (url) =>
      fetch(url, { method: 'PATCH', body: '{}' }).then(
        ({ status }) => `${status}`,
        ({ code }) => code,
      ),
    at(occ, 'electronics-spa'),
  );
  await occ.until((all) => all.some(({ method }) => method === 'PATCH'));
  await switchTo(page, 'apparel-uk-spa');
  await occ.fault({ endpoint: 'occ', mode: 'ok' });
  assert.equal(await asked, 'session_changed');
  assert.deepEqual(
    (await occ.log()).filter(({ method }) => method === 'PATCH').map(({ actor }) => actor),
    ['alice'],
  );
});

shop("AS-09 S79 nor is what waits for a refresh of the site's before", {}, async (scene) => {
  const { open, occ } = scene;
  const page = await open();
  await signIn(page);
  await switchTo(page, 'apparel-uk-spa');
  await signIn(page, people.bob);
  await switchTo(page, 'electronics-spa');
  await occ.expire({ user: 'alice', kind: 'access' });
  await occ.fault({ endpoint: 'token', mode: 'hang', count: 1 });
  await occ.forget();
  const asked = page.evaluate(
    (url) =>
      fetch(url).then(
        ({ status }) => `${status}`,
        ({ code }) => code,
      ),
    at(occ, 'electronics-spa'),
  );
  await occ.until((all) => all.some(({ grantType }) => grantType === 'refresh_token'));
  await switchTo(page, 'apparel-uk-spa');
  await occ.fault({ endpoint: 'token', mode: 'ok' });
  await asked;
  const sent = (await occ.log()).filter(({ method, path }) => method === 'GET' && path.includes('/electronics-spa/'));
  assert.deepEqual(
    sent.map(({ actor }) => actor),
    ['alice'],
  );
  assert.equal((await get(page, at(occ, 'apparel-uk-spa'))).actor, 'bob');
});

shop('S79 several switches at once end at the last one', {}, async (scene) => {
  const { open, occ } = scene;
  const page = await open();
  await signIn(page);
  await switchTo(page, 'apparel-uk-spa');
  await signIn(page, people.bob);
  const last = await page.evaluate(async () => {
    const all = ['electronics-spa', 'apparel-uk-spa', 'electronics-spa'].map((site) => session.switchContext(site));
    return (await Promise.all(all)).map(({ isLoggedIn }) => isLoggedIn);
  });
  assert.deepEqual(last, [true, true, true]);
  assert.equal((await get(page, at(occ, 'electronics-spa'))).actor, 'alice');
  await page.evaluate(() => session.logout());
  assert.equal((await get(page, at(occ, 'electronics-spa'))).status, 401);
  assert.equal((await switchTo(page, 'apparel-uk-spa')).isLoggedIn, true);
});

shop('S79 a tab of the other site hears of what is done there after the switch', {}, async (scene) => {
  const { open } = scene;
  const page = await open();
  const other = await openSite(scene, 'apparel-uk-spa');
  await signIn(page);
  await switchTo(page, 'apparel-uk-spa');
  await signIn(other, people.bob);
  await page.waitForFunction(() => session.state.isLoggedIn);
  await page.evaluate(() => session.logout());
  assert.equal((await eventOf(other, 'logout')).remote, true);
});

shop("S80 the site's name goes with the switch", isolated, async ({ open, occ }) => {
  const page = await open();
  await signIn(page, people.isolated.carol);
  await switchTo(page, 'electronics-spa');
  // Still isolated, as the option says: that site has no such users.
  await assert.rejects(signIn(page, people.alice), /invalid_credentials/);
  const names = await tokenRequests(occ, 'password');
  assert.deepEqual(
    names.map(({ status }) => status),
    [200, 400],
  );
});

shop(
  'S79 with an asynchronous storage of the page’s own',
  {
    init: () => {
      const later = () => new Promise((resolve) => setTimeout(resolve, 10));
      globalThis.more = {
        storage: {
          getItem: (key) => later().then(() => localStorage.getItem(`own ${key}`)),
          setItem: (key, value) => later().then(() => localStorage.setItem(`own ${key}`, value)),
          removeItem: (key) => later().then(() => localStorage.removeItem(`own ${key}`)),
        },
      };
    },
  },
  async ({ open, occ }) => {
    const page = await open();
    await signIn(page);
    await switchTo(page, 'apparel-uk-spa');
    assert.equal((await state(page)).status, 'anonymous');
    // What is asked while it is read waits for that.
    const statuses = await page.evaluate(
      async ([mine, other]) => {
        const switched = session.switchContext('electronics-spa');
        const one = fetch(mine);
        await switched;
        return [(await one).status, (await fetch(mine)).status, (await fetch(other)).status];
      },
      [at(occ, 'electronics-spa'), at(occ, 'apparel-uk-spa')],
    );
    assert.deepEqual(statuses.slice(1), [200, 200]);
    assert.ok(statuses[0] === 200 || statuses[0] === 401);
    const { actor } = await get(page, at(occ, 'electronics-spa'));
    assert.equal(actor, 'alice');
  },
);
