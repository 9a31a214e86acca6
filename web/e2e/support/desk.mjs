// What tests of assisted service stand on: the stand-in for SAP Commerce, one browser a file, and its log, in which no request
// may have run as somebody else than it was made for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { people, startOcc } from '../servers/occ.mjs';
import { settled } from './scenes.mjs';

export const site = '/occ/v2/electronics-spa';

/** Whose name a request for a user's id may run under: an agent's token for a customer's id, the customer's own for `current`. */
const names = { 'c-alice': 'alice', 'c-bob': 'bob', anonymous: 'anonymous' };

/** Those of the log that ran, or tried to run, as somebody else. */
export function wrongSubjects(log) {
  return log.filter(({ path, kind, actor, subject, authorization }) => {
    const id = new RegExp(`^${site}/users/([^/]+)`).exec(path)?.[1];
    if (path.startsWith('/assistedservicewebservices/')) return authorization !== 'none' && kind !== 'agent';
    if (!id || authorization === 'none') return false;
    if (id === 'current') return kind !== 'customer' || (subject && subject !== actor);
    return kind !== 'agent' || (subject && subject !== (names[id] ?? subject));
  });
}

/** Registers the start and the end of the file's server and browser, and returns what registers a test. */
export function desk() {
  let browser;
  let occ;
  let asked = 0;
  before(async () => {
    [browser, occ] = await Promise.all([launch(), startOcc()]);
  });
  after(async () => {
    await Promise.all([browser?.close(), occ?.close()]);
    assert.ok(asked > 0, 'nothing was asked');
  });

  return (name, { auth, options, api = [], init, arg } = {}, act) =>
    test(name, { timeout: 60_000 }, async () => {
      await occ.reset();
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      await context.addInitScript(
        (value) => {
          globalThis.settings = value;
        },
        {
          scheme: 'occ',
          auth: { baseUrl: occ.baseUrl, baseSite: 'electronics-spa', flow: 'password', agent: {}, ...auth },
          options: {
            api: [`${occ.baseUrl}/occ/v2/`, ...api.map((one) => ({ ...one, url: occ.baseUrl + one.url }))],
            ...options,
          },
        },
      );
      if (init) await context.addInitScript(init, arg);
      const scene = {
        occ,
        context,
        async open(path = '', until = 'ready') {
          const page = await context.newPage();
          await page.goto(occ.page + path);
          if (until === 'ready') await settled(page);
          else await page.waitForFunction(() => globalThis.session);
          return page;
        },
      };
      try {
        await act(scene);
        const log = await occ.log();
        const users = log.filter(({ path }) => path.includes('/users/'));
        asked += users.length;
        assert.deepEqual(wrongSubjects(log), []);
        for (const secret of [people.agent.password, people.alice.password])
          assert.ok(!JSON.stringify(log).includes(secret));
      } finally {
        await context.close();
      }
    });
}

export const reload = async (page) => {
  await page.reload();
  await settled(page);
};

export const modes = {
  nobody: 'anonymous anonymous',
  customer: 'authenticated current',
  agent: 'anonymous anonymous agent',
  bob: 'authenticated c-bob agent emulated',
  alice: 'authenticated c-alice agent emulated',
};

/** Waits until every page shows that, and asserts that none shows two things at once. */
export async function shows(mode, ...pages) {
  await Promise.all(
    pages.map(async (page) => {
      const read = () => {
        const { status, userId, isAgent, isEmulated } = session.state;
        return `${status} ${userId}${isAgent ? ' agent' : ''}${isEmulated ? ' emulated' : ''}`;
      };
      await page
        .waitForFunction(({ read, mode }) => new Function(`return (${read})()`)() === mode, { read: `${read}`, mode })
        .catch(async () => assert.equal(await page.evaluate(read), mode));
      const { isLoggedIn, isAgent, agent } = await page.evaluate(() => ({
        ...session.state,
        agent: session.agent.isLoggedIn,
      }));
      assert.equal(isLoggedIn, mode.startsWith('authenticated'));
      assert.equal(agent, isAgent);
    }),
  );
}

/** The page's events since the last time, without those that only say that something is different. */
export const told = (page) =>
  page.evaluate(() => {
    const all = globalThis.events.splice(0);
    window.name = '[]';
    return all
      .filter(({ type }) => type !== 'statechange')
      .map(({ type, reason, remote, code }) => [type, reason ?? code, remote && 'remote'].filter(Boolean).join(' '));
  });

/** Asks for the page's user, as a storefront does: by the id that it is shown. */
export const asUser = (page, more = '') =>
  page.evaluate(
    async ([site, more]) => {
      try {
        const response = await fetch(`${settings.auth.baseUrl}${site}/users/${session.state.userId}${more}`);
        if (response.status !== 200) return response.status;
        const { who, actor } = await response.json();
        return `${actor} for ${who}`;
      } catch ({ name, code }) {
        return code ?? name;
      }
    },
    [site, more],
  );

/** Asks for what is for agents only. */
export const search = (page, init) =>
  page.evaluate(async (init) => {
    const url = `${settings.auth.baseUrl}/assistedservicewebservices/customers/search?query=bob&baseSite=electronics-spa`;
    try {
      const response = await fetch(url, init);
      const text = await response.text();
      return [response.status, text.startsWith('{') ? JSON.parse(text).actor : undefined];
    } catch ({ name, code }) {
      return [code ?? name];
    }
  }, init);

/** Calls something of `session`, and resolves with the code of what it failed with. */
export const call = (page, path, ...args) =>
  page.evaluate(
    async ([path, args]) => {
      const names = path.split('.');
      const name = names.pop();
      const of = names.reduce((at, name) => at[name], session);
      try {
        await of[name](...args);
      } catch ({ code }) {
        return code ?? 'unknown';
      }
    },
    [path, args],
  );

export const customerSignsIn = (page, { username, password } = people.alice) =>
  call(page, 'loginWithCredentials', username, password);
export const agentSignsIn = (page, { username, password } = people.agent) =>
  call(page, 'agent.login', username, password);

/** Signs in at the server's own form, where `begin` leads to. */
export async function byRedirect(page, begin, { username, password }, path = '/') {
  void page.evaluate(begin).catch(() => {});
  await page.fill('[name=username]', username);
  await page.fill('[name=password]', password);
  await page.click('button');
  await page.waitForFunction((path) => globalThis.session && location.pathname === path, path);
  await settled(page);
}
