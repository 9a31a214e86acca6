// Runs each program five times in one page: without a session, with one that covers nothing it asks for, with nobody signed
// in, with somebody signed in, and with a token that the server refuses first. What a program sees becomes a trace: plain
// data, in which an object is told by what it is and by the name that the program gave it.
import { createSession, oauth } from '/dist/latchkey.js';

// What the engine itself uses, from before any session.
const { setTimeout } = globalThis;
const twin = globalThis.twin;
const { origins, group, patience } = globalThis.settings;

const scheme = oauth({
  flow: 'password',
  clientId: 'twin',
  endpoints: { token: `${origins.here}/token` },
});
const covered = ['here', 'there', 'h2'].map((name) => `${origins[name]}/api/`);
let session;

/** All that a session may put itself in between. */
const nativesNow = () => {
  const all = { fetch, XMLHttpRequest };
  for (const [name, { value, get, set }] of Object.entries(Object.getOwnPropertyDescriptors(XMLHttpRequest.prototype)))
    Object.assign(all, { [name]: value, [`get ${name}`]: get, [`set ${name}`]: set });
  return all;
};
const natives = nativesNow();

/** What comes before all programs of a variant. */
const variants = {
  async native() {},
  async uncovered() {
    session = createSession({ auth: scheme, api: [`${origins.far}/api/`] });
    await session.ready;
  },
  async nobody() {
    session.close();
    session = createSession({ auth: scheme, api: covered });
    await session.ready;
  },
  async live() {
    await session.loginWithCredentials(group, 'x');
  },
  async refused() {},
};

/** Resolves in a task of its own, after all that is queued by now. */
export const task = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => setTimeout(resolve);
    port2.postMessage(0);
  });

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const plain = (text) => {
  text = text
    .replace(/run-\d\d-\d-\d{3}/g, 'RUN')
    .replace(/----(WebKitFormB|geckoformb)oundary\w+/g, 'BOUNDARY')
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, 'BLOB');
  for (const [name, origin] of Object.entries(origins)) text = text.replaceAll(origin, `{${name}}`);
  return text;
};

/** Data that says all that can be told of a value, once its objects have names. */
function show(value, names, depth = 0) {
  if (typeof value == 'string') return plain(value);
  if (value === undefined) return { undefined: true };
  if (typeof value == 'symbol' || typeof value == 'bigint') return String(value);
  if (value === null || (typeof value != 'object' && typeof value != 'function'))
    return Number.isNaN(value) ? 'NaN' : value;
  if (names.has(value)) return `«${names.get(value)}»`;
  const more = (it) => show(it, names, depth + 1);
  if (value instanceof Error || value instanceof DOMException) {
    const { name, message, code, cause } = value;
    const type = value.constructor?.name;
    // From this page, and not of another realm.
    const ours = value.constructor === globalThis[type];
    return {
      error: type,
      ours,
      name,
      message: more(message),
      code: more(code),
      cause: more(cause),
      // WebKit says where an error was made, if it was made within a call: here a body's that was there already.
      own: Object.keys(value).filter((name) => !/^(line|column|sourceURL)$/.test(name)),
    };
  }
  if (value instanceof Response) {
    const { type, url, status, statusText, redirected, ok, bodyUsed, headers } = value;
    return {
      response: type,
      own: Object.getOwnPropertyNames(value),
      prototype: Object.getPrototypeOf(value) === Response.prototype,
      url: more(url),
      status,
      statusText,
      redirected,
      ok,
      bodyUsed,
      body: value.body === null ? null : tag(value.body),
      headers: [...headers].map(([name, text]) => `${name}: ${plain(text)}`),
    };
  }
  if (value instanceof Request) {
    const {
      method,
      url,
      mode,
      credentials,
      cache,
      redirect,
      referrer,
      referrerPolicy,
      integrity,
      keepalive,
      bodyUsed,
    } = value;
    return more({
      request: method,
      url,
      mode,
      credentials,
      cache,
      redirect,
      referrer,
      referrerPolicy,
      integrity,
      keepalive,
      bodyUsed,
    });
  }
  if (value instanceof Headers) return [...value].map(([name, text]) => `${name}: ${plain(text)}`);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const buffer = value.buffer ? value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) : value;
    return { [tag(value)]: buffer.byteLength > 64 ? buffer.byteLength : hex(buffer) };
  }
  if (value instanceof Blob) return { [tag(value)]: value.type, size: value.size };
  if (value instanceof ProgressEvent) {
    const { type, isTrusted, lengthComputable, loaded, total, bubbles, cancelable } = value;
    return more({ type, isTrusted, lengthComputable, loaded, total, bubbles, cancelable, target: value.target });
  }
  if (value instanceof Event) {
    const { type, isTrusted, bubbles, cancelable, target } = value;
    return more({ event: tag(value), type, isTrusted, bubbles, cancelable, target });
  }
  if (Array.isArray(value)) return value.map(more);
  const prototype = Object.getPrototypeOf(value);
  if (depth < 6 && (prototype === Object.prototype || prototype === null))
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, more(it)]));
  return `[${tag(value)}]`;
}

