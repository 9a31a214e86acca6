// Starts the demo's server (web/demo/server) as a child process, for tests, benchmarks and `make demo` alike.
import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const web = fileURLToPath(new URL('../../', import.meta.url));
const binary = `${web}.cache/demo-server`;

let built;

/** Builds the server, once in this process; go itself knows when there is nothing to do. */
export function buildDemo() {
  built ??= mkdir(`${web}.cache`, { recursive: true }).then(() =>
    promisify(execFile)('go', ['build', '-o', binary, './demo/server'], { cwd: web }),
  );
  return built;
}

/**
 * Starts the server on free ports.
 * @param {object} [options]
 * @param {number} [options.accessTokenLifetime] seconds
 * @param {number} [options.refreshTokenLifetime] seconds
 * @param {string} [options.static] folder of the page; the demo's own by default
 * @param {string} [options.dist] folder below /dist/; web/dist by default
 * @param {string[]} [options.redirects] paths of the page that a sign-in may return to
 * @param {string} [options.csp] Content-Security-Policy of the page; {issuer} stands for the server's origin
 * @returns `page` (a URL with a slash at its end), `issuer` and `api` (without and with one),
 *   `control(name, body)`, `log()` and `close()`
 */
export async function startDemo(options = {}) {
  await buildDemo();
  const args = ['-json', '-stdin', '-control', '-page', '127.0.0.1:0', '-api', '127.0.0.1:0'];
  args.push('-static', options.static ?? `${web}demo/page`, '-dist', options.dist ?? `${web}dist`);
  if (options.accessTokenLifetime) args.push('-at', `${options.accessTokenLifetime}s`);
  if (options.refreshTokenLifetime) args.push('-rt', `${options.refreshTokenLifetime}s`);
  if (options.redirects) args.push('-redirects', options.redirects.join(','));
  if (options.csp) args.push('-csp', options.csp);
  if (process.env.LATE) args.push('-late', `${process.env.LATE}ms`);
  // The pipe to its standard input ends with this process, however that happens, and the server with it.
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { page, issuer } = await readyLine(child);

  async function ask(method, path, body) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${issuer}/control/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`/control/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  return {
    page,
    issuer,
    api: `${issuer}/api/`,
    /** Turns a switch: expire, revoke, lifetime, token, api, reset. Resolves with the state of all of them. */
    control: (name, body = {}) => ask('POST', name, body),
    /** The requests since the last reset, /control/ and preflights left out. */
    log: () => ask('GET', 'log'),
    async close() {
      child.kill();
      await ended;
    },
  };
}

async function readyLine(child) {
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const said = JSON.parse(line);
    if (said.ready) return said;
  }
  throw new Error('the demo server ended before it was ready');
}
