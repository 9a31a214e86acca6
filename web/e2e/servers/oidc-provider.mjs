// The independent judge: npm oidc-provider, a certified OpenID provider that shares no code with us, configured for
// single-page apps on loopback, with a small protected API on the same origin. It runs in the test's own process.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import Provider, { errors } from 'oidc-provider';
import { Proofs } from './dpop.mjs';
import { Holds } from './hold.mjs';
import { MemoryAdapter } from './oidc-adapter.mjs';
import { serveApi } from './oidc-api.mjs';
import { interactions, signOutPage, plainPage } from './oidc-pages.mjs';

export const users = {
  alice: { password: 'wonderland', name: 'Alice Liddell', email: 'alice@example.test' },
  bob: { password: 'builder', name: 'Bob Baumann', email: 'bob@example.test' },
};

const clients = { code: 'demo', implicit: 'demo-implicit', password: 'demo-password' };

let key; // made once: RSA keys take their time
function signingKey() {
  key ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return { ...key, kid: 'rs1', use: 'sig', alg: 'RS256' };
}

/**
 * Starts a provider on a free port. Several may run beside each other.
 * @param {object} options
 * @param {string[]} options.spaOrigins origins of the pages that may sign in and read answers
 * @param {number} [options.accessTokenTTL] seconds
 * @param {string[]} [options.redirectPaths] paths on those origins that a sign-in may return to
 * @param {string[]} [options.resources] what a sign-in can ask for by name (RFC 8707): their access tokens are good at /api/of/<number>/me only
 * @param {object} [options.headers] go with every answer; may be changed later
 * @param {number} [options.grace] seconds in which a refresh token that was used is still good; else its use ends the whole grant
 * @returns `issuer` (no slash at its end), `api` (with one), `clients`, `users`, `log()`, `reset()`, `expire()`, `revoke()`, `rotateNonce()`, `hold()`, `close()`
 */
