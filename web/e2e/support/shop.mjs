// What a browser test of occ() stands on: one browser and one stand-in for SAP Commerce a file, a fresh context and the
// oracle a test.
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { people, startOcc } from '../servers/occ.mjs';
import { watch } from './oracle.mjs';
import { settled } from './scenes.mjs';

export { people };

export const site = 'electronics-spa';

/** What is in an address of the protocol's own, of the server's or the page's before the page has cleaned it. */
const carried = ['code', 'id_token_hint', 'access_token'];

/**
 * Registers the start and the end of the file's server and browser. The result registers tests:
 * `shop(name, { auth, options, init, arg }, async (scene) => …)`. `auth` is for `occ()`: the classic generation, unless it
 * says otherwise.
 */
export function shops() {
  let browser;
  let occ;
  before(async () => {
    [browser, occ] = await Promise.all([launch(), startOcc()]);
  });
  after(() => Promise.all([browser?.close(), occ?.close()]));

  return (name, given, act) =>
    test(name, { timeout: 60_000 }, async () => {
      await occ.reset();
      const opened = [];
      /** Another profile, as on another device. */
      const profile = async (more = given) => {
        const context = await browser.newContext();
        context.setDefaultTimeout(15_000);
        const oracle = watch(context, `${occ.baseUrl}/authorizationserver/oauth/token`, carried);
        opened.push({ context, oracle });
        await context.addInitScript(
          (value) => {
            globalThis.settings = value;
          },
          settings(occ, more),
        );
        if (more.init) await context.addInitScript(more.init, more.arg);
        return { context, oracle, open: (path, options) => open(occ, context, path, options) };
      };
      try {
        const first = await profile();
        await act({ ...first, occ, profile, api: `${occ.baseUrl}/occ/v2/${site}/` });
        for (const { oracle } of opened) await oracle.check();
      } finally {
        await Promise.all(opened.map(({ context }) => context.close()));
      }
    });
}

/** What the test page gets. */
function settings({ baseUrl }, { auth, options } = {}) {
  return {
    scheme: 'occ',
    auth: { baseUrl, baseSite: site, ...(auth?.flow || auth?.clientId ? {} : { flow: 'password' }), ...auth },
    options: { api: [`${baseUrl}/occ/v2/`], ...options },
  };
}

async function open({ page: address }, context, path = '', { until = 'ready' } = {}) {
  const page = await context.newPage();
  await page.goto(address + path);
  if (until === 'ready') await settled(page);
  return page;
}

/** Fills in the form of whichever page of the server's is shown. */
export async function submit(page, { username, password } = people.alice) {
  await page.fill('[name=username]', username);
  await page.fill('[name=password]', password);
  await page.click('button');
}

/** Goes to the server's own sign-in page, signs in there, and waits until the app's page has that session. */
export async function signInByCode(page, login, who = people.alice) {
  void page.evaluate((options) => session.loginWithRedirect(options), login).catch(() => {});
  await submit(page, who);
  await signedIn(page);
}

export const signedIn = (page) => page.waitForFunction(() => globalThis.session?.state.isLoggedIn);

/** The requests with that end of the path, oldest first, without preflights. */
export const requests = async (occ, end) =>
  (await occ.log()).filter(({ method, path }) => method !== 'OPTIONS' && path.endsWith(end));

export const tokenRequests = async (occ, grant) =>
  (await requests(occ, '/oauth/token')).filter(({ grantType }) => !grant || grantType === grant);

/** Signs a customer in by name and password; rejects as the page's call does, with the code as the message. */
export const signIn = (page, { username, password } = people.alice, options) =>
  page.evaluate(
    ([username, password, options]) =>
      session.loginWithCredentials(username, password, options).then(
        ({ userId }) => userId,
        ({ code }) => {
          throw new Error(code);
        },
      ),
    [username, password, options],
  );

/** One call of the page's own, read as JSON where that is possible. */
export const get = (page, url, init) =>
  page.evaluate(
    async ([url, init]) => {
      try {
        const response = await fetch(url, init);
        const text = await response.text();
        const { status } = response;
        try {
          return { status, ...JSON.parse(text) };
        } catch {
          return { status, text };
        }
      } catch ({ name, code }) {
        return { error: name, code };
      }
    },
    [url, init],
  );
