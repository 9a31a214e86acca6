// Starts the stand-in for SAP Commerce (web/e2e/servers/occ) as a child process. What a test can do with it:
//
//   const occ = await startOcc();
//   occ.page     the shop's page, with a slash at its end       occ.baseUrl   SAP Commerce, without
//   occ.shared   a login page for several shops, without        people        who can sign in, and their ids
//
//   await occ.set({ refresh: 'omit', sameToken: false, … })   the doubtful things; switches.go tells what each means:
//       sameToken (true)  refresh ('repeat', omit, rotate)  refreshEndsAccess (true)  revokeEndsBoth (false)
//       expiredRefresh ('invalid_token', invalid_grant)  invalidToken ('InvalidTokenError', InvalidBearerTokenError)
//       tokenInMessages (true)  exposeChallenge (false)  xml ('default': unless JSON is asked for, asked, never)
//       anonymousNeedsClient (true)  revokeNeedsAuthorization (false)
//       loginPage ('': the server's own form, else a whole URL: S13, S102)  origins ([]: more pages that may call)
//   await occ.lifetime({ access, refresh, client, code, otp })    seconds, of what is issued from now on
//   await occ.expire({ user, client, kind }), occ.revoke({ … })   tokens; what is left out is all of them;
//       user: a name, client: an id, kind: 'access' (a user's), 'client' (a client's own) or 'refresh'
//   await occ.fault({ endpoint, mode, grantType, path, count, ms, retryAfter })
//       endpoint: token, revoke, authorize, csrf, login, logout, basesites, occ (all else below /occ/v2/) or assisted
//       mode: a status as a string, slow (ms), hang (before the work), late (work done, answer held), drop-before, drop;
//       'ok' takes the endpoint's faults away and lets go what is held. grantType, path (how it ends) and count narrow it
//   await occ.sessions('end' | 'csrf')   ends the server's own sessions; has its forms want another CSRF token
//   await occ.log()      the requests so far; requestlog.go tells what an entry has: among it
//       method, path, headers, asked (by a preflight), form, grantType, client, authorization, token, stands, given, issued,
//       kind (none, client, customer, agent), actor (who), subject (for whom it ran; absent if it did not), done, status.
//       Tokens are there by label only: access-1, refresh-2, client-3, unknown-1a2b3c4d
//   await occ.until((requests) => …)   waits until that is true of the log, and resolves with what it gave
//   await occ.tokens()   every token by label: kind, client, user, scope, stands (live, expired, ended), refresh
//   await occ.mail()     the one-time codes: to, code
//   await occ.forget()   empties the log        await occ.reset()   all as at the start
import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const web = fileURLToPath(new URL('../../', import.meta.url));
const binary = `${web}.cache/occ-server`;

/** `isolated` are known at the base site isolated-spa only, under `<uid>|isolated-spa`. */
export const people = {
  alice: { username: 'alice', password: 'wonderland', customerId: 'c-alice' },
  bob: { username: 'bob', password: 'builder', customerId: 'c-bob' },
  agent: { username: 'agent', password: 'support' },
  agent2: { username: 'agent2', password: 'support' },
  disabled: { username: 'dora', password: 'locked', customerId: 'c-dora' },
  isolated: {
    alice: { username: 'alice', password: 'looking-glass', customerId: 'c-alice-isolated' },
    carol: { username: 'carol', password: 'christmas', customerId: 'c-carol' },
  },
};

let built;

/** Builds the server, once in this process; go itself knows when there is nothing to do. */
export function buildOcc() {
  built ??= mkdir(`${web}.cache`, { recursive: true }).then(() =>
    promisify(execFile)('go', ['build', '-o', binary, './e2e/servers/occ'], { cwd: web }),
  );
  return built;
}

/**
 * Starts the server on free ports.
 * @param {object} [options]
 * @param {string} [options.static] folder of the page; e2e/pages by default
 * @param {string} [options.dist] folder below /dist/; web/dist by default
 * @param {string} [options.csp] Content-Security-Policy of the page; {server} stands for the server's origin
 */
export async function startOcc(options = {}) {
  await buildOcc();
  const args = ['-stdin', '-static', options.static ?? `${web}e2e/pages`, '-dist', options.dist ?? `${web}dist`];
  if (options.csp) args.push('-csp', options.csp);
  // The pipe to its standard input ends with this process, however that happens, and the server with it.
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const { page, server, shared } = await readyLine(child);

  async function ask(method, path, body) {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const answer = await fetch(`${server}/control/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`/control/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
  const turn =
    (name) =>
    (body = {}) =>
      ask('POST', name, body);

  return {
    page: `${page}/`,
    baseUrl: server,
    shared,
    set: turn('switch'),
    lifetime: turn('lifetime'),
    expire: turn('expire'),
    revoke: turn('revoke'),
    fault: turn('fault'),
    sessions: (what) => ask('POST', 'sessions', { do: what }),
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
    tokens: () => ask('GET', 'tokens'),
    mail: () => ask('GET', 'mail'),
    async close() {
      child.kill();
      await ended;
    },
  };
}

async function readyLine(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    if (said.ready) return said;
  }
  throw new Error('the stand-in for SAP Commerce ended before it was ready');
}
