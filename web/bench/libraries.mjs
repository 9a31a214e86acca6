// What is compared, and what a page downloads of each. A library's name is also its file in pages/ and its host
// below .localhost, so that each has an origin, a storage and cookies of its own.
import { build } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const libraries = [
  'latchkey',
  'oidc-client-ts',
  'supertokens-website',
  'auth0-spa-js',
  'angular-oauth2-oidc',
  'axios',
  'by-hand',
];
/** Those whose page loads and memory are measured too. */
export const visited = ['latchkey', 'oidc-client-ts', 'supertokens-website', 'by-hand'];
export const peers = libraries.filter((name) => !['latchkey', 'by-hand'].includes(name));
const packages = { 'auth0-spa-js': '@auth0/auth0-spa-js' };

const web = join(import.meta.dirname, '..');
const dist = join(web, 'dist');
export const shipped = [
  'latchkey.js',
  'latchkey.module.js',
  'latchkey.min.js',
  'latchkey.runtime.min.js',
  'latchkey.logout.min.js',
  'latchkey.logout.html',
  'latchkey.wasm',
];
/** What the page's own bundle does not hold, and loads from beside it. */
const beside = ['latchkey.runtime.min.js', 'latchkey.wasm'];

/** Where the pages are put; web/dist is read once, so that a build meanwhile changes nothing under the run. */
export const site = join(web, '.cache/bench');

export const versionOf = (name) =>
  JSON.parse(
    readFileSync(
      name == 'latchkey'
        ? join(web, 'package.json')
        : join(web, 'node_modules', packages[name] ?? name, 'package.json'),
    ),
  ).version;

const options = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
};

/** Bundles each page with each library, as an app would: `<site>/<library>/{start,measure}.{html,js}`. */
export async function buildPages() {
  const missing = shipped.filter((name) => !existsSync(join(dist, name)));
  if (missing.length) throw new Error(`web/dist has no ${missing.join(', no ')}: run ./build.sh first`);
  rmSync(site, { recursive: true, force: true });
  for (const name of shipped) {
    mkdirSync(join(site, 'dist'), { recursive: true });
    copyFileSync(join(dist, name), join(site, 'dist', name));
  }
  for (const library of libraries) {
    const folder = join(site, library);
    await build({
      ...options,
      entryPoints: ['start', 'measure'].map((page) => join(import.meta.dirname, 'pages', `${page}.js`)),
      outdir: folder,
      alias: {
        library: join(import.meta.dirname, 'pages', `${library}.js`),
        latchkey: join(site, 'dist/latchkey.min.js'),
      },
      external: ['./latchkey.runtime.min.js'],
    });
    for (const page of ['start', 'measure']) writeFileSync(join(folder, `${page}.html`), html(page));
    if (library == 'latchkey') for (const name of beside) copyFileSync(join(site, 'dist', name), join(folder, name));
  }
}

/** All that a peer exports, minified: the measure that web/dist/latchkey.min.js has to stand beside. */
export async function bundlePeer(name) {
  const { outputFiles } = await build({
    ...options,
    stdin: { contents: `export * from '${packages[name] ?? name}'`, resolveDir: web },
    define: { 'process.env.NODE_ENV': '"production"' },
    // What an app has of its own.
    external: ['@angular/*', 'rxjs', 'rxjs/*'],
    write: false,
  });
  return outputFiles[0].contents;
}

const html = (page) => `<!doctype html>
<meta charset="utf-8">
<title>${page}</title>
<link rel="icon" href="data:,">
<script type="module" src="/${page}.js"></script>
`;
