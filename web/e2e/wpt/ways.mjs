// The ways a file is run: natively, and wrapped by a session that covers all of the server, or none of it.
import { build } from 'esbuild';
import { join } from 'node:path';

const dist = join(import.meta.dirname, '../../dist');
const at = '/latchkey/';

/** How a session is made in a page of the server. */
const options = (latchkey, at) => ({
  auth: latchkey.oauth({
    flow: 'password',
    clientId: 'wpt',
    scope: 'all',
    endpoints: { token: `${location.origin}${at}token` },
  }),
  api: [`${location.origin}/`],
  wasmURL: `${at}latchkey.wasm`,
});

/** What answers for the session: its files, a page to sign in at, and a token endpoint that grants everything. */
export function sessionServer(readFile) {
  let issued = 0;
  return {
    [at]: async (request, response, url) => {
      const name = url.pathname.slice(at.length);
      if (name === 'sign-in.html')
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
      if (name === 'token') {
        for await (const _ of request);
        const body = {
          token_type: 'Bearer',
          access_token: `token-${++issued}`,
          refresh_token: `refresh-${issued}`,
          expires_in: 86_400,
        };
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      }
      const type = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
      response.writeHead(200, { 'content-type': type }).end(await readFile(join(dist, name)));
    },
  };
}

/** latchkey.js as a classic script, so that it comes before all else in a page, in a scope of its own. */
async function classic() {
  const { outputFiles } = await build({
    entryPoints: [join(dist, 'latchkey.min.js')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'latchkey',
    logLevel: 'error',
    define: { 'import.meta.url': JSON.stringify('http://localhost/') },
    plugins: [
      {
        name: 'the second file',
        setup: ({ onResolve }) =>
          onResolve({ filter: /runtime\.min\.js$/ }, () => ({ path: `${at}latchkey.runtime.min.js`, external: true })),
      },
    ],
  });
  return outputFiles[0].text;
}

/** Resolves with the ways' names and what each runs in every page and frame before all else. */
export async function createWays(browser, origin) {
  const script = await classic();
  const start = (change) => `{
    if (location.origin === ${JSON.stringify(origin)}) {
      ${script}
      const given = (${options})(latchkey, ${JSON.stringify(at)});
      (${change})(given, latchkey);
    }
  }`;
  const record = await signIn(browser, origin, start);
  const seed = ([name, value] = []) => name && localStorage.setItem(name, value);
  return {
    native: undefined,
    'not covered': start(
      `(given, { createSession }) => createSession({ ...given, api: [location.origin + '/nothing/here'], load: 'demand' })`,
    ),
    'covered, nobody signed in': start(`(given, { createSession }) => createSession({ ...given, load: 'demand' })`),
    'covered, signed in': start(`(given, { createSession }) => {
      (${seed})(${JSON.stringify(record)});
      createSession({ ...given, load: 'demand' });
    }`),
  };
}

/** Signs in once, and resolves with the record of it: its key and its value. */
async function signIn(browser, origin, start) {
  const context = await browser.newContext();
  try {
    await context.addInitScript(start(`(given, { createSession }) => (globalThis.session = createSession(given))`));
    const page = await context.newPage();
    await page.goto(`${origin}${at}sign-in.html`);
    return await page.evaluate(async () => {
      await session.loginWithCredentials('alice', 'wonderland');
      return Object.entries({ ...localStorage }).find(([name]) => /^latchkey\/1\/[^/]+\/[^/]+\/$/.test(name));
    });
  } finally {
    await context.close();
  }
}
