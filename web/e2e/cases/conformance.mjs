// Writes the tables of web/docs/conformance.md: the catalogue, and the tests that are named after each case.
//
//   node web/e2e/cases/conformance.mjs
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cases } from './index.mjs';
import { catalogue } from './catalogue.mjs';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = `${root}web/docs/conformance.md`;

/** Does a test's text name a case: OP-02, or TestOP02…? */
export const names = (text, id) => new RegExp(`\\b${id}\\b|Test\\w*${id.replace('-', '')}(?!\\d)`).test(text);

const isTest = /_test\.go$|\.test\.mjs$/;

/** The project's test files that name cases, with their text. */
async function testFiles() {
  const found = [];
  for (const folder of ['core', 'jsbridge', 'web/test', 'web/e2e'])
    for (const name of await readdir(root + folder, { recursive: true }))
      if (isTest.test(name)) {
        const path = `${folder}/${name}`.replaceAll('\\', '/');
        found.push({ path, text: await readFile(root + path, 'utf8') });
      }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const row = ({ id, given, we, open }, files) => {
  const shown = cases.filter((one) => one.id === id).map(({ key }) => key);
  const parts = [];
  if (shown.length) parts.push(`${id.startsWith('OP') ? 'op' : 'oa'}.test.mjs: ${shown.join(', ')}`);
  const own = /\/o[ap]\.test\.mjs$|\/conformance/;
  for (const { path, text } of files) if (!own.test(path) && names(text, id)) parts.push(path);
  if (open) parts.push(`no test: ${open}`);
  return `| ${id} | ${given} | ${we} | ${parts.join('<br>')} |`;
};

export async function tables() {
  const files = await testFiles();
  const table = (prefix) =>
    ['| case | what happens | what we do | shown by |', '| --- | --- | --- | --- |']
      .concat(catalogue.filter(({ id }) => id.startsWith(prefix)).map((one) => row(one, files)))
      .join('\n');
  return { op: table('OP'), oa: table('OA') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { op, oa } = await tables();
  const text = await readFile(page, 'utf8');
  const put = (text, name, table) =>
    text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- end -->)`), (_all, from, to) => from + table + to);
  await writeFile(page, put(put(text, 'op', op), 'oa', oa));
}
