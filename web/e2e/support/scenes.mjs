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

const json = { 'content-type': 'application/json' };
const answers = {
  500: { status: 500, headers: json, body: '{"error":"server_error"}' },
  503: { status: 503, headers: json, body: '{"error":"temporarily_unavailable"}' },
  429: { status: 429, headers: { ...json, 'retry-after': '1' }, body: '{"error":"slow_down"}' },
  html: { status: 200, contentType: 'text/html', body: '<!doctype html><h1>Welcome to the network</h1>' },
  empty: { status: 200, headers: json, body: '' },
  truncated: { status: 200, headers: json, body: '{"token_type":"bearer","access_to' },
  null: { status: 200, headers: json, body: 'null' },
};

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
    /** Signs in at the server's own page, and waits until the page is where that leads. */
    async signIn(page, login) {
      await submit(page, login);
      await page.waitForFunction(() => location.pathname !== '/callback' && globalThis.session?.state.isLoggedIn);
    },
    submit,
    /** Has the token endpoint misbehave, in a way that `answers` lists, or 'network' or 'hang'. Resolves with what mends it. */
    async breakToken(kind) {
      const { token } = server.endpoints;
      const mended = withResolvers();
      await context.route(token, async (route) => {
        if (kind === 'network') return route.abort();
        if (kind === 'hang') return mended.promise.then(() => route.abort().catch(() => {}));
        const { headers, ...answer } = answers[kind];
        await route.fulfill({ ...answer, headers: { ...headers, 'access-control-allow-origin': '*' } });
      });
      return async () => {
        mended.resolve();
        await context.unroute(token);
      };
    },
    /** Holds every request for a URL back. Resolves with what lets them go; `arrived` resolves at the first one. */
    async delay(url) {
      const gate = withResolvers();
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

/** Goes to the server's own sign-in page, and signs in there. */
async function submit(page, login = {}) {
  void page.evaluate((options) => session.loginWithRedirect(options), login).catch(() => {});
  await page.fill('[name=username]', 'alice');
  await page.fill('[name=password]', 'wonderland');
  await page.click('button[value=signin]');
}

/** Waits for the page's `session`, and for `ready` of it. */
export async function settled(page) {
  await page.waitForFunction(() => globalThis.session);
  await page.evaluate(() => session.ready.catch(() => {}));
}
