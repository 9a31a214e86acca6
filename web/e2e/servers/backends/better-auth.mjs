// The real better-auth with its sessions in memory, and an app's own API that asks it who calls.
import './clock.mjs';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { bearer } from 'better-auth/plugins';
import { hash, isRight } from './password.mjs';
import { serve } from './serve.mjs';

const people = {
  alice: { email: 'alice@example.test', password: 'wonderland', name: 'alice' },
  bob: { email: 'bob@example.test', password: 'builder!', name: 'bob' },
};

const same = (one = '', other = '') =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

/** How the app keeps forged requests out: not better-auth's, which looks at the origin of what is its own. */
function csrf(switches, secure) {
  const cookie = secure ? '__Host-csrf' : 'csrf';
  const token = randomBytes(16).toString('hex');
  const cookieOf = ({ headers }) =>
    (headers.cookie ?? '')
      .split(/; */)
      .find((pair) => pair.startsWith(`${cookie}=`))
      ?.slice(cookie.length + 1);
  return {
    cookie,
    token,
    /** A new cookie, for a page that reads it and says it again. */
    setCookie: () => `${cookie}=${randomBytes(16).toString('hex')}; Path=/; SameSite=Lax${secure ? '; Secure' : ''}`,
    allows(request) {
      const given = request.headers['x-csrf-token'];
      if (switches.csrf === 'header') return request.headers['x-requested-with'] !== undefined;
      if (switches.csrf === 'token') return same(given, token);
      if (switches.csrf === 'cookie') return !!given && same(given, cookieOf(request));
      return true;
    },
  };
}

await serve({
  prefixes: ['/api'],
  switches: { expiresIn: [600], updateAge: [60], csrf: ['none', 'header', 'cookie', 'token'] },
  async start({ options, baseUrl, secure, page, switches, mayCall }) {
    const tables = { user: [], session: [], account: [], verification: [] };
    const auth = betterAuth({
      baseURL: baseUrl,
      secret: randomBytes(32).toString('hex'),
      database: memoryAdapter(tables),
      trustedOrigins: [page, ...(options.origins ?? [])],
      telemetry: { enabled: false },
      logger: { disabled: true },
      emailAndPassword: {
        enabled: true,
        autoSignIn: true,
        password: { hash, verify: ({ password, hash: hashed }) => isRight(password, hashed) },
      },
      session: { expiresIn: 600, updateAge: 60 },
      rateLimit: { enabled: false },
      plugins: options.bearer ? [bearer()] : [],
    });
    for (const body of Object.values(people)) await auth.api.signUpEmail({ body });
    const { user, account } = structuredClone(tables);
    const { sessionConfig } = await auth.$context;
    const guard = csrf(switches, secure);
    const own = toNodeHandler(auth);

    const json = (response, status, body) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body));

    async function api(request, response) {
      const { pathname } = new URL(request.url, baseUrl);
      if (pathname === '/api/csrf') {
        response.setHeader('set-cookie', guard.setCookie());
        return json(response, 200, { headerName: 'x-csrf-token', token: guard.token });
      }
      const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
      if (!found) return json(response, 401, { error: 'unauthorized' });
      const isSafe = request.method === 'GET' || request.method === 'HEAD';
      if (!isSafe && !guard.allows(request)) return json(response, 403, { error: 'csrf' });
      json(response, 200, { user: found.user.name });
    }

    const server = createServer((request, response) => {
      const { origin } = request.headers;
      if (mayCall(origin)) {
        response.setHeader('access-control-allow-origin', origin);
        response.setHeader('access-control-allow-credentials', 'true');
        response.setHeader('access-control-allow-headers', 'content-type,authorization,x-csrf-token,x-requested-with');
        response.setHeader('access-control-allow-methods', 'GET,POST,PUT,DELETE');
        response.setHeader('access-control-expose-headers', 'set-auth-token');
        response.setHeader('vary', 'Origin');
      }
      if (request.method === 'OPTIONS') return response.writeHead(204).end();
      return request.url.startsWith('/api/auth/') ? own(request, response) : api(request, response);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

    return {
      port: server.address().port,
      say: { people, csrfCookie: guard.cookie },
      apply: () => void Object.assign(sessionConfig, { expiresIn: switches.expiresIn, updateAge: switches.updateAge }),
      reset: () => void Object.assign(tables, structuredClone({ user, account }), { session: [], verification: [] }),
      turns: {
        revoke: () => void (tables.session.length = 0),
        sessions: () =>
          tables.session.map(({ userId, expiresAt }) => ({
            user: tables.user.find(({ id }) => id === userId)?.name,
            expiresAt,
          })),
      },
    };
  },
});
