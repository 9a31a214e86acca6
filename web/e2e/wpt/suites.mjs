// The two sets of files: our own, written from the standards, and WPT's in a checkout that somebody has.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from '../../tools/browser.mjs';
import { discover } from './discover.mjs';
import { packageFolder } from './npm.mjs';
import { own } from './own/answers.mjs';
import { compareAll, report } from './run.mjs';
import { startWpt } from './serve.mjs';
import { createWays, sessionServer } from './ways.mjs';

const file =
  (path, type = 'text/javascript') =>
  async (_, response, url) =>
    response.writeHead(200, { 'content-type': type }).end(await readFile(join(await path(url))));

/** WPT's harness, from npm, and the interfaces as the standards have them. */
const harness = {
  '/resources/testharness.js': file(async () =>
    join(await packageFolder('wpt-runner@7.0.0'), 'testharness/testharness.js'),
  ),
  '/resources/idlharness.js': file(async () =>
    join(await packageFolder('wpt-runner@7.0.0'), 'testharness/idlharness.js'),
  ),
  '/resources/WebIDLParser.js': file(async () =>
    join(await packageFolder('wpt-runner@7.0.0'), 'testharness/webidl2.js'),
  ),
  '/interfaces/': file(
    async ({ pathname }) => join(await packageFolder('@webref/idl@3.85.0'), pathname.slice('/interfaces/'.length)),
    'text/plain',
  ),
};

/** What each set is: where its files are, which folders are run, and who answers. */
export const suites = {
  own: () => ({ root: join(import.meta.dirname, 'own'), folders: ['fetch', 'xhr'], own: { ...harness, ...own } }),
  wpt: (root) => ({ root, folders: ['fetch/api', 'xhr'], own: {}, python: true }),
};

/** Starts a set's server and a browser. `ways` are those in which a page is run. */
export async function startSuite({ root, own, python }) {
  const reporting = (_, response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(report);
  const answers = { ...own, ...sessionServer(readFile), '/resources/testharnessreport.js': reporting };
  const [server, browser] = await Promise.all([startWpt({ roots: [root], own: answers, python }), launch()]);
  const close = () => Promise.all([browser.close(), server.close()]);
  try {
    return { ...server, browser, ways: await createWays(browser, server.origin), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs a set, or what of it `filter` fits. Resolves with its results, page by page, and what was not run and why. */
export async function runSuite(suite, { filter = /./, ...options } = {}) {
  const { tests, skipped } = await discover(suite.root, suite.folders);
  const { browser, origin, ways, close } = await startSuite(suite);
  try {
    const chosen = tests.filter(({ url }) => filter.test(url));
    return { results: await compareAll(browser, origin, chosen, ways, options), skipped };
  } finally {
    await close();
  }
}
