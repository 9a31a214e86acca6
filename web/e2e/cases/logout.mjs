// Ways out: revocation and the server's logout page.
import assert from 'node:assert/strict';
import { leadsAway } from './discovery.mjs';

const token = ['authorize', 'token'];

/** Signs out, and waits for the end of it. */
const logout = (page, options = { atServer: false }) => page.evaluate((options) => session.logout(options), options);

/** The session is over, here and in storage, and the page has heard of it once. */
async function checkOver(page, secrets) {
  const { state, heard, stored } = await page.evaluate(() => ({
    state: session.state,
    heard: globalThis.events.filter(({ type }) => type === 'logout').map(({ reason, remote }) => [reason, remote]),
    stored: JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
  }));
  assert.equal(state.status, 'anonymous');
  assert.equal(heard.length, 1);
  assert.ok(![...secrets].some((secret) => stored.includes(secret)), 'a token stays in storage');
}

const revocation = (variant, what, revoke, asks = ['revoke', 'revoke']) => ({
  id: 'OA-40',
  variant,
  what: `at a revocation, ${what}`,
  // Chromium sends a request once more where a connection that it has used before breaks.
  server: { instead: revoke ? { revoke } : {}, headers: { connection: 'close' } },
  options: { timeout: 1000 },
  want: {},
  asks: token,
  async act(scene) {
    const page = await scene.signIn();
    await logout(page);
    await checkOver(page, scene.as.secrets);
    assert.deepEqual(scene.as.asked(), [...token, ...asks]);
    const hints = scene.as.requests('revoke').map(({ form }) => form.get('token_type_hint'));
    assert.deepEqual(hints, ['refresh_token', 'access_token'].slice(0, asks.length));
    await scene.checkApi(page, false);
  },
});

const isLogout = (scene) => (url) => url.href.startsWith(`${scene.as.issuer}/logout?`);

/** Signs out at the server too, and comes back. */
const atServer = async (scene, asks = [...token, 'revoke', 'revoke', 'logout']) => {
  const page = await scene.signIn();
  await page.evaluate(() => void session.logout());
  await page.waitForURL((url) => url.origin === scene.origin && url.pathname === '/');
  await scene.settle(page);
  await checkOver(page, scene.as.secrets);
  assert.deepEqual(scene.as.asked(), asks);
  const { query } = scene.as.requests('logout')[0];
  assert.equal(query.get('post_logout_redirect_uri'), `${scene.origin}/`);
  assert.equal(query.get('client_id'), 'app');
  assert.ok(query.get('id_token_hint'));
  return { page, query };
};

export const logouts = [
  {
    id: 'OP-40',
    what: 'has a logout page: the session is over here before the page leaves for it',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      // The request waits for another tab to say that the session is over.
      let waited;
      const other = await scene.open();
      await scene.context.route(isLogout(scene), async (route) => {
        await other.waitForFunction(() => session.state.status === 'anonymous');
        waited = true;
        await route.continue();
      });
      await atServer(scene);
      assert.ok(waited);
    },
  },
  {
    id: 'OP-40',
    variant: 'state',
    what: 'has a logout page, and sends back the state it got: nothing of that stays in the address',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const { page, query } = await atServer(scene);
      assert.match(query.get('state'), /^[\w.-]{22,}$/);
      assert.equal(page.url(), `${scene.origin}/`);
    },
  },
  {
    id: 'OP-40',
    variant: 'id-token',
    what: 'has a logout page, and has given an id token only',
    server: {},
    auth: { responseType: 'id_token' },
    want: { noToken: true },
    asks: ['authorize'],
    carried: ['id_token'],
    act: (scene) => atServer(scene, ['authorize', 'logout']),
  },
  ...[
    ['', 'another state', (params) => params.set('state', 'lk.another')],
    ['absent', 'no state', (params) => params.delete('state')],
  ].map(([variant, what, afterLogout]) => ({
    id: 'OP-41',
    variant,
    what: `comes back from its logout page with ${what}: the session is over all the same`,
    server: { afterLogout },
    want: {},
    asks: token,
    act: (scene) => atServer(scene),
  })),
  revocation('', 'does as the standard says'),
  revocation('400', 'does not know how', ({ send }) => send(400, { error: 'unsupported_token_type' })),
  revocation('503', 'wants to be asked later', ({ send }) => send(503, {}, { 'retry-after': '120' })),
  revocation('text', 'answers with plain text', ({ send }) => send(200, 'ok', { 'content-type': 'text/plain' })),
  // One deadline for both, as a page that is left does not wait for ever.
  revocation('hang', 'does not answer', () => {}, ['revoke']),
  revocation('reset', 'breaks the connection', ({ request }) => void request.socket.destroy()),
  {
    ...revocation('away', 'leads to another origin', leadsAway),
    id: 'OA-32',
    variant: 'revoke',
  },
  {
    id: 'OA-41',
    what: 'cannot be reached at a logout: the session is over in all tabs',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      const other = await scene.open();
      await scene.context.setOffline(true);
      await logout(page);
      await other.waitForFunction(() => session.state.status === 'anonymous');
      for (const tab of [page, other]) await checkOver(tab, scene.as.secrets);
      await scene.context.setOffline(false);
      assert.deepEqual(scene.as.asked(), token, 'and what was not said then is not said later');
      for (const tab of [page, other]) await scene.checkApi(tab, false);
    },
  },
  {
    id: 'OA-41',
    variant: 'page',
    what: 'cannot be reached at a logout: the page does not leave for a logout page that is not there',
    server: {},
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      await scene.context.setOffline(true);
      await logout(page, {});
      await checkOver(page, scene.as.secrets);
      await scene.context.setOffline(false);
    },
  },
];
