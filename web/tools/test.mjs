// Bundles the data plane with a faked runtime in place of the second file, and runs the unit tests on it. Arguments choose
// test files by their names without .test.mjs.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const web = join(import.meta.dirname, '..');
await build({
  entryPoints: {
    latchkey: join(web, 'src/index.ts'),
    ...Object.fromEntries(
      [
        'breaker',
        'dpop',
        'guard',
        'reckon',
        'leaving',
        'methods',
        'platform',
        'policy',
        'published',
        'tombstone',
        'trace',
        'waiting',
      ].map((name) => [name, join(web, `src/${name}.ts`)]),
    ),
  },
  outdir: join(web, '.cache/test'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'inline',
  define: { __VERSION__: '"test"', __USER__: 'false' },
  plugins: [
    {
      name: 'fake runtime',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^\.\/runtime$/ }, () => ({ path: join(web, 'test/runtime.mjs'), external: true })),
    },
  ],
});
const chosen = process.argv.slice(2);
const files = readdirSync(join(web, 'test'))
  .filter((name) => name.endsWith('.test.mjs') && (!chosen.length || chosen.includes(name.slice(0, -9))))
  .map((name) => join(web, 'test', name));
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
