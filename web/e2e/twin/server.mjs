// What programs talk to: the page's own origin, another one, one that no session ever covers, and one that speaks HTTP/2
// over TLS, as Chromium streams a request's body nowhere else. It writes down what arrives, and a request says itself, in its
// query, what it wants to be answered.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { selfSigned } from '../servers/backends/certificate.mjs';

const web = join(import.meta.dirname, '../..');
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };

const withResolvers = () => {
  const all = {};
  all.promise = new Promise((resolve) => Object.assign(all, { resolve }));
  return all;
};

const listen = async (server, scheme = 'http') => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${scheme}://127.0.0.1:${server.address().port}`;
};

const bytesOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** A body, or what it amounts to. */
const told = (body) =>
  body.length > 1024
    ? `${body.length} bytes ${createHash('sha256').update(body).digest('hex')}`
    : body.toString('latin1');

const boundary = /----(WebKitFormB|geckoformb)oundary\w+/g;

/** The body as it is noted: with one boundary for all forms, as Firefox' differ in length too. */
const sameOf = ({ headers }, body) =>
  /^multipart/.test(headers['content-type'])
    ? Buffer.from(body.toString('latin1').replace(boundary, 'BOUNDARY'), 'latin1')
    : body;

/** What arrived, but for the token. */
const entryOf = (where, request, body) => {
  const { method, url, rawHeaders } = request;
  const same = sameOf(request, body);
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    const value = name === 'content-length' && same !== body ? `${same.length}` : rawHeaders[i + 1];
    const line = `${name}: ${value.replace(boundary, 'BOUNDARY')}`;
    if (!/^(:|host:|authorization: Bearer token-)/.test(line)) headers.push(line);
  }
  // Chromium writes them in the order of a hash map, which one header more changes.
  headers.sort();
  return { where, method, url, headers, body: told(same) };
};

/**
 * Starts them. `here`, `there`, `far` and `h2` are origins; one more takes what a page asks for, on behalf of a group of
 * programs; `log(run)` has what arrived in one run of one program, oldest first.
 */
