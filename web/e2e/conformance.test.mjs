// web/docs/conformance.md has a line for each case, and the tests that it names are there.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { names, root } from './cases/conformance.mjs';
import { cases } from './cases/index.mjs';

const wanted = [
  ...Array.from({ length: 62 }, (_, i) => `OP-${`${i + 1}`.padStart(2, '0')}`),
  ...Array.from({ length: 44 }, (_, i) => `OA-${`${i + 1}`.padStart(2, '0')}`),
];
const lines = new Map();
for (const line of (await readFile(`${root}web/docs/conformance.md`, 'utf8')).split('\n')) {
  const cells = line.split('|').map((cell) => cell.trim());
  if (/^O[PA]-\d\d$/.test(cells[1])) {
    assert.ok(!lines.has(cells[1]), `${cells[1]} has two lines`);
    lines.set(cells[1], cells);
  }
}

test('every case has its line', () => assert.deepEqual([...lines.keys()], wanted));

for (const [id, [, , given, we, shown]] of lines)
  test(`what the line of ${id} names is there`, async () => {
    assert.ok(given && we, 'what happens, and what we do');
    const parts = shown.split('<br>').filter(Boolean);
    assert.ok(parts.length, 'a test, or the reason why there is none');
    const keys = [];
    for (const part of parts) {
      const reason = /^no test: (.+)$/.exec(part);
      const own = /^o[pa]\.test\.mjs: (.+)$/.exec(part);
      if (own) keys.push(...own[1].split(', '));
      else if (!reason) assert.ok(names(await readFile(root + part, 'utf8'), id), `${part} names no ${id}`);
    }
    const there = cases.filter((one) => one.id === id).map(({ key }) => key);
    assert.deepEqual(keys.toSorted(), there.toSorted(), 'the entries of the table');
  });
