import type { OccOptions, Scheme, SpartacusAuthentication, SpartacusBackend } from './types';

type Values = Record<string, any>;

/**
 * Makes what `occ` takes of a storefront's configuration, and says what becomes of the rest. What is false or empty is
 * not missed. It is small, as every page has it: docs/spartacus.md has the rest of the words.
 */
export const fromSpartacusConfig =
  (occ: (options: OccOptions) => Scheme) =>
  (
    authentication: SpartacusAuthentication,
    backend: SpartacusBackend,
    say: (sentence: string) => void = console.warn,
  ): Scheme => {
    const tell = (left: Values, at = '', text = ' is not carried over') => {
      for (const name in left) if (left[name]) say(`Spartacus: ${at}${name}${text}.`);
    };
    const {
      client_id: clientId,
      client_secret: clientSecret,
      baseUrl: server,
      tokenEndpoint = '/oauth/token',
      revokeEndpoint = '/oauth/revoke',
      loginUrl = '/oauth/authorize',
      userinfoEndpoint,
      sendAuthHeaderOnRevoke: authorizeRevocation,
      useClientTokens: clientTokens,
      customLoginPage,
      OAuthLibConfig,
      ...others
    } = authentication as Values;
    const {
      responseType,
      scope,
      redirectUri,
      postLogoutRedirectUri,
      clockSkewInSec: clockTolerance,
      disablePKCE,
      requireHttps,
      // As it was: what a token is of is not compared with the issuer, the address is cleaned, a token has its type.
      skipIssuerCheck: _,
      clearHashAfterLogin: __,
      customTokenParameters,
      ...more
    }: Values = OAuthLibConfig ?? {};
    const { baseUrl, prefix, endpoints: ___, ...rest } = (backend.occ ?? {}) as Values;
    const sites = [backend.context?.baseSite].flat();
    const endpoint = (path?: string) =>
      path && `${server ?? baseUrl + '/authorizationserver'}/${path.replace(/^\//, '')}`;

    const scheme = occ({
      baseUrl,
      prefix: prefix?.replace(/\/$/, ''),
      // One of several is not for us to choose.
      baseSite: sites[1] ? undefined : sites[0],
      clientId,
      // An empty one is none.
      clientSecret: clientSecret || (responseType ? undefined : clientSecret),
      flow: responseType ? undefined : 'password',
      responseType: responseType?.split(' ').sort().join(' '),
      scope,
      redirectUri,
      postLogoutRedirectUri,
      clockTolerance,
      clientTokens,
      authorizeRevocation,
      endpoints: {
        authorization: endpoint(loginUrl),
        token: endpoint(tokenEndpoint),
        revocation: endpoint(revokeEndpoint),
        userinfo: endpoint(userinfoEndpoint),
      },
      loginForm: {
        csrf: endpoint(customLoginPage?.csrfEndpoint ?? '/csrf'),
        action: endpoint(customLoginPage?.loginFormEndpoint ?? '/login'),
      },
    } as OccOptions);
    tell({ client_id: clientId == null }, '', ` is taken to be ${scheme.clientId}`);
    if (scheme.flow == 'code') tell({ disablePKCE }, 'OAuthLibConfig.', ' has no effect: PKCE is always used');
    tell({ requireHttps: requireHttps === false }, 'OAuthLibConfig.', ' is now allowInsecure of createSession');
    tell(
      { customTokenParameters: customTokenParameters?.find((name: string) => name != 'token_type') },
      'OAuthLibConfig.',
    );
    tell(others);
    tell(more, 'OAuthLibConfig.');
    tell(rest, 'backend.occ.');
    return scheme;
  };
