// The published @spartacus/core 4.3.8 with its engine, and Latchkey, go through one story at a server each. What the
// servers saw is the same, except for what is listed here, with the line of docs/spartacus.md that says why.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { occ as scheme } from '../dist/latchkey.js';
import { launch } from '../tools/browser.mjs';
import { startOcc } from './servers/occ.mjs';
import { bundleStorefront } from './spartacus/bundle.mjs';

const guide = readFileSync(new URL('../docs/spartacus.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
const golden = readFileSync(new URL('../../core/spartacus/testdata/auth.json', import.meta.url), 'utf8');
const baseSite = 'electronics-spa';
const address = { firstName: 'Alice', lastName: 'Liddell', line1: '1 Rabbit Hole', town: 'Oxford', postalCode: 'OX1' };
const odd = { client_id: 'odd_client', client_secret: 's% e+c&r=ét' };
const newcomer = { uid: 'dinah@example.com', password: 'curiouser-1', firstName: 'Dinah', lastName: 'Liddell' };

let browser;
let servers;
/** What the package has as its configuration, where an app says nothing. */
let defaults;
before(async () => {
  const [launched, { folder, authentication }] = await Promise.all([launch(), bundleStorefront()]);
  browser = launched;
  defaults = authentication;
  servers = { spartacus: await startOcc({ static: folder }), latchkey: await startOcc() };
});
after(() => Promise.all([browser?.close(), servers?.spartacus.close(), servers?.latchkey.close()]));

/**
 * A page of either kind, with one way to drive both. `app` is what the app's own configuration says, `more` are options
 * that only Latchkey has.
 */
async function open(t, kind, { context, app, more, occ = servers[kind] } = {}) {
  if (!context) {
    await occ.reset();
    context = await browser.newContext();
    t.after(() => context.close());
  }
  const api = `${occ.baseUrl}/occ/v2/${baseSite}`;
  const authentication = { ...defaults, ...app };
  const backend = { occ: { baseUrl: occ.baseUrl, prefix: '/occ/v2/' } };
  const site = { baseSite: [baseSite] };
  const said = [];
  const auth = scheme.fromSpartacusConfig(authentication, { ...backend, context: site }, (text) => said.push(text));
  assert.deepEqual(said, [], 'all is carried over');
  await context.addInitScript((settings) => Object.assign(globalThis, { settings }), {
    config: { authentication, backend, context: site },
    scheme: 'occ',
    auth: { ...auth, ...more },
    options: { api: [api] },
  });
  const page = await context.newPage();
  await page.goto(servers[kind].page);
  await page.waitForFunction(() => globalThis.shop ?? globalThis.session);
  if (kind === 'latchkey') {
    // As the driver has it.
    await page.evaluate(
      ({ root, api, accept }) =>
        (globalThis.shop = {
          signIn: (name, password) => session.loginWithCredentials(name, password),
          signOut: () => session.logout(),
          call: async (method, path, { body, client } = {}) => {
            const headers = {
              accept,
              'content-type': 'application/json',
              ...(client && { 'cx-use-client-token': 'true' }),
            };
            const url = path === 'basesites' ? `${root}/${path}` : `${api}/${path}`;
            return (await fetch(url, { method, headers, body: body && JSON.stringify(body) })).status;
          },
        }),
      // Angular asks for this wherever the app asks for nothing.
      { root: `${occ.baseUrl}/occ/v2`, api, accept: angular },
    );
    await page.evaluate(() => session.ready);
  }
  await occ.forget();
  const act =
    (name) =>
    (...args) =>
      page.evaluate(
        ([name, args]) => Promise.resolve(shop[name](...args)).then((it) => (Number(it) ? it : null)),
        [name, args],
      );
  return { page, occ, context, signIn: act('signIn'), signOut: act('signOut'), call: act('call') };
}

const angular = 'application/json, text/plain, */*';
const own = /^(sec-.*|accept-.*|user-agent|connection|content-length|origin|referer)$/;
const sent = (entry) => entry.method !== 'OPTIONS';
const revocation = (entry) => sent(entry) && entry.path.endsWith('/revoke');

/** What a step had the server see: labels of tokens by the order in which they came. */
function recorder(occ) {
  const names = new Map();
  const counts = {};
  const rename = (label) => {
    const kind = label.split('-')[0];
    if (!names.has(label)) names.set(label, `${kind} ${(counts[kind] = (counts[kind] ?? 0) + 1)}`);
    return names.get(label);
  };
  const list = (labels) => labels?.map(rename).sort().join(', ');
  const steps = {};
  return {
    steps,
    async step(name, act) {
      await occ.forget();
      const result = await act();
      steps[name] = (await occ.log()).filter(sent).map((entry) => ({
        request: `${entry.method} ${entry.path}`,
        headers: entry.headers.filter((header) => !own.test(header)).join(', '),
        accept: entry.accept,
        form: entry.form?.join(', '),
        grant: entry.grantType,
        client: entry.client,
        authorization: entry.token ? rename(entry.token) : entry.authorization,
        given: entry.given && rename(entry.given),
        issued: list(entry.issued),
        for: entry.subject,
        status: entry.status,
      }));
      return result;
    },
  };
}

/** Signing in, changing an address, an access token that runs out, signing out. */
async function asCustomer(shop) {
  const { steps, step } = recorder(shop.occ);
  await step('the list of sites', () => shop.call('GET', 'basesites'));
  await step('signing in', () => shop.signIn('alice', 'wonderland'));
  assert.equal(await step('a new address', () => shop.call('POST', 'users/current/addresses', { body: address })), 201);
  await shop.occ.expire({ kind: 'access' });
  assert.equal(await step('an expired token', () => shop.call('GET', 'users/current/addresses')), 200);
  await step('signing out', async () => {
    await shop.signOut();
    await shop.occ.until((log) => log.filter(revocation).filter(({ done }) => done).length === 2);
  });
  // Spartacus revokes both at once, so either may be first.
  steps['signing out'].sort((a, b) => (a.given < b.given ? -1 : 1));
  return steps;
}

async function asNobody(shop) {
  const { steps, step } = recorder(shop.occ);
  const register = (more) => () => shop.call('POST', 'users', { client: true, body: { ...newcomer, ...more } });
  assert.equal(await step('registering', register()), 201);
  assert.equal(await step('registering once more', register({ uid: 'lory@example.com' })), 201);
  await shop.occ.expire({ kind: 'client' });
  assert.equal(await step('an expired client token', register({ uid: 'dodo@example.com' })), 201);
  return steps;
}

/** Where the two are not the same, a member of a request at a time. */
function differences(theirs, ours) {
  const found = [];
  for (const [step, requests] of Object.entries(theirs)) {
    assert.equal(ours[step].length, requests.length, step);
    requests.forEach((request, i) => {
      for (const member of Object.keys(request)) {
        const [before, now] = [request[member], ours[step][i][member]];
        if (before !== now) found.push({ step, request: request.request, member, before, now });
      }
    });
  }
  return found;
}

const toServer = ({ request }) => request.includes('/authorizationserver/');
/** Each with the guide's own words for it. */
const reasons = {
  'they ask for JSON, and are kept from every cache': (one) =>
    toServer(one) &&
    ((one.member === 'accept' && one.before === angular && one.now === 'application/json') ||
      (one.member === 'headers' && one.now.replace(', cache-control', '').replace(', pragma', '') === one.before)),
  'A scope that is empty is not sent': ({ member, before, now }) =>
    member === 'form' && before.replace(', scope', '') === now,
};

/** Every difference has one reason, which the guide gives, and these are all that there are. */
function compare(theirs, ours, expected) {
  const used = new Set();
  for (const one of differences(theirs, ours)) {
    const fits = Object.keys(reasons).filter((reason) => reasons[reason](one));
    assert.equal(fits.length, 1, JSON.stringify(one));
    used.add(fits[0]);
  }
  assert.deepEqual([...used].sort(), [...expected].sort());
  for (const reason of used) assert.ok(guide.includes(reason), `the guide says: ${reason}`);
}

test('a customer signs in, adds an address, is refreshed and signs out: the same requests', async (t) => {
  const theirs = await asCustomer(await open(t, 'spartacus'));
  const ours = await asCustomer(await open(t, 'latchkey'));
  compare(theirs, ours, Object.keys(reasons));
});

test('S48, S49 nobody registers with a client token: the same requests', async (t) => {
  const theirs = await asNobody(await open(t, 'spartacus'));
  const ours = await asNobody(await open(t, 'latchkey'));
  compare(theirs, ours, ['they ask for JSON, and are kept from every cache']);
});

test('S72 tokens are revoked one after the other, the refresh token first', async (t) => {
  assert.ok(guide.includes('Tokens are revoked one after the other, the refresh token first'));
  const seen = {};
  for (const kind of ['spartacus', 'latchkey']) {
    const shop = await open(t, kind);
    await shop.signIn('alice', 'wonderland');
    await shop.occ.fault({ endpoint: 'revoke', mode: 'hang', count: 1 });
    const left = shop.signOut();
    const first = await shop.occ.until((log) => log.find(revocation));
    // The held one is let go where the second does not come before.
    if (kind === 'latchkey') await shop.occ.fault({ endpoint: 'revoke', mode: 'ok' });
    seen[kind] = await shop.occ.until((log) => {
      const both = log.filter(revocation);
      return both.length === 2 && both;
    });
    assert.equal(seen[kind][0].id, first.id);
    await shop.occ.fault({ endpoint: 'revoke', mode: 'ok' });
    await left;
  }
  const [one, other] = seen.spartacus;
  assert.deepEqual(
    [one.done, other.given.split('-')[0] === one.given.split('-')[0]],
    [false, false],
    'theirs go at once',
  );
  const [refresh, access] = seen.latchkey;
  assert.deepEqual(
    [refresh.given.split('-')[0], refresh.done, access.given.split('-')[0]],
    ['refresh', true, 'access'],
  );
});

test('S48 a secret is encoded once', async (t) => {
  assert.ok(guide.includes('The secret is encoded once'));
  const theirs = await open(t, 'spartacus', { app: odd });
  assert.equal(await theirs.call('POST', 'users', { client: true, body: newcomer }), 401);
  const refused = (await theirs.occ.log()).find(({ grantType }) => grantType === 'client_credentials');
  assert.equal(refused.status, 401, 'encoded twice it is another one');
  const ours = await open(t, 'latchkey', { app: odd });
  assert.equal(await ours.call('POST', 'users', { client: true, body: newcomer }), 201);
});

test('S60 the golden record of core/spartacus is what the package stores', async (t) => {
  const shop = await open(t, 'spartacus');
  await shop.signIn('alice', 'wonderland');
  const stored = await shop.page.evaluate(() => localStorage.getItem('spartacus⚿⚿auth'));
  // Values that differ each time, by what they are made of.
  const shape = (text) =>
    text.replace(/"access_token":"\w+"/, '"access_token":"…"').replace(/"\d{13}"/g, '"<milliseconds>"');
  assert.equal(shape(stored), shape(golden.trim()));
});

test('S60 occ({ adopt: true }) goes on with what the package left', async (t) => {
  const theirs = await open(t, 'spartacus');
  const { occ } = theirs;
  await theirs.signIn('alice', 'wonderland');
  const left = await theirs.page.evaluate(() => Object.entries(localStorage));
  const context = await browser.newContext();
  t.after(() => context.close());
  // The page is on another origin here, so what was left is put there before it loads.
  await occ.set({ origins: [new URL(servers.latchkey.page).origin] });
  await context.addInitScript((left) => left.forEach(([key, value]) => localStorage.setItem(key, value)), left);
  const ours = await open(t, 'latchkey', { context, more: { adopt: true }, occ });
  const { status, userId } = await ours.page.evaluate(() => session.ready);
  assert.deepEqual({ status, userId }, { status: 'authenticated', userId: 'current' });
  await occ.forget();
  assert.equal(await ours.call('GET', 'users/current/addresses'), 200);
  assert.equal((await occ.log()).find(sent).subject, 'alice');
  // There was no refresh token: the session ends with its access token.
  await occ.expire({ kind: 'access' });
  assert.equal(await ours.call('GET', 'users/current/addresses'), 401);
  await ours.page.waitForFunction(() => session.state.status === 'anonymous');
});
