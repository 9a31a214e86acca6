// An OpenID provider that does all as the standards say, for one person who is signed in already, unless a behaviour
// says otherwise. A behaviour is an object; each member is one place where it may go wrong:
//
//   alg                   of id tokens; RS256 by default
//   clock                 seconds that this server's clock is ahead
//   metadata(m, as)       changes the metadata; keys(set, as) the key set
//   idToken(jwt, grant)   changes { header, claims, key } before the token is signed, jwt(text, grant, as) returns
//                         another one after that
//   tokens(body, grant)   changes what the token endpoint answers
//   answer(params, grant) changes what the authorization endpoint answers; may return the whole address instead
//   userinfo(claims, as)  changes what that endpoint answers
//   headers               of every answer
//   instead               { endpoint(exchange) }: answers a request itself, unless it returns false
//   paths                 { '/path': endpoint }: more paths
//   page(path, html, as)  changes the page, which is not this server's at all
//   afterLogout(params)   changes what the logout page sends back
//   dpop                  tokens are bound to a key (RFC 9449)
//   nonce({ nth, at })    the nonce that a proof must have, at 'token' or 'resource'; nth counts all requests there
//   lax                   takes a code without its verifier
//   nobody                nobody is signed in
//
// `grant` is what tokens are issued for: `{ by, nth, as, scope, nonce, … }`, with `by` a grant type or 'authorize', and
// `nth` counting from 1 for each of these.
import { createHash, randomBytes } from 'node:crypto';
import { DPoP } from './hostile-dpop.mjs';
import { readBody } from './hostile-http.mjs';
import { halfHash, keyFor, sign } from './hostile-keys.mjs';

const endpoints = {
  '/.well-known/openid-configuration': 'discovery',
  '/.well-known/oauth-authorization-server': 'discovery',
  '/authorize': 'authorize',
  '/token': 'token',
  '/jwks': 'jwks',
  '/userinfo': 'userinfo',
  '/revoke': 'revoke',
  '/logout': 'logout',
  '/par': 'par',
  '/api/me': 'api',
};

/** What a client asks for before it asks for anything; when is its own business. */
const reads = ['discovery', 'jwks'];

const people = {
  alice: { name: 'Alice', email: 'alice@example.com', email_verified: true, address: { country: 'NL' } },
  mallory: { name: 'Mallory', email: 'mallory@example.com', email_verified: true, address: { country: 'XX' } },
};

export class AuthorizationServer {
  /** Who signs in. */
  user = 'alice';
  log = [];
  /** All that must stay between this server and its client. */
  secrets = new Set();
  codes = new Map();
  access = new Map();
  refresh = new Map();
  pushed = new Map();
  counts = {};
  proofs = new DPoP();

  /** `elsewhere` is the same server on another origin. */
  constructor({ name, origin, second, page, evil, behaviour = {} }) {
    Object.assign(this, { name, page, evil, behaviour, issuer: `${origin}/${name}`, elsewhere: `${second}/${name}` });
    this.signing = keyFor(behaviour.alg ?? 'RS256');
    this.sid = this.mint('sid', false);
  }

  mint(prefix, secret = true) {
    const value = `${prefix}_${randomBytes(24).toString('base64url')}`;
    if (secret) this.secrets.add(value);
    return value;
  }

  /** Seconds since the epoch, by this server's clock. */
  now = () => Math.floor(Date.now() / 1000) + (this.behaviour.clock ?? 0);

  /** From now on another key signs, and the old one is gone. */
  rotate() {
    this.signing = keyFor(this.signing.alg, Number(this.signing.kid.split('-').at(-1)) + 1);
  }

  /** Every access token is refused from now on. */
  expire = () => this.access.clear();

  /** The requests for an endpoint: `{ endpoint, method, query, form, headers, status }`. They hold secrets. */
  requests = (endpoint) => this.log.filter((entry) => entry.endpoint === endpoint);

  /** What was asked for, in its order, without metadata and keys. */
  asked = () => this.log.map(({ endpoint }) => endpoint).filter((endpoint) => !reads.includes(endpoint));

