// What a test in every engine stands on: one oidc-provider, one page that asks it, one API that streams. The page has its
// settings in itself, as not every driver can put something into a page before all else.
import { startOidcProvider } from '../servers/oidc-provider.mjs';
import { startResource } from '../servers/resource.mjs';
import { shape } from '../support/servers.mjs';
import { startSite } from '../support/site.mjs';

export async function startGround(options) {
  const bodies = { '/blank.html': '<!doctype html><title>Blank</title>' };
  const site = await startSite({ bodies });
  const page = `${site.origin}/`;
  const [provider, resource] = await Promise.all([
    startOidcProvider({ spaOrigins: [site.origin], ...options }),
    startResource(),
  ]);
  resource.judge = `${provider.api}me`;
  const server = await shape('oidc-provider', page, provider, provider);
  return {
    page,
    /** A page without a session. */
    blank: `${page}blank.html`,
    server,
    resource,
    site,
    /** What the pages that load from now on have: `init` runs in them before all else. */
    configure({ by = 'password', auth, options, init = () => {} } = {}) {
      const { scheme, auth: usual } = server.schemes[by];
      const settings = {
        scheme,
        auth: { ...usual, ...auth },
        options: { api: [server.api, resource.api], ...options },
      };
      bodies['/index.html'] = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <link rel="icon" href="data:," />
  <title>Test page</title>
  <script>globalThis.settings = ${JSON.stringify(settings)}; (${init})();</script>
  <script type="module" src="/page.js"></script>
  <button id="popup" onclick="globalThis.act?.()">Act</button>
</html>`;
    },
    close: () => Promise.all([site.close(), provider.close(), resource.close()]),
  };
}

/** Waits until the page has a session, and knows whose. */
export async function settled(tab) {
  await tab.waitFor(() => globalThis.session);
  await tab.evaluate(() =>
    session.ready.then(
      () => {},
      () => {},
    ),
  );
}

/** Waits until what may take a while is so. */
export async function settles(tab, fn, ...args) {
  while (!(await tab.evaluate(fn, ...args))) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Signs in by name and password; resolves with the user's id, or the code of what went wrong. */
export const signIn = (tab, user = 'alice', password = 'wonderland') =>
  tab.evaluate(
    (user, password) =>
      session.loginWithCredentials(user, password).then(
        ({ userId }) => userId,
        ({ code }) => code,
      ),
    user,
    password,
  );

/** Fills in the server's own form. */
export async function submit(tab) {
  await tab.fill('[name=username]', 'alice');
  await tab.fill('[name=password]', 'wonderland');
  await tab.click('button[value=signin]');
}

/** One fetch of the page's own: its status, or its error, and its body. */
export const ask = (tab, url, init) =>
  tab.evaluate(
    async (url, init) => {
      try {
        const response = await fetch(url, init ?? undefined);
        return { status: response.status, native: response instanceof Response, text: await response.text() };
      } catch (error) {
        return { error: error.name, code: error.code };
      }
    },
    url,
    init,
  );

export const told = (tab, type) =>
  tab.evaluate((type) => globalThis.events.filter((event) => event.type === type), type);
