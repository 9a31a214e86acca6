import { SessionError } from './errors';
import type { SendOptions } from './covered';
import { isBelow, type Prefix } from './match';
import { baseUrl, URL } from './platform';
import { storageMethods } from './storage';
import type { Scheme, SessionOptions } from './types';

/** What the core gets, as JSON: see ARCHITECTURE.md. */
export interface Config {
  key: string;
  readonly issuer: string;
  readonly client: string;
  context: string;
  readonly redirectUri: string;
  readonly login: string;
  readonly home: string;
  readonly logout: string;
  readonly exclude: readonly string[];
  readonly public: readonly string[];
  readonly prefix?: string;
  readonly apiResources: readonly string[];
  [name: string]: unknown;
}

type Values = Record<string, any>;

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;
const no = __USER__ ? '!' : '';
const object = __USER__ ? '!' : '@object';
/** Of schemes for which there are agents. */
const agents = __USER__ ? undefined : {};

/**
 * Options by name: `*` where one is required, and after `:` what it must be, if that is not a string: types with `@`, and
 * values. After `!` comes a value whose feature is not there; `!` alone stands for all of them.
 */
const sessionOptions =
  'auth*:@object api*:@array intercept:global|none storage:local|session|memory|@object persistRefreshToken:@true|!@false ' +
  'context isolation:page|!worker load:eager|idle|demand wasmURL:@string|@object refreshLeeway:@number retries:@number ' +
  'timeout:@number limits:@object redirect:@object navigate:@function allowInsecure:@boolean';
const redirectOptions = 'loginPath logoutPath homePath exclude:@array public:@array protected:@boolean prefix';
const ruleOptions = `url* as:user|none|${no}client|${no}user-or-client|${no}agent except:@array resource retries:@number replay:@number refused:@object strict:@boolean`;
const clientOptions =
  ' scheme* clientId* clientSecret scope redirectUri postLogoutRedirectUri clockTolerance:@number ' +
  'responseType codeExchange dpop:@boolean resources:@array maxAge:@number flow:code|password|implicit ' +
  `clientTokens:@false|${no}@true`;
const oidcOptions =
  'issuer* endpointOrigins:issuer|@array monitorSession:@boolean trustedAudiences:@array' + clientOptions;
const oauthOptions = 'endpoints*:@object customTokenParameters:! requireState:@true|!@false' + clientOptions;
const occOptions =
  `baseUrl* prefix baseSite* isolated:@boolean authorizeRevocation:@boolean agent:@false|${object} loginForm:@object adopt:@boolean ` +
  oauthOptions;
const vendureOptions = 'scheme* url* tokenMethod:bearer|cookie authTokenHeader channelToken';
const cookieOptions = 'scheme* login:@string|@object csrf:@object logout refresh protocol:generic|supertokens ';
const genericOptions = cookieOptions + 'session* userId claims marker';
const superTokensOptions = cookieOptions + 'tokenTransferMethod:cookie|header claims:@array';
/** What is in a body of GraphQL that may get a visitor of Vendure a session. */
const making = 'mutation|active|order|eligible';
const agentOptions = 'clientId clientSecret flow:code|password idleTimeout:@number idleWarning:@number';
const endpointOptions = 'authorization revocation userinfo jwks endSession pushedAuthorization token';

const invalid = (name: string, message: string) => new SessionError('config_invalid', name + ' ' + message);
const later = (name: string) =>
  new SessionError('not_supported', name + (__USER__ ? ' is not in latchkey-user' : ' is not built yet'));

export const check = (name: string, value: any, kind?: string) => {
  const type = '@' + (value === null ? value : Array.isArray(value) ? 'array' : typeof value);
  const word = type == '@boolean' ? '@' + value : value;
  kind ||= '@string';
  for (const one of kind.split('|')) {
    if (one[0] == '!' && (!one[1] || one.slice(1) === word)) throw later(name);
    if ((one == type && (type != '@number' || (value >= 0 && value < 2 ** 31))) || one === word) return;
  }
  throw invalid(name, 'must be ' + kind.replace(/@|\|!.*/g, ''));
};

