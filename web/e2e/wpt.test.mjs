// Files in the form of WPT's, written from the Fetch and XMLHttpRequest standards, natively and wrapped in the same browser:
// each subtest ends in the same way. web/docs/wpt.md says more, and what is done with WPT's own.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, test } from 'node:test';
import { check, listed } from './wpt/differences.mjs';
import { discover } from './wpt/discover.mjs';
import { runSuite, startSuite, suites } from './wpt/suites.mjs';

const suite = suites.own();
const { tests, skipped } = await discover(suite.root, suite.folders);
let results;
before(async () => (results = (await runSuite(suite)).results), { timeout: 600_000 });

/** Whatever this browser lacks of an interface, it lacks wrapped too. */
const maySay = /\/idl\.any\.html$/;

for (const { url } of tests)
  test(`WPT ${url.slice(1)} says the same, wrapped and not`, () => {
    const result = results.find((one) => one.url === url);
    const { native } = result;
    assert.equal(native.get(''), 'harness 0');
    const failing = [...native].filter(([name, status]) => name && status !== 'passes').map(([name]) => name);
    if (!maySay.test(url)) assert.deepEqual(failing, [], 'what the standard says, this browser does');
    check('own', result);
  });

test('WPT who is signed in sends the token, and nobody else does', async () => {
  const { browser, origin, ways, close } = await startSuite(suite);
  try {
    const said = {};
    for (const [way, script] of Object.entries(ways)) {
      const context = await browser.newContext();
      if (script) await context.addInitScript(script);
      const page = await context.newPage();
      await page.goto(`${origin}/answers/token`);
      said[way] = await page.evaluate(async () => {
        const client = new XMLHttpRequest();
        client.open('GET', '/answers/token', false);
        client.send();
        const wrapped = !`${fetch}`.includes('[native code]') && !`${client.send}`.includes('[native code]');
        return [await (await fetch('/answers/token')).text(), client.responseText, wrapped];
      });
    }
    assert.deepEqual(said, {
      native: ['without', 'without', false],
      'not covered': ['without', 'without', true],
      'covered, nobody signed in': ['without', 'without', true],
      'covered, signed in': ['with a token', 'with a token', true],
    });
  } finally {
    await close();
  }
});

test('WPT every file is run', () => {
  assert.deepEqual(skipped, {});
  const known = listed.filter(({ suite, url }) => suite === 'own' && !tests.some((one) => one.url === url));
  assert.deepEqual(known, [], 'differences of files that are gone');
});

test('WPT the list of files in the docs is what was run', async () => {
  const docs = await readFile(new URL('../docs/wpt.md', import.meta.url), 'utf8');
  const lines = results.map(({ file, native }) => `| ${file} | ${native.size - 1} |`);
  const there = docs.split('\n').filter((line) => /^\| (fetch|xhr)\/\S+ \| \d+ \|$/.test(line));
  assert.deepEqual(there, lines);
});
