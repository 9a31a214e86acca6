// What everything weighs: as it is, after gzip -9 and after brotli 11.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { pageWith } from '../tools/bundle.mjs';
import { bundlePeer, peers, shipped, site } from './libraries.mjs';

// The largest window that browsers take, as for the budget in tools/build.mjs.
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };

const weigh = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, { params }).length,
});

export async function measureSizes() {
  const sizes = {};
  for (const name of shipped) sizes[name] = weigh(readFileSync(join(site, 'dist', name)));
  // What a page has that somebody else bundles, by the schemes that it imports.
  for (const presets of ['oidc', 'cookies', 'oidc, oauth, occ, vendure, cookies'])
    sizes[`latchkey with ${presets}, minified`] = weigh(await pageWith(join(site, 'dist'), presets));
  for (const name of peers) sizes[`${name}, minified`] = weigh(await bundlePeer(name));
  return sizes;
}
