// Signing in and renewing in a frame that nobody sees: S15, OA-27, OA-28; and callbacks in a stranger's frame: XS-25.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchProfile } from '../tools/browser.mjs';
import { startOidcProvider } from './servers/oidc-provider.mjs';
import { count, left, nothing } from './support/leaks.mjs';
import { ask, authorizations, eventOf, eventsOf, served, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';
import { startSite } from './support/site.mjs';

const { both, demo } = scenes();

const counted = { init: count };

/** How a silent sign-in ends. */
const silently = (page, options) =>
  page.evaluate(
    (options) =>
      session.loginSilently(options).then(
        ({ userId }) => ({ userId }),
        ({ name, code, oauth }) => ({ name, code, error: oauth?.error }),
      ),
    options,
  );

/** Signs in with a popup, and so at the server. */
async function signIn(page) {
  const opened = page.waitForEvent('popup');
  const ended = page.evaluate(() => session.loginWithPopup().then(({ userId }) => userId));
  const popup = await opened;
  await popup.fill('[name=username]', 'alice');
  await popup.fill('[name=password]', 'wonderland');
  await popup.click('button[value=signin]');
  assert.equal(await ended, 'alice');
}

/** Ends the session here, and leaves that at the server. */
const signOut = (page) => page.evaluate(() => session.logout({ atServer: false, revoke: false }));

/** Has the server give no refresh tokens. */
const withoutRefreshTokens = (context, server) =>
  context.route(server.endpoints.token, async (route) => {
    const response = await route.fetch();
    const { refresh_token: _, ...rest } = await response.json();
    await route.fulfill({ response, json: rest });
  });

both('S15 signs in whom the server knows; the page stays', counted, async ({ open, server, context }) => {
  const asked = authorizations(context, server);
  const page = await open('shop?a=b');
  await signIn(page);
  await signOut(page);
  assert.equal((await state(page)).isLoggedIn, false);
  assert.deepEqual(await silently(page, { params: { ui_locales: 'de' } }), { userId: 'alice' });
  const sought = asked.at(-1);
  assert.match(sought.get('state'), /^lk\.s\./);
  assert.deepEqual([sought.get('prompt'), sought.get('ui_locales')], ['none', 'de']);
  assert.equal(page.url(), `${server.page}shop?a=b`);
  assert.equal(JSON.parse((await ask(page, `${server.api}me`)).text).sub, 'alice');
  assert.deepEqual(await left(page), nothing);

  // Once more, and the session goes on.
  const before = (await eventsOf(page, 'login')).length;
  assert.deepEqual(await silently(page), { userId: 'alice' });
  await eventOf(page, 'refresh');
  assert.equal((await eventsOf(page, 'login')).length, before);
});

both('S15 OP-62 whom the server does not know has to be asked', counted, async ({ open, context }) => {
  // The frame must start no runtime of its own.
  let runtimes = 0;
  context.on('request', (request) => (runtimes += request.url().endsWith('.wasm')));
  const page = await open();
  const { name, code, error } = await silently(page);
  assert.deepEqual([name, code, error], ['SessionError', 'interaction_required', 'login_required']);
  assert.equal((await state(page)).status, 'anonymous');
  assert.deepEqual(await eventsOf(page, 'error'), []);
  assert.deepEqual(await left(page), nothing);
  assert.equal(runtimes, 1);
});

both('OA-27 a server that never answers', { ...counted, options: { timeout: 2000 } }, async (scene) => {
  const { open, server, delay } = scene;
  const page = await open();
  const authorization = await delay(`${server.endpoints.authorization}?*`);
  const ended = silently(page);
  await authorization.arrived;
  assert.equal((await left(page)).frames, 1);
  assert.equal((await ended).code, 'interaction_required');
  assert.deepEqual(await left(page), nothing);
  authorization.drop();
});

demo('OA-27 a server that is not there any more', { ...counted, options: { timeout: 2000 } }, async (scene) => {
  const { open, server, context } = scene;
  const page = await open();
  await silently(page); // its metadata is known from now on
  await context.route(`${server.issuer}/**`, (route) => route.abort());
  assert.equal((await silently(page)).code, 'network_error');
  assert.deepEqual(await left(page), nothing);
});

demo('OA-27 close() gives a frame up', counted, async ({ open, server, delay }) => {
  const page = await open();
  const authorization = await delay(`${server.endpoints.authorization}?*`);
  const ended = silently(page);
  await authorization.arrived;
  await page.evaluate(() => session.close());
  assert.equal((await ended).code, 'closed');
  await page.waitForFunction(() => !alive().frames);
  assert.deepEqual(await left(page), nothing);
  authorization.drop();
});

both('S15 without a refresh token a refused request is renewed silently', counted, async (scene) => {
  const { open, server, context } = scene;
  await withoutRefreshTokens(context, server);
  const page = await open();
  await signIn(page);
  await server.expire();
  await server.reset();
  const answers = await page.evaluate(
    (url) => Promise.all(Array.from({ length: 5 }, async () => (await fetch(url)).status)),
    `${server.api}me`,
  );
  assert.deepEqual(answers, Array(5).fill(200));
  const grants = (await server.requests('token')).filter(({ method }) => method === 'POST');
  assert.deepEqual(
    grants.map(({ grantType }) => grantType),
    ['authorization_code'],
  );
  assert.equal((await eventsOf(page, 'refresh')).length, 1);
  for (const type of ['expired', 'logout']) assert.deepEqual(await eventsOf(page, type), []);
  assert.deepEqual(await left(page), nothing);
});

demo('S15 without a refresh token a session outlives its access tokens', counted, async (scene) => {
  const { open, server, context } = scene;
  await withoutRefreshTokens(context, server);
  await server.control('lifetime', { seconds: 4 });
  const page = await open();
  await signIn(page);
  for (const n of [1, 2]) {
    // Only what is used is renewed ahead of time.
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    await page.waitForFunction((n) => events.filter(({ type }) => type === 'refresh').length >= n, n);
  }
  assert.equal((await server.refreshes()).length, 0);

  // And a reload after its end.
  await page.goto(`${server.page}page.js`);
  await page.waitForFunction(() => {
    const record = Object.entries(localStorage).find(([key]) => key.endsWith('/'));
    return JSON.parse(record[1]).state.expiresAt < Date.now();
  });
  await page.goto(server.page);
  await settled(page);
  assert.equal((await state(page)).userId, 'alice');
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
});

both('S15 without a refresh token, and without a session at the server, it ends', counted, async (scene) => {
  const { open, server, context } = scene;
  await withoutRefreshTokens(context, server);
  const page = await open();
  await signIn(page);
  await context.clearCookies();
  assert.equal(await page.evaluate(() => session.refresh().catch(({ code }) => code)), 'interaction_required');
  assert.equal((await ask(page, `${server.api}me`)).status, 200, 'its token is good');
  await page.reload();
  await settled(page);
  await server.expire();
  const refused = await ask(page, `${server.api}me`);
  assert.deepEqual([refused.status, JSON.parse(refused.text).error], [401, 'invalid_token']);
  assert.equal((await eventOf(page, 'logout')).reason, 'expired');
  assert.equal((await state(page)).status, 'anonymous');
});

/** Signs bob in at the server, in a window that is none of the page's. */
async function signInBob({ context, server }) {
  await context.clearCookies();
  const page = await context.newPage();
  const { clientId, redirectUri, scope } = server.schemes.code.auth;
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state: 'of-nobody-here',
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
  });
  await page.goto(`${server.endpoints.authorization}?${query}`);
  await page.fill('[name=username]', 'bob');
  await page.fill('[name=password]', 'builder');
  await page.click('button[value=signin]');
  await page.waitForURL(`${redirectUri}**`);
  await page.close();
}

