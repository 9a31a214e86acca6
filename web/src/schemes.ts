import { fromSpartacusConfig } from './spartacus';
import type { CookieOptions, OAuthOptions, Occ, OccOptions, OidcOptions, Scheme, VendureOptions } from './types';

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

const scheme =
  <Options extends object>(name: Scheme['scheme']) =>
  (options: Options): Scheme => ({ ...options, scheme: name });

/** An OpenID provider, its endpoints found by discovery. */
export const oidc = /* @__PURE__ */ scheme<OidcOptions>('oidc');

/** An OAuth 2 server whose endpoints the page names. */
export const oauth = /* @__PURE__ */ scheme<OAuthOptions>('oauth');

/** Fills in what the two generations have as their defaults. */
const fill = (options: OccOptions): Scheme => {
  const { baseUrl, clientId, clientSecret, responseType, endpoints, loginForm, clientTokens, authorizeRevocation } =
    options;
  let { flow } = options;
  const classic = flow == 'password' || clientSecret != null || clientId == 'mobile_android';
  flow ??=
    responseType == null
      ? classic
        ? 'password'
        : 'code'
      : /code/.test(responseType)
        ? 'code'
        : /(^| )token/.test(responseType)
          ? 'implicit'
          : 'password';
  const server = `${baseUrl}`.replace(/\/$/, '') + '/authorizationserver';
  const at = server + '/oauth/';
  return {
    ...options,
    clientTokens: clientTokens ?? (!__USER__ && classic),
    authorizeRevocation: authorizeRevocation ?? classic,
    clientId: clientId ?? (classic ? 'mobile_android' : 'mobile_android_public'),
    clientSecret:
      clientSecret ?? (classic && (clientId ?? 'mobile_android') == 'mobile_android' ? 'secret' : undefined),
    flow,
    responseType: flow == 'password' ? undefined : responseType,
    endpoints: { authorization: at + 'authorize', token: at + 'token', revocation: at + 'revoke', ...endpoints },
    loginForm: { csrf: server + '/csrf', action: server + '/login', ...loginForm },
    scheme: 'occ',
  };
};

/**
 * SAP Commerce. Its servers come in two generations: those with a client secret, passwords and client tokens
 * (`mobile_android`), and those with a public client and codes (`mobile_android_public`).
 */
export const occ: Occ = /* @__PURE__ */ Object.assign(fill, { fromSpartacusConfig: fromSpartacusConfig(fill) });

/** A Vendure server. */
export const vendure = /* @__PURE__ */ scheme<VendureOptions>('vendure');

/** The app's own backend, with a session in cookies. */
export const cookies = /* @__PURE__ */ scheme<CookieOptions>('cookies');
