// Bundles web/src into a folder: latchkey.js, which is whole; latchkey.min.js, whose runtime is a
// file beside it; latchkey.module.js, the same for bundlers, which minify it and leave out the schemes that a page does not
// import; and the script of the page for front-channel logout, which stands alone. The scripts of
// latchkey-user are the same without client tokens and agents, and belong to a wasm of that name.
import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minify } from 'vite';

const src = join(import.meta.dirname, '../src');

const kinds = ['js', 'module.js', 'min.js', 'runtime.min.js'];
export const scripts = [...kinds.map((kind) => `latchkey.${kind}`), 'latchkey.logout.min.js'];
export const userScripts = kinds.map((kind) => `latchkey-user.${kind}`);

/** Leaves the import of the runtime to the browser. */
const apart = (path) => ({
  name: 'runtime apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\/runtime$/ }, ({ kind }) => kind == 'dynamic-import' && { path, external: true }),
});

/** Writes the scripts, or those named. */
export const bundle = async (folder, version, names = scripts) => {
  for (const name of names) {
    const small = name.includes('.min.');
    const whole = !/\.(min|module)\./.test(name);
    const user = name.startsWith('latchkey-user');
    const entry = /\.(runtime|logout)\./.exec(name)?.[1] ?? 'index';
    const { outputFiles } = await build({
      entryPoints: [join(src, `${entry}.ts`)],
      bundle: true,
      // A module would have loaded before it has done anything.
      format: entry == 'logout' ? 'iife' : 'esm',
      target: 'es2022',
      legalComments: 'none',
      define: { __VERSION__: JSON.stringify(version), __USER__: `${user}` },
      // What is minified says its version where it is checked, and its license is in the package.
      banner: small ? {} : { js: `/* latchkey ${version}, MIT */` },
      plugins: whole ? [] : [apart(user ? './latchkey-user.runtime.min.js' : './latchkey.runtime.min.js')],
      write: false,
    });
    let code = outputFiles[0].text;
    // It has to stand there as it is: bundlers look for it.
    if (user) code = code.replace('./latchkey.wasm', './latchkey-user.wasm');
    // Vite's own minifier: 200 bytes less after compression than esbuild's.
    if (small)
      ({ code } = await minify(name, code, {
        module: true,
        compress: { target: 'es2022' },
        mangle: { toplevel: true },
      }));
    writeFileSync(join(folder, name), code);
  }
};

/** What a page gets of latchkey.module.js in that folder, if an app's bundler is esbuild and it imports these presets. */
export const pageWith = async (folder, presets) => {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { createSession, ${presets} } from './latchkey.module.js'`,
      resolveDir: folder,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    legalComments: 'none',
    external: ['./latchkey.runtime.min.js'],
    write: false,
  });
  return outputFiles[0].contents;
};
