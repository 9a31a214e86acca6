// Resource indicators (RFC 8707) against oidc-provider: from one sign-in a token for each API, which takes no other.
import assert from 'node:assert/strict';
import { ask, eventsOf, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const resources = ['https://orders.example.com/', 'urn:example:mail'];
const { provider } = scenes({ resources });

/** A scene whose page is signed in, with a rule for each API; `url(i)` is the one for a resource. */
const scene = (name, { auth, names = resources } = {}, act) =>
  provider(name, { auth }, async (scene) => {
    const { server, context } = scene;
    const url = (i) => `${server.api}of/${i}/me`;
    const rules = names.map((resource, i) => ({ url: `${server.api}of/${i}`, resource }));
    await context.addInitScript((rules) => globalThis.settings.options.api.push(...rules), rules);
    const page = await scene.open();
    await scene.signIn(page);
    await act({ ...scene, page, url });
  });

const status = async (page, url) => (await ask(page, url)).status;
/** What the requests for a token were for, and how they ended. */
const refreshes = async (server) => (await server.refreshes()).map(({ status }) => status);

for (const [how, auth] of Object.entries({ 'a bearer token': {}, 'a bound token': { dpop: true } }))
  scene(`RFC8707 one sign-in, and ${how} of its own for each API`, { auth }, async ({ server, page, url }) => {
    await server.reset();
    const before = await state(page);
    assert.deepEqual(
      await page.evaluate(
        (urls) => Promise.all(urls.map(async (url) => (await fetch(url)).status)),
        [url(0), url(1), `${server.api}me`, url(0), url(1)],
      ),
      Array(5).fill(200),
    );
    const got = (await refreshes(server)).filter((status) => status === 200);
    assert.equal(got.length, 2, 'one request for each');
    const used = async (path) =>
      (await server.requests(path)).filter(({ status }) => status === 200).map(({ tokenId }) => tokenId);
    const ids = [await used('/api/of/0/me'), await used('/api/of/1/me'), await used('/api/me')];
    assert.deepEqual(
      ids.map((all) => new Set(all).size),
      [1, 1, 1],
    );
    assert.equal(new Set(ids.flat()).size, 3);
    assert.deepEqual(await state(page), before, 'the state is that of the main token');
    const tokens = await page.evaluate(
      ([a, b]) => Promise.all([{}, { resource: a }, { resource: b }].map((options) => session.getAccessToken(options))),
      resources,
    );
    assert.equal(new Set(tokens).size, 3);
  });

scene('RFC8707 a reload has them all, before the runtime is there', {}, async ({ server, page, url, delay }) => {
  assert.equal(await status(page, url(0)), 200);
  const wasm = await delay('**/latchkey.wasm');
  await page.reload();
  await settled(page);
  await server.reset();
  assert.equal(await status(page, url(0)), 200);
  assert.equal(await status(page, `${server.api}me`), 200);
  wasm.go();
  assert.equal(await status(page, url(1)), 200);
  assert.deepEqual(await refreshes(server), [200]);
});

scene('RFC8707 each ends on its own', {}, async ({ server, page, url }) => {
  for (const i of [0, 1]) assert.equal(await status(page, url(i)), 200);
  const [main, orders, mail] = await page.evaluate(
    (names) => Promise.all([undefined, ...names].map((resource) => session.getAccessToken({ resource }))),
    resources,
  );
  await server.reset();
  await server.expireFor(resources[0]);
  for (const at of [url(1), `${server.api}me`, url(0), url(0)]) assert.equal(await status(page, at), 200);
  assert.deepEqual(await refreshes(server), [200]);
  assert.equal((await server.requests('/api/of/0/me')).filter(({ status }) => status === 401).length, 1);
  const after = await page.evaluate(
    (names) => Promise.all([undefined, ...names].map((resource) => session.getAccessToken({ resource }))),
    resources,
  );
  assert.deepEqual([after[0] === main, after[1] === orders, after[2] === mail], [true, false, true]);
  await page.evaluate(() => session.refresh());
  assert.equal(await page.evaluate((resource) => session.getAccessToken({ resource }), resources[1]), mail);
});

scene('RFC8707 two tabs ask at once, for the same and for different ones', {}, async ({ server, page, url, open }) => {
  const other = await open();
  await server.reset();
  const ask = (page, ...of) =>
    page.evaluate((urls) => Promise.all(urls.map(async (url) => (await fetch(url)).status)), of.map(url));
  assert.deepEqual(await Promise.all([ask(page, 0, 1, 0), ask(other, 1, 0, 1)]), Array(2).fill(Array(3).fill(200)));
  assert.deepEqual(await refreshes(server), [200, 200]);
});

scene(
  'RFC8707 what the sign-in did not name: the request leaves as it is, and the page hears of it once',
  {},
  async ({ server, page, context }) => {
    // The app has got another API since then.
    await context.addInitScript(
      (url) => globalThis.settings.options.api.push({ url, resource: 'urn:example:new' }),
      `${server.api}public`,
    );
    await page.reload();
    await settled(page);
    await server.reset();
    for (let i = 0; i < 2; i++)
      assert.equal(JSON.parse((await ask(page, `${server.api}public`)).text).authorization, 'none');
    assert.deepEqual(
      (await eventsOf(page, 'error')).map(({ code }) => code),
      ['interaction_required'],
    );
    const said = await page.evaluate(() =>
      session.getAccessToken({ resource: 'urn:example:new' }).catch(({ code }) => code),
    );
    assert.equal(said, 'interaction_required');
    // Nothing is asked of this server: with a refusal it would have spent the refresh token all the same.
    assert.deepEqual(await refreshes(server), []);
    await page.evaluate(() => session.refresh());
    assert.equal((await state(page)).isLoggedIn, true);
  },
);