both('OA-28 a silent answer for another person ends the session', counted, async (scene) => {
  const { open, server } = scene;
  const page = await open();
  await signIn(page);
  await signInBob(scene);
  assert.equal((await silently(page)).code, 'id_token_invalid');
  assert.equal((await eventOf(page, 'logout')).reason, 'expired');
  assert.equal((await state(page)).status, 'anonymous');
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
  assert.deepEqual(await silently(page), { userId: 'bob' }, 'with nobody signed in it simply signs in');
});

both('OA-28 a silent renewal for another person ends the session', counted, async (scene) => {
  const { open, server, context } = scene;
  await withoutRefreshTokens(context, server);
  const page = await open();
  await signIn(page);
  await signInBob(scene);
  await server.expire();
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
  assert.equal((await eventOf(page, 'logout')).reason, 'expired');
  assert.equal((await state(page)).status, 'anonymous');
});

// Pages on other hosts and with other headers, and a provider for them.
const sites = {};
before(async () => {
  sites.far = await startSite({ host: 'localhost' });
  sites.strict = await startSite({
    headers: {
      'content-security-policy':
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; frame-src *; img-src data:; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    },
  });
  sites.near = await startSite();
  const spaOrigins = ['far', 'strict', 'near'].map((name) => sites[name].origin);
  sites.provider = await startOidcProvider({ spaOrigins });
  const headers = { 'x-frame-options': 'DENY' };
  sites.unframedProvider = await startOidcProvider({ spaOrigins, headers });
  sites.unframed = await startSite({ headers, bodies: { '/authorize': '<!doctype html>Sign in' } });
});
after(() => Promise.all(Object.values(sites).map((site) => site.close())));

