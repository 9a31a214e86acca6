// An app's own backend, which keeps the session: it serves the test page, redeems the codes that the page hands over,
// keeps the tokens, and has an API that knows its cookie: on the page's origin, and on another port.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const web = join(import.meta.dirname, '../..');
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };

const listen = async (handler) => {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const json = (response, status, body) =>
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));

const text = async (request) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
};

/**
 * Starts one. `provider.issuer` is read when the first code comes, as a provider has to know the page's origin.
 * @returns `origin` of the page and `api` of the other port, `codes` (how often one was handed over), `tokens` (secrets
 *   that no page may have), `forget()` (the sessions), `switches` (`life` and `twice`), `close()`
 */
export async function startBackend(provider, { clientId = 'demo' } = {}) {
  const sessions = new Map();
  const tokens = [];
  const codes = [];
  const switches = { life: undefined, twice: false };

  const redeem = async ({ code, codeVerifier, redirectUri }) => {
    const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: codeVerifier, redirect_uri: redirectUri };
    return fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
  };

  /** What is checked before a code is spent: that it comes from our own page, and from no form. */
  const exchange = async (request, response) => {
    const { origin, 'content-type': type } = request.headers;
    if (origin !== page.origin || type !== 'application/json') return json(response, 403, { error: 'invalid_request' });
    const given = JSON.parse(await text(request));
    codes.push(given.code);
    tokens.push(given.code, given.codeVerifier);
    if (switches.twice) await redeem(given);
    const answer = await redeem(given);
    const got = await answer.json();
    if (!answer.ok) return json(response, 400, { error: got.error });
    tokens.push(got.access_token, got.refresh_token, got.id_token);
    // Straight from the provider, so that its signature need not be looked at; the nonce has to be.
    const claims = JSON.parse(Buffer.from(got.id_token.split('.')[1], 'base64url'));
    if (claims.nonce !== given.nonce) return json(response, 400, { error: 'invalid_grant' });
    const id = randomBytes(16).toString('base64url');
    tokens.push(id);
    sessions.set(id, claims.sub);
    response.setHeader('set-cookie', `app=${id}; HttpOnly; SameSite=Lax; Path=/`);
    json(response, 200, { sub: claims.sub, claims: { name: claims.name }, expiresIn: switches.life });
  };

  const me = (request, response) => {
    const id = /(?:^|; )app=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const sub = sessions.get(id);
    json(response, sub ? 200 : 401, sub ? { sub, authorization: request.headers.authorization ?? '' } : { error: 'unauthorized' });
  };

  const page = await listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    if (pathname === '/auth/code' && request.method === 'POST') return exchange(request, response);
    if (pathname === '/api/me') return me(request, response);
    const name = extname(pathname) ? normalize(pathname) : '/index.html';
    try {
      const body = await readFile(join(web, name.startsWith('/dist/') ? '' : 'e2e/pages', name));
      response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const api = await listen((request, response) => {
    if (request.headers.origin === page.origin) {
      response.setHeader('access-control-allow-origin', page.origin);
      response.setHeader('access-control-allow-credentials', 'true');
    }
    me(request, response);
  });
  return {
    origin: page.origin,
    api: api.origin,
    codes,
    tokens,
    switches,
    /** The sessions are over; the cookies are still there. */
    forget: () => sessions.clear(),
    close: () => Promise.all([page.close(), api.close()]),
  };
}
