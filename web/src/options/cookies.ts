import type { Stored } from '../record';
import { refuse, take, type Values } from './check';
import type { Reader } from './scheme';

// Joined where they are used, as those of oauth.ts.
const cookieOptions = 'scheme* login:@string|@object csrf:@object logout refresh protocol:generic|supertokens ';
const genericOptions = 'session* userId claims marker';
const superTokensOptions = 'tokenTransferMethod:cookie|header claims:@array';

/** Whether the marker cookie says that somebody is there; undefined where there are no cookies. */
const isMarked = (name: string) => {
  try {
    return /^(?!anonymous|;|$)/.test(('; ' + document.cookie).split(`; ${name}=`)[1] ?? '');
  } catch {
    // A page without an origin has no cookies.
  }
};

export const readCookies: Reader = (given, server, prefix) => {
  const isSuper = given.protocol == 'supertokens';
  const auth = take(given, cookieOptions + (isSuper ? superTokensOptions : genericOptions), 'auth');
  const at = (name: string, raw?: string) => raw && server('auth.' + name, raw);
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
    if (!/^[\w-]+$/.test(header)) refuse('auth.csrf.header', "must be a header's name");
    csrf = {
      header: header.toLowerCase(),
      value: isFixed ? 'XMLHttpRequest' : undefined,
      cookie,
      endpoint: at('csrf.endpoint', endpoint),
      stale,
    };
  }
  if (isSuper) {
    if (csrf) refuse('auth.csrf', "is the protocol's own with 'supertokens'");
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
  const issuer = isSuper ? backend.refresh : backend.session;
  prefix('auth.issuer', issuer);
  return {
    ...auth,
    issuer,
    csrf,
    flow: 'password',
    backend,
    doubts: (record?: Stored) => (auth.marker ? !record?.policy.rules.user == isMarked(auth.marker) : !record),
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
  };
};
