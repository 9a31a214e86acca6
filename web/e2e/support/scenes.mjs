// What a browser test stands on: one browser and both servers a file, a fresh context and the oracle a test.
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { watch } from './oracle.mjs';
import { startServers } from './servers.mjs';

/**
 * Registers the start and the end of the file's servers and browser. `both`, `demo` and `provider` then register tests:
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
    test(`${name} (${serverName})`, { timeout: given.timeout ?? 40_000, todo: given.todo }, async () => {
      const server = servers[serverName];
      await server.reset();
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      const oracle = watch(context, server.endpoints.token, given.carried);
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
    provider: (name, given, act) => on('oidc-provider', name, given, act),
    both: (name, given, act) => {
      for (const server of ['demo', 'oidc-provider']) on(server, name, given, act);
    },
  };
}

const readable = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' };
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

/** What the demo's server can do by itself: `fault.go` has what each means. */
const ownFaults = {
  network: { mode: 'drop-before' },
  429: { mode: '429', retryAfter: 1 },
  ...Object.fromEntries(['500', '503', 'html', 'empty', 'truncated', 'huge', 'hang'].map((mode) => [mode, { mode }])),
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
    /** Signs in at the server's own page, and waits until the page is where that leads, with its runtime up. */
    async signIn(page, login) {
      await submit(page, login);
      await page.waitForFunction(() => location.pathname !== '/callback' && globalThis.session?.state.isLoggedIn);
      await page.evaluate(() => session.trace());
    },
    submit,
    /**
     * Has the token endpoint misbehave: the demo's server does it itself where it can, else the browser is told so.
     * Resolves with what mends it.
     */
    async breakToken(kind) {
      const fault = server.control && ownFaults[kind];
      if (fault) {
        await server.control('token', fault);
        return async () => {
          // What hangs and is still there would be served then, and its answer lost.
          while (kind === 'hang' && (await server.requests('token')).some(({ done }) => !done));
          await server.control('token', { mode: 'ok' });
        };
      }
      const { token } = server.endpoints;
      const mended = withResolvers();
      const held = [];
      await context.route(token, async (route) => {
        if (kind === 'network') return route.abort();
        if (kind === 'hang') return void held.push(mended.promise.then(() => route.abort()).catch(() => {}));
        const { headers, ...answer } = answers[kind];
        await route.fulfill({ ...answer, headers: { ...headers, ...readable } });
      });
      return async () => {
        mended.resolve();
        // Before the route goes, as that would let through what it holds.
        await Promise.all(held);
        await context.unroute(token);
      };
    },
    /** Holds every request for a URL. `arrived` resolves at the first one; `go` lets them through, `drop` breaks them off. */
    async delay(url) {
      const gate = withResolvers();
      const first = withResolvers();
      await context.route(url, async (route) => {
        first.resolve();
        const how = await gate.promise;
        await route[how]().catch(() => {}); // its page may be gone
      });
      return { arrived: first.promise, go: () => gate.resolve('continue'), drop: () => gate.resolve('abort') };
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
