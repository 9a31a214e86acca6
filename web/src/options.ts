import { SessionError } from './errors';
import { isBelow, type Prefix } from './match';
import { baseUrl, URL } from './primordials';
import { storageMethods } from './storage';
import type { SessionOptions } from './types';

/** What the core gets, as JSON: see ARCHITECTURE.md. */
export interface Config {
  readonly key: string;
  readonly issuer: string;
  readonly client: string;
  readonly context: string;
  readonly redirectUri: string;
  readonly login: string;
  readonly home: string;
  readonly [name: string]: unknown;
}

type Values = Record<string, any>;

/**
 * Options by name: `*` where one is required, and after `:` what it must be, if that is not a string: types with `@`, and
 * values. After `!` comes a value whose feature is not built yet; `!` alone stands for all of them.
 */
const sessionOptions =
  'auth*:@object api*:@array intercept:global|none storage:local|session|memory|@object persistRefreshToken:@true|!@false ' +
  'context isolation:page|!worker load:eager|idle|demand wasmURL:@string|@object refreshLeeway:@number retries:@number ' +
  'timeout:@number redirect:@object navigate:@function allowInsecure:@boolean';
const redirectOptions = 'loginPath logoutPath homePath exclude:@array';
const ruleOptions = 'url* as:user|none|!client|!user-or-client|!agent except:@array';
const clientOptions =
  ' scheme* clientId* clientSecret scope redirectUri postLogoutRedirectUri clockTolerance:@number ' +
  'responseType:code|! dpop:@false|!@true resources:! maxAge:! flow:code|';
const oidcOptions = 'issuer* endpointOrigins:!' + clientOptions + '!implicit';
const oauthOptions =
  'endpoints*:@object customTokenParameters:! requireState:@true|!@false' + clientOptions + 'password|!implicit';
const endpointOptions = ' token* revocation userinfo jwks endSession pushedAuthorization:!';
export const loginOptions = 'returnTo prompt loginHint params:@object';
export const credentialsOptions = 'username* password* params:@object';
export const logoutOptions = 'returnTo revoke:@boolean atServer:@boolean everywhere:@boolean';

const invalid = (name: string, message: string) => new SessionError('config_invalid', name + ' ' + message);
export const later = (name: string) => new SessionError('not_supported', name + ' is not built yet');

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
  const taken: Values = { __proto__: null, ...(given as object) };
  const known: Values = { __proto__: null };
  const missing: string[] = [];
  if (at) at += '.';
  for (const [, name, required, kind] of options.matchAll(/(\w+)(\*?):?(\S*)/g)) {
    known[name!] = kind;
    if (required && !taken[name!]) missing.push(name!);
  }
  for (const name in taken) {
    if (taken[name] === undefined) delete taken[name];
    else if (name in known) check(at + name, taken[name], known[name]);
    else throw invalid(at + name, 'is no option');
  }
  if (missing[0]) throw invalid(at + missing[0], 'is required');
  return taken;
};

