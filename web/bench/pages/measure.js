// A page to be driven: it makes requests, through the library and past it, and tells how long they took.
//
// With ?stub the fetch that the library finds is a promise that is resolved already; so what remains is the
// library's own work.
import { wasmMemory } from './memory.js';
import { open } from 'library';

const answer = () => new Response('{}', { headers: { 'content-type': 'application/json' } });
const fixed = answer();
const stubs = {
  fixed: () => Promise.resolve(fixed),
  // One of its own for each request, so that keeping hold of answers shows.
  fresh: () => Promise.resolve(answer()),
};
const stub = stubs[new URLSearchParams(location.search).get('stub')];
if (stub) globalThis.fetch = stub;

const native = globalThis.fetch;
const library = open();
const { fetch: own } = library;

const url = `${location.origin}/api/orders?page=2`;
const kinds = {
  get: () => undefined,
  post: () => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"item":2041,"count":3}' }),
};

const turn = () => new Promise((resolve) => setTimeout(resolve));

const blockOf = async (fetch, calls, init) => {
  const start = performance.now();
  for (let i = 0; i < calls; i++) await fetch(url, init());
  return ((performance.now() - start) * 1000) / calls;
};

const one = async (fetch) => {
  const start = performance.now();
  const response = await fetch(url);
  const microseconds = (performance.now() - start) * 1000;
  const { authorized } = await response.json();
  return { microseconds, authorized };
};

globalThis.bench = {
  wasmMemory,
  signIn: async () => void (await library.signIn()),
  async ready() {
    if (!crossOriginIsolated) throw new Error('the page is not isolated, so its clock is coarse');
    await library.ready();
    await library.runtime?.();
  },
  /** µs per request of each block, library and native in turn. */
  async ownWork(kind, blocks, calls) {
    const times = { own: [], bare: [] };
    for (let i = -Math.ceil(blocks / 5); i < blocks; i++) {
      const bare = await blockOf(native, calls, kinds[kind]);
      const through = await blockOf(own, calls, kinds[kind]);
      if (i >= 0) {
        times.own.push(through);
        times.bare.push(bare);
      }
      await turn();
    }
    return times;
  },
  /** µs of single requests in pairs, the first of a pair by turns. */
  async pairs(count) {
    const times = { own: [], bare: [] };
    for (let i = -Math.ceil(count / 10); i < count; i++) {
      const pair = {};
      for (const which of i % 2 ? ['own', 'bare'] : ['bare', 'own']) {
        pair[which] = await one(which == 'own' ? own : native);
        if (pair[which].authorized != (which == 'own')) throw new Error(`${which}: not what was to be measured`);
      }
      if (i < 0) continue;
      times.own.push(pair.own.microseconds);
      times.bare.push(pair.bare.microseconds);
    }
    return times;
  },
  async requests(count) {
    for (let i = 0; i < count; i++) {
      await (await own(url)).text();
      if (i % 500 == 0) await turn();
    }
  },
};
