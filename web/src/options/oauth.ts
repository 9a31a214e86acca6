// What clients of OAuth 2 are told, those of an OpenID provider among them.
import { takeCallback } from '../callback';
import { URL } from '../platform';
import type { Server } from './addresses';
import { check, refuse, take, type Values } from './check';
import type { Reader } from './scheme';

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;

// Joined where they are used: a text made of others here would stay in bundles that do not need it.
const clientOptions =
  ' scheme* clientId* clientSecret scope redirectUri postLogoutRedirectUri clockTolerance:@number ' +
  'responseType codeExchange dpop:@boolean resources:@array maxAge:@number flow:code|password|implicit ' +
  (__USER__ ? 'clientTokens:@false|!@true' : 'clientTokens:@false|@true');
const oidcOptions = 'issuer* endpointOrigins:issuer|@array monitorSession:@boolean trustedAudiences:@array';
export const oauthOptions = 'endpoints*:@object customTokenParameters:! requireState:@true|!@false';
const endpointOptions = 'authorization revocation userinfo jwks endSession pushedAuthorization token';

/** Takes what every client has, and `more`. */
export const takeClient = (given: Values, more: string) => take(given, more + clientOptions, 'auth');

/** What comes back, and how. */
const readFlow = (auth: Values, server: Server) => {
  const { flow = 'code', scope, dpop, monitorSession, codeExchange } = auth;
  const front = 'token|id_token|id_token token';
  if (flow == 'implicit') auth.responseType ??= /openid/.test(scope) ? 'id_token token' : 'token';
  const { responseType } = auth;
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
    if (flow != 'code' || /t/.test(responseType) || dpop || monitorSession)
      refuse('auth.codeExchange', 'needs a code alone, and no dpop or monitorSession');
    auth.codeExchange = server('auth.codeExchange', codeExchange);
  }
  auth.flow = flow;
  auth.takeCallback = takeCallback;
};

export const readOidc: Reader = (given, server, prefix) => {
  const auth = takeClient(given, oidcOptions);
  readFlow(auth, server);
  const { issuer, endpointOrigins } = auth;
  prefix('auth.issuer', issuer);
  auth.endpointOrigins = (endpointOrigins == 'issuer' ? [issuer] : endpointOrigins)?.map(
    (one: string, i: number) => new URL(prefix(`auth.endpointOrigins[${i}]`, one)).origin,
  );
  return auth;
};

/** What is left to read of a client whose endpoints the page names. */
export const readEndpoints = (auth: Values, server: Server) => {
  readFlow(auth, server);
  const { flow, codeExchange, responseType } = auth;
  const endpoints = (auth.endpoints = take(
    auth.endpoints,
    (flow == 'password' ? '' : 'authorization* ') +
      endpointOptions +
      (codeExchange || /^(id_)?token/.test(responseType) ? '' : '*'),
    'auth.endpoints',
  ));
  for (const name in endpoints) endpoints[name] = server('auth.endpoints.' + name, endpoints[name]);
  auth.issuer = endpoints.token ?? endpoints.authorization;
  return auth;
};

export const readOAuth: Reader = (given, server) => readEndpoints(takeClient(given, oauthOptions), server);
