// Signing in with a popup: S14, OA-25, OA-26.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { startOidcProvider } from './servers/oidc-provider.mjs';
import { count, left, nothing } from './support/leaks.mjs';
import { ask, eventsOf, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';
import { startSite } from './support/site.mjs';
import { startStranger } from './support/stranger.mjs';

const { both, demo } = scenes();

const counted = { init: count };

/** Begins a sign-in; resolves with the popup, and with how it ends, as a function. */
export async function begin(page, options) {
  const opened = page.waitForEvent('popup');
  const ended = page.evaluate(
    (options) =>
      session.loginWithPopup(options).then(
        ({ userId }) => ({ userId }),
        ({ name, code, oauth }) => ({ name, code, oauth }),
      ),
    options,
  );
  return [await opened, () => ended];
}

async function submit(popup, button = 'signin') {
  await popup.fill('[name=username]', 'alice');
  await popup.fill('[name=password]', 'wonderland');
  await popup.click(`button[value=${button}]`);
}

/** A popup that closes is closed when its event has come. */
const closed = (popup) => popup.isClosed() || popup.waitForEvent('close');

both('S14 signs in with a popup; the page stays, and its requests go on', counted, async (scene) => {
  const { open, server, context } = scene;
  let authorized;
  context.on('request', (request) => {
    if (request.url().startsWith(server.endpoints.authorization)) authorized ??= new URL(request.url()).searchParams;
  });
  const page = await open('shop?a=b#top');
  const [popup, ended] = await begin(page, { params: { ui_locales: 'de' } });
  await popup.waitForSelector('[name=username]');
  assert.equal(authorized.get('ui_locales'), 'de');
  assert.match(authorized.get('state'), /^lk\.p\./);
  assert.equal((await ask(page, '/page.js')).status, 200);
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
  await submit(popup);
  assert.deepEqual(await ended(), { userId: 'alice' });
  await closed(popup);
  assert.equal(page.url(), `${server.page}shop?a=b#top`);
  assert.deepEqual(await eventsOf(page, 'login'), [
    { type: 'login', remote: false, previousUserId: 'anonymous', userId: 'alice' },
  ]);
  assert.equal(JSON.parse((await ask(page, `${server.api}me`)).text).sub, 'alice');
  assert.equal((await server.requests('token')).filter(({ method }) => method === 'POST').length, 1);
  assert.deepEqual(await left(page), nothing);
});

both('OP-62 somebody who cancels in the popup', counted, async ({ open }) => {
  const page = await open();
  const [popup, ended] = await begin(page);
  await submit(popup, 'cancel');
  const { code, oauth } = await ended();
  assert.deepEqual([code, oauth.error], ['access_denied', 'access_denied']);
  await closed(popup);
  assert.equal((await state(page)).status, 'anonymous');
  assert.deepEqual(await eventsOf(page, 'error'), [], 'the promise has told it');
  assert.deepEqual(await left(page), nothing);
});

both('OA-26 somebody who closes the popup', counted, async ({ open }) => {
  const page = await open();
  for (const wait of [true, false]) {
    const [popup, ended] = await begin(page);
    if (wait) await popup.waitForSelector('[name=username]');
    await popup.close();
    assert.equal((await ended()).code, 'popup_closed');
    assert.deepEqual(await left(page), nothing);
  }
});

const block = (how) => {
  globalThis.open = new Function(how);
};

for (const how of ['return null', 'throw new Error("no")']) {
  demo(`OA-26 a popup that is blocked: ${how}`, { init: block, arg: how }, async ({ open }) => {
    const page = await open();
    const code = await page.evaluate(() => session.loginWithPopup().catch(({ code }) => code));
    assert.equal(code, 'popup_blocked');
  });
}

demo('OA-26 a popup that comes back without an answer', counted, async ({ open, server }) => {
  const page = await open();
  const [popup, ended] = await begin(page);
  await popup.waitForSelector('[name=username]');
  await popup.goto(`${server.page}config.json`).catch(() => {}); // it is closed while that loads
  assert.equal((await ended()).code, 'aborted');
  await closed(popup);
  assert.deepEqual(await left(page), nothing);
});

demo('S14 a page that hands nothing on is read by its address', counted, async ({ open, server, context }) => {
  await context.route(`${server.page}callback?*`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>Nothing here' }),
  );
  const page = await open();
  const [popup, ended] = await begin(page);
  await submit(popup);
  assert.deepEqual(await ended(), { userId: 'alice' });
});

demo('OA-26 close() gives a popup up', counted, async ({ open }) => {
  const page = await open();
  const [popup, ended] = await begin(page);
  await popup.waitForSelector('[name=username]');
  await page.evaluate(() => session.close());
  assert.equal((await ended()).code, 'closed');
  await closed(popup);
  assert.deepEqual(await left(page), nothing);
});

demo('S14 two popups at once: each gets its own answer', counted, async ({ open }) => {
  const page = await open();
  const [first, firstEnded] = await begin(page);
  const [second, secondEnded] = await begin(page);
  await submit(second);
  assert.deepEqual(await secondEnded(), { userId: 'alice' });
  assert.equal(first.isClosed(), false);
  await first.close();
  assert.equal((await firstEnded()).code, 'popup_closed');
});

demo('OA-25 messages that are none', counted, async ({ open, server, context }) => {
  const stranger = await startStranger();
  try {
    await context.route(`${stranger.origin}/**`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
    );
    let sought;
    context.on('request', (request) => {
      if (request.url().startsWith(server.endpoints.authorization)) sought = new URL(request.url()).searchParams;
    });
    const page = await open();
    const [popup, ended] = await begin(page);
    await popup.waitForSelector('[name=username]');
    const known = sought.get('state');
    const forged = `${server.page}callback?code=forged&state=${known}`;

    // The wrong source: a window of our own origin, and the page itself.
    const [other] = await Promise.all([
      page.waitForEvent('popup'),
      page.evaluate(() => void globalThis.open('/page.js', '_blank')),
    ]);
    await other.waitForURL('**/page.js');
    await other.evaluate(([state, forged]) => opener.postMessage([state, forged], '*'), [known, forged]);
    await page.evaluate(([state, forged]) => postMessage([state, forged], '*'), [known, forged]);
    // The wrong origin: that window at another server; and the popup itself, which is at the provider now.
    await other.goto(`${stranger.origin}/`);
    for (const window of [other, popup])
      await window.evaluate(([state, forged]) => opener.postMessage([state, forged], '*'), [known, forged]);
    // Made by a script, with all that a message has.
    await page.evaluate(
      ([state, forged]) => {
        const { origin } = location;
        globalThis.asked = [];
        const data = {
          get 0() {
            asked.push(0);
            return state;
          },
          get 1() {
            asked.push(1);
            return forged;
          },
        };
        dispatchEvent(new MessageEvent('message', { data, origin, source: globalThis }));
        const own = { origin, source: { value: globalThis }, data: [state, forged], isTrusted: true };
        const made = new Event('message');
        for (const [name, value] of Object.entries(own)) {
          try {
            Object.defineProperty(made, name, { get: () => (asked.push(name), value) });
          } catch {
            // isTrusted is nobody's to change.
          }
        }
        dispatchEvent(made);
        // A channel of another state says nothing here, nor do other shapes on the right one.
        new BroadcastChannel(`${state}x`).postMessage([state, forged]);
        const right = new BroadcastChannel(state);
        for (const shape of [null, 1, forged, {}, [], [state], [state, null], ['', forged], { 0: 'x', 1: forged }])
          right.postMessage(shape);
      },
      [known, forged],
    );
    // All of that has been heard, and the popup is waited for still.
    await page.evaluate(
      () => new Promise((resolve) => (addEventListener('message', resolve, { once: true }), postMessage('last', '*'))),
    );
    assert.deepEqual(await page.evaluate(() => asked), []);
    assert.equal((await server.requests('token')).length, 0);
    await submit(popup);
    assert.deepEqual(await ended(), { userId: 'alice' });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    const { messages } = await left(page);
    assert.equal(messages, 0);
  } finally {
    await stranger.close();
  }
});

demo('OA-25 a listener that was there before reads no more than we do', counted, async ({ open, context }) => {
  await context.addInitScript(() => {
    // By message alone.
    globalThis.BroadcastChannel = class {
      postMessage() {}
      close() {}
    };
    addEventListener('message', (event) => {
      for (const name of ['origin', 'source', 'data']) {
        Object.defineProperty(event, name, { get: () => 'forged' });
      }
    });
  });
  const page = await open();
  const [popup, ended] = await begin(page);
  await submit(popup);
  assert.deepEqual(await ended(), { userId: 'alice' });
});

// The opener is cut off: by the page's own policy, or by the server's. The popup looks closed from then on.
const cut = { 'cross-origin-opener-policy': 'same-origin' };
const sites = {};
before(async () => {
  sites.cut = await startSite({ headers: cut });
  sites.own = await startSite({ bodies: { '/authorize': '<!doctype html>Sign in' } });
  sites.plain = await startSite({ headers: {} });
  sites.strict = await startSite({
    headers: {
      'content-security-policy':
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src *; frame-src *; img-src data:; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    },
  });
  const spaOrigins = Object.values(sites).map(({ origin }) => origin);
  sites.provider = await startOidcProvider({ spaOrigins });
  sites.aloof = await startOidcProvider({ spaOrigins, headers: cut });
});
after(() => Promise.all(Object.values(sites).map((site) => site.close())));

/** A page of one of the sites, for one of the providers. */
async function visit(context, site, provider, more, change = (settings) => settings) {
  const settings = {
    scheme: 'oidc',
    auth: { issuer: provider.issuer, clientId: 'demo', scope: 'openid api', redirectUri: `${site.origin}/callback` },
    options: { api: [provider.api], ...more },
  };
  await context.addInitScript((value) => (globalThis.settings = value), change(settings));
  // Without a screen every page has the focus, whatever it is told (measured: Emulation.setFocusEmulationEnabled and
  // another window in front change nothing). So the test says who has it: `behind` is true while a popup is in front.
  await context.addInitScript(() => {
    Document.prototype.hasFocus = () => !globalThis.behind;
  });
  const page = await context.newPage();
  await page.goto(`${site.origin}/`);
  await settled(page);
  return page;
}

for (const [name, site, provider] of [
  ['the page', 'cut', 'provider'],
  ['the server', 'plain', 'aloof'],
  ['both', 'cut', 'aloof'],
]) {
  demo(`OA-26 S14 ${name} cuts the opener off: the answer comes by channel`, counted, async ({ context }) => {
    const page = await visit(context, sites[site], sites[provider]);
    await page.evaluate(() => (globalThis.behind = true));
    const [popup, ended] = await begin(page);
    await popup.waitForSelector('[name=username]');
    assert.equal(await popup.evaluate(() => opener), null);
    // Long enough that a page which has the focus would take it for closed.
    await page.waitForFunction(() => alive().looks > 12);
    await submit(popup);
    assert.deepEqual(await ended(), { userId: 'alice' });
    await closed(popup);
    assert.deepEqual(await left(page), nothing);
  });

  demo(`OA-26 ${name} cuts the opener off, and the popup is closed`, counted, async ({ context }) => {
    const page = await visit(context, sites[site], sites[provider]);
    await page.evaluate(() => (globalThis.behind = true));
    const [popup, ended] = await begin(page);
    await popup.waitForSelector('[name=username]');
    await popup.close();
    await page.evaluate(() => (globalThis.behind = false));
    assert.equal((await ended()).code, 'popup_closed');
    assert.deepEqual(await left(page), nothing);
  });
}

demo('XS-18 under Trusted Types a popup needs no policy', counted, async ({ context }) => {
  const page = await visit(context, sites.strict, sites.provider);
  const [popup, ended] = await begin(page);
  await submit(popup);
  assert.deepEqual(await ended(), { userId: 'alice' });
});

demo('S14 a server of the page’s own origin has its time', counted, async ({ context }) => {
  const page = await visit(context, sites.own, sites.provider, {}, ({ auth: { issuer, ...auth }, ...rest }) => ({
    ...rest,
    scheme: 'oauth',
    auth: { ...auth, endpoints: { authorization: `${sites.own.origin}/authorize`, token: `${issuer}/token` } },
  }));
  const [popup, ended] = await begin(page);
  await popup.waitForURL('**/authorize?*');
  await page.waitForFunction(() => alive().looks > 12);
  await popup.evaluate(() => {
    const state = new URLSearchParams(location.search).get('state');
    location.assign(`/callback?code=made-up-code&state=${state}`);
  });
  // It got as far as the token endpoint.
  assert.equal((await ended()).oauth.error, 'invalid_grant');
});

demo('XS-26 a server’s page that posts to its opener gets nothing', counted, async ({ open, server }) => {
  const page = await open();
  const [popup, ended] = await begin(page);
  await popup.waitForSelector('[name=username]');
  await popup.evaluate(() => {
    for (const message of ['tokens', { type: 'getToken' }, ['lk.p.', 'x']]) opener.postMessage(message, '*');
    globalThis.answers = [];
    addEventListener('message', ({ data }) => answers.push(data));
    opener.postMessage('last', '*');
  });
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.deepEqual(await popup.evaluate(() => answers), []);
  await submit(popup);
  assert.deepEqual(await ended(), { userId: 'alice' });
  assert.equal((await server.requests('token')).length, 1);
});
