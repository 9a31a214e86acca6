// Issue 2's story, step by step, as somebody who uses a page would live it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ask, eventOf, eventsOf, signInByPassword, state, stored } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';

const { both } = scenes();

const password = { by: 'password' };
const bearers = (entries) => new Set(entries.map(({ tokenId }) => tokenId)).size;

both('a visitor is anonymous before the runtime is there', {}, async ({ open, delay, context }) => {
  const wasm = await delay('**/latchkey.wasm');
  let finished = 0;
  context.on('requestfinished', (request) => (finished += request.url().endsWith('.wasm')));
  const page = await open();
  assert.equal((await state(page)).status, 'anonymous');
  await wasm.arrived;
  assert.equal(finished, 0);
  wasm.go();
});

both('signs in by code and PKCE, and is back where it began', {}, async ({ open, signIn, server, context }) => {
  const wanted = '/shop?promocode=A%20B+c&x&state=mine#top/%7Eme';
  let authorized;
  context.on('request', (request) => {
    // Pushed where the server takes it so (RFC 9126).
    const { pushed, authorization } = server.endpoints;
    if (request.url() === pushed && request.method() === 'POST') authorized ??= new URLSearchParams(request.postData());
    if (request.url().startsWith(authorization)) authorized ??= new URL(request.url()).searchParams;
  });
  const page = await open(wanted.slice(1));
  await signIn(page, { returnTo: wanted });
  assert.equal(page.url(), new URL(wanted, server.page).href);
  assert.equal(authorized.get('response_type'), 'code');
  assert.equal(authorized.get('code_challenge_method'), 'S256');
  assert.ok(authorized.get('state') && authorized.get('nonce') && authorized.get('code_challenge'));

  const { status, isLoggedIn, userId, claims, scope, tokenType } = await state(page);
  assert.deepEqual([status, isLoggedIn, userId, claims.name], ['authenticated', true, 'alice', 'Alice Liddell']);
  assert.ok(scope.includes('api'));
  assert.equal(tokenType.toLowerCase(), 'bearer');
  const logins = await eventsOf(page, 'login');
  assert.deepEqual(logins, [{ type: 'login', remote: false, previousUserId: 'anonymous', userId: 'alice' }]);
  const me = await ask(page, `${server.api}me`);
  assert.deepEqual([me.status, JSON.parse(me.text).sub], [200, 'alice']);
});

/** Adds to the address that the server has sent the page back to, and stays there. */
const strayed = () => {
  const { href } = location;
  if (/[?&]code=/.test(href))
    history.replaceState(null, '', `${href.replace('?', '?first&')}&promocode=A%20B+c&x#top/%7Eme`);
  globalThis.more = { navigate: () => {} };
};

both('takes its own parameters out of the address bar, and nothing else', { init: strayed }, async (scene) => {
  const { open, submit, server } = scene;
  const page = await open();
  await submit(page);
  await eventOf(page, 'login');
  const bar = await page.evaluate(() => location.href);
  assert.equal(bar, `${server.page}callback?first&promocode=A%20B+c&x#top/%7Eme`);
});

both(
  'RR-05 a token that the server calls dead is refreshed once, and the page sees one answer',
  password,
  async (scene) => {
    const { open, server } = scene;
    const page = await open();
    assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    await server.expire();
    await server.reset();
    const answer = await ask(page, `${server.api}me`);
    assert.deepEqual([answer.status, answer.native, JSON.parse(answer.text).sub], [200, true, 'alice']);
    const sent = await server.requests('/api/me');
    assert.deepEqual(
      sent.map(({ status }) => status),
      [401, 200],
    );
    assert.equal(bearers(sent), 2);
    assert.equal((await server.refreshes()).length, 1);
    assert.equal((await eventOf(page, 'refresh')).remote, false);
  },
);

both('RR-01 ten requests refused together make one token request', password, async ({ open, server }) => {
  const page = await open();
  await signInByPassword(page);
  await server.expire();
  await server.reset();
  const answers = await page.evaluate(
    (url) => Promise.all(Array.from({ length: 10 }, async (_, i) => (await fetch(`${url}?${i}`)).status)),
    `${server.api}me`,
  );
  assert.deepEqual(answers, Array(10).fill(200));
  assert.equal((await server.refreshes()).length, 1);
});

const bodies = {
  text: () => ({ body: 'some text, ä' }),
  FormData: () => {
    const body = new FormData();
    body.append('name', 'a value, ü');
    body.append('file', new Blob([new Uint8Array(70_000).fill(7)]), 'seven.bin');
    return { body };
  },
  Blob: () => ({ body: new Blob([new Uint8Array(70_000).map((_, i) => i)], { type: 'application/x-bytes' }) }),
  URLSearchParams: () => ({ body: new URLSearchParams({ a: '1 2', b: 'ü' }) }),
  bytes: () => ({ body: new Uint8Array([0, 255, 1, 254]) }),
  Request: (url) => new Request(url, { method: 'POST', body: new Uint8Array(70_000).fill(9) }),
};

