// How long an id token takes: the Go benchmark of jsbridge, in wasm in Chromium on the product's own host. The network is
// Go's, and answers at once, so that what is measured is ours: a token answer read, its id token parsed, every claim checked,
// the signature verified by the browser, with the keys there.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { browserPath } from '../tools/browser.mjs';

const root = join(import.meta.dirname, '../..');

/** Milliseconds by algorithm: `{ RS256: { median, p95 }, … }`. */
export async function measureValidation() {
  const through = `node ${join(root, 'web/tools/run-wasm.mjs')} chromium`;
  const { stdout } = await promisify(execFile)(
    'go',
    ['test', '-run', '^$', '-bench', 'IDToken', '-exec', through, './jsbridge'],
    { cwd: root, env: { ...process.env, GOOS: 'js', GOARCH: 'wasm', BROWSER_PATH: browserPath() } },
  );
  const lines = stdout.matchAll(/^BenchmarkIDToken\/(\w+)\s.*?([\d.]+) p50-ms\s+([\d.]+) p95-ms/gm);
  return Object.fromEntries([...lines].map(([, alg, median, p95]) => [alg, { median: +median, p95: +p95 }]));
}
