import type { SendOptions } from '../covered';
import { isBelow, type Prefix } from '../match';
import { baseUrl, URL } from '../platform';
import type { Stored } from '../record';
import { storageMethods } from '../storage';
import type { Scheme, SessionOptions } from '../types';
import { addresses } from './addresses';
import { check, refuse, take, type Values } from './check';
import { readers } from './scheme';

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
  /** A key of somebody else's, whose session the core takes where there is none of ours. */
  readonly adopts?: string;
  /** With a server that sends people back with an answer: see callback.ts. The core does not get this. */
  takeCallback?(redirectUri: string): string | undefined;
  /** With cookies that nobody can see, whether the record may be wrong about who is there. The core does not get this either. */
  doubts?(record: Stored | undefined): boolean;
  [name: string]: unknown;
}

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

const sessionOptions =
  'auth*:@object api*:@array intercept:global|none storage:local|session|memory|@object persistRefreshToken:@true|!@false ' +
  'context isolation:page|!worker load:eager|idle|demand wasmURL:@string|@object refreshLeeway:@number retries:@number ' +
  'timeout:@number limits:@object redirect:@object navigate:@function allowInsecure:@boolean';
const redirectOptions = 'loginPath logoutPath homePath exclude:@array public:@array protected:@boolean prefix';
const ruleOptions =
  'url* as:user|none' +
  (__USER__ ? '|!client|!user-or-client|!agent' : '|client|user-or-client|agent') +
  ' except:@array resource retries:@number replay:@number refused:@object strict:@boolean';

/** Checks what `createSession` got. */
export const readOptions = (given: SessionOptions) => {
  const options: Values = { storage: 'local', retries: 1, timeout: 10_000, ...take(given, sessionOptions) };
  const { storage, refreshLeeway, timeout, allowInsecure } = options;
  const { origin, href: here } = globalThis.location ?? new URL('http://localhost');
  const page = baseUrl() ?? here;
  const [server, prefix] = addresses(page, allowInsecure);
  /** Something of the page's own; undefined where it is no URL. */
  const resolve = (raw: string) => {
    try {
      return new URL(raw, here);
    } catch {
      // Undefined has another origin.
    }
  };

  const api: Prefix[] = [];
  const apiResources: string[] = [];
  const add = (name: string, href: string, as?: string, more?: Values) => {
    if (!api.some((other) => other.href == href)) api.push({ ...more, href, origin: new URL('/', href).href, as });
    else if (name) refuse(name, 'comes twice');
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
        refuse(name + '.resource', "must be an absolute URI without fragment, with as 'user'");
      if (!apiResources.includes(resource)) apiResources.push(resource);
    }
    add(name + '.url', href, resource ? `${as} ${resource}` : as, rule);
    for (const raw of rule.except ?? []) {
      const below = prefix(name + '.except', raw, href.replace(/\/?$/, '/'));
      if (!isBelow(below, href)) refuse(name + '.except', 'must be below its url');
      add(name + '.except', below);
    }
  });
  const copy: Values = { ...options.auth };
  const { scheme } = copy;
  const read = typeof scheme == 'string' && readers[scheme as Scheme['scheme']];
  if (!read) refuse('auth.scheme', 'must be oidc|oauth|occ|vendure|cookies, and that preset imported');
  const { clientId: client = scheme, ...auth } = read(copy, server, prefix, add);
  const { issuer, redirectUri = origin } = auth;
  const { context = auth.baseSite ?? '' } = options;
  if (!auth.agent && api.some(({ as }) => as == 'agent')) refuse('auth.agent', "is needed with as 'agent'");
  auth.clientTokens ??=
    (!__USER__ && auth.clientSecret != null) || api.some(({ as }) => /client/.test(as!)) || undefined;
  api.sort((a, b) => b.href.length - a.href.length);
  const back = resolve(redirectUri);
  if (back?.origin != origin || redirectUri.includes('#')) refuse('auth.redirectUri', 'must be of this origin');

  if (typeof storage == 'object')
    for (const name of storageMethods) check('storage.' + name, storage[name], '@function');

  const redirect: Values = {
    homePath: '/',
    loginPath: '/login',
    logoutPath: '/logout',
    ...take(options.redirect ?? {}, redirectOptions, 'redirect'),
  };
  const path = (name: string, value = redirect[name]) => {
    name = 'redirect.' + name;
    check(name, value);
    if (value[0] != '/' || resolve(value)?.origin != origin) refuse(name, 'must be of this origin');
    return value;
  };
  const paths = (name: string) => (redirect[name] ?? []).map((one: string) => path(name, one));
  const { prefix: before } = redirect;
  if (before && !options.navigate) refuse('redirect.prefix', 'needs navigate');

  // What is undefined here has its default in the core.
  const config: Config = {
    ...auth,
    key: ['latchkey/1', ...[issuer, client, context].map(encodeURIComponent)].join('/'),
    issuer,
    client,
    redirectUri: back.href,
    origin,
    apiResources,
    context,
    storage: storage.getItem ? 'custom' : storage,
    refreshLeeway,
    timeout,
    limits: options.limits && take(options.limits, 'idle:@number absolute:@number warning:@number', 'limits'),
    allowInsecure,
    home: path('homePath'),
    login: path('loginPath'),
    logout: path('logoutPath'),
    exclude: paths('exclude'),
    public: paths('public'),
    protected: redirect.protected,
    prefix: before && path('prefix'),
    leaves: !options.navigate,
  };
  return { ...options, api, config } as unknown as Omit<SessionOptions, 'api'> & SendOptions & { config: Config };
};
