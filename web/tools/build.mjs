// Builds dist/: the bundle, its minified form, the declarations and the checksums. The wasm is put there by
// build.sh before. Prints what each file weighs, and fails over budget.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { declarations } from './declarations.mjs';

const web = join(import.meta.dirname, '..');
const dist = join(web, 'dist');
const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'));
/** Bytes after brotli. */
const budget = { 'latchkey.min.js': 6_000, 'latchkey.wasm': 750_000 };

mkdirSync(dist, { recursive: true });
const bundle = (outfile, minify) =>
  build({
    entryPoints: [join(web, 'src/index.ts')],
    outfile: join(dist, outfile),
    bundle: true,
    minify,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    define: { __VERSION__: JSON.stringify(version) },
    banner: { js: `/* latchkey ${version}, MIT */` },
  });
await bundle('latchkey.js', false);
await bundle('latchkey.min.js', true);

writeFileSync(join(dist, 'latchkey.d.ts'), declarations());

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
const files = ['latchkey.js', 'latchkey.min.js', 'latchkey.wasm', 'latchkey.d.ts'].filter((name) =>
  existsSync(join(dist, name)),
);
let over = false;
let checksums = '';
console.log(`${'file'.padEnd(16)}${['raw', 'gzip', 'brotli'].map((name) => name.padStart(10)).join('')}`);
for (const name of files) {
  const bytes = readFileSync(join(dist, name));
  const sizes = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotli(bytes)];
  const tooMuch = sizes[2] > budget[name];
  over ||= tooMuch;
  console.log(
    name.padEnd(16) +
      sizes.map((size) => `${size}`.padStart(10)).join('') +
      (tooMuch ? `  over its budget of ${budget[name]}` : ''),
  );
  checksums += `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
}
writeFileSync(join(dist, 'checksums.txt'), checksums);
if (over) process.exit(1);
