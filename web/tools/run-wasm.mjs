// Runs a Go program built for js/wasm, as `go test -exec` wants it, on the product's own glue and host:
//
//     GOOS=js GOARCH=wasm go test -exec "node <this file> node" ./jsbridge
//     GOOS=js GOARCH=wasm go test -exec "node <this file> chromium" ./jsbridge
//
// The program's global object has, beside what the product gives it, newHost() and hostile; its environment names a
// server for the HTTP port in LATCHKEY_TEST_SERVER. Chromium is BROWSER_PATH, or /usr/bin/chromium.
import fs from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { mergeSegments } from './segments.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const [where, binary, ...args] = process.argv.slice(2);
if (!binary || !['node', 'chromium'].includes(where)) {
  console.error('usage: run-wasm.mjs node|chromium program [argument...]');
  process.exit(2);
}

/** The program as it is shipped. */
const program = async () => mergeSegments(await readFile(binary));

const bundle = async () => {
  const { outputFiles } = await build({
    stdin: { contents: `export { runProgram, runInPage } from './run-wasm-page.mjs'`, resolveDir: here },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    define: { __VERSION__: '"test"' },
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0].text;
};

const listen = (handler) =>
  new Promise((resolve) => {
    const server = createServer(handler).listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        close() {
          server.close();
          server.closeAllConnections();
        },
      }),
    );
  });

// The routes of browsertest.Suite.
const routes = {
  '/ok': (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(request.method === 'POST' ? 201 : 200, {
        'content-type': 'text/plain',
        'x-method': request.method,
      });
      response.end(Buffer.concat([Buffer.from('ok '), ...chunks]));
    });
  },
  '/headers': (request, response) => {
    const { cookie = '', referer = '', dpop = '', 'x-sent': sent = '' } = request.headers;
    const seen = { 'x-sent': sent, 'x-cookie': cookie, 'x-referer': referer, 'x-dpop': dpop };
    response.writeHead(418, { ...seen, 'set-cookie': 'tea=1' });
    response.end();
  },
  '/big': (_request, response) => response.end('x'.repeat(1000)),
  '/redirect': (_request, response) => response.writeHead(302, { location: '/ok' }).end(),
  '/to': (request, response) => response.writeHead(302, { location: request.url.slice('/to?'.length) }).end(),
  '/reset': (request) => request.socket.destroy(),
  '/hang': () => {},
};
const answer = (request, response) => {
  const { origin = '*', 'access-control-request-headers': headers = '' } = request.headers;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-headers', headers);
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-expose-headers', 'x-method, x-sent, x-cookie, x-referer, x-dpop');
  if (request.method === 'OPTIONS') return response.end();
  const route = routes[request.url.split('?')[0]];
  return route ? route(request, response) : response.writeHead(404).end();
};

const inNode = async (code, env) => {
  // What Node lacks of a page.
  const target = new EventTarget();
  const stored = new Map();
  Object.assign(globalThis, {
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    dispatchEvent: target.dispatchEvent.bind(target),
    document: { visibilityState: 'visible' },
    location: Object.assign(new URL('https://app.test/shop/cart?x=1#top'), { assign() {} }),
    localStorage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, `${value}`),
      removeItem: (key) => void stored.delete(key),
    },
  });
  const folder = await mkdtemp(path.join(os.tmpdir(), 'run-wasm-'));
  const file = path.join(folder, 'run.mjs');
  await writeFile(file, code);
  const { runProgram } = await import(pathToFileURL(file)).finally(() => rm(folder, { recursive: true }));
  return runProgram(await program(), [binary, ...args], env, { fs, path, process });
};

const inChromium = async (code, env) => {
  const { chromium } = await import('playwright-core');
  const server = await listen(async (request, response) => {
    const [type, body] = {
      '/': ['text/html', '<!doctype html><title>Go</title>'],
      '/run.js': ['text/javascript', code],
      '/program.wasm': ['application/wasm', request.url === '/program.wasm' ? await program() : ''],
    }[request.url] ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  const browser = await chromium.launch({
    executablePath: process.env.BROWSER_PATH || '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await browser.newPage();
    const crashed = new Promise((_, reject) => page.once('crash', () => reject(new Error('the page crashed'))));
    page.on('console', (message) => console.error(`console: ${message.text()}`));
    page.on('pageerror', (error) => console.error(`page: ${error}`));
    await page.exposeFunction('output', (fd, text) => void fs.writeSync(fd, text));
    await page.goto(`${server.url}/`);
    const exit = page.evaluate(
      async ({ args, env }) => {
        const { runInPage } = await import('/run.js');
        const program = await (await fetch('/program.wasm')).arrayBuffer();
        const decoders = [];
        let written = Promise.resolve();
        const writeSync = (fd, bytes) => {
          const text = (decoders[fd] ??= new TextDecoder()).decode(bytes, { stream: true });
          written = written.then(() => window.output(fd, text));
          return bytes.length;
        };
        const code = await runInPage(program, args, env, writeSync);
        await written;
        return code;
      },
      { args: ['program', ...args], env },
    );
    return await Promise.race([exit, crashed]);
  } finally {
    await browser.close();
    server.close();
  }
};

const server = await listen(answer);
const env = [`LATCHKEY_TEST_SERVER=${server.url}`, 'GOGC=25'];
for (const name of ['GOTRACEBACK', 'GODEBUG']) if (process.env[name]) env.push(`${name}=${process.env[name]}`);
const code = await (where === 'node' ? inNode : inChromium)(await bundle(), env);
server.close();
process.exit(code);
