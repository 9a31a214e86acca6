// Installs the servers' packages into this folder, on demand: they are too heavy for everybody's `npm ci`.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const folder = import.meta.dirname;
/** Where what is made here is kept: git knows nothing of it. */
export const data = join(folder, 'data');
const marker = join(folder, 'node_modules/.installed');
const lock = join(data, 'installing');

/** The hash of the versions that are wanted. */
export const versions = async () =>
  createHash('sha256')
    .update(await readFile(join(folder, 'package-lock.json')))
    .digest('hex');

const isInstalled = async () => (await readFile(marker, 'utf8').catch(() => '')) === (await versions());

let installed;

/** Installs them unless the same ones are there. Test files that run side by side wait for each other. */
export function installBackends() {
  installed ??= install();
  return installed;
}

async function install() {
  if (await isInstalled()) return;
  await mkdir(data, { recursive: true });
  while (!(await takeLock())) {
    await pause(250);
    if (await isInstalled()) return;
  }
  try {
    if (await isInstalled()) return;
    console.error('• installing the backends that tests sign in at');
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await promisify(execFile)('npm', args, { cwd: folder, maxBuffer: 1 << 24 });
    await writeFile(marker, await versions());
  } finally {
    await rm(lock, { force: true });
  }
}

/** The lock is a file with the number of the process that installs; one that has ended holds nothing. */
async function takeLock() {
  try {
    await writeFile(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (holder && !isAlive(holder)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
