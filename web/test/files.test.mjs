// The scripts as they are shipped, in a browser: what is loaded when, and what if it does not come.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bundle } from '../tools/bundle.mjs';
import { launch } from '../tools/browser.mjs';

const files = {};
let server, origin, browser;
/** What was asked for, and what to do instead of answering, by path. */
let asked;
/** The headers of the last one. */
let sent;
let instead;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  await bundle(folder, '1.0.0');
  for (const name of ['latchkey.js', 'latchkey.min.js', 'latchkey.runtime.min.js'])
    files[`/${name}`] = readFileSync(join(folder, name));
  await bundle(folder, '2.0.0', ['latchkey.runtime.min.js']);
  files.other = readFileSync(join(folder, 'latchkey.runtime.min.js'));
  rmSync(folder, { recursive: true });
  server = createServer(({ url, headers }, response) => {
    asked.push(url);
    sent = headers;
    if (instead[url]) return instead[url](response);
    const body = url == '/' ? '<!doctype html><link rel=icon href=data:,>' : files[url];
    response.writeHead(body ? 200 : 404, { 'content-type': url == '/' ? 'text/html' : 'text/javascript' }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
});

/** Runs a function in a fresh page. */
const inPage = async (f, arg) => {
  const page = await browser.newPage();
  asked = [];
  instead = {};
  try {
    await page.goto(`${origin}/`);
    await page.evaluate(() => {
      window.create = async (script) => {
        const { createSession, oidc } = await import(script);
        return createSession({
          auth: oidc({ issuer: 'https://id.test', clientId: 'shop' }),
          api: ['/api'],
          load: 'demand',
        });
      };
      window.failure = (promise) => promise.then(String, ({ code, message }) => `${code}: ${message}`);
    });
    return await f(page, arg);
  } finally {
    await page.close();
  }
};

/** The first call that needs the runtime: how it fails. */
const call = (page, script) =>
  page.evaluate(async (script) => failure((window.session ??= await window.create(script)).refresh()), script);

// There is no wasm here, so a runtime that loads says so.
const loaded = 'runtime_failed: latchkey.wasm did not load: status 404';

test('latchkey.js is whole: it asks for the wasm only', () =>
  inPage(async (page) => {
    assert.equal(await call(page, '/latchkey.js'), loaded);
    assert.deepEqual(asked, ['/', '/latchkey.js', '/latchkey.wasm']);
  }));

test('latchkey.min.js asks for the runtime beside it with the wasm, and not before it is needed', () =>
  inPage(async (page) => {
    await page.evaluate(async () => {
      window.session = await create('/latchkey.min.js');
      await session.ready;
      await fetch('/api');
    });
    assert.deepEqual(asked, ['/', '/latchkey.min.js', '/api']);
    assert.equal(await call(page), loaded);
    assert.deepEqual(asked.slice(3).sort(), ['/latchkey.runtime.min.js', '/latchkey.wasm']);
  }));

/** A key as latchkey keeps it, and a stored session that is bound to it, or to none. */
const bind = async (kind = 'DPoP') => {
  const key = 'latchkey/1/https%3A%2F%2Fid.test/shop/';
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify({ crv, kty, x, y })));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  const dpop = base64.replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
  await new Promise((resolve, reject) => {
    const opening = indexedDB.open('latchkey', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
    opening.onsuccess = () => {
      const transaction = opening.result.transaction('keys', 'readwrite');
      transaction.objectStore('keys').put(pair, key);
      transaction.oncomplete = () => resolve(opening.result.close());
      transaction.onabort = reject;
    };
  });
  const bound = kind == 'DPoP' ? { dpop } : {};
  const rules = [{ as: 'user', headers: { authorization: `${kind} token` }, ...bound, refused: { status: [401] } }];
  const nobody = { isLoggedIn: true, userId: 'ann', isEmulated: false, isAgent: false, claims: null, scope: [] };
  const state = { ...nobody, status: 'authenticated', expiresAt: null, tokenType: kind };
  const policy = { format: 1, session: 's1', version: 1, rules };
  const record = { format: 1, issuer: 'https://id.test', client: 'shop', context: '', state, policy };
  localStorage.setItem(key, JSON.stringify(record));
};

test('OA-42 with a bound session the first request waits for the second script, and not for the program', () =>
  inPage(async (page) => {
    await page.evaluate(bind);
    await page.evaluate(async () => {
      window.session = await create('/latchkey.min.js');
      await session.ready;
      await Promise.all([fetch('/api?1'), fetch('/api?2')]);
    });
    assert.deepEqual(
      asked.filter((path) => path != '/latchkey.wasm'),
      ['/', '/latchkey.min.js', '/latchkey.runtime.min.js', '/api?1', '/api?2'],
    );
    assert.equal(sent.authorization, 'DPoP token');
    assert.match(sent.dpop, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  }));

test('OA-42 where that script does not come, the request goes as the page wrote it, and the next one tries again', () =>
  inPage(async (page) => {
    await page.evaluate(bind);
    instead['/latchkey.runtime.min.js'] = (response) => response.writeHead(503).end();
    await page.evaluate(async () => {
      window.session = await create('/latchkey.min.js');
      await fetch('/api');
    });
    assert.deepEqual([sent.authorization, sent.dpop], [undefined, undefined]);
    instead = {};
    await page.evaluate(() => fetch('/api'));
    assert.equal(sent.authorization, 'DPoP token');
  }));

test('a runtime that did not load is runtime_failed, and the next call tries again', () =>
  inPage(async (page) => {
    instead['/latchkey.runtime.min.js'] = (response) => response.writeHead(503).end();
    assert.match(await call(page, '/latchkey.min.js'), /^runtime_failed: the runtime did not load/);
    instead = {};
    assert.equal(await call(page), loaded);
  }));

test('GW-08 a refused request is not recovered by a second file of another version', () =>
  inPage(async (page) => {
    instead['/latchkey.runtime.min.js'] = (response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(files.other);
    instead['/api'] = (response) => response.writeHead(401).end('no');
    await page.evaluate(bind, 'Bearer');
    const told = await page.evaluate(async () => {
      window.session = await create('/latchkey.min.js');
      const response = await fetch('/api');
      return [response.status, await response.text()];
    });
    assert.deepEqual(told, [401, 'no']);
  }));

test('GW-08 a runtime of another version is refused, with both versions', () =>
  inPage(async (page) => {
    instead['/latchkey.runtime.min.js'] = (response) =>
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(files.other);
    assert.match(await call(page, '/latchkey.min.js'), /^runtime_failed: .* 2\.0\.0, not 1\.0\.0/);
  }));

for (const [name, path, how] of [
  ['the runtime', '/latchkey.runtime.min.js', () => {}],
  ['the wasm', '/latchkey.wasm', () => {}],
  [
    "the wasm's second half",
    '/latchkey.wasm',
    (response) =>
      response
        .writeHead(200, { 'content-type': 'application/wasm' })
        .write(Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1])),
  ],
])
  test(`what waits for ${name}, which never comes, ends`, () =>
    inPage(async (page) => {
      const arrived = new Promise((resolve) => (instead[path] = (response) => (how(response), resolve())));
      await page.evaluate(() => {
        const slow = new AbortController();
        AbortSignal.timeout = () => slow.signal;
        window.late = () => slow.abort(new DOMException('late', 'TimeoutError'));
      });
      const waiting = call(page, '/latchkey.min.js');
      await arrived;
      await page.evaluate(() => late());
      assert.match(await waiting, /^runtime_failed: (the runtime did not load|latchkey.wasm did not come in time)$/);
    }));
