// What it adds to an answer of GraphQL that its body is looked at for a refusal: node web/bench/graphql.mjs, after a build.
//
// In Chromium, with a session of vendure() from a stored record, and bodies of 10 kB that the page reads to their end. By
// turns: past the library; through it by a rule that wants no look at bodies; through it by one that does. Where the answer
// says how long it is, and where it is no JSON, `fetch` is replaced by one that answers at once, and blocks are compared;
// where it does not, the answers come from a server on this machine, and single calls are compared.
import { createServer } from 'node:http';
import { startSite } from '../e2e/support/site.mjs';
import { launch } from '../tools/browser.mjs';
import { differences, summary } from './statistics.mjs';

const blocks = 200;
const calls = 100;
const pairs = 1000;

/** Runs in the page. */
async function measure([blocks, calls, pairs, server]) {
  const url = server;
  const body = JSON.stringify({
    data: { products: { items: Array.from({ length: 100 }, (_, id) => ({ id: `${id}`, name: 'n'.repeat(78) })) } },
  });
  const answers = { json: 'application/json; charset=utf-8', text: 'text/plain' };
  let type = answers.json;
  const native = () =>
    Promise.resolve(new Response(body, { headers: { 'content-type': type, 'content-length': `${body.length}` } }));
  const real = globalThis.fetch;
  let current = native;
  globalThis.fetch = (...args) => current(...args);
  const { createSession, vendure } = await import('/dist/latchkey.min.js');
  const open = (name, refused) => {
    const values = new Map();
    const rule = { as: 'user', headers: { authorization: 'Bearer token' }, capture: ['vendure-auth-token'], refused };
    const state = {
      status: 'authenticated',
      isLoggedIn: true,
      userId: '1',
      isEmulated: false,
      isAgent: false,
      claims: null,
      scope: [],
      expiresAt: null,
      tokenType: 'Bearer',
    };
    const policy = { format: 1, session: 's', version: 1, rules: [rule] };
    const record = {
      format: 1,
      issuer: url,
      client: 'vendure',
      context: name,
      session: 's',
      generation: 1,
      state,
      policy,
    };
    values.set(`latchkey/1/${encodeURIComponent(url)}/vendure/${name}`, JSON.stringify(record));
    const storage = {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => values.set(key, value),
      removeItem: (key) => values.delete(key),
    };
    return createSession({
      auth: vendure({ url }),
      api: [url],
      context: name,
      storage,
      load: 'demand',
      intercept: 'none',
    });
  };
  const plain = open('plain');
  const looking = open('looking', { status: [200], codes: ['FORBIDDEN'] });
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ products { items { id name } } }"}',
  };
  const block = async (fetch) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await (await fetch(url, init)).text();
    return ((performance.now() - start) * 1000) / calls;
  };
  const times = {};
  for (let i = -20; i < blocks; i++)
    for (const kind of ['json', 'text']) {
      type = answers[kind];
      for (const [name, fetch] of Object.entries({ bare: native, plain: plain.fetch, looking: looking.fetch })) {
        const took = await block(fetch);
        if (i >= 0) ((times[kind] ??= {})[name] ??= []).push(took);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
  current = real;
  for (let i = -50; i < pairs; i++)
    for (const [name, fetch] of Object.entries({ bare: real, plain: plain.fetch, looking: looking.fetch })) {
      const start = performance.now();
      await (await fetch(url, init)).text();
      if (i >= 0) ((times.chunked ??= {})[name] ??= []).push((performance.now() - start) * 1000);
    }
  return { bytes: body.length, times };
}

const body = JSON.stringify({ data: { pad: 'x'.repeat(10_000) } });
const api = createServer((request, response) => {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-headers', 'content-type, authorization');
  response.setHeader('access-control-max-age', '600');
  response.setHeader('cross-origin-resource-policy', 'cross-origin');
  response.setHeader('content-type', 'application/json');
  if (request.method === 'OPTIONS') return response.end();
  response.write(body);
  response.end();
});
await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
const [browser, site] = await Promise.all([
  launch(),
  startSite({
    headers: { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
    bodies: { '/page.js': '' },
  }),
]);
try {
  const page = await browser.newPage();
  await page.goto(`${site.origin}/`);
  const { bytes, times } = await page.evaluate(measure, [
    blocks,
    calls,
    pairs,
    `http://127.0.0.1:${api.address().port}/shop-api`,
  ]);
  const tell = (what, { median, p95 }) =>
    console.log(what.padEnd(66), `p50 ${median.toFixed(1)} µs, p95 ${p95.toFixed(1)} µs`);
  const names = { json: 'JSON, length known', text: 'no JSON', chunked: 'JSON, real, length not known' };
  console.log(`an answer of ${bytes} bytes`);
  for (const kind of ['json', 'text', 'chunked']) {
    const { bare, plain, looking } = times[kind];
    tell(`${names[kind]}: through the library, no look`, summary(differences(plain, bare)));
    tell(`${names[kind]}: through the library, with the look`, summary(differences(looking, bare)));
    tell(`${names[kind]}: the look alone`, summary(differences(looking, plain)));
  }
} finally {
  api.closeAllConnections();
  await Promise.all([browser.close(), site.close(), new Promise((resolve) => api.close(resolve))]);
}
