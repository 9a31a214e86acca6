// Bundles the driver into a folder that a test's server can serve.
import { build } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../', import.meta.url));
const own = `${web}e2e/spartacus/node_modules`;
const config = 'esm2015/src/auth/user-auth/config/default-auth-config.js';

/** Resolves with the folder, and with the defaults that the package publishes. */
export async function bundleStorefront() {
  const folder = `${web}.cache/spartacus`;
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [`${web}e2e/spartacus/driver.js`],
    outfile: `${folder}/driver.js`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    mainFields: ['es2015', 'module', 'main'],
    alias: {
      // The engine is content with any Angular, and so may lie where a newer one does.
      ...Object.fromEntries(['@angular/common', '@angular/core', 'rxjs'].map((name) => [name, `${own}/${name}`])),
      // Translations are loaded by Node's means there, and not at all here.
      'i18next-http-backend': `${web}e2e/spartacus/nothing.js`,
    },
  });
  await writeFile(
    `${folder}/index.html`,
    '<!doctype html><link rel="icon" href="data:," /><title>Storefront</title><script type="module" src="/driver.js"></script>',
  );
  // As Node sees it, the file says `export` and is no module.
  const defaults = `${folder}/defaults.mjs`;
  await build({ entryPoints: [`${own}/@spartacus/core/${config}`], outfile: defaults, format: 'esm' });
  const { defaultAuthConfig } = await import(defaults);
  return { folder, authentication: defaultAuthConfig.authentication };
}
