// Watches a browser context for what no test may ever see: a secret in the console, in an error or in an address, and
// an error that nobody caught.
import assert from 'node:assert/strict';

const secretFields = ['code', 'code_verifier', 'refresh_token', 'password', 'token', 'client_secret', 'id_token_hint'];
const tokenFields = ['access_token', 'refresh_token', 'id_token'];
/** As the record and the pending sign-ins name them. */
const wanted = /"(?:access|refresh|id|verifier)":"([^"]+)"/g;

/** `carried` are what the protocol itself has in an address, of the server's or the page's, before the page has cleaned it. */
export function watch(context, tokenEndpoint, carried = ['code', 'id_token_hint']) {
  const secrets = new Set();
  const seen = [];
  const uncaught = [];
  const reading = [];
  const tabs = new Set();

  const learn = (value) => {
    if (typeof value === 'string' && value.length > 7) secrets.add(value);
  };

  context.on('request', (request) => {
    const url = new URL(request.url());
    // The authorization code comes in the address of the redirect, and an id token goes to the server's logout page:
    // these two are the protocol's, and for nobody else.
    const own = request.isNavigationRequest() ? carried : [];
    for (const name of own) learn(url.searchParams.get(name));
    seen.push({ where: 'a URL', text: without(own, url.href) });
    learn(/^(?:Bearer|DPoP) (.+)$/.exec(request.headers().authorization ?? '')?.[1]);
    const body = request.postData();
    if (request.method() === 'POST' && /^application\/x-www-form-urlencoded/.test(request.headers()['content-type'])) {
      const form = new URLSearchParams(body ?? '');
      for (const name of secretFields) learn(form.get(name));
    }
  });
  // Not at the response: the body of one that nobody reads never ends.
  context.on('requestfinished', (request) => {
    if (request.url() !== tokenEndpoint || request.method() !== 'POST') return;
    const read = async () => (await request.response()).json();
    reading.push(
      read().then(
        (answer) => tokenFields.forEach((name) => learn(answer?.[name])),
        () => {}, // not JSON, or the page is gone
      ),
    );
  });
  context.on('console', (message) => {
    seen.push({ where: 'the console', text: message.text() });
  });
  context.on('weberror', (error) => {
    const { name, message, stack } = error.error();
    seen.push({ where: 'an uncaught error', text: `${message} ${stack}` });
    uncaught.push(`${name}: ${message}`);
  });
  context.on('page', (page) => {
    tabs.add(page);
    page.on('framenavigated', (frame) => seen.push({ where: 'the address bar', text: without(carried, frame.url()) }));
  });

  return {
    secrets,
    /** For a test that has done on purpose what must not be. */
    forget() {
      seen.length = uncaught.length = 0;
    },
    async check() {
      for (const page of tabs) {
        if (page.isClosed()) continue;
        const stored = await page
          .evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))
          .catch(() => '');
        for (const [, value] of stored.replaceAll('\\"', '"').matchAll(wanted)) learn(value);
        assert.deepEqual(
          untold(await page.evaluate(() => globalThis.events?.told).catch(() => [])),
          [],
          'what nobody was told of',
        );
      }
      await Promise.all(reading);
      const masked = (text) => [...secrets].reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
      for (const { where, text } of seen) assert.ok(text === masked(text), `a secret is in ${where}: ${masked(text)}`);
      assert.deepEqual(uncaught, [], 'errors that nobody caught');
    },
  };
}

/** The changes of who is signed in for which there was no event. Whom a page finds when it loads is no change. */
function untold(told = []) {
  const missing = [];
  let was;
  told.forEach((entry, i) => {
    if (typeof entry === 'string') return;
    const { user } = entry;
    const next = told.findIndex((other, j) => j > i && typeof other === 'object');
    const events = told.slice(i + 1, next < 0 ? undefined : next);
    if (was !== undefined && user !== was) {
      if (was !== null && !events.includes('logout')) missing.push(`${was} is gone`);
      if (user !== null && !events.includes('login')) missing.push(`${user} is here`);
    }
    was = user;
  });
  return missing;
}

/** An address without some parameters of its query and its fragment. */
function without(names, href) {
  const url = new URL(href);
  const fragment = new URLSearchParams(url.hash.slice(1));
  for (const name of names) {
    url.searchParams.delete(name);
    fragment.delete(name);
  }
  if (url.hash) url.hash = `${fragment}`;
  return url.href;
}
