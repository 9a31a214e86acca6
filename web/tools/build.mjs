// Builds dist/, or the folder that is named: the scripts, the page for front-channel logout, the declarations and the checksums. The wasm is put there by
// build.sh before; with that of latchkey-user the scripts that belong to it are built too. Prints what each file weighs, and fails over budget.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundle, pageWith, scripts, userScripts } from './bundle.mjs';
import { declarations } from './declarations.mjs';

const web = join(import.meta.dirname, '..');
const dist = process.argv[2] ?? join(web, 'dist');
const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'));
/** Brotli of another Node may need a few bytes more: that is said, and is no reason to stop somebody's build. */
const slack = 1.01;
/** Bytes after brotli. */
const budget = {
  'latchkey.min.js': 11_800,
  'latchkey.runtime.min.js': 13_400,
  'latchkey.logout.min.js': 1_500,
  'latchkey.wasm': 760_000,
};
/** The same of a page that an app's bundler made, by the presets that it imports. */
const pages = { oidc: 10_200, cookies: 10_150, 'oidc, oauth, occ, vendure, cookies': 12_250 };

mkdirSync(dist, { recursive: true });
const wasm = 'latchkey.wasm';
const userWasm = 'latchkey-user.wasm';
const user = existsSync(join(dist, userWasm));
const all = user ? [...scripts, ...userScripts] : scripts;
await bundle(dist, version, all);
const logoutPage = 'latchkey.logout.html';
copyFileSync(join(web, 'src', logoutPage), join(dist, logoutPage));
writeFileSync(join(dist, 'latchkey.d.ts'), declarations());

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
const files = [...all, logoutPage, wasm, userWasm, 'latchkey.d.ts'].filter((name) => existsSync(join(dist, name)));
let over = false;
let checksums = '';
const weighs = {};
const heading = (what) =>
  console.log(`${what.padEnd(36)}${['raw', 'gzip', 'brotli'].map((name) => name.padStart(10)).join('')}`);
const weigh = (name, bytes, most) => {
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes)];
  weighs[name] = sizes[2];
  over ||= sizes[2] > most * slack;
  console.log(
    name.padEnd(36) +
      sizes.map((size) => `${size}`.padStart(10)).join('') +
      (sizes[2] > most ? `  over its budget of ${most}` : ''),
  );
};
heading('file');
for (const name of files) {
  const bytes = readFileSync(join(dist, name));
  weigh(name, bytes, budget[name]);
  checksums += `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
}
writeFileSync(join(dist, 'checksums.txt'), checksums);
console.log();
heading('a page by esbuild that imports');
for (const [presets, most] of Object.entries(pages)) weigh(presets, await pageWith(dist, presets), most);
if (user)
  console.log(
    `\n${userWasm} is ${weighs[wasm] - weighs[userWasm]} bytes smaller after brotli: client tokens and agents`,
  );
if (over) process.exit(1);
