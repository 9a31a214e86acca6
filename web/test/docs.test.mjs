// The docs: their TypeScript compiles, and their links lead somewhere.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { complaints } from './consumer.mjs';

const root = join(import.meta.dirname, '../..');
const docs = readdirSync(join(root, 'web/docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `web/docs/${name}`);
const texts = new Map(['README.md', ...docs].map((path) => [path, readFileSync(join(root, path), 'utf8')]));

/** What a snippet takes for granted: the session, and what an app of one's own would have. */
const given = `import type { Session } from 'latchkey';
declare global {
  const session: Session;
  const loginButton: HTMLButtonElement, logoutButton: HTMLButtonElement;
  const password: string;
  const router: { navigate(path: string): void };
  const site: string;
  const banner: { hidden: boolean; text: string; warning: string };
  function loadCart(userId: string): void;
  function mergeCart(userId: string): void;
  function dropCart(): void;
  function render(isLoggedIn: boolean, userId: string): void;
  function show(text: string): void;
}
`;
const own = `import type { Session } from 'latchkey';
export declare const session: Session;
export declare const issuer: string;
`;

const snippets = new Map();
for (const [path, text] of texts) {
  for (const [at, , body] of [...text.matchAll(/^```(ts|js|typescript)\n([^]*?)^```$/gm)].map((found) => [
    found.index,
    ...found.slice(1),
  ])) {
    const line = text.slice(0, at).split('\n').length;
    snippets.set(`${path.replaceAll('/', '_')}_${line}.ts`, `${body}export {};\n`);
  }
}

test('every snippet compiles against the declarations', () => {
  assert.ok(snippets.size > 10, `${snippets.size} snippets`);
  const files = { ...Object.fromEntries(snippets), 'given.ts': given, 'session.ts': own };
  assert.deepEqual(complaints('docs', files), []);
});

/** As GitHub makes the anchor of a heading. */
const anchor = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

for (const [path, text] of texts) {
  test(`the links of ${path} lead somewhere`, () => {
    for (const [, link] of text.replace(/^```[^]*?^```$/gm, '').matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [to, name] = link.split('#');
      const file = to ? join(root, dirname(path), to) : join(root, path);
      assert.ok(existsSync(file), link);
      if (!name) continue;
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));
      assert.ok(headings.includes(name), link);
    }
  });
}
