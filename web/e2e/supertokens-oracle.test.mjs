// The same script through supertokens-website and through latchkey: what the real server sees differs only where
// docs/cookies.md says so.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { launch } from '../tools/browser.mjs';
import { installBackends } from './servers/backends/install.mjs';
import { startSuperTokens } from './servers/supertokens.mjs';
import { ask } from './support/page.mjs';
import { settled } from './support/scenes.mjs';

let browser, server, official;
before(async () => {
  await installBackends();
  [browser, server] = await Promise.all([launch(), startSuperTokens({ https: true })]);
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from 'supertokens-website'`,
      resolveDir: join(import.meta.dirname, 'servers/backends'),
    },
    bundle: true,
    format: 'iife',
    globalName: 'SuperTokens',
    write: false,
    logLevel: 'warning',
  });
  official = outputFiles[0].text;
});
after(() => Promise.all([browser?.close(), server?.close()]));

const post = (body = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** How often a request is sent again: their default is 10, ours 1. */
const tries = 3;

/** A page with one of the two clients, how it signs out, and how it validates claims. */
const clients = {
  async theirs(context, transfer) {
    const page = await context.newPage();
    // Without our own page's script.
    await page.route('**/*.js', (route) => route.abort());
    await page.goto(server.page);
    await page.addScriptTag({ content: official });
    await page.evaluate(
      ([apiDomain, tokenTransferMethod, maxRetryAttemptsForSessionRefresh]) => {
        const transfer = { tokenTransferMethod, maxRetryAttemptsForSessionRefresh };
        SuperTokens.init({ apiDomain, apiBasePath: '/auth', ...transfer });
        const refresh = (path, method) => async () => void (await fetch(`${apiDomain}/api/claims/${path}`, { method }));
        const verified = new SuperTokens.BooleanClaim({ id: 'verified', refresh: refresh('verified', 'GET') });
        const roles = new SuperTokens.PrimitiveArrayClaim({ id: 'roles', refresh: refresh('roles', 'PUT') });
        globalThis.validate = () =>
          SuperTokens.validateClaims(() => [
            verified.validators.isTrue(300),
            roles.validators.includes('admin'),
            roles.validators.excludes('user'),
            roles.validators.includesAll(['user', 'admin']),
            roles.validators.includesAny(['user', 'admin']),
            roles.validators.excludesAll(['user', 'admin']),
          ]);
      },
      [server.baseUrl, transfer, tries],
    );
    return {
      page,
      signOut: () => page.evaluate(() => SuperTokens.signOut()),
      validate: () => page.evaluate(() => validate()),
    };
  },
  async ours(context, tokenTransferMethod) {
    const { baseUrl } = server;
    await context.addInitScript(
      (value) => {
        globalThis.settings = value;
      },
      {
        scheme: 'cookies',
        auth: {
          protocol: 'supertokens',
          refresh: `${baseUrl}/auth/session/refresh`,
          logout: `${baseUrl}/auth/signout`,
          tokenTransferMethod,
          claims: [
            { id: 'verified', maxAge: 300, hasValue: true, refresh: `${baseUrl}/api/claims/verified` },
            { id: 'roles', includes: 'admin', refresh: `${baseUrl}/api/claims/roles`, method: 'PUT' },
            { id: 'roles', excludes: 'user' },
            { id: 'roles', includesAll: ['user', 'admin'] },
            { id: 'roles', includesAny: ['user', 'admin'] },
            { id: 'roles', excludesAll: ['user', 'admin'] },
          ],
        },
        options: { api: [`${baseUrl}/api/`], retries: tries },
      },
    );
    const page = await context.newPage();
    await page.goto(server.page);
    await settled(page);
    return {
      page,
      signOut: () => page.evaluate(() => session.logout()),
      validate: () => page.evaluate(() => session.validateClaims()),
    };
  },
};

/** Runs the script. Resolves with what the server saw at each step, as text. */
async function run(client, transfer, antiCsrf) {
  await server.reset();
  await server.set({ antiCsrf });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  try {
    const api = `${server.baseUrl}/api`;
    const { page, signOut, validate } = await clients[client](context, transfer);
    const seen = {};
    const step = async (name, act) => {
      const statuses = [await act()].flat().map((answer) => answer?.status ?? answer?.error);
      const requests = (await server.log()).map(({ method, path, headers, authorization, status }) => {
        const { rid, 'st-auth-mode': mode, 'fdi-version': fdi, 'anti-csrf': guard } = headers;
        const sent = [`rid=${rid}`, `mode=${mode}`, fdi && 'fdi', guard && 'guard', authorization?.scheme && 'bearer'];
        return `${method} ${path} ${status} ${sent.filter(Boolean).join(' ')}`;
      });
      await server.forget();
      seen[name] = { statuses, requests: requests.sort() };
    };
    const say = (path, init) => ask(page, api + path, init);
    await step('nobody', () => say('/me'));
    await step('nobody again', () => say('/me'));
    await step('a wrong password', () => say('/login', post({ user: 'alice', password: 'no-such-word' })));
    await step('sign-in', () => say('/login', post({ user: 'alice', password: 'wonderland' })));
    await step('read', () => say('/me'));
    await step('write', () => say('/write', post()));
    await server.expire();
    await step('expired, three at a time', async () => {
      // All three are there before the first is refused, however slow the machine is.
      await server.fault({ mode: 'late', path: '/me', count: 3 });
      const three = Promise.all(['/me', '/me', '/me'].map((path) => say(path)));
      await server.until((requests) => requests.filter(({ path }) => path === '/api/me').length === 3);
      await server.fault({ mode: 'ok' });
      return three;
    });
    await step('payload', () => say('/payload', post({ theme: 'dark' })));
    await step('a claim', () => say('/verified'));
    await step('a 403 of the app', () => say('/forbid'));
    await step('a 401 of the app', () => say('/refuse'));
    const told = [];
    const look = (name, facts) =>
      step(name, async () => {
        await server.facts(facts);
        // As JSON has it: an actual value that is undefined is none.
        told.push(JSON.stringify((await validate()).map(({ id, reason }) => [id, sorted(reason)])));
      });
    await look('claims, of which nothing is known', {});
    await look('claims that are known', { verified: true });
    await server.fault({ mode: '500', path: '/claims/verified' });
    await look('claims, one of whose endpoints fails', {});
    await server.fault({ mode: 'ok' });
    seen.told = told;
    await server.expire();
    await step('a write, expired', () => say('/write', post()));
    await server.revoke({ user: 'alice' });
    await step('a 401 that takes the session away', () => say('/strict'));
    await step('and then', () => say('/me'));
    await step('sign-in again', () => say('/login', post({ user: 'alice', password: 'wonderland' })));
    await step('sign-out', signOut);
    await step('nobody any more', () => say('/me'));
    await step('another', () => say('/login', post({ user: 'bob', password: 'builder' })));
    await step('revoked by the app', () => say('/revoke', post()));
    await step('nobody at the end', () => say('/me'));
    return seen;
  } finally {
    await context.close();
  }
}

const sorted = (reason) => Object.fromEntries(Object.entries(reason).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What the docs say is not the same. */
const without = (requests) => requests.map((line) => (/^GET /.test(line) ? line.replace(' guard', '') : line));

for (const [transfer, antiCsrf] of [
  ['cookie', 'VIA_TOKEN'],
  ['cookie', 'NONE'],
  ['header', 'NONE'],
]) {
  test(
    `S34 S53 S54 S55 S87 supertokens-website sends the same (${transfer}, ${antiCsrf})`,
    { timeout: 60_000 },
    async () => {
      const theirs = await run('theirs', transfer, antiCsrf);
      const ours = await run('ours', transfer, antiCsrf);
      assert.deepEqual(ours.told, theirs.told);
      assert.match(ours.told[0], /expectedToIncludeAtLeastOneOf|wrong value/);
      delete theirs.told;
      // They throw an error of their own; here the caller gets the server's own answer.
      assert.deepEqual([theirs['a 401 of the app'].statuses, ours['a 401 of the app'].statuses], [['Error'], [401]]);
      theirs['a 401 of the app'].statuses = [401];
      for (const name of Object.keys(theirs)) {
        const want = { ...theirs[name], requests: without(theirs[name].requests) };
        assert.deepEqual({ ...ours[name], requests: without(ours[name].requests) }, want, name);
      }
    },
  );
}
