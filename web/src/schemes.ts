import type { OAuthOptions, OidcOptions, Scheme } from './types';

const scheme =
  <Options extends object>(name: Scheme['scheme']) =>
  (options: Options): Scheme => ({ ...options, scheme: name });

/** An OpenID provider, its endpoints found by discovery. */
export const oidc = /* @__PURE__ */ scheme<OidcOptions>('oidc');

/** An OAuth 2 server whose endpoints the page names. */
export const oauth = /* @__PURE__ */ scheme<OAuthOptions>('oauth');

/** SAP Commerce; not built yet. */
export const occ = /* @__PURE__ */ scheme<object>('occ');

/** Vendure; not built yet. */
export const vendure = /* @__PURE__ */ scheme<object>('vendure');

/** A backend with cookies; not built yet. */
export const cookies = /* @__PURE__ */ scheme<object>('cookies');