export async function startTwinServer() {
  const logs = new Map();
  const gates = new Map();
  /** Tokens that are good, by their group, and how many there have been. */
  const tokens = new Map();
  let issued = 0;

  const log = (run) => logs.get(run) ?? logs.set(run, []).get(run);
  /** A place where a request waits: `arrived`, `go` and `closed`, which a request of that name and the page both know. */
  const gate = (run, name) => {
    const key = `${run} ${name}`;
    if (!gates.has(key)) gates.set(key, { arrived: withResolvers(), go: withResolvers(), closed: withResolvers() });
    return gates.get(key);
  };
  const pass = async (response, { arrived, go, closed }) => {
    response.on('close', () => closed.resolve());
    arrived.resolve();
    await go.promise;
  };

  const allow = (request, response, query) => {
    const { origin } = request.headers;
    if (!origin || query.has('closed')) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-max-age', '600');
    response.setHeader('access-control-expose-headers', 'x-seen, etag, www-authenticate');
  };

  const token = async (request, response) => {
    const form = new URLSearchParams((await bytesOf(request)).toString());
    const group = form.get('username') ?? form.get('refresh_token');
    const { run, hold } = tokens.get(group) ?? {};
    if (hold) await pass(response, gate(run, hold));
    const good = `token-${group}-${issued++}`;
    tokens.set(group, { ...tokens.get(group), good, renewed: (tokens.get(group)?.renewed ?? 0) + 1 });
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(
      JSON.stringify({ token_type: 'Bearer', access_token: good, refresh_token: group, expires_in: 360_000 }),
    );
  };

  const answer = async (where, request, response, { pathname, searchParams: query }) => {
    const [, , run] = pathname.split('/');
    const body = await bytesOf(request).catch(() => Buffer.alloc(0));
    const entry = entryOf(where, request, body);
    const [, group, sent] = /^Bearer (?=token-(\w+)-)(.*)$/.exec(request.headers.authorization ?? '') ?? [];
    entry.token = !!sent;
    entry.refused = !!sent && sent !== tokens.get(group).good;
    log(run).push(entry);
    const first = query.get('first');
    if (first) await pass(response, gate(run, first));
    if (entry.refused) {
      response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
      response.setHeader('x-refused', 'yes');
      return response.writeHead(401, { 'content-type': 'text/plain' }).end('refused');
    }
    const hold = query.get('hold');
    if (hold) await pass(response, gate(run, hold));
    if (query.has('drop')) return request.socket.destroy();
    const headers = { 'cache-control': 'no-store', 'x-seen': `${entry.method} ${sameOf(request, body).length}` };
    for (const line of query.getAll('h')) {
      const [, name, value] = /^([^:]+): ?(.*)$/.exec(line);
      headers[name.toLowerCase()] = value;
    }
    const status = Number(query.get('status') ?? 200);
    // Chromium keeps the beginning of plain text back to see whether it is some, unless it is told not to.
    if (query.has('pieces')) headers['x-content-type-options'] = 'nosniff';
    const seen = query.get('etag');
    if (seen) headers.etag = seen;
    if (query.has('to')) headers.location = query.get('to');
    headers['content-type'] ??= query.has('echo')
      ? (request.headers['content-type'] ?? 'application/octet-stream')
      : 'text/plain';
    let text = query.has('echo') ? body : Buffer.from(query.get('body') ?? 'well', 'latin1');
    if (query.has('size')) text = Buffer.alloc(Number(query.get('size')), 'x');
    if (query.has('names')) {
      const names = request.rawHeaders.filter((_, i) => i % 2 == 0);
      text = Buffer.from(
        names
          .filter((name) => !/^authorization$/i.test(name))
          .sort()
          .join(),
      );
    }
    if (query.has('gzip')) {
      headers['content-encoding'] = 'gzip';
      text = gzipSync(text);
    }
    if (seen && request.headers['if-none-match'] === seen) return response.writeHead(304, headers).end();
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range) {
      headers['content-range'] = `bytes ${range[1]}-${range[2]}/${text.length}`;
      return response.writeHead(206, headers).end(text.subarray(+range[1], +range[2] + 1));
    }
    const reason = query.get('reason');
    response.writeHead(status, ...(reason ? [reason] : []), headers);
    // What comes in pieces comes when the page asks for the next.
    for (const [i, piece] of (query.get('pieces')?.split(',') ?? []).entries()) {
      if (i) await gate(run, `piece ${i}`).go.promise;
      response.write(piece);
    }
    if (query.has('pieces')) {
      await gate(run, 'end').go.promise;
      if (query.has('break')) return request.socket.destroy();
      return response.end();
    }
    response.end(text);
  };

  const handle = (where) => async (request, response) => {
    response.sendDate = false;
    const url = new URL(request.url, 'http://here');
    const { pathname, searchParams: query } = url;
    allow(request, response, query);
    if (request.method === 'OPTIONS' && 'access-control-request-method' in request.headers) {
      response.setHeader('access-control-allow-methods', request.headers['access-control-request-method']);
      response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '');
      const run = pathname.split('/')[2];
      log(run).push({ ...entryOf(where, request, Buffer.alloc(0)), preflight: true });
      return response.writeHead(204).end();
    }
    if (pathname.startsWith('/api/') || pathname.startsWith('/other/')) return answer(where, request, response, url);
    if (pathname === '/token') return token(request, response);
    const name = normalize(pathname === '/' ? '/twin/index.html' : pathname);
    try {
      let file = await readFile(join(web, name.startsWith('/dist/') ? '' : 'e2e', name));
      if (name.endsWith('.html')) file = `${file}`.replace("'{settings}'", JSON.stringify({ origins, command }));
      response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(file);
    } catch {
      response.writeHead(404).end();
    }
  };

  const servers = {
    here: createServer(handle('here')),
    there: createServer(handle('there')),
    far: createServer(handle('far')),
    h2: createSecureServer({ ...selfSigned(), allowHTTP1: true }, handle('h2')),
  };
  const sessions = new Set();
  servers.h2.on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))));
  const origins = {};
  for (const [name, server] of Object.entries(servers)) {
    // What a page has given up may end in any way.
    server.on('clientError', (_, socket) => socket.destroy());
    origins[name] = await listen(server, name === 'h2' ? 'https' : 'http');
  }

  // An origin of its own, so that no request of a program's waits for a connection because of it.
  servers.command = createServer(async (request, response) => {
    const [group, name, ...args] = JSON.parse((await bytesOf(request)).toString());
    const result = await commands[name](group, ...args);
    response.writeHead(200, { 'access-control-allow-origin': '*' }).end(JSON.stringify(result ?? null));
  });
  const command = await listen(servers.command);

  const commands = {
    /** The group's token is good no more. */
    refuse: (group) => void tokens.set(group, { ...tokens.get(group), good: undefined }),
    /** The token endpoint waits at a gate of that run. */
    holdToken: (group, run, hold) => void tokens.set(group, { ...tokens.get(group), run, hold }),
    arrived: (_, run, name) => gate(run, name).arrived.promise,
    closed: (_, run, name) => gate(run, name).closed.promise,
    release: (_, run, name) => gate(run, name).go.resolve(),
    releaseAll: (_, run) => {
      for (const [key, { go }] of gates) if (key.startsWith(`${run} `)) go.resolve();
    },
    renewed: (group) => tokens.get(group)?.renewed ?? 0,
  };
  return {
    origins,
    log,
    async close() {
      for (const { go } of gates.values()) go.resolve();
      for (const session of sessions) session.destroy();
      await Promise.all(
        Object.values(servers).map((server) => {
          server.closeAllConnections?.();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}
