// A stand-in for the SuperTokens core, which is Java: the session recipe of its interface 5.4, as the SDK asks for it. A
// refresh token's child takes its place when the child, or its access token, is first used; until then the parent is
// good. Any other is theft.
import { createHash, createSign, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

const kid = 'd-1';
const hash = (text) => createHash('sha256').update(text).digest('hex');
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());
const gone = { status: 'UNAUTHORISED', message: 'Session does not exist.' };

/** `lives` has seconds: access and refresh, of what is issued from now on. */
export function createCore(lives) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const sessions = new Map();
  const accessTokens = new Set();

  function sign(payload) {
    const text = `${encode({ kid, typ: 'JWT', version: '5', alg: 'RS256' })}.${encode(payload)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey).toString('base64url')}`;
  }
  function accessToken(payload) {
    const createdTime = Date.now();
    const iat = Math.floor(createdTime / 1000);
    const exp = iat + lives.access;
    const token = sign({ ...payload, iat, exp });
    accessTokens.add(token);
    return { token, expiry: exp * 1000, createdTime };
  }
  const view = ({ handle, userId, jwt }) => ({
    handle,
    userId,
    recipeUserId: userId,
    userDataInJWT: jwt,
    tenantId: 'public',
  });

  function issue(session, parent, enableAntiCsrf) {
    const token = `${session.handle}.${randomBytes(24).toString('base64url')}.${parent ?? ''}`;
    const antiCsrfToken = enableAntiCsrf ? randomUUID() : undefined;
    const createdTime = Date.now();
    const payload = {
      ...session.jwt,
      sub: session.userId,
      rsub: session.userId,
      tId: 'public',
      iss: 'http://core',
      sessionHandle: session.handle,
      refreshTokenHash1: hash(token),
      parentRefreshTokenHash1: parent ?? null,
      antiCsrfToken: antiCsrfToken ?? null,
    };
    return {
      session: view(session),
      accessToken: accessToken(payload),
      refreshToken: { token, expiry: createdTime + lives.refresh * 1000, createdTime },
      antiCsrfToken,
    };
  }

  const routes = {
    'GET /apiversion': () => ({ versions: ['5.4'] }),
    'GET /.well-known/jwks.json': () => ({
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }],
    }),
    'POST /recipe/session': ({ userId, userDataInJWT, userDataInDatabase, enableAntiCsrf }) => {
      const session = {
        handle: randomUUID(),
        userId,
        jwt: userDataInJWT,
        db: userDataInDatabase,
        created: Date.now(),
        refreshes: 0,
      };
      const issued = issue(session, undefined, enableAntiCsrf);
      session.current = hash(issued.refreshToken.token);
      sessions.set(session.handle, session);
      return { status: 'OK', ...issued };
    },
    'POST /recipe/session/refresh': ({ refreshToken, enableAntiCsrf }) => {
      const [handle, , parent] = refreshToken.split('.');
      const session = sessions.get(handle);
      if (!session) return gone;
      const own = hash(refreshToken);
      if (own !== session.current && parent === session.current) session.current = own;
      if (own !== session.current) return { status: 'TOKEN_THEFT_DETECTED', session: view(session) };
      session.refreshes++;
      return { status: 'OK', ...issue(session, session.current, enableAntiCsrf) };
    },
    'POST /recipe/session/verify': ({ accessToken: given }) => {
      const payload = decode(given);
      const session = sessions.get(payload.sessionHandle);
      if (!session) return gone;
      if (payload.exp * 1000 < Date.now()) return { status: 'TRY_REFRESH_TOKEN', message: 'expired' };
      const { parentRefreshTokenHash1: parent, refreshTokenHash1: own } = payload;
      if (!parent) return { status: 'OK', session: view(session) };
      if (parent === session.current) session.current = own;
      else if (own !== session.current) return { ...gone, message: 'Not the current refresh token.' };
      return {
        status: 'OK',
        session: view(session),
        accessToken: accessToken({ ...payload, parentRefreshTokenHash1: null }),
      };
    },
    'POST /recipe/session/regenerate': ({ accessToken: given, userDataInJWT }) => {
      const payload = decode(given);
      const session = sessions.get(payload.sessionHandle);
      if (!session) return gone;
      const kept = Object.entries(payload).filter(([name]) => !(name in session.jwt));
      session.jwt = userDataInJWT;
      return {
        status: 'OK',
        session: view(session),
        accessToken: accessToken({ ...Object.fromEntries(kept), ...userDataInJWT }),
      };
    },
    'PUT /recipe/jwt/data': ({ sessionHandle, userDataInJWT }) => {
      const session = sessions.get(sessionHandle);
      if (!session) return gone;
      session.jwt = userDataInJWT;
      return { status: 'OK' };
    },
    'POST /recipe/session/remove': ({ userId, sessionHandles = [] }) => {
      const meant = [...sessions.values()].filter(
        (one) => one.userId === userId || sessionHandles.includes(one.handle),
      );
      for (const { handle } of meant) sessions.delete(handle);
      return { status: 'OK', sessionHandlesRevoked: meant.map(({ handle }) => handle) };
    },
    'GET /recipe/session': (_, query) => {
      const session = sessions.get(query.get('sessionHandle'));
      if (!session) return gone;
      const { handle, userId, created, db, jwt } = session;
      const expiry = created + lives.refresh * 1000;
      const data = { userDataInDatabase: db, userDataInJWT: jwt, tenantId: 'public' };
      return {
        status: 'OK',
        sessionHandle: handle,
        timeCreated: created,
        expiry,
        userId,
        recipeUserId: userId,
        ...data,
      };
    },
    'GET /recipe/session/user': (_, query) => ({
      status: 'OK',
      sessionHandles: [...sessions.values()]
        .filter((one) => one.userId === query.get('userId'))
        .map(({ handle }) => handle),
    }),
    'GET /user/id': () => ({ status: 'UNKNOWN_USER_ID_ERROR' }),
  };

  return {
    sessions,
    /** All that were ever issued. */
    accessTokens,
    async handle(request, response) {
      const url = new URL(request.url, 'http://core');
      let body = '';
      for await (const chunk of request) body += chunk;
      const path = url.pathname.replace(/^\/appid-public/, '').replace(/^\/public\//, '/');
      const route = routes[`${request.method} ${path}`];
      if (!route) console.error(`the stand-in for the core has no ${request.method} ${path}`);
      response.writeHead(route ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(route ? route(body ? JSON.parse(body) : {}, url.searchParams) : {}));
    },
  };
}