  metadata() {
    const { issuer } = this;
    const m = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      userinfo_endpoint: `${issuer}/userinfo`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/logout`,
      response_types_supported: [
        'code',
        'id_token',
        'id_token token',
        'code id_token',
        'code token',
        'code id_token token',
      ],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'password', 'implicit'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [this.signing.alg],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
    if (this.behaviour.dpop) m.dpop_signing_alg_values_supported = ['ES256'];
    this.behaviour.metadata?.(m, this);
    return m;
  }

  /** Answers a request for one of the paths below the issuer. */
  async handle(request, response, url, path) {
    const endpoint = this.behaviour.paths?.[path] ?? endpoints[path];
    const { method, headers } = request;
    response.setHeader('date', new Date(this.now() * 1000).toUTCString());
    response.setHeader('access-control-allow-origin', this.page);
    response.setHeader('vary', 'origin');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('access-control-expose-headers', 'date, retry-after, www-authenticate, dpop-nonce');
    for (const [name, value] of Object.entries(this.behaviour.headers ?? {})) response.setHeader(name, value);
    if (method === 'OPTIONS') {
      response.setHeader('access-control-allow-headers', 'authorization, content-type, dpop');
      return response.writeHead(204).end();
    }
    const form = new URLSearchParams(await readBody(request));
    const entry = { endpoint: endpoint ?? path, method, url, query: url.searchParams, form, headers, status: 0 };
    this.log.push(entry);
    response.once('close', () => {
      entry.status = response.statusCode;
      this.report?.(entry);
    });
    const send = (status, body, more) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', ...more }).end(text);
    };
    const exchange = { request, response, send, as: this, headers, form, query: url.searchParams, url };
    exchange.nth = this.requests(endpoint).length;
    const own = this.behaviour.instead?.[endpoint];
    if (own && (await own(exchange)) !== false) return;
    if (!endpoint) return send(404, { error: 'not_found' });
    return this[`on_${endpoint}`](exchange);
  }

  on_discovery({ send }) {
    send(200, this.metadata());
  }

  on_jwks({ send }) {
    const set = { keys: [this.signing.jwk] };
    this.behaviour.keys?.(set, this);
    send(200, set);
  }

  on_par({ send, form }) {
    const uri = `urn:ietf:params:oauth:request_uri:${this.mint('par', false)}`;
    this.pushed.set(uri, form);
    send(201, { request_uri: uri, expires_in: 60 });
  }

  async on_authorize({ send, query, response }) {
    const asked = this.pushed.get(query.get('request_uri')) ?? query;
    const back = asked.get('redirect_uri') ?? '';
    if (asked.get('client_id') !== 'app' || !URL.canParse(back) || new URL(back).origin !== this.page)
      return send(400, 'not a client that is known here', { 'content-type': 'text/plain' });
    const types = asked.get('response_type').split(' ');
    const grant = this.grant('authorize', {
      asked,
      redirectUri: back,
      scope: asked.get('scope') ?? '',
      nonce: asked.get('nonce') ?? undefined,
      challenge: asked.get('code_challenge_method') === 'S256' ? asked.get('code_challenge') : undefined,
      authTime: this.now(),
      sub: this.user,
    });
    const params = new URLSearchParams();
    if (this.behaviour.nobody) params.set('error', 'login_required');
    else {
      const code = types.includes('code') ? this.mint('code') : undefined;
      if (code) {
        this.codes.set(code, grant);
        params.set('code', code);
      }
      const tokens = types.includes('token') ? this.accessToken(grant) : {};
      for (const [name, value] of Object.entries(tokens)) params.set(name, value);
      if (types.includes('id_token')) params.set('id_token', await this.idToken(grant, tokens.access_token, code));
    }
    if (asked.has('state')) params.set('state', asked.get('state'));
    params.set('iss', this.issuer);
    const own = await this.behaviour.answer?.(params, grant);
    const front = types.length > 1 || types[0] !== 'code';
    const mark = front ? '#' : back.includes('?') ? '&' : '?';
    response.writeHead(302, { location: own || back + mark + params }).end();
  }

  async on_token(exchange) {
    const { send, form } = exchange;
    const refuse = (error, status = 400) => send(status, { error });
    const by = form.get('grant_type');
    if (form.get('client_id') !== 'app') return refuse('invalid_client', 401);
    const jkt = this.behaviour.dpop && (await this.proven(exchange, 'token', (error) => refuse(error)));
    if (jkt === false) return;
    if (by === 'authorization_code') {
      const grant = this.codes.get(form.get('code'));
      this.codes.delete(form.get('code'));
      if (!grant || form.get('redirect_uri') !== grant.redirectUri) return refuse('invalid_grant');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (challenge !== grant.challenge && !this.behaviour.lax) return refuse('invalid_grant');
      return send(200, await this.issue(this.grant(by, { ...grant, jkt })));
    }
    if (by === 'refresh_token') {
      const grant = this.refresh.get(form.get('refresh_token'));
      // Each is good for one use.
      this.refresh.delete(form.get('refresh_token'));
      if (!grant) return refuse('invalid_grant');
      return send(200, await this.issue(this.grant(by, { ...grant, jkt })));
    }
    if (by === 'password') {
      if (form.get('username') !== 'alice' || form.get('password') !== 'wonderland') return refuse('invalid_grant');
      const authTime = this.now();
      return send(
        200,
        await this.issue(this.grant(by, { scope: form.get('scope') ?? '', authTime, sub: this.user, jkt })),
      );
    }
    return refuse('unsupported_grant_type');
  }

  async on_userinfo(exchange) {
    const { send } = exchange;
    const grant = await this.bearer(exchange);
    if (!grant) return;
    const claims = { sub: grant.sub, ...people[grant.sub] };
    const own = this.behaviour.userinfo?.(claims, this);
    if (!own) return send(200, claims);
    send(200, await own, { 'content-type': 'application/jwt' });
  }

  async on_api(exchange) {
    const grant = await this.bearer(exchange);
    if (grant) exchange.send(200, { sub: grant.sub });
  }

  on_revoke({ send, form }) {
    this.refresh.delete(form.get('token'));
    this.access.delete(form.get('token'));
    send(200, '');
  }

  on_logout({ send, query, response }) {
    const back = query.get('post_logout_redirect_uri') ?? '';
    if (!URL.canParse(back) || new URL(back).origin !== this.page)
      return send(200, 'signed out', { 'content-type': 'text/plain' });
    const to = new URL(back);
    if (query.has('state')) to.searchParams.set('state', query.get('state'));
    this.behaviour.afterLogout?.(to.searchParams, this);
    response.writeHead(302, { location: to.href }).end();
  }

  grant(by, more) {
    this.counts[by] = (this.counts[by] ?? 0) + 1;
    return { ...more, by, nth: this.counts[by], as: this };
  }

  /** What the request's token stands for. Where there is none that is good, it is refused. */
  async bearer(exchange) {
    const scheme = this.behaviour.dpop ? 'DPoP' : 'Bearer';
    const [, given, accessToken] = /^(\w+) (.+)$/.exec(exchange.headers.authorization ?? '') ?? [];
    const grant = given === scheme ? this.access.get(accessToken) : undefined;
    const refuse = (error) => exchange.send(401, { error }, { 'www-authenticate': `${scheme} error="${error}"` });
    if (!grant) return void refuse('invalid_token');
    if (!this.behaviour.dpop) return grant;
    const jkt = await this.proven({ ...exchange, accessToken }, 'resource', refuse);
    if (jkt === false) return undefined;
    if (jkt !== grant.jkt) return void refuse('invalid_token');
    return grant;
  }

  /** Whose key has made the proof; false where the request was refused. */
  async proven(exchange, at, refuse) {
    const { headers, request, response, url, accessToken } = exchange;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    const nonce = this.behaviour.nonce?.({ nth: this.counts[at], at });
    if (nonce) response.setHeader('dpop-nonce', nonce);
    try {
      return await this.proofs.check({ headers, method: request.method, url, accessToken, nonce });
    } catch (error) {
      refuse(/nonce/.test(error.message) ? 'use_dpop_nonce' : 'invalid_dpop_proof');
      return false;
    }
  }

  accessToken(grant) {
    const access_token = this.mint('at');
    this.access.set(access_token, grant);
    return { access_token, token_type: this.behaviour.dpop ? 'DPoP' : 'Bearer', expires_in: 300 };
  }

  /** What the token endpoint answers. */
  async issue(grant) {
    const body = { ...this.accessToken(grant), scope: grant.scope, refresh_token: this.mint('rt') };
    this.refresh.set(body.refresh_token, grant);
    if (grant.scope.split(' ').includes('openid')) body.id_token = await this.idToken(grant, body.access_token);
    this.behaviour.tokens?.(body, grant);
    for (const name of ['access_token', 'refresh_token', 'id_token'])
      if (body[name]?.length > 7) this.secrets.add(body[name]);
    return body;
  }

  async idToken(grant, accessToken, code) {
    const key = this.signing;
    const now = this.now();
    const wanted = grant.scope.split(' ');
    const { name, ...more } = people[grant.sub];
    const { nonce, sub, authTime: auth_time } = grant;
    const claims = { iss: this.issuer, sub, aud: 'app', iat: now, exp: now + 300, auth_time, nonce, sid: this.sid };
    if (wanted.includes('profile')) claims.name = name;
    if (wanted.includes('email')) Object.assign(claims, { email: more.email, email_verified: more.email_verified });
    if (wanted.includes('address')) claims.address = more.address;
    if (accessToken) claims.at_hash = halfHash(key.alg, accessToken);
    if (code) claims.c_hash = halfHash(key.alg, code);
    const jwt = { header: { alg: key.alg, typ: 'JWT', kid: key.kid }, claims, key };
    this.behaviour.idToken?.(jwt, grant);
    const text = await sign(jwt);
    const told = (await this.behaviour.jwt?.(text, grant, this)) ?? text;
    this.secrets.add(told);
    return told;
  }
}
