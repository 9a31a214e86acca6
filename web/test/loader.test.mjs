// The second file (loader, glue and host), with a program that uses every port and can fail in every way
// (jsbridge/testdata/program), in a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const web = join(import.meta.dirname, '..');
const secret = 'at_5ecret-5ecret-5ecret';
const programs = {};
let server, origin, browser;
/** The next answers to /flaky.wasm. */
const flaky = [];

const compile = (folder, name, flags) => {
  const file = join(folder, name);
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm' };
  const source = './jsbridge/testdata/program';
  execFileSync('go', ['build', '-ldflags', `-s -w ${flags}`, '-o', file, source], { cwd: join(web, '..'), env });
  programs[name] = readFileSync(file);
};

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loader-'));
  compile(folder, 'good', '');
  compile(folder, 'old', '-X main.version=0.0.1');
  compile(folder, 'exit', '-X main.mode=exit');
  compile(folder, 'silent', '-X main.mode=silent');
  rmSync(folder, { recursive: true });
  // The capture apart from the runtime, as in the two minified files.
  const script = async (contents, version = 'test') => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: web },
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      define: { __VERSION__: JSON.stringify(version) },
      write: false,
    });
    return outputFiles[0].text;
  };
  const runtime = `export { startRuntime } from './src/runtime'`;
  const pages = {
    '/': ['text/html', '<!doctype html><link rel=icon href=data:,><title>loader</title>'],
    '/closed': ['text/html', '<!doctype html><link rel=icon href=data:,><title>no wasm</title>'],
    '/sandbox': ['text/html', '<!doctype html><link rel=icon href=data:,><title>no origin</title>'],
    '/first.js': ['text/javascript', await script(`export { platform } from './src/platform'`)],
    '/runtime.js': ['text/javascript', await script(runtime)],
    '/other.js': ['text/javascript', await script(runtime, '0.0.2')],
    '/good.wasm': ['application/wasm', programs.good],
    '/plain.wasm': ['text/plain', programs.good],
    '/old.wasm': ['application/wasm', programs.old],
    '/exit.wasm': ['application/wasm', programs.exit],
    '/silent.wasm': ['application/wasm', programs.silent],
    '/html.wasm': ['text/html', '<!doctype html>the app'],
    '/half.wasm': ['application/wasm', programs.good.subarray(0, 100_000)],
    // A module without imports and exports.
    '/empty.wasm': ['application/wasm', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
  };
  server = createServer((request, response) => {
    if (request.url === '/token') {
      return void request.on('data', () => {}).on('end', () => response.end(`{"access_token":"${secret}"}`));
    }
    const url = request.url === '/flaky.wasm' ? (flaky.shift() ?? '/good.wasm') : request.url;
    if (!pages[url]) return response.writeHead(404).end('not found');
    const [type, body] = pages[url];
    const policy = { '/closed': "script-src 'self' 'unsafe-inline'", '/sandbox': 'sandbox allow-scripts' }[url];
    const headers = { 'content-type': type, 'access-control-allow-origin': '*' };
    response.writeHead(200, policy ? { ...headers, 'content-security-policy': policy } : headers).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await chromium.launch({
    executablePath: process.env.BROWSER_PATH || '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
  server?.closeAllConnections();
});

/** Runs a function in a fresh page that has the first file, and tells what reached the console. */
const inPage = async (f, arg, path = '/') => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(origin + path);
  await page.evaluate(async () => {
    const before = new Set(Object.getOwnPropertyNames(window));
    const { platform } = await import('/first.js');
    const native = fetch;
    const added = () => Object.getOwnPropertyNames(window).filter((name) => !before.has(name) && name !== 'kit');
    const shown = (error) => ({
      name: error.name,
      code: error.code,
      message: error.message,
      cause: error.cause?.name,
      oauth: error.oauth,
      retryAfter: error.retryAfter,
    });
    const published = [];
    const kit = (window.kit = {
      added,
      shown,
      published,
      exits: 0,
      area: { getItem: () => null, setItem() {}, removeItem() {} },
      // Loads the second file, if it is not there yet, and starts it.
      start: async (name, { wasmURL = `/${name}.wasm`, script = '/runtime.js', ...more } = {}) => {
        const program = native(wasmURL);
        const { startRuntime } = await import(script);
        const plane = {
          policy: { rules: {} },
          back() {},
          config: { key: 'latchkey/1/program', scope: 'é' },
          storage: kit.area,
          pending: kit.area,
          navigate() {},
          publish: (what) => void published.push(what),
          onexit: () => void kit.exits++,
          ...more,
        };
        return startRuntime(platform, plane, program);
      },
      fetch,
      failure: (promise) => promise.then((value) => ({ value }), shown),
    });
  });
  try {
    return { result: await page.evaluate(f, arg), said };
  } finally {
    await context.close();
  }
};

test('a command ends with its result, and the configuration arrives', async () => {
  const { result, said } = await inPage(async () => {
    const runtime = await kit.start('good');
    return {
      echo: await runtime.call('echo', { a: { b: ['é', 1, null] } }),
      null: await runtime.call('null'),
      config: await runtime.call('config'),
      gc: await runtime.call('gc'),
      added: kit.added(),
    };
  });
  assert.deepEqual(result.echo, { a: { b: ['é', 1, null] } });
  assert.equal(result.null, null);
  assert.deepEqual(result.config, { key: 'latchkey/1/program', scope: 'é' });
  assert.deepEqual(result.gc, { percent: 25 });
  assert.deepEqual(result.added, [], 'GW-09 no name on the global object');
  assert.deepEqual(said, []);
});

test('a command that fails rejects with all that the core said', async () => {
  const { result } = await inPage(async () => kit.failure((await kit.start('good')).call('refuse')));
  assert.deepEqual(result, {
    name: 'SessionError',
    code: 'rate_limited',
    message: 'later',
    cause: undefined,
    oauth: { error: 'slow_down', error_description: 'too many', error_uri: 'https://id.test/slow' },
    retryAfter: 2,
  });
});

test('an aborted signal ends its command only, also when it was aborted before', async () => {
  const { result } = await inPage(async () => {
    const runtime = await kit.start('good');
    const controller = new AbortController();
    const later = kit.failure(runtime.call('wait', {}, controller.signal));
    controller.abort();
    const before = kit.failure(runtime.call('wait', {}, AbortSignal.abort()));
    return { later: (await later).code, before: (await before).code, echo: await runtime.call('echo', { a: 1 }) };
  });
  assert.deepEqual(result, { later: 'aborted', before: 'aborted', echo: { a: 1 } });
});

test('a wrong type does not matter', async () => {
  const { result } = await inPage(async () => (await kit.start('plain')).call('echo', { a: 1 }));
  assert.deepEqual(result, { a: 1 });
});

for (const [name, file, message] of [
  ['that is missing', 'missing', /status 404/],
  ['that is the page of the app', 'html', /did not compile/],
  ['that came in half', 'half', /did not compile/],
  ['of another version (GW-08)', 'old', /is version 0\.0\.1, not test/],
  ['that ends at once', 'exit', /stopped/],
  ['that never says it is up', 'silent', /did not start/],
  ['without anything in it', 'empty', /stopped|did not start/],
]) {
  test(`a program ${name} is runtime_failed`, async () => {
    const { result } = await inPage(async (file) => {
      const failure = await kit.failure(kit.start(file));
      return { failure, exits: kit.exits, added: kit.added() };
    }, file);
    assert.equal(result.failure.name, 'SessionError');
    assert.equal(result.failure.code, 'runtime_failed');
    assert.match(result.failure.message, message);
    assert.equal(result.exits, 0, 'it was never up');
    assert.deepEqual(result.added, []);
  });
}

test('a second file of another version is runtime_failed, and says both versions', async () => {
  const { result } = await inPage(() => kit.failure(kit.start('good', { script: '/other.js' })));
  assert.equal(result.code, 'runtime_failed');
  assert.match(result.message, /0\.0\.2, not test/);
});

test('XS-17 a page that forbids wasm: runtime_failed, with the reason as its cause', async () => {
  const { result } = await inPage(() => kit.failure(kit.start('good')), undefined, '/closed');
  assert.equal(result.code, 'runtime_failed');
  assert.match(result.message, /wasm-unsafe-eval/);
  assert.equal(result.cause, 'CompileError');
});

test('no server: runtime_failed, and the next start may succeed', async () => {
  flaky.push('/missing', '/html.wasm');
  const { result } = await inPage(async () => {
    const codes = [];
    for (let i = 0; i < 2; i++) codes.push((await kit.failure(kit.start('flaky'))).code);
    const lost = await kit.failure(kit.start('good', { wasmURL: 'http://127.0.0.1:1/x.wasm' }));
    return { codes, lost: lost.code, echo: await (await kit.start('flaky')).call('echo', { a: 1 }) };
  });
  assert.deepEqual(result, { codes: ['runtime_failed', 'runtime_failed'], lost: 'runtime_failed', echo: { a: 1 } });
});

test('GW-01 XS-10 a panic of a command ends that command; its text goes nowhere', async () => {
  const { result, said } = await inPage(async (secret) => {
    const runtime = await kit.start('good');
    const failure = await kit.failure(runtime.call('panic', { secret }));
    return { failure, echo: await runtime.call('echo', { a: 1 }), exits: kit.exits };
  }, secret);
  assert.equal(result.failure.code, 'runtime_failed');
  assert.ok(!JSON.stringify(result.failure).includes(secret));
  assert.deepEqual([result.echo, result.exits], [{ a: 1 }, 0]);
  assert.deepEqual(said, []);
});

for (const how of ['crash', 'overflow', 'memory', 'exit']) {
  test(`${how === 'memory' ? 'GW-02' : 'GW-01'} XS-10 the program's end (${how}) rejects what waits, frees its locks, and it can be started again`, async () => {
    const { result, said } = await inPage(
      async ([how, secret]) => {
        const runtime = await kit.start('good');
        await runtime.call('hold');
        const waiting = kit.failure(runtime.call('wait'));
        const ending = kit.failure(runtime.call(how, { secret }));
        const codes = [(await waiting).code, (await ending).code, (await kit.failure(runtime.call('echo'))).code];
        runtime.close();
        const again = await kit.start('good');
        await again.call('hold');
        return { codes, exits: kit.exits, echo: await again.call('echo', { a: 1 }) };
      },
      [how, secret],
    );
    assert.deepEqual(result, { codes: Array(3).fill('runtime_failed'), exits: 1, echo: { a: 1 } });
    assert.deepEqual(said, []);
  });
}

test('a panic that no command waits for is published', async () => {
  const { result, said } = await inPage(async (secret) => {
    let heard;
    const event = new Promise((resolve) => (heard = resolve));
    const runtime = await kit.start('good', { publish: heard });
    const controller = new AbortController();
    const timer = kit.failure(runtime.call('timer', { secret }, controller.signal));
    const published = await event;
    controller.abort();
    return { published, timer: (await timer).code };
  }, secret);
  assert.deepEqual(result, { published: { events: ['fault'] }, timer: 'aborted' });
  assert.deepEqual(said, []);
});

test('close rejects what waits, frees locks and listeners, and fires no onexit; also out of publish', async () => {
  const { result, said } = await inPage(async () => {
    const runtime = await kit.start('good');
    await runtime.call('hold');
    const waiting = kit.failure(runtime.call('wait'));
    runtime.close();
    runtime.close();
    const codes = [(await waiting).code, (await kit.failure(runtime.call('echo'))).code];
    const other = await kit.start('good', { publish: () => other.close() });
    await other.call('hold');
    codes.push((await kit.failure(other.call('publish'))).code);
    const third = await kit.start('good');
    await third.call('hold');
    window.dispatchEvent(new Event('online'));
    return { codes, exits: kit.exits };
  });
  assert.deepEqual(result, { codes: ['closed', 'closed', 'closed'], exits: 0 });
  assert.deepEqual(said, []);
});

test('a page without an origin has no locks of the browser: those of one page still work', async () => {
  const { result, said } = await inPage(
    async () => {
      const refused = await navigator.locks.request('x', () => {}).catch((error) => error.name);
      const [one, two] = [await kit.start('good'), await kit.start('good')];
      await one.call('hold');
      let held = false;
      const second = two.call('hold').then(() => (held = true));
      await two.call('echo');
      const before = held;
      one.close();
      return { refused, before, after: await second };
    },
    undefined,
    '/sandbox',
  );
  assert.deepEqual(result, { refused: 'SecurityError', before: false, after: true });
  assert.deepEqual(said, []);
});

test('GW-09 two programs on one page work side by side', async () => {
  const { result } = await inPage(async () => {
    const [one, two] = await Promise.all([kit.start('good'), kit.start('good')]);
    const echo = (runtime, n) => runtime.call('echo', { n });
    const got = await Promise.all([echo(one, 1), echo(two, 2), echo(one, 3)]);
    one.close();
    return [...got, await echo(two, 4)];
  });
  assert.deepEqual(result, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
});

test('XS-02 XS-03 JW-34 a script that changes the built-ins later sees no token, and nothing stops', async () => {
  const { result } = await inPage(
    async ([secret, url]) => {
      // What the test itself needs, before it is changed.
      const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
      const decode = TextDecoder.prototype.decode;
      const decoder = new TextDecoder();
      const includes = String.prototype.includes;
      const call = (f, self, ...args) => apply(f, self, args);
      const isView = ArrayBuffer.isView;
      const View = Uint8Array;
      const { setPrototypeOf, create, getOwnPropertyDescriptors } = Object;
      const promiseMethods = create(null, getOwnPropertyDescriptors(Promise.prototype));
      const then = Promise.prototype.then;
      const NativeMemory = WebAssembly.Memory;
      const NativeInstance = WebAssembly.Instance;
      const leaks = {};
      let busy = false;
      let watching = false;

      const leaky = (value, depth) => {
        if (typeof value === 'string') return call(includes, value, secret);
        if (value === null || typeof value !== 'object' || depth > 3) return false;
        if (value instanceof NativeMemory || value instanceof NativeInstance) return true;
        if (value instanceof ArrayBuffer || isView(value)) {
          try {
            return call(
              includes,
              call(decode, decoder, value instanceof ArrayBuffer ? new View(value) : value),
              secret,
            );
          } catch {
            return false;
          }
        }
        const keys = ownKeys(value);
        for (let i = 0; i < keys.length && i < 200; i++) {
          const descriptor = getOwnPropertyDescriptor(value, keys[i]);
          if (descriptor && 'value' in descriptor && leaky(descriptor.value, depth + 1)) return true;
        }
        return false;
      };
      const see = (name, self, args) => {
        if (busy || !watching) return;
        busy = true;
        let found = leaky(self, 0);
        for (let i = 0; i < args.length; i++) found ||= leaky(args[i], 0);
        if (found) leaks[name] = (leaks[name] ?? 0) + 1;
        busy = false;
      };
      const trap = (owner, key, name) => {
        const descriptor = getOwnPropertyDescriptor(owner, key);
        if (!descriptor?.configurable || key === 'constructor') return;
        const wrap = (f) =>
          typeof f !== 'function'
            ? f
            : function (...args) {
                see(name, this, args);
                return new.target ? Reflect.construct(f, args, new.target) : apply(f, this, args);
              };
        if ('value' in descriptor) {
          if (typeof descriptor.value !== 'function' || descriptor.value.prototype) return;
          defineProperty(owner, key, { __proto__: null, ...descriptor, value: wrap(descriptor.value) });
        } else {
          defineProperty(owner, key, {
            __proto__: null,
            ...descriptor,
            get: wrap(descriptor.get),
            set: wrap(descriptor.set),
          });
        }
      };
      const owners = {
        Reflect,
        JSON,
        Object,
        Array,
        Promise,
        crypto,
        performance,
        navigator,
        WebAssembly,
        Math,
        Date,
        console,
        subtle: SubtleCrypto.prototype,
        random: Crypto.prototype,
        locks: LockManager.prototype,
        'Reflect.': Reflect,
      };
      for (const type of [
        Array,
        Map,
        Set,
        Promise,
        String,
        Function,
        Uint8Array,
        DataView,
        ArrayBuffer,
        TextEncoder,
        TextDecoder,
        Headers,
        Response,
        Request,
        ReadableStream,
        ReadableStreamDefaultReader,
        AbortController,
        AbortSignal,
        BroadcastChannel,
        EventTarget,
        MessageEvent,
        Storage,
        URL,
        RegExp,
        Number,
        Error,
        Window,
        Location,
      ]) {
        owners[`${type.name}.prototype`] = type.prototype;
      }
      owners.TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
      owners.window = window;
      const names = [
        'setTimeout',
        'clearTimeout',
        'fetch',
        'queueMicrotask',
        'addEventListener',
        'postMessage',
        'structuredClone',
      ];
      let traps = 0;
      const targets = [];
      for (const name of Object.keys(owners)) {
        const owner = owners[name];
        const keys = owner === window ? names : ownKeys(owner);
        for (let i = 0; i < keys.length; i++) targets.push([owner, keys[i], `${name}.${String(keys[i])}`]);
      }
      // Storage is the caller's own to capture: it is given as an object.
      const storage = new Map();
      const area = {
        getItem: (
          (get) => (key) =>
            apply(get, storage, [key])
        )(storage.get),
        setItem: (
          (set) => (key, value) =>
            void apply(set, storage, [key, value])
        )(storage.set),
        removeItem: (
          (remove) => (key) =>
            void apply(remove, storage, [key])
        )(storage.delete),
      };
      let token;
      // After the first file has loaded, and before the second.
      for (let i = 0; i < targets.length; i++) {
        trap(...targets[i]);
        traps++;
      }
      // What is not there, and would be asked for.
      const members = [
        'method',
        'headers',
        'body',
        'credentials',
        'redirect',
        'signal',
        'authorization',
        'token',
        'value',
        'get',
        'set',
        'toJSON',
        'then',
        'access_token',
        'result',
        'args',
        'id',
        'cache',
        'mode',
        '0',
        '1',
        '2',
        '3',
        '7',
        '100',
      ];
      for (let i = 0; i < members.length; i++) {
        const name = members[i];
        const owner = i > 18 ? Array.prototype : Object.prototype;
        defineProperty(owner, name, {
          __proto__: null,
          configurable: true,
          get() {
            see(`get ${name}`, this, []);
          },
          set(value) {
            see(`set ${name}`, this, [value]);
            const own = { __proto__: null, value, writable: true, configurable: true, enumerable: true };
            defineProperty(this, name, own);
          },
        });
      }
      // Makes `await` call `then`, which then takes part in what it gets.
      defineProperty(Promise.prototype, 'constructor', { __proto__: null, value: function () {}, configurable: true });
      defineProperty(Promise.prototype, 'then', {
        __proto__: null,
        configurable: true,
        value(...args) {
          apply(then, setPrototypeOf(this, promiseMethods), [
            (value) => see('an awaited promise', value, []),
            () => {},
          ]);
          return apply(then, this, args);
        },
      });
      const args = { __proto__: null, secret, url };
      watching = true;
      const kept = (promise) => setPrototypeOf(promise, promiseMethods);
      const second = await kept(kit.start('good', { storage: area, publish() {} }));
      for (let i = 0; i < 3; i++) token = (await kept(second.call('work', args))).token;
      watching = false;
      defineProperty(Promise.prototype, 'constructor', { __proto__: null, value: Promise, configurable: true });
      defineProperty(Promise.prototype, 'then', { __proto__: null, value: then, configurable: true });
      for (let i = 0; i < members.length; i++) delete (i > 18 ? Array.prototype : Object.prototype)[members[i]];
      // Does the detector find anything at all?
      watching = true;
      new Map().set(1, secret);
      watching = false;
      const detector = leaks['Map.prototype.set'] ?? 0;
      delete leaks['Map.prototype.set'];
      return { leaks: { ...leaks }, traps, detector, same: token === secret };
    },
    [secret, `${origin}/token`],
  );
  assert.ok(result.traps > 300, `${result.traps} traps`);
  assert.equal(result.detector, 1);
  assert.deepEqual(result.leaks, {});
  assert.ok(result.same);
});
