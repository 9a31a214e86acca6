// What it costs to judge where a request goes (LD-08), a million times a kind: node web/bench/decisions.mjs.
//
// In Node, with the data plane's own code, as a decision asks nothing of the browser but its URL parser, and that only where an
// address is relative or has something odd in it.
import { build } from 'esbuild';
import { join } from 'node:path';

const { outputFiles } = await build({
  stdin: { contents: `export { createMatch } from './match'`, resolveDir: join(import.meta.dirname, '../src') },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  define: { __VERSION__: '"bench"' },
  write: false,
});
// What the data plane captures when it is loaded, and a page has.
Object.assign(globalThis, {
  location: { href: 'https://app.example.com/shop/', origin: 'https://app.example.com' },
  XMLHttpRequest: globalThis.XMLHttpRequest ?? class {},
});
const { createMatch } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
const prefix = (href, more) => ({ href, origin: new URL('/', href).href, as: 'user', ...more });
const few = [prefix('https://api.example.com/v1')];
const many = [
  ...Array.from({ length: 19 }, (_, i) => prefix(`https://service-${i}.example.com/v1/`)),
  prefix('https://api.example.com/v1', { strict: true }),
];
const times = 1_000_000;
const urls = {
  covered: (i) => `https://api.example.com/v1/orders/${i}?page=2`,
  'of another site': (i) => `https://cdn.example.net/images/${i}.png`,
  'beside the prefix': (i) => `https://api.example.com/v2/orders/${i}`,
  relative: (i) => `/assets/${i}.json`,
  odd: (i) => `https://api.example.com/v1/../v1/ö/${i}`,
};
for (const [what, prefixes] of [
  ['1 prefix', few],
  ['20 prefixes', many],
]) {
  const match = createMatch(prefixes);
  for (const [kind, url] of Object.entries(urls)) {
    const all = Array.from({ length: 1000 }, (_, i) => url(i));
    for (let i = 0; i < 20_000; i++) match(all[i % 1000]);
    const start = performance.now();
    let hits = 0;
    for (let i = 0; i < times; i++) if (match(all[i % 1000])) hits++;
    const each = ((performance.now() - start) * 1000) / times;
    console.log(`${what.padEnd(12)} ${kind.padEnd(18)} ${each.toFixed(2)} µs${hits ? '' : ', not covered'}`);
  }
}
