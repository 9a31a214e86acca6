// Finds programs of the machine, and installs Debian's packages where that can be done.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const asRoot = process.getuid?.() === 0;

export function runs(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Where the first of those is in PATH; undefined where none is. */
export function inPath(...names) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) if (folder && runs(join(folder, name))) return join(folder, name);
  }
}

export const canInstall = () => asRoot && existsSync('/etc/debian_version');

/** Installs packages; throws where apt does not. */
export function install(...packages) {
  // apt fails at once while another apt runs, unless it is told to wait for it.
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const { status } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) throw new Error(`apt-get ${args[0]} failed`);
  }
}