both('a body is sent again byte for byte', password, async ({ open, server }) => {
  const page = await open();
  await signInByPassword(page);
  for (const [kind, make] of Object.entries(bodies)) {
    await server.expire();
    await server.reset();
    const answer = await page.evaluate(
      async ([url, source]) => {
        const made = new Function(`return ${source}`)()(url);
        const response = await (made instanceof Request ? fetch(made) : fetch(url, { method: 'POST', ...made }));
        return { status: response.status, ...(await response.json()) };
      },
      [`${server.api}echo`, `${make}`],
    );
    assert.equal(answer.status, 200, kind);
    assert.deepEqual(
      (await server.requests('/api/echo')).map(({ status }) => status),
      [401, 200],
      kind,
    );
    assert.equal(answer.sha256, await expected(page, make, answer.contentType), kind);
  }
});

/** The hash of what a native fetch would send, with the boundary that was used. */
async function expected(page, make, contentType) {
  const bytes = await page.evaluate(
    async ([source, contentType]) => {
      const made = new Function(`return ${source}`)()('/');
      const message = made instanceof Request ? made : new Response(made.body);
      const own = /boundary=(.*)/.exec(message.headers.get('content-type'))?.[1];
      let text = '';
      for (const byte of new Uint8Array(await message.arrayBuffer())) text += String.fromCharCode(byte);
      return own ? text.replaceAll(own, /boundary=(.*)/.exec(contentType)[1]) : text;
    },
    [`${make}`, contentType],
  );
  return createHash('sha256').update(Buffer.from(bytes, 'latin1')).digest('hex');
}

both('a reload keeps the session, and its first request leaves before the runtime is there', {}, async (scene) => {
  const { open, signIn, server, delay } = scene;
  const page = await open();
  await signIn(page);
  const wasm = await delay('**/latchkey.wasm');
  const loaded = () =>
    page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.wasm')).length);
  await server.reset();
  await page.reload();
  await page.waitForFunction(() => globalThis.session);
  const { status, userId, claims } = await state(page);
  assert.deepEqual([status, userId, claims.name], ['authenticated', 'alice', 'Alice Liddell']);
  const me = await ask(page, `${server.api}me`);
  assert.equal(me.status, 200);
  assert.equal(await loaded(), 0);
  assert.equal((await server.requests('/api/me'))[0].authorization, 'bearer');
  await wasm.arrived;
  wasm.go();
  await page.evaluate(() => session.refresh());
  assert.equal((await server.refreshes()).length, 1);
  assert.equal(await loaded(), 1);
});

both('logout ends it here, in the other tab and at the server', {}, async ({ open, signIn, server, context }) => {
  const page = await open();
  await signIn(page);
  const other = await open();
  assert.equal((await state(other)).userId, 'alice');
  const [{ refresh_token: refresh }, kept] = await page.evaluate(() => {
    const record = JSON.parse(Object.values(localStorage).find((text) => text.includes('"tokens"')));
    return [record.tokens, Object.values(record.tokens).filter((value) => value.length > 20)];
  });
  assert.ok(kept.length >= 2, 'there are tokens to look for');
  const revoked = [];
  context.on('request', (request) => {
    if (request.method() === 'POST' && request.url() === server.endpoints.revocation) {
      revoked.push(Object.fromEntries(new URLSearchParams(request.postData())));
    }
  });
  const atServer = page.waitForRequest((request) => request.url().startsWith(server.endpoints.endSession));
  void page.evaluate(() => session.logout({ returnTo: '/' })).catch(() => {});

  const { reason, remote, previousUserId, userId } = await eventOf(other, 'logout');
  assert.deepEqual([reason, remote, previousUserId, userId], ['user', true, 'alice', 'anonymous']);
  assert.equal((await state(other)).isLoggedIn, false);

  assert.ok((await atServer).isNavigationRequest());
  assert.deepEqual(
    revoked.map(({ token_type_hint: hint }) => hint),
    ['refresh_token', 'access_token'],
  );
  await page.waitForURL(server.page);
  await settled(page);
  assert.equal((await state(page)).status, 'anonymous');
  const told = (await eventsOf(page, 'logout')).map(({ reason, remote }) => [reason, remote]);
  assert.deepEqual(told, [['user', false]]);
  const rest = await stored(page);
  for (const value of [...kept, refresh]) assert.ok(!rest.includes(value), 'a token is still stored');
  for (const tab of [page, other]) assert.equal((await ask(tab, `${server.api}me`)).status, 401);
  assert.equal((await server.requests('/api/me')).at(-1).authorization, 'none');
});

both('a wrong password is invalid_credentials and changes nothing; the right one signs in', password, async (scene) => {
  const { open, server } = scene;
  const page = await open();
  const before = await stored(page);
  const refused = await signInByPassword(page, 'alice', 'looking-glass');
  assert.deepEqual([refused.name, refused.code], ['SessionError', 'invalid_credentials']);
  assert.equal((await state(page)).status, 'anonymous');
  assert.equal(await stored(page), before);
  assert.deepEqual(await eventsOf(page, 'login'), []);
  assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
  assert.equal((await state(page)).isLoggedIn, true);
  assert.equal((await eventsOf(page, 'login')).length, 1);
  assert.equal((await ask(page, `${server.api}orders`)).status, 200);
});

both('somebody who cancels at the server comes back as a visitor, and is told', {}, async ({ open, server }) => {
  const page = await open();
  void page.evaluate(() => session.loginWithRedirect()).catch(() => {});
  await page.click('button[value=cancel]');
  await page.waitForURL((url) => url.href.startsWith(server.page));
  assert.equal((await eventOf(page, 'error')).code, 'access_denied');
  assert.equal((await state(page)).status, 'anonymous');
  assert.doesNotMatch(page.url(), /error|state=/);
});
