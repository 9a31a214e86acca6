// Starts one of this folder's servers as a child process, and gives what tests do with any of them.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installBackends } from './install.mjs';

/** Resolves with what the server says of itself, and its controls: ../README.md tells what they are. */
export async function startBackend(name, options = {}) {
  await installBackends();
  const args = [join(import.meta.dirname, `${name}.mjs`), JSON.stringify(options)];
  // The pipe to its standard input ends with this process, however that happens, and the server with it.
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { control, ...said } = await readyLine(child, name);

  async function ask(method, path, body) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${control}/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${name}: ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
  const turn =
    (path) =>
    (body = {}) =>
      ask('POST', path, body);

  return {
    ...said,
    turn,
    set: turn('set'),
    clock: (ahead) => ask('POST', 'clock', { ahead }),
    fault: turn('fault'),
    forget: turn('forget'),
    reset: turn('reset'),
    log: async () => (await ask('GET', 'log')).requests,
    async until(predicate) {
      for (let path = 'log'; ;) {
        const { version, requests } = await ask('GET', path);
        const found = predicate(requests);
        if (found) return found;
        path = `log?after=${version}`;
      }
    },
    async close() {
      child.kill();
      await ended;
    },
  };
}

async function readyLine(child, name) {
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{"ready":')) continue;
    child.stdout.resume(); // else what it prints later would fill the pipe
    return JSON.parse(line).ready;
  }
  throw new Error(`${name} ended before it was ready`);
}
