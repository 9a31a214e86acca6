// What a browser test stands on: one browser and both servers a file, a fresh context and the oracle a test.
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { watch } from './oracle.mjs';
import { startServers } from './servers.mjs';

/**
 * Registers the start and the end of the file's servers and browser. `both` and `demo` then register tests:
 * `both(name, { by, options, auth, init }, async (scene) => …)`.
 */
export function scenes(serverOptions) {
  let browser;
  let servers;
  before(async () => {
    [browser, servers] = await Promise.all([launch(), startServers(serverOptions)]);
  });
  after(() => Promise.all([browser?.close(), servers?.close()]));

  const on = (serverName, name, given, act) =>
    test(`${name} (${serverName})`, { timeout: 60_000 }, async () => {
      const server = servers[serverName];
      await server.reset();
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      const oracle = watch(context);
      try {
        const scene = createScene({ context, server, oracle, servers });
        await scene.configure(given);
        await act(scene);
        await oracle.check();
      } finally {
        await context.close();
      }
    });
  return {
    demo: (name, given, act) => on('demo', name, given, act),
    both: (name, given, act) => {
      for (const server of ['demo', 'oidc-provider']) on(server, name, given, act);
    },
  };
}

function createScene({ context, server, oracle }) {
  return {
    context,
    server,
    oracle,
    /** What the pages that load from now on get: `by` is 'code' (default) or 'password'; `init` runs in the page before all else. */
    async configure({ by = 'code', auth, options, init, arg } = {}) {
      const { scheme, auth: usual } = server.schemes[by];
      const settings = { scheme, auth: { ...usual, ...auth }, options: { api: [server.api], ...options } };
      await context.addInitScript((value) => {
        globalThis.settings = value;
      }, settings);
      if (init) await context.addInitScript(init, arg);
    },
    /** A new tab. */
    async open(path = '', { until = 'ready' } = {}) {
      const page = await context.newPage();
      await page.goto(server.page + path);
      if (until === 'ready') await settled(page);
      return page;
    },
    /** Signs in at the server's own page, and waits until the page has dealt with the way back. */
    async signIn(page, { user = 'alice', password = 'wonderland', login = {} } = {}) {
      void page.evaluate((options) => session.loginWithRedirect(options), login).catch(() => {});
      await page.fill('[name=username]', user);
      await page.fill('[name=password]', password);
      await page.click('button[value=signin]');
      await page.waitForURL((url) => url.href.startsWith(server.page));
      await settled(page);
    },
    /** Holds every request for a URL back. Resolves with what lets them go; `arrived` resolves at the first one. */
    async delay(url) {
      const gate = Promise.withResolvers?.() ?? withResolvers();
      const first = withResolvers();
      await context.route(url, async (route) => {
        first.resolve();
        await gate.promise;
        await route.continue().catch(() => {}); // its page may be gone
      });
      return { go: gate.resolve, arrived: first.promise };
    },
  };
}

export function withResolvers() {
  const gate = {};
  gate.promise = new Promise((resolve, reject) => Object.assign(gate, { resolve, reject }));
  return gate;
}

/** Waits for the page's `session`, and for `ready` of it. */
export async function settled(page) {
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate(() => session.ready.catch(() => {}));
}
