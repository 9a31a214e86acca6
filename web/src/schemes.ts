import { readCookies } from './options/cookies';
import { readOAuth, readOidc } from './options/oauth';
import { readOcc } from './options/occ';
import { type Reader, readers } from './options/scheme';
import { readVendure } from './options/vendure';
import { fromSpartacusConfig } from './spartacus';
import type { CookieOptions, OAuthOptions, Occ, OccOptions, OidcOptions, Scheme, VendureOptions } from './types';

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

/**
 * A preset, with what reads its options: that is known as soon as this has run. It is called pure all the same, so that a
 * bundler leaves out what the page does not import; a file that nobody has shaken knows all.
 */
const preset = <Options extends object>(name: Scheme['scheme'], read: Reader) => {
  readers[name] = read;
  return (options: Options): Scheme => ({ ...options, scheme: name });
};

/** An OpenID provider, its endpoints found by discovery. */
export const oidc = /* @__PURE__ */ preset<OidcOptions>('oidc', readOidc);

/** An OAuth 2 server whose endpoints the page names. */
export const oauth = /* @__PURE__ */ preset<OAuthOptions>('oauth', readOAuth);

/** Fills in what the two generations have as their defaults. */
const filled = (make: (options: OccOptions) => Scheme) => {
  const fill = (options: OccOptions): Scheme => {
    const { baseUrl, clientSecret, responseType, endpoints, loginForm, clientTokens, authorizeRevocation } = options;
    let { flow, clientId } = options;
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
    clientId ??= classic ? 'mobile_android' : 'mobile_android_public';
    const server = `${baseUrl}`.replace(/\/$/, '') + '/authorizationserver';
    const at = server + '/oauth/';
    return make({
      ...options,
      clientTokens: clientTokens ?? (!__USER__ && classic),
      authorizeRevocation: authorizeRevocation ?? classic,
      clientId,
      clientSecret: clientSecret ?? (clientId == 'mobile_android' ? 'secret' : undefined),
      flow,
      responseType: flow == 'password' ? undefined : responseType,
      endpoints: { authorization: at + 'authorize', token: at + 'token', revocation: at + 'revoke', ...endpoints },
      loginForm: { csrf: server + '/csrf', action: server + '/login', ...loginForm },
    });
  };
  return Object.assign(fill, { fromSpartacusConfig: fromSpartacusConfig(fill) });
};

/**
 * SAP Commerce. Its servers come in two generations: those with a client secret, passwords and client tokens
 * (`mobile_android`), and those with a public client and codes (`mobile_android_public`).
 */
export const occ: Occ = /* @__PURE__ */ filled(/* @__PURE__ */ preset<OccOptions>('occ', readOcc));

/** A Vendure server. */
export const vendure = /* @__PURE__ */ preset<VendureOptions>('vendure', readVendure);

/** The app's own backend, with a session in cookies. */
export const cookies = /* @__PURE__ */ preset<CookieOptions>('cookies', readCookies);
