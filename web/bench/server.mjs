// The pages and their API, on one origin for each library: <library>.localhost and first.<library>.localhost.
// A process of its own, so that driving the browser does not slow its answers; its parent's end is its own.
//
//     fork('server.mjs', [folder of the pages, the demo server's origin])  →  message { port }
import { createServer } from 'node:http';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const [site, issuer] = process.argv.slice(2);
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** Everything is compressed beforehand, as it would be behind a CDN. Quality 9 for the wasm: 11 takes ten seconds. */
const files = new Map();
for (const path of readdirSync(site, { recursive: true }).map((name) => join(site, name))) {
  const type = types[extname(path)];
  if (!type || !statSync(path).isFile()) continue;
  const quality = type == 'application/wasm' ? 9 : 11;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_LGWIN]: 24 };
  files.set(relative(site, path), { type, body: brotliCompressSync(readFileSync(path), { params }) });
}

const isolated = {
  // performance.now() counts in steps of 5 µs in an isolated page, of 100 µs elsewhere.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const library = request.headers.host.split('.localhost')[0].replace(/^first\./, '');
  const file = files.get(join(library, pathname));
  if (file) {
    const html = file.type.startsWith('text/html');
    response.writeHead(200, {
      'content-type': file.type,
      'content-encoding': 'br',
      'content-length': file.body.length,
      'cache-control': html ? 'no-store' : 'public, max-age=31536000, immutable',
      ...(html && isolated),
    });
    response.end(file.body);
  } else if (pathname.startsWith('/api/')) {
    const body = JSON.stringify({ authorized: /^Bearer ./.test(request.headers.authorization ?? '') });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': body.length,
      'cache-control': 'no-store',
    });
    response.end(body);
  } else if (pathname == '/token' && request.method == 'POST') {
    await forwardGrant(request, response);
  } else if (pathname == '/supertokens' && request.method == 'POST') {
    await signInForSuperTokens(response);
  } else if (pathname == '/auth/session/refresh') {
    // SuperTokens asks on a first visit, as there may be a session that only cookies know of.
    response.writeHead(401).end();
  } else {
    response.writeHead(404).end();
  }
});

/** The demo's token endpoint lets its own page's origin in and no other, so the pages ask for it here. */
async function forwardGrant(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = await grant(Buffer.concat(chunks));
  response.writeHead(answer.status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(await answer.text());
}

/** What a SuperTokens backend answers to a sign-in, in header mode, with tokens of the demo's server. */
async function signInForSuperTokens(response) {
  const form = { grant_type: 'password', client_id: 'demo-password', username: 'alice', password: 'wonderland' };
  const answer = await grant(new URLSearchParams({ ...form, scope: 'openid offline_access api' }).toString());
  if (!answer.ok) throw new Error(`the password grant was refused: ${answer.status}`);
  const tokens = await answer.json();
  const front = { uid: 'alice', ate: Date.now() + tokens.expires_in * 1000, up: {} };
  response.writeHead(200, {
    'st-access-token': tokens.access_token,
    'st-refresh-token': tokens.refresh_token,
    'front-token': Buffer.from(JSON.stringify(front)).toString('base64'),
  });
  response.end();
}

const grant = (body) =>
  fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });

process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
