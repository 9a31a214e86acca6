// The part of run-wasm.mjs that runs beside the program: in Node, or in a page.
import { createProver } from '../src/dpop';
import { goProgram } from '../src/go';
import { createHost } from '../src/host';
import { createKit } from '../src/kit';
import { platform } from '../src/platform';

const kit = createKit(platform);
const { own } = kit;

const enosys = () => Object.assign(new Error('not implemented'), { code: 'ENOSYS' });
const refuse = (...args) => args.at(-1)(enosys());

// What a page has for Go's os package: output, and no files.
const pageMembers = (writeSync) => ({
  fs: {
    constants: { O_WRONLY: -1, O_RDWR: -1, O_CREAT: -1, O_TRUNC: -1, O_APPEND: -1, O_EXCL: -1, O_DIRECTORY: -1 },
    writeSync,
    write: (fd, bytes, at, length, _position, done) =>
      done(null, writeSync(fd, new Uint8Array(bytes.buffer, at, length))),
    ...Object.fromEntries(
      'chmod chown close fchmod fchown fstat fsync ftruncate lchown link lstat mkdir open read readdir readlink rename rmdir stat symlink truncate unlink utimes'
        .split(' ')
        .map((name) => [name, refuse]),
    ),
  },
  path: { resolve: (...parts) => parts.join('/') },
  process: { pid: 1, ppid: 0, cwd: () => '/', getuid: () => 0, getgid: () => 0, geteuid: () => 0, getegid: () => 0 },
});

// A test has arguments and an environment, which the product has not: written where the linker leaves room, after
// the few bytes that the glue writes there.
const writeArguments = (memory, argv, env) => {
  const view = new DataView(memory.buffer);
  let at = 4200;
  const put = (line) => {
    const start = at;
    const bytes = new TextEncoder().encode(`${line}\0`);
    new Uint8Array(memory.buffer, at).set(bytes);
    at += (bytes.length + 7) & ~7;
    return start;
  };
  const pointers = [...argv.map(put), 0, ...env.map(put), 0];
  const vector = at;
  for (const pointer of pointers) {
    view.setBigUint64(at, BigInt(pointer), true);
    at += 8;
  }
  if (at > 4096 + 8192) throw new Error('arguments and environment are too long');
  return vector;
};

const revoked = Proxy.revocable({}, {});
revoked.revoke();

// Values that are not what one expects.
const hostile = {
  surrogate: 'a\ud800b',
  bigint: 1n,
  symbol: Symbol('x'),
  revoked: revoked.proxy,
  throwing: {
    get length() {
      throw new Error('no');
    },
    get 0() {
      throw new Error('no');
    },
  },
};

/** A host as the loader makes it, on storage of this page, with what it was told. */
const newHost = (key, area = localStorage) => {
  const told = { published: [], navigated: [], done: [] };
  let prover;
  const made = createHost(kit, {
    version: 'test',
    config: '{"test":true}',
    key,
    storage: area,
    pending: area,
    state: () => ({ isAgent: false, isLoggedIn: false }),
    used: () => false,
    prover: () => (prover ??= createProver(platform, { config: { key }, pending: area })),
    navigate: (to) => told.navigated.push(to),
    publish: (json) => told.published.push(json),
    ready() {},
    done: (...args) => told.done.push(args),
  });
  return { ...made, told };
};

const dispatch = (type, members = {}) => void dispatchEvent(Object.assign(new Event(type), members));

/** Runs the program to its end; resolves with its exit code. */
export const runProgram = async (wasm, argv, env, members) => {
  let exited;
  const exit = new Promise((resolve) => (exited = resolve));
  const areas = {
    // An area that refuses as browsers do.
    full: {
      getItem: () => null,
      setItem() {
        throw new DOMException('secret', 'QuotaExceededError');
      },
      removeItem() {},
    },
    blocked: {
      getItem() {
        throw new DOMException('secret', 'SecurityError');
      },
      setItem: () => Promise.reject(new Error('secret')),
      removeItem: () => Promise.reject(null),
    },
    // One that never answers.
    silent: {
      getItem: () => new Promise(() => {}),
      setItem: () => new Promise(() => {}),
      removeItem: () => new Promise(() => {}),
    },
  };
  /** Has the document say this of its cookies, and delete them as a browser would. */
  const setCookies = (given) => {
    let cookies = `${given}`;
    Object.defineProperty(document, 'cookie', {
      configurable: true,
      get: () => cookies,
      set(text) {
        const [pair, ...attributes] = text.split('; ');
        const has = (one) => attributes.includes(one);
        if (!has('Max-Age=0') || !has('Path=/') || !has('Secure') || !attributes.some((one) => /^SameSite=/.test(one)))
          throw new Error(`a cookie that is set so: ${text}`);
        if (attributes.length === 4)
          cookies = cookies
            .split('; ')
            .filter((one) => !one.startsWith(pair))
            .join('; ');
      },
    });
  };
  const { fs } = members;
  const program = goProgram(kit, own({ newHost, hostile, areas, dispatch, setCookies, ...members }), (code, error) => {
    if (error) console.error(error);
    exited(code);
  });
  const module = await WebAssembly.compile(wasm);
  const { gojs } = program.imports;
  for (const { name } of WebAssembly.Module.imports(module)) {
    gojs[name] ??= () => {
      throw new Error(`${name} is not there: the product does not need it`);
    };
  }
  // What the product drops: what Go prints when it panics.
  gojs['runtime.wasmWrite'] = (sp) => {
    const view = new DataView(memory.buffer);
    const [fd, at] = [sp + 8, sp + 16].map((address) => Number(view.getBigUint64(address, true)));
    fs.writeSync(fd, new Uint8Array(memory.buffer, at, view.getInt32(sp + 24, true)));
  };
  const instance = await WebAssembly.instantiate(module, program.imports);
  const memory = instance.exports.mem;
  program.run(instance, argv.length, writeArguments(memory, argv, env));
  return exit;
};

/** The same in a page, which has no files: output goes to `writeSync`. */
export const runInPage = (wasm, argv, env, writeSync) => runProgram(wasm, argv, env, pageMembers(writeSync));