export async function startOidcProvider({
  spaOrigins,
  accessTokenTTL = 60,
  redirectPaths = ['/', '/callback', '/second'],
  resources,
  headers = {},
  grace = 0,
}) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const tables = new Map();
  const provider = new Provider(
    issuer,
    configuration({ spaOrigins, accessTokenTTL, redirectPaths, resources, tables, grace }),
  );
  // Else it wants https, and no localhost, of pages that get tokens in their address.
  const { prototype } = provider.Client.Schema;
  const { invalidate } = prototype;
  prototype.invalidate = function (message, code) {
    if (code !== 'implicit-force-https' && code !== 'implicit-forbid-localhost') invalidate.call(this, message, code);
  };
  provider.registerGrantType('password', passwordGrant(provider), ['username', 'password', 'scope']);
  provider.on('server_error', (_ctx, error) => console.error('oidc-provider:', error.name));

  let entries = [];
  provider.use(async (ctx, next) => {
    const entry = begin(ctx.req);
    await next();
    entry.grantType = ctx.path === '/token' ? ctx.oidc?.params?.grant_type : undefined;
    if (entry.grantType === 'refresh_token') entry.refreshId = idOf(ctx.oidc.params.refresh_token);
    entry.status = ctx.status;
  });
  function begin(req) {
    const { scheme, token } = credentials(req);
    const entry = {
      at: Date.now(),
      method: req.method,
      path: new URL(req.url, issuer).pathname,
      status: 0,
      authorization: scheme ?? (req.headers.authorization ? 'other' : 'none'),
      proof: req.headers.dpop && idOf(req.headers.dpop),
      tokenId: token && idOf(token),
    };
    if (req.method !== 'OPTIONS') entries.push(entry);
    return entry;
  }

  const proofs = new Proofs();
  const op = provider.callback();
  const interact = interactions(provider, users);
  const holds = new Holds();
  const serve = async (req, res) => {
    if (!(await holds.pass(new URL(req.url, issuer).pathname, req, res))) return;
    for (const name in headers) res.setHeader(name, headers[name]);
    if (req.url.startsWith('/interaction/')) return interact(req, res);
    if (!req.url.startsWith('/api/')) return op(req, res);
    const entry = begin(req);
    res.on('close', () => (entry.status = res.statusCode));
    return serveApi({ provider, origins: spaOrigins, proofs, resources, req, res, ...credentials(req) });
  };
  server.on('request', (req, res) =>
    serve(req, res).catch((error) => {
      // Whoever asked may have gone in the middle of a body.
      if (!req.destroyed) throw error;
    }),
  );

  return {
    issuer,
    api: `${issuer}/api/`,
    clients,
    users,
    /** The requests since the start or the last reset, sign-in pages and preflights left out. Holds no secrets. */
    log: () => entries.map((entry) => ({ ...entry })),
    reset: () => void (entries = []),
    /** Every access token there is is refused from now on; refresh tokens live on. */
    expire: () => ['AccessToken', 'ClientCredentials'].forEach((name) => tables.get(name)?.clear()),
    /** Every access token for one resource is refused from now on. */
    expireFor: (resource) =>
      tables.get('AccessToken')?.forEach(({ payload = {} }, id, all) => payload.aud === resource && all.delete(id)),
    /** Every refresh token there is is refused from now on. */
    revoke: () => tables.get('RefreshToken')?.clear(),
    /** From now on the API wants another nonce in every proof. */
    rotateNonce: () => proofs.rotate(),
    /** Holds the requests for a path: see hold.mjs. */
    hold: (path, how) => holds.hold(path, how),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Tells one secret from another. */
const idOf = (secret) => createHash('sha256').update(`${secret}`).digest('hex').slice(0, 8);

function credentials(req) {
  const [, scheme, token] = /^(Bearer|DPoP) (.+)$/i.exec(req.headers.authorization ?? '') ?? [];
  return { scheme: scheme?.toLowerCase(), token };
}

function configuration({ spaOrigins, accessTokenTTL, redirectPaths, resources, tables, grace }) {
  const publicClient = { token_endpoint_auth_method: 'none', application_type: 'web' };
  return {
    adapter: class extends MemoryAdapter {
      constructor(name) {
        super(name, tables, name === 'RefreshToken' ? grace : 0);
      }
    },
    jwks: { keys: [signingKey()] },
    clients: [
      {
        ...publicClient,
        client_id: clients.code,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: spaOrigins.flatMap((origin) => redirectPaths.map((path) => origin + path)),
        post_logout_redirect_uris: spaOrigins.map((origin) => `${origin}/`),
      },
      {
        ...publicClient,
        client_id: clients.implicit,
        grant_types: ['implicit'],
        response_types: ['id_token token', 'id_token'],
        redirect_uris: spaOrigins.flatMap((origin) => redirectPaths.map((path) => origin + path)),
        post_logout_redirect_uris: spaOrigins.map((origin) => `${origin}/`),
      },
      {
        ...publicClient,
        client_id: clients.password,
        grant_types: ['password', 'refresh_token'],
        response_types: [],
        redirect_uris: [],
        post_logout_redirect_uris: spaOrigins.map((origin) => `${origin}/`),
      },
      {
        client_id: 'svc',
        client_secret: 'svc-secret',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        scope: 'api',
      },
    ],
    responseTypes: ['code', 'id_token token', 'id_token'],
    scopes: ['openid', 'offline_access', 'profile', 'email', 'api'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    conformIdTokenClaims: false, // name and email in the id token too, as the demo's server has them
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    ttl: {
      AccessToken: accessTokenTTL,
      ClientCredentials: accessTokenTTL,
      RefreshToken: 3600,
      IdToken: 300,
      AuthorizationCode: 60,
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
    },
    rotateRefreshToken: true,
    // By default only with offline_access.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    clientBasedCORS: (_ctx, origin) => spaOrigins.includes(origin),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    features: {
      devInteractions: { enabled: false }, // its pages load fonts from another host
      // Who sends a proof gets tokens that are bound to its key, and has to put the server's nonce in.
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      clientCredentials: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: {
        enabled: !!resources,
        defaultResource: () => undefined,
        getResourceServerInfo(_ctx, resource) {
          if (!resources.includes(resource)) throw new errors.InvalidTarget();
          return { scope: 'api', accessTokenFormat: 'opaque' };
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: signOutPage,
        postLogoutSuccessSource: (ctx) => plainPage(ctx, 'Signed out'),
      },
    },
    renderError: (ctx, out) => plainPage(ctx, `${out.error}: ${out.error_description ?? ''}`),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => account(sub),
  };
}

function account(sub) {
  if (!Object.hasOwn(users, sub)) return undefined;
  const { name, email } = users[sub];
  return { accountId: sub, claims: async () => ({ sub, name, email }) };
}

// The library has dropped the password grant. What this one issues, the library's own refresh handler goes on with.
function passwordGrant(provider) {
  return async (ctx) => {
    const { username, password, scope = 'openid' } = ctx.oidc.params;
    const { client } = ctx.oidc;
    const who = account(username);
    if (!who || users[username].password !== password) throw new errors.InvalidGrant('wrong user name or password');
    const grant = new provider.Grant({ accountId: username, clientId: client.clientId });
    grant.addOIDCScope(scope);
    await grant.save();
    ctx.oidc.entity('Account', who);
    ctx.oidc.entity('Grant', grant);
    const common = { accountId: username, client, grantId: grant.jti, gty: 'password', scope };
    const access = new provider.AccessToken(common);
    const refresh = new provider.RefreshToken({ ...common, rotations: 0, authTime: Math.floor(Date.now() / 1000) });
    ctx.oidc.entity('AccessToken', access);
    ctx.oidc.entity('RefreshToken', refresh);
    ctx.body = {
      access_token: await access.save(),
      expires_in: access.expiration,
      token_type: access.tokenType,
      scope: access.scope,
      refresh_token: await refresh.save(),
    };
    const wanted = scope.split(' ');
    if (!wanted.includes('openid')) return;
    const idToken = new provider.IdToken({ ...(await who.claims()), auth_time: refresh.authTime }, { ctx });
    idToken.scope = grant.getOIDCScopeFiltered(new Set(wanted));
    ctx.body.id_token = await idToken.issue({ use: 'idtoken' });
  };
}
