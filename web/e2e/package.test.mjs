// The package as npm would ship it, in a page that somebody else builds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';
import { launch } from '../tools/browser.mjs';
import { startDemo } from './servers/demo.mjs';
import { watch } from './support/oracle.mjs';

const web = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

test('the packed package signs in from a page built by Vite', { timeout: 120_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-package-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await cp(join(web, 'e2e/pages/vite'), folder, { recursive: true });

  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: web,
  });
  const [{ filename, files }] = Object.values(JSON.parse(stdout));
  const names = files.map(({ path }) => path);
  for (const name of [
    'dist/latchkey.js',
    'dist/latchkey.min.js',
    'dist/latchkey.runtime.min.js',
    'dist/latchkey.wasm',
    'dist/latchkey.logout.html',
    'dist/latchkey.logout.min.js',
    'dist/latchkey.d.ts',
    'LICENSE',
    'README.md',
  ])
    assert.ok(names.includes(name), `${name} is not in the package`);
  assert.deepEqual(
    names.filter((name) => !/^(dist\/|package\.json|README\.md|LICENSE)/.test(name)),
    [],
    'files that nobody needs',
  );
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder });
  await build({ root: folder, logLevel: 'error' });
  const assets = await readdir(join(folder, 'dist/assets'));
  assert.ok(
    assets.some((name) => name.endsWith('.wasm')),
    'the bundler carries the wasm along',
  );

  const demo = await startDemo({ static: join(folder, 'dist') });
  t.after(() => demo.close());
  const browser = await launch();
  t.after(() => browser.close());
  const context = await browser.newContext();
  const oracle = watch(context);
  const page = await context.newPage();
  await page.goto(demo.page);
  await page.waitForFunction(() => globalThis.session);
  void page.evaluate(() => session.loginWithRedirect()).catch(() => {});
  await page.fill('[name=username]', 'alice');
  await page.fill('[name=password]', 'wonderland');
  await page.click('button[value=signin]');
  await page.waitForFunction(() => document.querySelector('#user')?.textContent === 'alice');
  assert.equal(await page.evaluate(async () => (await (await fetch(`${api}me`)).json()).sub), 'alice');
  await oracle.check();
});
