// A page to be driven: it makes requests, through the library and past it, and tells how long they took. stubs.js says
// what ?stub changes.
import { wasmMemory } from './memory.js';
import { bare, network } from './stubs.js';
import { open } from 'library';

const library = open();
const url = `${location.origin}/api/orders?page=2`;
/** Below nothing that the library has to do with. */
const elsewhere = `${location.protocol}//elsewhere.localhost/orders?page=2`;
/** As long as the one that the server gives. */
const literal = { headers: { Authorization: `Bearer ${'x'.repeat(87)}` } };
const post = () => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"item":2041,"count":3}',
});
const sendOnly = (url) => {
  const xhr = new XMLHttpRequest();
  xhr.open('GET', url);
  xhr.send();
};

/** What is done each time: through the library, through what it extends but without a token, and without either. */
const { fetch: own, xhr, fetcher, without } = library;
const kinds = {
  get: {
    own: () => own(url),
    without: without && (() => without.fetch(url)),
    bare: () => bare.fetch.call(undefined, url),
  },
  /** Another way to have it from the same library. */
  fetcher: { own: fetcher && (() => fetcher(url)), bare: () => bare.fetch.call(undefined, url) },
  post: {
    own: () => own(url, post()),
    without: without && (() => without.fetch(url, post())),
    bare: () => bare.fetch.call(undefined, url, post()),
  },
  xhr: { own: xhr && (() => xhr(url)), without: without && (() => without.xhr(url)), bare: () => bare.xhr(url) },
  ...(library.selective && {
    uncovered: { own: () => own(elsewhere), bare: () => bare.fetch.call(undefined, elsewhere) },
    uncoveredXHR: { own: () => sendOnly(elsewhere), bare: () => bare.sendOnly(elsewhere) },
    uncoveredXHRToItsEnd: { own: () => xhr(elsewhere), bare: () => bare.xhr(elsewhere) },
  }),
};

const turn = () => new Promise((resolve) => setTimeout(resolve));

const blockOf = async (call, calls) => {
  const start = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return ((performance.now() - start) * 1000) / calls;
};

/** All orders of three: who comes first, and after whom, is no advantage. */
const orders = ['012', '210', '102', '201', '021', '120'];

const one = async (call) => {
  const start = performance.now();
  const response = await call();
  const microseconds = (performance.now() - start) * 1000;
  const { authorized } = await response.json();
  return { microseconds, authorized };
};

globalThis.bench = {
  wasmMemory,
  kinds: Object.keys(kinds).filter((kind) => kinds[kind].own),
  signIn: async () => void (await library.signIn()),
  async ready() {
    if (!crossOriginIsolated) throw new Error('the page is not isolated, so its clock is coarse');
    await library.ready();
    await library.runtime?.();
    network.answering = true;
  },
  /** µs per request of each block, by each way in turn. */
  async ownWork(kind, blocks, calls) {
    const ways = Object.entries(kinds[kind]).filter(([, call]) => call);
    const times = Object.fromEntries(ways.map(([way]) => [way, []]));
    // As many requests as warm the code up, however small the blocks are.
    const warmUp = Math.ceil(Math.max(blocks / 5, 2000 / calls));
    network.silent = kind == 'uncoveredXHR';
    for (let i = -warmUp; i < blocks; i++) {
      for (let j = 0; j < ways.length; j++) {
        const [way, call] = ways[(i + warmUp + j) % ways.length];
        const time = await blockOf(call, calls);
        if (i >= 0) times[way].push(time);
      }
      if ((i * calls) % 100 == 0) await turn();
    }
    return times;
  },
  /** µs of single requests in threes: through the library, with a header that is there already, and without one. */
  async real(count) {
    const ways = [
      ['own', () => own(url)],
      ['literal', () => bare.fetch.call(undefined, url, literal)],
      ['bare', () => bare.fetch.call(undefined, url)],
    ];
    const times = { own: [], literal: [], bare: [] };
    const warmUp = Math.ceil(count / 10);
    for (let i = -warmUp; i < count; i++) {
      for (const at of orders[(i + warmUp) % orders.length]) {
        const [way, call] = ways[at];
        const { microseconds, authorized } = await one(call);
        if (authorized != (way != 'bare')) throw new Error(`${way}: not what was to be measured`);
        if (i >= 0) times[way].push(microseconds);
      }
    }
    return times;
  },
  async requests(count) {
    for (let i = 0; i < count; i++) {
      await (await own(url)).text?.();
      if (i % 500 == 0) await turn();
    }
  },
  network,
  /** Sends that many at once; `settled` is how they end. */
  atOnce(count) {
    const all = Array.from({ length: count }, (_, i) => own(`${url}&item=${i}`, { method: 'POST', body: `${i}` }));
    globalThis.settled = Promise.allSettled(all).then((ends) => ends.map(({ value }) => value?.status));
  },
};
