// An authorization server that misbehaves on demand, one behaviour a case; a page to go with it; and an origin that is up
// to no good. The cases, with what each server does, are in ../cases.
//
//   node web/e2e/servers/hostile.mjs                  lists the cases
//   node web/e2e/servers/hostile.mjs --case OP-49     lists its variants
//   node web/e2e/servers/hostile.mjs --case OP-11     starts the servers of a case, and tells what they are asked
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEvil } from './hostile-evil.mjs';
import { listen } from './hostile-http.mjs';
import { startPage } from './hostile-page.mjs';
import { AuthorizationServer } from './hostile-server.mjs';

/** Starts the servers. `behave(name, behaviour)` then makes an issuer, afresh at each call. */
export async function startHostile() {
  const issuers = new Map();
  let rewrite;
  const serve = (request, response) => {
    const url = new URL(request.url, server.origin);
    // RFC 8414, section 3.1, puts the well-known part in front of the issuer's path.
    const [, wellKnown = '', name, rest = ''] = /^(\/\.well-known\/[\w-]+)?\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
    const as = issuers.get(name);
    if (!as) return response.writeHead(404).end();
    return as.handle(request, response, url, wellKnown + rest);
  };
  const [evil, page, server, second] = await Promise.all([
    startEvil(),
    startPage({ rewrite: (path, html) => rewrite?.(path, html) ?? html }),
    listen(serve),
    listen(serve),
  ]);
  return {
    page: page.origin,
    evil,
    behave(name, behaviour) {
      const origins = { origin: server.origin, second: second.origin, page: page.origin, evil: evil.origin };
      const as = new AuthorizationServer({ name, ...origins, behaviour });
      issuers.set(name, as);
      rewrite = behaviour?.page && ((path, html) => behaviour.page(path, html, as));
      evil.arrived.length = 0;
      return as;
    },
    close: () => Promise.all([evil, page, server, second].map((one) => one.close())),
  };
}

/** What `createSession` gets for a page that works with one issuer (see ../pages/page.js), as a case wants it. */
export function settingsFor(as, { auth, options, scheme = 'oidc' } = {}) {
  const resolve = (value) => (typeof value === 'function' ? value(as) : value);
  const usual = { clientId: 'app', scope: 'openid offline_access profile', redirectUri: `${as.page}/callback` };
  return {
    scheme,
    auth: { ...usual, ...(scheme === 'oidc' ? { issuer: as.issuer } : {}), ...resolve(auth) },
    options: { api: [`${as.issuer}/api/`, `${as.issuer}/userinfo`], ...resolve(options) },
  };
}

async function main([option, wanted]) {
  const { cases } = await import('../cases/index.mjs');
  const found = cases.filter(({ id, key }) => key === wanted || id === wanted);
  const one = found.find(({ key }) => key === wanted) ?? found[0];
  if (option !== '--case' || !one || (found.length > 1 && one.key !== wanted)) {
    for (const { key, what } of found.length ? found : cases) console.log(`${key.padEnd(24)}${what}`);
    return;
  }
  const hostile = await startHostile();
  const settings = {};
  const as = hostile.behave(one.key, {
    ...one.server,
    page(path, html, as) {
      const given = JSON.stringify(settings).replaceAll('<', '\\u003c');
      const first = html.replace('<script', `<script>settings = ${given}</script><script`);
      return one.server?.page?.(path, first, as) ?? first;
    },
  });
  Object.assign(settings, settingsFor(as, one));
  as.report = ({ method, endpoint, status }) => console.log(`${method} ${endpoint} ${status}`);
  hostile.evil.report = ({ method }) => console.log(`${method} at the other origin`);
  console.log(`${one.key}: ${one.what}
issuer  ${as.issuer}
page    ${as.page}/   then, in its console: session.loginWithRedirect()
evil    ${hostile.evil.origin}
Stop it with Ctrl-C. Requests, without what they hold:`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2));
