// The real SuperTokens SDK for Node, sessions only, in an app of a few routes.
import './clock.mjs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { serve } from './serve.mjs';
import { createCore } from './supertokens-core.mjs';

const require = createRequire(import.meta.url);
const SuperTokens = require('supertokens-node');
const Session = require('supertokens-node/recipe/session');
const { BooleanClaim, PrimitiveArrayClaim } = require('supertokens-node/recipe/session/claims');
const { middleware, errorHandler } = require('supertokens-node/framework/express');
const { verifySession } = require('supertokens-node/recipe/session/framework/express');
const express = require('express');
// What it makes of its settings, which it has no function for to change later.
const recipe = require(
  join(dirname(require.resolve('supertokens-node')), 'lib/build/recipe/session/recipe.js'),
).default;

const people = { alice: 'wonderland', bob: 'builder' };
const exposed = ['front-token', 'anti-csrf', 'st-access-token', 'st-refresh-token'];

/** What the app knows of everybody, for those that look. */
const atFirst = { verified: false, roles: ['user'] };
const facts = { ...atFirst };
const verified = new BooleanClaim({ key: 'verified', fetchValue: () => facts.verified });
const roles = new PrimitiveArrayClaim({ key: 'roles', fetchValue: () => facts.roles });
const claims = { verified, roles };

const listen = (handler) =>
  new Promise((resolve) => {
    const server = createServer(handler).listen(0, '127.0.0.1', () => resolve(server.address().port));
  });

function createApp(mayCall) {
  const app = express();
  app.use((request, response, next) => {
    const { origin } = request.headers;
    if (mayCall(origin)) {
      response.set({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': ['content-type', ...SuperTokens.getAllCORSHeaders()].join(),
        'access-control-expose-headers': exposed.join(),
        'access-control-allow-methods': 'GET,POST,PUT,DELETE',
        vary: 'Origin',
      });
    }
    if (request.method === 'OPTIONS') return response.status(204).end();
    next();
  });
  app.use(middleware(), express.json());

  const own = express.Router();
  own.post('/login', async (request, response) => {
    const { user, password, payload } = request.body;
    if (!Object.hasOwn(people, user) || people[user] !== password)
      return response.status(401).json({ error: 'bad credentials' });
    const id = SuperTokens.convertToRecipeUserId(user);
    await Session.createNewSession(request, response, 'public', id, { role: 'user', ...payload });
    response.json({ user });
  });
  const me = ({ session }, response) =>
    response.json({ user: session?.getUserId() ?? null, role: session?.getAccessTokenPayload().role });
  own.get('/me', verifySession(), me);
  own.post('/write', verifySession(), me);
  own.get('/maybe', verifySession({ sessionRequired: false }), me);
  own.get('/strict', verifySession({ checkDatabase: true }), me);
  const needsClaim = { overrideGlobalClaimValidators: (usual) => [...usual, verified.validators.isTrue()] };
  own.get('/verified', verifySession(needsClaim), me);
  own.post('/verify', verifySession(), async ({ session, body }, response) => {
    await session.setClaimValue(verified, body?.value ?? true);
    me({ session }, response);
  });
  const look = async ({ session, params }, response) => {
    await session.fetchAndSetClaim(claims[params.claim]);
    response.json({});
  };
  own.get('/claims/:claim', verifySession(), look);
  own.put('/claims/:claim', verifySession(), look);
  own.get('/both-claims', verifySession(), async ({ session }, response) => {
    for (const claim of Object.values(claims)) await session.fetchAndSetClaim(claim);
    response.json({});
  });
  own.post('/payload', verifySession(), async ({ session, body }, response) => {
    await session.mergeIntoAccessTokenPayload(body);
    me({ session }, response);
  });
  own.post('/revoke', verifySession(), async ({ session }, response) => {
    await session.revokeSession();
    response.json({});
  });
  own.get('/refuse', (_, response) => response.status(401).json({ error: 'the app itself says no' }));
  own.get('/forbid', (_, response) => response.status(403).json({ error: 'the app itself says no' }));
  app.use('/api', own, errorHandler());
  app.use(errorHandler());
  app.use((error, _request, response, _next) => {
    console.error('supertokens:', error.name);
    response.status(500).json({ error: 'internal' });
  });
  return app;
}

await serve({
  prefixes: ['/auth', '/api'],
  switches: {
    transfer: ['any', 'cookie', 'header'],
    antiCsrf: ['VIA_TOKEN', 'NONE', 'VIA_CUSTOM_HEADER'],
    sameSite: ['lax', 'strict', 'none'],
    accessLife: [60],
    refreshLife: [8_640_000],
  },
  async start({ baseUrl, page, secure, switches, mayCall }) {
    const lives = {
      get access() {
        return switches.accessLife;
      },
      get refresh() {
        return switches.refreshLife;
      },
    };
    const core = createCore(lives);
    const corePort = await listen((request, response) => core.handle(request, response));
    const refused = new Set();
    SuperTokens.init({
      framework: 'express',
      telemetry: false,
      supertokens: { connectionURI: `http://127.0.0.1:${corePort}` },
      appInfo: { appName: 'test', apiDomain: baseUrl, websiteDomain: page, apiBasePath: '/auth' },
      recipeList: [
        Session.init({
          cookieSecure: secure,
          getTokenTransferMethod: () => switches.transfer,
          override: {
            functions: (usual) => ({
              ...usual,
              getSession(input) {
                const { TRY_REFRESH_TOKEN: type } = Session.Error;
                if (refused.has(input.accessToken)) throw new Session.Error({ type, message: 'refused by the test' });
                return usual.getSession(input);
              },
            }),
          },
        }),
      ],
    });
    const { config } = recipe.getInstanceOrThrowError();
    const port = await listen(createApp(mayCall));
    const of = (user) => [...core.sessions.values()].filter((session) => !user || session.userId === user);

    return {
      port,
      say: { people, paths: { refresh: '/auth/session/refresh', signOut: '/auth/signout' } },
      apply() {
        config.antiCsrfFunctionOrString = switches.antiCsrf;
        config.getCookieSameSite = () => switches.sameSite;
      },
      reset() {
        core.sessions.clear();
        core.accessTokens.clear();
        refused.clear();
        Object.assign(facts, atFirst);
      },
      turns: {
        expire: () => core.accessTokens.forEach((token) => refused.add(token)),
        async revoke({ user }) {
          for (const { userId } of of(user)) await Session.revokeAllSessionsForUser(userId);
        },
        facts: (given) => Object.assign(facts, given),
        steal: ({ user }) => of(user).forEach((session) => (session.current = 'another')),
        sessions: () => of().map(({ userId, refreshes, jwt }) => ({ user: userId, refreshes, payload: jwt })),
      },
    };
  },
});
