// make bench: what Latchkey costs a page, in Chromium, beside what people would use instead.
//
//     node web/bench/run.mjs [--quick]
//
// Prints tables, writes result.json beside this file, and fails where a bar is missed, by name. README.md says what each
// figure is. The bars are for a machine that has nothing else to do.
import { chromium } from 'playwright-core';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browserPath } from '../tools/browser.mjs';
import { startDemo } from '../e2e/servers/demo.mjs';
import { measureExpiry } from './expiry.mjs';
import { measureHeap } from './heap.mjs';
import { buildPages, libraries, peers, site, versionOf } from './libraries.mjs';
import { barsOf, printBars, printTables } from './report.mjs';
import { measureRequests } from './requests.mjs';
import { measureSizes } from './sizes.mjs';
import { measureStart } from './start.mjs';
import { measureValidation } from './validation.mjs';

const { quick } = parseArgs({ options: { quick: { type: 'boolean' } } }).values;
const amount = quick
  ? { rounds: 5, blocks: 20, calls: 50, smallBlocks: 500, pairs: 100, requests: 20_000, atOnce: 10_000 }
  : { rounds: 25, blocks: 100, calls: 100, smallBlocks: 2_000, pairs: 500, requests: 100_000, atOnce: 10_000 };

const say = (text) => console.log(`• ${text}`);
/** Aborts when that process ends. */
const endOf = (process) => {
  const end = new AbortController();
  process.once('exit', () => end.abort(new Error('the server of the pages ended')));
  return end.signal;
};
const undo = [];
try {
  say('bundling the pages');
  await buildPages();
  const sizes = await measureSizes();

  say('starting the servers and Chromium');
  const demo = await startDemo({ accessTokenLifetime: 7 * 24 * 3600 });
  undo.push(() => demo.close());
  const server = fork(join(import.meta.dirname, 'server.mjs'), [site, demo.issuer]);
  undo.push(() => server.kill());
  const [{ port }] = await once(server, 'message', { signal: endOf(server) });
  const profile = join(site, 'profile');
  undo.push(() => rmSync(profile, { recursive: true, force: true }));
  // A profile on disk: its caches are those that a visitor has.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: browserPath(),
    chromiumSandbox: process.getuid?.() != 0,
  });
  // An interrupt may have closed it already; the rest is still to be put away.
  undo.push(() => context.close().catch(() => {}));

  const origin = (library, session = true) => `http://${session ? '' : 'first.'}${library}.localhost:${port}`;
  const measurePage = async (library, query = '') => {
    const page = await context.newPage();
    await page.goto(`${origin(library)}/measure.html${query}`);
    await page.evaluate(() => globalThis.bench.ready());
    return page;
  };
  const bench = { context, origin, measurePage };

  say('signing in');
  for (const library of libraries) {
    const page = await measurePage(library);
    await page.evaluate(() => globalThis.bench.signIn());
    await page.close();
  }
  say('page loads');
  const start = await measureStart(bench, amount.rounds);
  say('requests');
  const requests = await measureRequests(bench, amount);
  say('memory');
  const heap = await measureHeap(bench, amount.requests);
  say('an expiry');
  const expiry = await measureExpiry(bench, amount.atOnce);

  say('id tokens');
  const validation = await measureValidation();

  const result = { sizes, start, requests, heap, expiry, validation };
  const bars = barsOf(result);
  printTables(result);
  printBars(bars);
  const versions = { chromium: context.browser().version(), node: process.version };
  for (const library of ['latchkey', ...peers]) versions[library] = versionOf(library);
  const processors = `${cpus().length} × ${cpus()[0].model}`;
  const run = { date: new Date().toISOString(), processors, quick: !!quick, amount, versions };
  writeFileSync(join(import.meta.dirname, 'result.json'), `${JSON.stringify({ run, bars, ...result }, null, 1)}\n`);
  const missed = bars.filter(({ pass }) => !pass).map(({ name }) => name);
  if (missed.length) {
    console.log(`\nMissed:\n${missed.map((name) => `  ${name}`).join('\n')}`);
    process.exitCode = 1;
  }
} finally {
  for (const end of undo.reverse()) await end();
}
