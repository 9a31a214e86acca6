// The session of the published @spartacus/core, wired by hand as its modules wire it, without Angular around it: the
// interceptors in their order, the engine (angular-oauth2-oidc), the persistence. What it takes from elsewhere is faked as
// far as a request could tell: the router, messages, the store.
import '@angular/compiler'; // before all else: the packages are compiled when they are loaded
import { HttpClient, HttpHeaders, HttpXhrBackend } from '@angular/common/http';
import { OAuthService, UrlHelperService } from 'angular-oauth2-oidc';
import { BehaviorSubject } from 'rxjs';
import {
  AuthConfigService,
  AuthHttpHeaderService,
  AuthInterceptor,
  AuthRedirectStorageService,
  AuthService,
  AuthStatePersistenceService,
  AuthStorageService,
  CLIENT_AUTH_FEATURE,
  CLIENT_TOKEN_DATA,
  ClientAuthActions,
  ClientAuthenticationTokenService,
  ClientErrorHandlingService,
  ClientTokenInterceptor,
  ClientTokenService,
  InterceptorUtil,
  OAuthLibWrapperService,
  OccEndpointsService,
  StatePersistenceService,
  StateUtils,
  TokenRevocationInterceptor,
  USE_CLIENT_TOKEN,
  UserIdService,
  WindowRef,
} from '@spartacus/core';

const { config } = globalThis.settings;
const { baseUrl } = config.backend.occ;
// The server of the tests has an address that the engine does not take for this machine's.
config.authentication.OAuthLibConfig.requireHttps = false;

/** One that runs what it is given, as without a zone. */
const zone = { run: (fn) => fn(), runOutsideAngular: (fn) => fn() };
const window = new WindowRef(document, 'browser');
const went = [];
const routing = { go: (to) => went.push(to), goByUrl: (to) => went.push(to) };
const said = [];
const messages = { add: ({ key }) => said.push(key) };
const actions = [];

/** The part of the store that has the client's token, with the package's own reducer; the effect is below. */
const reduce = StateUtils.loaderReducer(CLIENT_TOKEN_DATA);
const slice = (state, action) => ({
  [CLIENT_AUTH_FEATURE]: { clientToken: reduce(state?.[CLIENT_AUTH_FEATURE].clientToken, action) },
});
const store = new BehaviorSubject(slice(undefined, { type: 'init' }));
store.dispatch = (action) => {
  actions.push(action.type);
  const { loading } = store.value[CLIENT_AUTH_FEATURE].clientToken;
  store.next(slice(store.value, action));
  if (action.type !== ClientAuthActions.LOAD_CLIENT_TOKEN || loading) return;
  clientAuthentication.loadClientAuthenticationToken().subscribe(
    (token) => store.dispatch(new ClientAuthActions.LoadClientTokenSuccess(token)),
    (error) => store.dispatch(new ClientAuthActions.LoadClientTokenFail(error)),
  );
};

let interceptors = [];
const http = new HttpClient({
  handle: (request) =>
    interceptors
      .reduceRight(
        (next, one) => ({ handle: (request) => one.intercept(request, next) }),
        new HttpXhrBackend({ build: () => new XMLHttpRequest() }),
      )
      .handle(request),
});

const authConfig = new AuthConfigService(config, config);
const endpoints = new OccEndpointsService(config);
const storage = new AuthStorageService();
const userId = new UserIdService();
const redirectStorage = new AuthRedirectStorageService();
const redirect = { redirect: () => routing.goByUrl('/'), saveCurrentNavigationUrl() {} };
const engine = new OAuthService(
  zone,
  http,
  storage,
  null,
  {},
  new UrlHelperService(),
  { debug() {}, info() {}, error() {}, warn() {} },
  null,
  document,
);
const wrapper = new OAuthLibWrapperService(engine, authConfig, 'browser', window);
const auth = new AuthService(store, userId, wrapper, storage, redirect, routing);
const headers = new AuthHttpHeaderService(auth, storage, wrapper, routing, endpoints, messages, redirect);
const clientAuthentication = new ClientAuthenticationTokenService(http, authConfig);
const clientTokens = new ClientTokenService(store);
interceptors = [
  new AuthInterceptor(headers, authConfig),
  new TokenRevocationInterceptor(storage, authConfig),
  new ClientTokenInterceptor(clientTokens, new ClientErrorHandlingService(clientTokens), endpoints),
];
new AuthStatePersistenceService(new StatePersistenceService(window), userId, storage, redirectStorage).initSync();
void auth.checkOAuthParamsInUrl();

/** As an adapter calls OCC: below the base site, or the raw path. `client` marks it. */
const call = (method, path, { body, client } = {}) => {
  const url = path === 'basesites' ? `${baseUrl}/occ/v2/basesites` : `${endpoints.getBaseUrl()}/${path}`;
  let headers = new HttpHeaders({ 'Content-Type': 'application/json' });
  if (client) headers = InterceptorUtil.createHeader(USE_CLIENT_TOKEN, true, headers);
  return http
    .request(method, url, { body, headers, observe: 'response' })
    .toPromise()
    .then(
      (answer) => answer?.status,
      (error) => error.status,
    );
};

globalThis.shop = {
  signIn: (name, password) => auth.loginWithCredentials(name, password),
  signOut: () => auth.coreLogout(),
  call,
  went,
  said,
  actions,
  userId: () => new Promise((resolve) => userId.takeUserId().subscribe(resolve)),
};