/** Checks what `createSession` got. */
export const readOptions = (given: SessionOptions) => {
  const options: Values = {
    intercept: 'global',
    storage: 'local',
    context: '',
    load: 'eager',
    refreshLeeway: 30,
    retries: 1,
    timeout: 10_000,
    allowInsecure: false,
    ...take(given, sessionOptions),
  };
  const { context, refreshLeeway, timeout, allowInsecure } = options;
  const page = baseUrl();
  const { origin, href: here } = globalThis.location;

  const server = (name: string, raw: string, base?: string) => {
    check(name, raw);
    try {
      const { href, protocol, hostname, username, password } = new URL(raw || '//', base);
      if (
        (protocol == 'https:' ||
          (protocol == 'http:' &&
            (allowInsecure || /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1])$/.test(hostname)))) &&
        !(username + password) &&
        !href.includes('#')
      )
        return href;
    } catch {
      // No URL at all.
    }
    throw invalid(
      name,
      'must be an https: URL without user info and fragment; http: for loopback or with allowInsecure',
    );
  };
  /** Whether something of the page's own leads elsewhere. */
  const isElsewhere = (raw: string) => {
    try {
      return new URL(raw, here).origin != origin;
    } catch {
      return true;
    }
  };
  const prefix = (name: string, raw: string, base = page) => {
    const href = server(name, raw, base);
    if (
      // Wildcards, a query, dot segments, a host's name without a scheme, a host's trailing dot.
      /[*?]|(^|[/\\])(\.|%2e){2}([/\\]|$)|^\w[^/:]*\.[^/]*(\/|$)/i.test(raw) ||
      /^\w+:..[^/]*\.(:\d+)?\//.test(href)
    )
      throw invalid(name, 'must be an origin and a path, or a path');
    return href;
  };

  const api: Prefix[] = [];
  const add = (name: string, href: string, as?: string) => {
    if (api.some((other) => other.href == href)) throw invalid(name, 'is there twice');
    api.push({ href, origin: new URL('/', href).href, as });
  };
  options.api.forEach((entry: unknown, i: number) => {
    const name = `api[${i}]`;
    const rule = take(typeof entry == 'string' ? { url: entry } : entry, ruleOptions, name);
    const href = prefix(name + '.url', rule.url);
    add(name + '.url', href, rule.as ?? 'user');
    for (const raw of rule.except ?? []) {
      const below = prefix(name + '.except', raw, href.replace(/\/?$/, '/'));
      if (!isBelow(below, href)) throw invalid(name + '.except', 'must be below its url');
      add(name + '.except', below);
    }
  });
  api.sort((a, b) => b.href.length - a.href.length);

  const copy: Values = { ...options.auth };
  check('auth.scheme', copy.scheme, 'oidc|oauth|!occ|!vendure|!cookies');
  const auth = take(copy, copy.scheme == 'oidc' ? oidcOptions : oauthOptions, 'auth');
  const { scheme, clientId: client, clientSecret, scope, flow = 'code', postLogoutRedirectUri } = auth;
  let { issuer, endpoints } = auth;
  if (issuer) {
    server('auth.issuer', issuer);
    if (issuer.includes('?')) throw invalid('auth.issuer', 'must be without a query');
  } else {
    endpoints = take(
      endpoints,
      (flow == 'code' ? 'authorization*' : 'authorization') + endpointOptions,
      'auth.endpoints',
    );
    for (const name in endpoints) endpoints[name] = server('auth.endpoints.' + name, endpoints[name], page);
    issuer = endpoints.token;
  }
  const { redirectUri = origin } = auth;
  if (isElsewhere(redirectUri) || redirectUri.includes('#'))
    throw invalid('auth.redirectUri', 'must be of this origin, without a fragment');
  if (clientSecret) console.warn('latchkey: auth.clientSecret is no secret in a browser');

  const { storage } = options;
  if (typeof storage == 'object')
    for (const name of storageMethods) check('storage.' + name, storage[name], '@function');

  const redirect = take(options.redirect ?? {}, redirectOptions, 'redirect');
  const path = (name: string, otherwise: string) => {
    const value = redirect[name] ?? otherwise;
    if (value[0] != '/' || isElsewhere(value)) throw invalid('redirect.' + name, 'must be a path of this origin');
    return value;
  };
  const { exclude = [] } = redirect;
  for (const one of exclude) check('redirect.exclude', one);

  const config: Config = {
    scheme,
    key: ['latchkey/1', ...[issuer, client, context].map(encodeURIComponent)].join('/'),
    issuer,
    client,
    clientSecret,
    scope,
    redirectUri: new URL(redirectUri, here).href,
    postLogoutRedirectUri,
    origin,
    flow,
    endpoints,
    context,
    storage: typeof storage == 'object' ? 'custom' : storage,
    persistRefreshToken: true,
    refreshLeeway,
    timeout,
    clockTolerance: auth.clockTolerance ?? 60,
    allowInsecure,
    home: path('homePath', '/'),
    login: path('loginPath', '/login'),
    logout: path('logoutPath', '/logout'),
    exclude,
  };
  return { options, api, config };
};
