// Serves files of WPT as wptserve would, as far as the tests of fetch/api and xhr ask: pages made of scripts, values put in
// (`.sub.`), headers from files, pipes, raw answers. Handlers are JavaScript, or those of a checkout in Python.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, STATUS_CODES } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html',
  '.htm': 'text/html',
  '.xhtml': 'application/xhtml+xml',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.xml': 'text/xml',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.wasm': 'application/wasm',
  '.vtt': 'text/vtt',
  '.idl': 'text/plain',
};

/** Where tests send requests that nobody is to answer. */
const closedPort = 1;

/**
 * Starts the servers. `roots` are folders, the first that has a file wins; `own` has answers by path, as functions of
 * (request, response, url, body); with `python` the first root's handlers run.
 */
export async function startWpt({ roots, own = {}, python }) {
  const servers = [];
  const handlers = python && (await startHandlers(roots[0]));
  for (let i = 0; i < 2; i++) {
    const inner = createServer((request, response) => {
      // The next request may be for a handler.
      response.shouldKeepAlive = false;
      serve(request, response).catch((error) => {
        if (!response.headersSent) response.writeHead(500).end(String(error));
        else response.destroy();
      });
    });
    const server = createFront(inner, handlers?.port);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  const origin = `http://localhost:${ports[0]}`;

  async function serve(request, response) {
    const url = new URL(request.url, `http://${request.headers.host}`);
    const { pathname } = url;
    const answer =
      own[pathname] ?? Object.entries(own).find(([at]) => at.endsWith('/') && pathname.startsWith(at))?.[1];
    if (answer) return answer(request, response, url);
    if (!/^(GET|HEAD)$/.test(request.method)) {
      const status = (await fileAt(decodeURIComponent(pathname))) ? 405 : 404;
      return response.writeHead(status, { 'content-length': 0 }).end();
    }
    const made = await pageOf(pathname);
    const text = made ?? (await fileAt(decodeURIComponent(pathname)));
    if (text === undefined) return response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    if (pathname.endsWith('.asis')) return request.socket.end(text);
    const put = (value) => substitute(value, { url, request, ports });
    const headers = [['Content-Type', made ? 'text/html' : (types[extname(pathname)] ?? 'text/plain')]];
    for (const name of [normalize(join(pathname, '../__dir__')), pathname]) {
      for (const [suffix, change] of [
        ['.headers', (value) => value],
        ['.sub.headers', put],
      ]) {
        const lines = await fileAt(name + suffix);
        if (lines) setFields(headers, change(lines.toString('latin1')));
      }
    }
    await pipe({
      response,
      headers,
      put,
      head: request.method === 'HEAD',
      content: /\.sub\./.test(pathname) ? Buffer.from(put(text.toString())) : Buffer.from(text),
      steps: stepsOf(url.searchParams.get('pipe')),
    });
  }

  const fileAt = async (path) => {
    if (path === '/resources/WebIDLParser.js') path = '/resources/webidl2/lib/webidl2.js';
    for (const root of roots) {
      const file = await readFile(join(root, normalize(path))).catch(() => undefined);
      if (file) return file;
    }
  };

  /** The page of a test that is a script. */
  const pageOf = async (pathname) => {
    const [, path, kind] = /^(.*)\.(any|window)\.html$/.exec(pathname) ?? [];
    const script = kind && (await fileAt(`${path}.${kind}.js`));
    if (!script) return;
    const scripts = [...script.toString().matchAll(/^\/\/ META: script=(.*)$/gm)].map(([, src]) => src.trim());
    const long = /META: timeout=long/.test(script) ? '<meta name="timeout" content="long">' : '';
    const tag = (src) => `<script src="${src}"></script>`;
    return `<!doctype html>
<meta charset="utf-8">
${long}
<script>self.GLOBAL = { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false };</script>
${['/resources/testharness.js', '/resources/testharnessreport.js', ...scripts].map(tag).join('\n')}
<div id="log"></div>
${tag(`${path.split('/').pop()}.${kind}.js`)}
`;
  };

  return {
    origin,
    ports,
    async close() {
      handlers?.close();
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

/** Puts values where a file says `{{…}}`. */
function substitute(text, { url, request, ports }) {
  const kept = {};
  const value = (expression) => {
    const [, name, fallback] = /^header_or_default\(\s*([\w-]+)\s*,\s*([^)]*)\)$/.exec(expression) ?? [];
    if (name) return request.headers[name.toLowerCase()] ?? fallback;
    const [head, ...keys] = expression.replaceAll(']', '').split('[');
    const domain = (label = '', base = 'localhost') => (label ? `${label}.${base}` : base);
    switch (head) {
      case 'host':
        return 'localhost';
      case 'domains':
        return domain(keys[0]);
      case 'hosts':
        return keys[0] === 'alt' ? domain(keys[1], keys[1] ? 'alt.localhost' : '127.0.0.1') : domain(keys[1]);
      case 'ports':
        return /^http(-local|-public)?$/.test(keys[0]) ? ports[keys[1]] : closedPort;
      case 'GET':
        return url.searchParams.get(keys[0]) ?? '';
      case 'headers':
        return request.headers[keys[0].toLowerCase()] ?? '';
      case 'location':
        return {
          server: url.origin,
          scheme: 'http',
          host: url.host,
          hostname: url.hostname,
          port: url.port,
          path: url.pathname,
          pathname: url.pathname,
          query: url.search,
        }[keys[0]];
      case 'uuid()':
        return randomUUID();
      default:
        throw new Error(`no value for ${expression}`);
    }
  };
  return text.replace(/\{\{(?:\$(\w+):)?([^}]*)\}\}/g, (_, id, expression) => {
    if (expression.startsWith('$')) return kept[expression.slice(1)];
    const it = value(expression.trim());
    if (id) kept[id] = it;
    return it;
  });
}

function setFields(headers, lines) {
  for (const line of lines.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at < 1) continue;
    const field = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    setField(headers, field);
  }
}

function setField(headers, [name, value], add) {
  const at = headers.findIndex(([has]) => has.toLowerCase() === name.toLowerCase());
  if (at >= 0 && !add && name.toLowerCase() === 'content-type') headers.splice(at, 1);
  headers.push([name, value]);
}

/** The steps of a `pipe=`: names with their arguments, in which a backslash keeps what follows. */
function stepsOf(text) {
  const steps = [];
  for (const [, name, args] of (text ?? '').matchAll(/(\w+)(?:\(((?:\\.|[^)\\])*)\))?/g))
    steps.push([name, (args ?? '').split(/(?<!\\),/).map((arg) => arg.replace(/\\(.)/g, '$1'))]);
  return steps;
}