/** Reads options once, own members only, and checks each. */
export const take = (given: unknown, options: string, at = ''): Values => {
  check(at || 'options', given, '@object');
  const left: Values = { __proto__: null, ...(given as object) };
  const taken: Values = { __proto__: null };
  let missing;
  if (at) at += '.';
  for (const option of options.split(' ')) {
    const [head, kind] = option.split(':');
    const [name, required] = head!.split('*') as [string, string?];
    const value = left[name];
    delete left[name];
    if (value !== undefined) check(at + name, (taken[name] = value), kind);
    if (required == '' && !value) missing ??= name;
  }
  // A name that is wrong says more than the one that it should be.
  for (const name in left) if (left[name] !== undefined) throw invalid(at + name, 'is no option');
  if (missing) throw invalid(at + missing, 'is required');
  return taken;
};

/** Checks what `createSession` got. */
export const readOptions = (given: SessionOptions) => {
  const options = take(given, sessionOptions);
  const { storage = 'local', refreshLeeway, retries = 1, timeout = 10_000, allowInsecure } = options;
  const { origin, href: here } = globalThis.location ?? new URL('http://localhost');
  const page = baseUrl() ?? here;

  const server = (name: string, raw: string, base?: string) => {
    check(name, raw);
    try {
      const { href, protocol, hostname, username, password } = new URL(raw || '//', base);
      if (
        (protocol == 'https:' ||
          (protocol == 'http:' && (allowInsecure || /^((.+\.)?localhost|127(\.\d+){3}|\[::1])$/.test(hostname)))) &&
        !(username + password) &&
        !href.includes('#')
      )
        return href;
    } catch {
      // No URL at all.
    }
    throw invalid(name, 'must be an https: URL, or http: with allowInsecure');
  };
  /** Something of the page's own; undefined where it is no URL. */
  const resolve = (raw: string) => {
    try {
      return new URL(raw, here);
    } catch {
      // Undefined has another origin.
    }
  };
  const prefix = (name: string, raw: string, base?: string) => {
    const href = server(name, raw, base);
    if (
      // Wildcards, a query, dot segments, a host's name without a scheme, a host's trailing dot.
      /[*?]|(^|[/\\])(\.|%2[eE]){2}([/\\]|$)|^\w[^/:]*\.[^/]*(\/|$)/.test(raw) ||
      /^\w+:..[^/]*\.(:\d+)?\//.test(href)
    )
      throw invalid(name, 'must be an origin and path');
    return href;
  };

  const api: Prefix[] = [];
  const apiResources: string[] = [];
  const add = (name: string, href: string, as?: string, more?: Values) => {
    if (api.some((other) => other.href == href)) throw invalid(name, 'comes twice');
    api.push({ ...more, href, origin: new URL('/', href).href, as });
  };
  options.api.forEach((entry: unknown, i: number) => {
    const name = `api[${i}]`;
    const rule = take(typeof entry == 'string' ? { url: entry } : entry, ruleOptions, name);
    const href = prefix(name + '.url', rule.url, page);
    const { as = 'user', resource } = rule;
    let { refused } = rule;
    if (refused) {
      rule.refused = refused = take(refused, 'status:@array types:@array codes:@array', name + '.refused');
      refused.status ??= [refused.codes ? 200 : 401];
    }
    if (resource != null) {
      if (as != 'user' || !/^[a-z][\w+.-]*:[!-"$-~]+$/i.test(resource))
        throw invalid(name + '.resource', "must be an absolute URI without fragment, with as 'user'");
      if (!apiResources.includes(resource)) apiResources.push(resource);
    }
    add(name + '.url', href, resource ? `${as} ${resource}` : as, rule);
    for (const raw of rule.except ?? []) {
      const below = prefix(name + '.except', raw, href.replace(/\/?$/, '/'));
      if (!isBelow(below, href)) throw invalid(name + '.except', 'must be below its url');
      add(name + '.except', below);
    }
  });
  const copy: Values = { ...options.auth };
  check('auth.scheme', copy.scheme, 'oidc|oauth|occ|vendure|cookies');
  const isOcc = copy.scheme == 'occ';
  const {
    clientId: client = copy.scheme,
    baseUrl: shop,
    prefix: below = '/occ/v2',
    ...auth
  } = take(
    copy,
    {
      oidc: oidcOptions,
      occ: occOptions,
      vendure: vendureOptions,
      cookies: copy.protocol == 'supertokens' ? superTokensOptions : genericOptions,
      oauth: oauthOptions,
    }[copy.scheme as Scheme['scheme']],
    'auth',
  );
  const { context = auth.baseSite ?? '' } = options;
  if (isOcc) {
    auth.headers = { accept: 'application/json' };
    const server = prefix('auth.baseUrl', shop).replace(/\/$/, '');
    const { agent = agents } = auth;
    const form = (auth.loginForm = take(auth.loginForm ?? {}, 'csrf action', 'auth.loginForm'));
    for (const name in form) form[name] = prefix('auth.loginForm.' + name, form[name]);
    auth.agent = agent && { ...take(agent, agentOptions, 'auth.agent') };
    // What the server offers beside the shop: its own sign-in, the list of sites, and what is for agents.
    for (const [path, as] of [
      ['/authorizationserver/'],
      [below + '/basesites'],
      ['/assistedservicewebservices/', agent && 'agent'],
    ]) {
      const href = prefix('auth.prefix', server + path);
      if (!api.some((other) => other.href == href)) add('', href, as);
    }
  }
  if (copy.scheme == 'vendure') {
    auth.issuer = auth.url = server('auth.url', auth.url, page);
    const { tokenMethod = 'bearer', authTokenHeader = 'vendure-auth-token', channelToken } = auth;
    const header = authTokenHeader.toLowerCase();
    Object.assign(auth, {
      flow: 'password',
      tokenMethod,
      authTokenHeader: header,
      making,
      headers: channelToken && { 'vendure-token': channelToken },
      visitors: [
        {
          as: 'user',
          single: making,
          ...(tokenMethod == 'cookie' ? { credentials: 'include' } : { capture: [header] }),
        },
      ],
    });
  }
  if (copy.scheme == 'cookies') {
    const at = (name: string, raw?: string) => raw && server('auth.' + name, raw, page);
    const isSuper = copy.protocol == 'supertokens';
    const { tokenTransferMethod = 'cookie' } = auth;
    let { login, csrf } = auth;
    if (login) {
      login = take(
        typeof login == 'string' ? { url: login } : login,
        'url* username password formFields:@boolean',
        'auth.login',
      );
      login = {
        username: login.formFields ? 'email' : 'username',
        password: 'password',
        ...login,
        url: at('login', login.url),
      };
    }
    if (csrf) {
      const {
        cookie,
        endpoint,
        staleStatus: stale,
        ...its
      } = take(csrf, 'header cookie endpoint staleStatus:@number', 'auth.csrf');
      const isFixed = !(cookie || endpoint);
      const { header = isFixed ? 'x-requested-with' : 'x-csrf-token' } = its;
      if (!/^[\w-]+$/.test(header)) throw invalid('auth.csrf.header', "must be a header's name");
      csrf = {
        header: header.toLowerCase(),
        value: isFixed ? 'XMLHttpRequest' : undefined,
        cookie,
        endpoint: at('csrf.endpoint', endpoint),
        stale,
      };
    }
    if (isSuper) {
      if (csrf) throw invalid('auth.csrf', "is the protocol's own with 'supertokens'");
      csrf = { header: 'anti-csrf' };
      auth.refresh ??= '/auth/session/refresh';
      auth.logout ??= '/auth/signout';
      auth.headers = { 'st-auth-mode': tokenTransferMethod, rid: 'anti-csrf' };
      // The core says what else is wrong with one.
      auth.claims = auth.claims?.map((claim: any) => ({ ...claim, refresh: at('claims', claim?.refresh) }));
    }
    // The core's configuration has paths of the app by some of these names.
    const backend: Values = { ...auth, login, csrf, tokenTransferMethod };
    for (const name of ['logout', 'refresh', 'session']) backend[name] = at(name, backend[name]);
    Object.assign(auth, {
      issuer: isSuper ? backend.refresh : backend.session,
      csrf,
      flow: 'password',
      backend,
      finds: true,
      // The client is the backend itself, which has a token of its own or none.
      clientTokens: isSuper && auth.clientTokens,
      visitors: isSuper
        ? [
            {
              as: 'user',
              credentials: 'include',
              capture: ['front-token', 'anti-csrf', 'st-access-token', 'st-refresh-token'],
            },
          ]
        : ['user', 'client'].map((as) => ({ as, credentials: 'include', csrf })),
    });
  }
  if (!auth.agent && api.some(({ as }) => as == 'agent')) throw invalid('auth.agent', "is needed with as 'agent'");
  auth.clientTokens ??=
    (!__USER__ && auth.clientSecret != null) || api.some(({ as }) => /client/.test(as!)) || undefined;
  api.sort((a, b) => b.href.length - a.href.length);
  let { issuer, endpoints, endpointOrigins, flow = 'code', responseType, codeExchange, redirectUri = origin } = auth;
  const front = 'token|id_token|id_token token';
  if (flow == 'implicit') responseType ??= /openid/.test(auth.scope) ? 'id_token token' : 'token';
  check(
    'auth.responseType',
    responseType,
    flow == 'password'
      ? '@undefined'
      : flow == 'code'
        ? '@undefined|code|code id_token|code token|code id_token token|' + front
        : front,
  );
  if (codeExchange != null) {
    if (flow != 'code' || /t/.test(responseType) || auth.dpop || auth.monitorSession)
      throw invalid('auth.codeExchange', 'needs a code alone, and no dpop or monitorSession');
    codeExchange = server('auth.codeExchange', codeExchange, page);
  }
  if (issuer) {
    prefix('auth.issuer', issuer);
    if (endpointOrigins == 'issuer') endpointOrigins = [issuer];
    endpointOrigins = endpointOrigins?.map(
      (one: string, i: number) => new URL(prefix(`auth.endpointOrigins[${i}]`, one)).origin,
    );
  } else {
    endpoints = take(
      endpoints,
      (flow == 'password' ? '' : 'authorization* ') +
        endpointOptions +
        (codeExchange || /^(id_)?token/.test(responseType) ? '' : '*'),
      'auth.endpoints',
    );
    for (const name in endpoints) endpoints[name] = server('auth.endpoints.' + name, endpoints[name], page);
    issuer = endpoints.token ?? endpoints.authorization;
  }
  const back = resolve(redirectUri);
  if (back?.origin != origin || redirectUri.includes('#')) throw invalid('auth.redirectUri', 'must be of this origin');

  if (typeof storage == 'object')
    for (const name of storageMethods) check('storage.' + name, storage[name], '@function');

  const redirect = take(options.redirect ?? {}, redirectOptions, 'redirect');
  const path = (name: string, value: string) => {
    name = 'redirect.' + name;
    check(name, value);
    if (value[0] != '/' || resolve(value)?.origin != origin) throw invalid(name, 'must be of this origin');
    return value;
  };
  const paths = (name: string) => (redirect[name] ?? []).map((one: string) => path(name, one));
  const { homePath = '/', loginPath = '/login', logoutPath = '/logout', prefix: before } = redirect;
  if (before && !options.navigate) throw invalid('redirect.prefix', 'needs navigate');

  // What is undefined here has its default in the core.
  const config: Config = {
    ...auth,
    key: ['latchkey/1', ...[issuer, client, context].map(encodeURIComponent)].join('/'),
    issuer,
    client,
    redirectUri: back.href,
    origin,
    flow,
    responseType,
    codeExchange,
    endpoints,
    endpointOrigins,
    apiResources,
    context,
    storage: storage.getItem ? 'custom' : storage,
    refreshLeeway,
    timeout,
    limits: options.limits && take(options.limits, 'idle:@number absolute:@number warning:@number', 'limits'),
    allowInsecure,
    home: path('homePath', homePath),
    login: path('loginPath', loginPath),
    logout: path('logoutPath', logoutPath),
    exclude: paths('exclude'),
    public: paths('public'),
    protected: redirect.protected,
    prefix: before && path('prefix', before),
    leaves: !options.navigate,
  };
  return { ...options, storage, retries, timeout, api, config } as unknown as Omit<SessionOptions, 'api'> &
    SendOptions & { config: Config };
};
