// A latchkey.wasm that breaks when it is told to: the real program, and one file more.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const cache = `${root}web/.cache`;

/** Builds it, with the version of the bundle. Resolves with its bytes. */
export async function buildFaulty() {
  await mkdir(cache, { recursive: true });
  const { version } = JSON.parse(await readFile(`${root}web/package.json`, 'utf8'));
  const overlay = `${cache}/faulty.json`;
  const added = fileURLToPath(new URL('fault.go.txt', import.meta.url));
  await writeFile(overlay, JSON.stringify({ Replace: { [`${root}wasm/fault_js.go`]: added } }));
  const out = `${cache}/faulty.wasm`;
  // As build.sh does it.
  const flags = ['-trimpath', `-ldflags=-s -w -X main.version=${version}`, '-overlay', overlay, '-o', out];
  const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm', GOEXPERIMENT: 'nogreenteagc' };
  await promisify(execFile)('go', ['build', ...flags, './wasm'], { cwd: root, env });
  return readFile(out);
}