async function pipe({ response, headers, content, steps, put, head }) {
  let status = 200;
  let rhythm;
  for (const [name, args] of steps) {
    if (name === 'header') setField(headers, args, args[2]?.trim() === 'True');
    if (name === 'status') status = Number(args[0]);
    if (name === 'sub') content = Buffer.from(put(content.toString()));
    if (name === 'slice') {
      const [from, to] = args.map((arg) => (/^-?\d+$/.test(arg ?? '') ? Number(arg) : undefined));
      content = content.subarray(from ?? 0, to);
    }
    if (name === 'gzip') {
      content = gzipSync(content);
      headers.push(['Content-Encoding', 'gzip']);
    }
    if (name === 'trickle') rhythm = args.join().split(':');
  }
  const lengths =
    rhythm || headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
      ? []
      : [['Content-Length', `${content.length}`]];
  response.writeHead(status, STATUS_CODES[status], [...headers, ...lengths].flat());
  if (head) return response.end();
  if (rhythm) {
    const repeats = rhythm.some((step) => /^r/.test(step));
    for (let i = 0; content.length && i < 10_000; i++) {
      const step = rhythm[i % rhythm.length];
      if (i >= rhythm.length && !repeats) break;
      if (/^d/.test(step)) await wait(1000 * Number(step.slice(1)));
      else if (/^\d/.test(step)) {
        response.write(content.subarray(0, Number(step)));
        content = content.subarray(Number(step));
      }
      if (response.destroyed) return;
    }
  }
  response.end(content);
}

/** Gives what is for a handler to those, as it comes, as some tests' methods and headers are none that Node takes; all else to `inner`. */
function createFront(inner, port) {
  const sockets = new Set();
  const front = createNetServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (start) => {
      socket.pause();
      if (!port || !/^\S+ [^ ?]*\.py[? ]/.test(start.toString('latin1'))) {
        socket.unshift(start);
        inner.emit('connection', socket);
        return process.nextTick(() => socket.resume());
      }
      const handler = connect(port, '127.0.0.1');
      handler.write(start);
      socket.pipe(handler, { end: false });
      handler.pipe(socket);
      handler.on('error', () => socket.destroy());
      socket.on('close', () => handler.destroy());
    });
  });
  front.closeAllConnections = () => sockets.forEach((socket) => socket.destroy());
  return front;
}

async function startHandlers(root) {
  const child = spawn('python3', [join(import.meta.dirname, 'handlers.py'), root], {
    stdio: ['pipe', 'pipe', process.env.WPT_VERBOSE ? 'inherit' : 'ignore'],
  });
  const port = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', () => reject(new Error('handlers.py ended')));
    child.stdout.once('data', (line) => resolve(Number(line)));
  });
  return { port, close: () => child.kill() };
}