/** What a program gets. */
function toolsFor(run, variant) {
  const names = new Map([
    [globalThis, 'the page'],
    [document, 'the document'],
  ]);
  const trace = [];
  const note = (...values) => {
    trace.push(values.length == 1 ? show(values[0], names) : values.map((value) => show(value, names)));
    return values.at(-1);
  };
  const at =
    (origin, path) =>
    (query = '', name = '') => {
      const text =
        typeof query == 'string'
          ? query
          : String(
              new URLSearchParams(
                Object.entries(query).flatMap(([key, value]) => [value].flat().map((one) => [key, one])),
              ),
            );
      return `${origin}/${path}/${run}/${name}${text && '?'}${text}`;
    };
  const settle = (promise) =>
    Promise.resolve(promise).then(
      (fulfilled) => ({ fulfilled }),
      (rejected) => ({ rejected }),
    );
  /** The answer and its body, as text. */
  const see = async (response) => {
    const before = show(response, names);
    return [before, await settle(response.text()), response.bodyUsed];
  };
  const refuse = async () => {
    if (variant == 'refused') await twin('refuse');
  };
  const pending = new Set();
  const wait = async (what, gate) => {
    const name = `${what} ${gate}`;
    pending.add(name);
    await twin(what, run, gate);
    pending.delete(name);
  };
  return {
    trace,
    pending,
    tools: {
      origins,
      note,
      /** URLs of this run: of the page's origin, another one, one that is never covered, and one over HTTP/2. */
      here: at(origins.here, 'api'),
      there: at(origins.there, 'api'),
      h2: at(origins.h2, 'api'),
      far: at(origins.far, 'api'),
      /** Beside what is covered, of the page's origin. */
      beside: at(origins.here, 'other'),
      name: (object, name) => (names.set(object, name), object),
      settle,
      see,
      task,
      /** From here on the server refuses what it took so far, where this is about that. */
      refuse,
      /** One fetch, from the call to the end of its body, noted. */
      async call(...args) {
        await refuse();
        const { fulfilled, rejected } = await settle(fetch(...args));
        note(fulfilled ? await see(fulfilled) : { rejected });
        return fulfilled;
      },
      arrived: (gate) => wait('arrived', gate),
      closed: (gate) => wait('closed', gate),
      release: (gate) => wait('release', gate),
      /** Resolves at the first event of that type. */
      event: (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true })),
      /** A frame on this page's origin, its window. */
      async frame() {
        const element = document.createElement('iframe');
        document.body.append(element);
        return element.contentWindow;
      },
      /** While a refused request waits for a new token, it is at that gate, where any other request gets by its own name. */
      async holdUp(gate) {
        if (variant == 'refused') await twin('holdToken', run, gate);
      },
    },
  };
}

let current;
for (const type of ['unhandledrejection', 'error'])
  addEventListener(type, (event) => {
    event.preventDefault();
    current?.note({ [type]: event.reason ?? event.error });
  });

async function once(program, index, variant) {
  // Of one length, as a URL's length shows in places.
  const run = `run-${group}-${Object.keys(variants).indexOf(variant)}-${String(index).padStart(3, '0')}`;
  const { tools, trace, pending } = toolsFor(run, variant);
  await tools.holdUp(undefined);
  await tools.refuse();
  current = tools;
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('stuck'), patience);
  });
  const end = (async () => {
    try {
      const value = await program(tools);
      if (value !== undefined) tools.note({ returned: value });
    } catch (error) {
      tools.note({ thrown: error, stack: String(error?.stack).split('\n')[1] });
    }
  })();
  if ((await Promise.race([end, late])) == 'stuck') {
    tools.note({ stuck: [...pending] });
    // What waits would keep connections from the next.
    await twin('releaseAll', run);
  }
  clearTimeout(timer);
  await task();
  current = undefined;
  for (const frame of document.querySelectorAll('iframe, base')) frame.remove();
  return { run, trace: JSON.parse(JSON.stringify(trace)) };
}

/**
 * Runs files of programs, or those whose name has `only` in it, without those that have no end in this engine. Resolves with
 * their traces, by file and name and by variant, and with what the session has left behind.
 */
export async function play(files, only = '', endless = []) {
  const chosen = [];
  for (const file of files)
    for (const [name, program] of Object.entries((await import(`/twin/programs/${file}.js`)).programs))
      if (name.includes(only) && !endless.includes(name)) chosen.push([`${file} ${name}`, program]);
  const traces = Object.fromEntries(chosen.map(([name]) => [name, {}]));
  for (const [variant, enter] of Object.entries(variants)) {
    await enter();
    for (const [index, [name, program]] of chosen.entries()) {
      traces[name][variant] = await once(program, index, variant);
      // A refresh that is still under way would take the jump for a sleep, and make a pause.
      if (session?.state.isLoggedIn) await session.refresh();
      globalThis.skip(11_000);
    }
  }
  session.close();
  return { traces, left: Object.keys(natives).filter((name) => natives[name] !== nativesNow()[name]) };
}

globalThis.play = play;
