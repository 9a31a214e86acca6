// What a browser test of vendure() stands on: one browser and one real Vendure a file, a fresh context and the oracle a
// test.
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { startVendure } from '../servers/vendure.mjs';
import { watch } from './oracle.mjs';
import { settled } from './scenes.mjs';

/**
 * Registers the start and the end of the file's server and browser. The result registers tests:
 * `store(name, { auth, options, api, switches, init }, async (scene) => …)`; `api` is 'shop' or 'admin'.
 */
export function stores(tokenMethod = 'bearer') {
  let browser;
  let server;
  before(async () => {
    [browser, server] = await Promise.all([launch(), startVendure()]);
  });
  after(() => Promise.all([browser?.close(), server?.close()]));

  return (name, { auth, options, api = 'shop', switches, init, arg }, act) =>
    test(name, { timeout: 60_000 }, async () => {
      await server.reset();
      await server.set({ tokenMethod, ...switches });
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      const oracle = watch(context, '', []);
      for (const { password } of Object.values(server.people)) oracle.secrets.add(password);
      try {
        const settings = {
          scheme: 'vendure',
          auth: { url: server[api], ...(tokenMethod === 'cookie' && { tokenMethod }), ...auth },
          options: { api: [server[api]], ...options },
        };
        await context.addInitScript((value) => {
          globalThis.settings = value;
        }, settings);
        if (init) await context.addInitScript(init, arg);
        const open = async (path = '') => {
          const page = await context.newPage();
          await page.goto(server.page + path);
          await settled(page);
          return page;
        };
        await act({ server, context, oracle, open, url: server[api], ...server.people, ...server.products });
        await oracle.check();
      } finally {
        await context.close();
      }
    });
}

/** One operation of the page's own, as a page's client sends it. Resolves with the answer, whole. */
export const run = (page, query, variables, { url, ...init } = {}) =>
  page.evaluate(
    async ([query, variables, url, init]) => {
      try {
        const response = await fetch(url ?? globalThis.settings.auth.url, {
          method: 'POST',
          body: JSON.stringify({ query, variables }),
          ...init,
          headers: { 'content-type': 'application/json', ...init.headers },
        });
        const text = await response.text();
        try {
          return { status: response.status, ...JSON.parse(text) };
        } catch {
          return { status: response.status, text };
        }
      } catch ({ name, code }) {
        return { error: name, code };
      }
    },
    [query, variables, url, init],
  );

export const cart = '{ activeOrder { code totalQuantity } }';
export const add = (id) =>
  `mutation { addItemToOrder(productVariantId: "${id}", quantity: 1) { __typename ... on Order { code totalQuantity } ... on ErrorResult { errorCode } } }`;
export const customer = '{ activeCustomer { emailAddress } }';
export const catalogue = '{ products(options: { take: 1 }) { totalItems } }';
const user = '__typename ... on CurrentUser { id identifier } ... on ErrorResult { errorCode message }';
export const login = `mutation Login($username: String!, $password: String!) { login(username: $username, password: $password, rememberMe: true) { ${user} } }`;
export const me = '{ me { id identifier } }';

export const quantity = async (page) => (await run(page, cart)).data.activeOrder?.totalQuantity ?? 0;

/** Signs in; resolves with the user's id, or with how that failed. */
export const signIn = (page, { username, password }, options) =>
  page.evaluate(
    ([username, password, options]) =>
      session.loginWithCredentials(username, password, options).then(
        ({ userId }) => userId,
        ({ code, message, oauth }) => ({ code, message, oauth }),
      ),
    [username, password, options],
  );

export const signInWith = (page, operation, variables) =>
  page.evaluate(
    ([operation, variables]) =>
      session.loginWith(operation, variables).then(
        ({ claims }) => claims.identifier,
        ({ code, message, oauth }) => ({ code, message, oauth }),
      ),
    [operation, variables],
  );

/** What the page was told, but for changes of its state. */
export const told = async (page) =>
  (await page.evaluate(() => globalThis.events))
    .filter(({ type }) => type !== 'statechange')
    .map(({ type, reason, code, remote }) => [type, reason ?? code, remote && 'remote'].filter(Boolean).join(' '));

export const isLoggedIn = (page, yes = true) =>
  page.waitForFunction((yes) => globalThis.session?.state.isLoggedIn === yes, yes);

/** Which sessions there are at the server: the users' names, null for a visitor. */
export const users = async (server) => (await server.sessions()).map(({ user }) => user).sort();

/** Who has asked, with which token: `Bearer session-1`, or nothing. */
export const asked = async (server, field) =>
  (await server.log())
    .filter(({ fields, method }) => method === 'POST' && (!field || fields.includes(field)))
    .map(({ authorization }) => authorization?.token);

export const state = (page) => page.evaluate(() => session.state);
