// Runs the files of fetch/api and xhr of a checkout of WPT, and writes what came of each into web/docs/wpt-files.md:
//
//     node e2e/wpt/list.mjs <folder of the checkout> [what it is called in the list] [a pattern of addresses]
//
// Needs python3, for the checkout's own handlers. Fails where a page differs in another way than is listed.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { check, listed } from './differences.mjs';
import { runSuite, suites } from './suites.mjs';

const [folder, called, pattern] = process.argv.slice(2);
if (!folder) {
  console.error('WPT has to name a checkout of web-platform-tests/wpt');
  process.exit(2);
}
const root = resolve(folder);
const git = spawnSync('git', ['-C', root, 'log', '-1', '--format=%h of %cs'], { encoding: 'utf8' });
const name = called || `WPT at ${git.status === 0 ? git.stdout.trim() : 'an unknown commit'}`;
const { results, skipped } = await runSuite(suites.wpt(root), {
  filter: new RegExp(pattern ?? ''),
  told: ({ url, differences }, left) => console.log(`${left} left: ${url}${differences.length ? ' differs' : ''}`),
});

let failed = 0;
const files = new Map();
for (const result of results) {
  const { file, native, differences } = result;
  try {
    check('wpt', result);
  } catch (error) {
    console.error(error.message);
    failed++;
  }
  if (!files.has(file)) files.set(file, { pages: 0, subtests: 0, passes: 0, differences: new Set() });
  const entry = files.get(file);
  entry.pages++;
  for (const [subtest, status] of native) {
    if (!subtest) continue;
    entry.subtests++;
    if (status === 'passes') entry.passes++;
  }
  for (const { name } of differences) entry.differences.add(name);
}

const sum = (member) => [...files.values()].reduce((total, entry) => total + entry[member], 0);
const lines = [
  `# WPT's files, one by one`,
  '',
  `Written by \`make wpt\`; [wpt.md](wpt.md) says what it means. These are ${name}: ${files.size} files, ${sum('pages')} pages, ` +
    `${sum('subtests')} subtests, of which ${sum('passes')} pass natively here. Each was run natively and in three ways of being wrapped; ` +
    `"the same" is the same result of every subtest in all of them.`,
  '',
  '| file | subtests | pass natively | wrapped |',
  '| --- | ---: | ---: | --- |',
  ...[...files].map(([file, { subtests, passes, differences }]) => {
    const wrapped = differences.size ? `${differences.size} differ: [why](#differences)` : 'the same';
    return `| ${file} | ${subtests} | ${passes} | ${wrapped} |`;
  }),
  '',
  '## Differences',
  '',
  ...listed
    .filter(({ suite }) => suite === 'wpt')
    .map(
      ({ url, name, ways, reason }) =>
        `- ${url}, ${name instanceof RegExp ? `\`${name}\`` : `"${name}"`} (${ways.join('; ')}): ${reason}.`,
    ),
  '',
  '## Not run',
  '',
  ...Object.entries(skipped).map(([file, reason]) => `- ${file}: ${reason}`),
  '',
];
if (!pattern) await writeFile(join(import.meta.dirname, '../../docs/wpt-files.md'), lines.join('\n'));
console.log(`${files.size - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