async function visit(context, site, provider, options, change = (settings) => settings) {
  const settings = {
    scheme: 'oidc',
    auth: { issuer: provider.issuer, clientId: 'demo', scope: 'openid api', redirectUri: `${site.origin}/callback` },
    options: { api: [provider.api], ...options },
  };
  await context.addInitScript((value) => (globalThis.settings = value), change(settings));
  const page = await context.newPage();
  await page.goto(`${site.origin}/`);
  await settled(page);
  return page;
}

demo('OA-27 a server that shows a page which may not be framed', counted, async ({ context }) => {
  const page = await visit(context, sites.near, sites.provider, { timeout: 2000 }, (settings) => {
    const { issuer, ...auth } = settings.auth;
    const endpoints = { authorization: `${sites.unframed.origin}/authorize`, token: `${issuer}/token` };
    return { ...settings, scheme: 'oauth', auth: { ...auth, endpoints } };
  });
  const ended = silently(page);
  await page.waitForFunction(() => document.querySelector('iframe'));
  assert.equal((await ended).code, 'interaction_required');
  assert.deepEqual(await left(page), nothing);
});

demo('S15 a server whose pages may not be framed redirects all the same', counted, async ({ context }) => {
  const page = await visit(context, sites.near, sites.unframedProvider);
  await signIn(page);
  await signOut(page);
  assert.deepEqual(await silently(page), { userId: 'alice' });
});

demo('XS-18 under Trusted Types a frame needs no policy', counted, async ({ context }) => {
  const page = await visit(context, sites.strict, sites.provider);
  await signIn(page);
  await signOut(page);
  assert.deepEqual(await silently(page), { userId: 'alice' });
});

/** The server's cookies, sent in frames of other sites too where the browser lets them. */
async function spreadCookies(context) {
  const cookies = await context.cookies();
  assert.ok(cookies.length);
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, sameSite: 'None', secure: true })));
}

demo('OA-27 from another site, in a browser that keeps third-party cookies back', counted, async ({ context }) => {
  const page = await visit(context, sites.far, sites.provider);
  await signIn(page);
  await signOut(page);
  assert.equal((await silently(page)).error, 'login_required', 'SameSite=Lax');
  await spreadCookies(context);
  assert.equal((await silently(page)).error, 'login_required', 'SameSite=None');
  assert.deepEqual(await left(page), nothing);
});

demo('S15 from another site, in a browser that lets third-party cookies through', {}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'profile-'));
  await mkdir(join(folder, 'Default'));
  // "Allow third-party cookies", as a person finds it in the settings.
  const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
  await writeFile(join(folder, 'Default/Preferences'), JSON.stringify(preferences));
  const context = await launchProfile(folder);
  try {
    await context.addInitScript(count);
    const page = await visit(context, sites.far, sites.provider);
    await signIn(page);
    await signOut(page);
    assert.equal((await silently(page)).error, 'login_required', 'SameSite=Lax');
    await spreadCookies(context);
    assert.deepEqual(await silently(page), { userId: 'alice' }, 'SameSite=None');
    assert.deepEqual(await left(page), nothing);
  } finally {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  }
});

/** A stranger's page with a callback of ours in a frame. */
const evil = (src) => `<!doctype html><script>
  heard = [];
  addEventListener('message', ({ data }) => heard.push(data));
</script><iframe src="${src}"></iframe><a href="${src}" target="_blank" rel="opener">open</a>`;

for (const way of ['lk.s.', 'lk.p.', 'lk.']) {
  demo(`XS-25 XS-26 a callback in a stranger’s frame, and in one’s popup: ${way}`, {}, async ({ context, server }) => {
    const known = `${way}${'A'.repeat(43)}`;
    const src = `${server.page}callback?code=stolen-code&state=${known}`;
    const stranger = await startSite({ host: 'localhost', bodies: { '/evil.html': evil(src.replace('&', '&amp;')) } });
    try {
      const page = await context.newPage();
      await page.addInitScript((known) => {
        if (top === globalThis) new BroadcastChannel(known).onmessage = ({ data }) => heard.push(data);
      }, known);
      await page.goto(`${stranger.origin}/evil.html`);
      const frame = page.frames()[1];
      await frame.waitForFunction(() => globalThis.session);
      if (way === 'lk.') await frame.evaluate(() => session.ready);
      else assert.equal(await frame.evaluate(() => session.state.status), 'restoring');
      assert.equal(await frame.evaluate(() => location.search), '', 'nor is it left in the address');
      if (way !== 'lk.') {
        const opened = page.waitForEvent('popup');
        await page.click('a');
        // It is none of the page's windows, but closes itself as one.
        await (await opened).waitForEvent('close');
      }
      assert.deepEqual(await page.evaluate(() => heard), []);
      assert.equal((await server.requests('token')).length, 0);
    } finally {
      await stranger.close();
    }
  });
}
