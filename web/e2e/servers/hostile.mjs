// An authorization server that misbehaves on demand, one behaviour a case; a page to go with it; and an origin that is up
// to no good. The cases, with what each server does, are in ../cases.
//
//   node web/e2e/servers/hostile.mjs                  lists the cases
//   node web/e2e/servers/hostile.mjs --case OP-11     starts the servers of a case, and logs what they are asked
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEvil } from './hostile-evil.mjs';
import { listen } from './hostile-http.mjs';
import { startPage } from './hostile-page.mjs';
import { AuthorizationServer } from './hostile-server.mjs';

/** Starts the servers. `behave(name, behaviour)` then makes an issuer, afresh at each call. */
export async function startHostile({ ports = {} } = {}) {
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
    startPage({ port: ports.page, rewrite: (path, html) => rewrite?.(path, html) ?? html }),
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

/** What `createSession` gets for a page that works with one issuer: see e2e/pages/page.js. */
export function settingsFor(as, { auth, options, scheme = 'oidc' } = {}) {
  const usual = { clientId: 'app', scope: 'openid offline_access profile', redirectUri: `${as.page}/callback` };
  return {
    scheme,
    auth: { ...usual, ...(scheme === 'oidc' ? { issuer: as.issuer } : {}), ...auth },
    options: { api: [`${as.issuer}/api/`, `${as.issuer}/userinfo`], ...options },
  };
}
