// The package as npm would ship it, in a page that somebody else builds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { build } from 'vite';
import { launch } from '../tools/browser.mjs';
import { startDemo } from './servers/demo.mjs';
import { watch } from './support/oracle.mjs';

const web = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** What is in the code for one preset, and nowhere else. */
const words = {
  oidc: /trustedAudiences|endpointOrigins/,
  oauth: /customTokenParameters|pushedAuthorization/,
  occ: /sendAuthHeaderOnRevoke|authorizeRevocation|idleWarning/,
  vendure: /authTokenHeader|mutation\|active/,
  cookies: /staleStatus|tokenTransferMethod|anti-csrf/,
};
const presetsOf = (code) => Object.keys(words).filter((preset) => words[preset].test(code));
/** Of the second file. */
const isRuntime = (code) => code.includes('instantiate');

/** Where somebody has installed the package, who has a page in it. */
let folder;
let packed;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-package-'));
  await cp(join(web, 'e2e/pages/vite'), folder, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: web,
  });
  const [{ filename, files }] = Object.values(JSON.parse(stdout));
  packed = files.map(({ path }) => path);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder });
});
after(() => rm(folder, { recursive: true, force: true }));

test('the package has what pages need, and nothing else', () => {
  for (const name of [
    'dist/latchkey.js',
    'dist/latchkey.module.js',
    'dist/latchkey.min.js',
    'dist/latchkey.runtime.min.js',
    'dist/latchkey.wasm',
    'dist/latchkey.logout.html',
    'dist/latchkey.logout.min.js',
    'dist/latchkey.d.ts',
    'LICENSE',
    'README.md',
  ])
    assert.ok(packed.includes(name), `${name} is not in the package`);
  assert.deepEqual(
    packed.filter((name) => !/^(dist\/|package\.json|README\.md|LICENSE)/.test(name)),
    [],
    'files that nobody needs',
  );
});

test('a page that esbuild bundles has the schemes that it imports, and the runtime apart', async () => {
  const bundle = async (contents) => {
    const { outputFiles } = await esbuild.build({
      stdin: { contents, resolveDir: folder },
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      outdir: join(folder, 'esbuild'),
      write: false,
    });
    return outputFiles;
  };
  const others = { occ: ['oauth', 'occ'] };
  for (const preset of Object.keys(words)) {
    const [page, ...chunks] = await bundle(`export { createSession, ${preset} } from 'latchkey'`);
    assert.deepEqual(presetsOf(page.text), others[preset] ?? [preset]);
    assert.ok(!isRuntime(page.text) && chunks.some(({ text }) => isRuntime(text)), 'the runtime is a chunk');
  }
  const [all] = await bundle("export * from 'latchkey'");
  assert.deepEqual(presetsOf(all.text), Object.keys(words));

  // Plain data needs its preset, and is told so at once.
  for (const [imported, auth] of [
    ['', { scheme: 'vendure', url: 'https://shop.test/shop-api' }],
    [', vendure', { scheme: 'cookies', session: 'https://shop.test/session' }],
  ]) {
    const [page] = await bundle(`export { createSession${imported} } from 'latchkey'`);
    const path = join(folder, `page${imported.length}.mjs`);
    await writeFile(path, page.text);
    const { createSession, vendure } = await import(pathToFileURL(path).href);
    assert.throws(() => createSession({ auth, api: [] }), {
      code: 'config_invalid',
      message: 'auth.scheme must be oidc|oauth|occ|vendure|cookies, and that preset imported',
    });
    if (vendure) createSession({ auth: { scheme: 'vendure', url: 'https://shop.test/shop-api' }, api: [] }).close();
  }
});

test('the packed package signs in from a page built by Vite, with one scheme and the runtime apart', async (t) => {
  await build({ root: folder, logLevel: 'error' });
  const assets = join(folder, 'dist/assets');
  const names = await readdir(assets);
  assert.ok(
    names.some((name) => name.endsWith('.wasm')),
    'the bundler carries the wasm along',
  );
  const html = await readFile(join(folder, 'dist/index.html'), 'utf8');
  const scripts = names.filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(scripts.map((name) => readFile(join(assets, name), 'utf8')));
  const first = texts[scripts.findIndex((name) => html.includes(name))];
  assert.deepEqual(presetsOf(first), ['oidc']);
  assert.ok(!isRuntime(first) && texts.some(isRuntime), 'the runtime is a chunk');

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
