/**
 * Whose credentials a request carries: the signed-in person's, or whom an agent acts for; the client's own, which are
 * nobody's; the person's if there is one, else the client's; the agent's own. `'none'` sends it as it is.
 */
export type As = 'user' | 'client' | 'user-or-client' | 'agent' | 'none';
/** Which requests carry the session. */
export interface ApiRule {
    /**
     * A URL prefix: the origin is equal, and the path equal or below on a segment boundary. It is
     * judged on the URL as the browser parses it. A relative one starts with `/` and belongs to the
     * page. `https://api.example.com/v1` covers `/v1`, `/v1/a` and `/v1?a`, not `/v10`;
     * `https://api.example.com/v1/` covers what is below it only.
     */
    url: string;
    /**
     * Whose credentials they carry.
     * @default 'user'
     */
    as?: As;
    /**
     * Prefixes below `url` that carry nothing, relative to `url` where they are relative.
     * @default []
     */
    except?: string[];
    /**
     * What these requests have an access token of their own for: an absolute URI without a fragment (RFC 8707). The
     * sign-in names all of them; each token is got with the refresh token when it is first needed. With `as: 'user'` only.
     * @default the session's own access token
     */
    resource?: string;
    /**
     * How often a refused request is sent again; 0 for what the server may have done all the same.
     * @default what `retries` of the session says
     */
    retries?: number;
    /**
     * A body that is a `ReadableStream` is sent once, unless it is of at most so many bytes: those are kept meanwhile.
     * @default 0
     */
    replay?: number;
    /**
     * What a refusal of the credentials looks like here: an answer with one of these statuses; with `types`, only one whose JSON has
     * `{ errors: [{ type }] }` with one of these, and with `codes` the same for GraphQL, `{ errors: [{ extensions: { code } }] }`.
     * @default what the scheme says, for most `{ status: [401] }`; without `status`, `[401]`, and with `codes` `[200]`
     */
    refused?: {
        status?: number[];
        types?: string[];
        codes?: string[];
    };
    /**
     * `true`: a request goes without credentials where a server may read its path otherwise than the browser does, and so take it for one outside
     * `url`: one with `%2f`, `%5c`, `%2e`, `%25`, `%00`, `%c0` or `%c1` in its path, or with dots and a semicolon (`/..;/`).
     * @default false
     */
    strict?: boolean;
}
/** A place for the session: `localStorage` is one. Each method may return a promise. */
export interface StorageLike {
    /** Resolves with what was set, or `null`. */
    getItem(key: string): string | null | Promise<string | null>;
    /** Replaces what was there. */
    setItem(key: string, value: string): void | Promise<void>;
    /** Does nothing where there is nothing. */
    removeItem(key: string): void | Promise<void>;
}
/** Where guards and sign-ins lead. All are paths of this origin. */
export interface RedirectOptions {
    /**
     * Where `guard.requireLogin` sends a visitor.
     * @default '/login'
     */
    loginPath?: string;
    /**
     * The app's page of a logout. Like `loginPath`, it is never remembered across a sign-in.
     * @default '/logout'
     */
    logoutPath?: string;
    /**
     * Where `guard.requireAnonymous` sends a user, and where a sign-in ends that remembers no page.
     * @default '/'
     */
    homePath?: string;
    /**
     * The app's other pages of a sign-in, such as `/register`: never remembered across it, and open to visitors. `*` stands
     * for one segment.
     * @default []
     */
    exclude?: string[];
    /**
     * `guard.check` lets nobody see a page without a sign-in, except `public` and the pages of a sign-in.
     * @default false
     */
    protected?: boolean;
    /**
     * With `protected`: paths that visitors may see, and those below them; `/` is the home page alone. `*` stands for one
     * segment.
     * @default []
     */
    public?: string[];
    /**
     * What the app's router puts before each path by itself, such as site and language; `*` stands for one segment, as in
     * `/shop/*`. It is taken away from what is remembered and compared, and no path that is given back has it.
     * Goes with `navigate`, as `location.assign` knows no router.
     * @default none
     */
    prefix?: string;
}
/** When a session ends that the server would let go on, in seconds, each more than 0. The tabs share it, and a sleep counts. */
export interface LimitOptions {
    /**
     * How long the person may do nothing. A key, a click, a tap, going back or forward, and opening a page is something;
     * requests are not.
     * @default for ever
     */
    idle?: number;
    /**
     * How long a session lasts since the sign-in.
     * @default for ever
     */
    absolute?: number;
    /**
     * How long before either the event `idle` comes.
     * @default 60
     */
    warning?: number;
}
/** What `createSession` takes. Each option is read once, when it is called. */
export interface SessionOptions {
    /** How one signs in: what `oidc()`, `oauth()`, `occ()`, `vendure()` or `cookies()` returns. */
    auth: Scheme;
    /** Which requests carry the session. A string is short for `{ url }`; the longest prefix wins. */
    api: (string | ApiRule)[];
    /**
     * `'global'` wraps `globalThis.fetch`; `'none'` only offers `session.fetch`.
     * @default 'global'
     */
    intercept?: 'global' | 'none';
    /**
     * Where the session is kept: for all tabs and after the browser closed, for this tab, for this
     * page, or in a place of the page's own.
     * @default 'local'
     */
    storage?: 'local' | 'session' | 'memory' | StorageLike;
    /**
     * `false`, which is not built yet, keeps the refresh token in memory only.
     * @default true
     */
    persistRefreshToken?: boolean;
    /**
     * Separates several sites or accounts on one origin.
     * @default ''
     */
    context?: string;
    /**
     * Where the tokens live. `'worker'` is not built yet.
     * @default 'page'
     */
    isolation?: 'page' | 'worker';
    /**
     * When the runtime is downloaded: at once, when the page is idle, or at the first call that
     * needs it. An expired session or a redirect callback needs it at once in any case.
     * @default 'eager'
     */
    load?: 'eager' | 'idle' | 'demand';
    /**
     * Where `latchkey.wasm` is.
     * @default beside the script
     */
    wasmURL?: string | URL;
    /**
     * How long before its expiry a token is refreshed, in seconds.
     * @default 30
     */
    refreshLeeway?: number;
    /**
     * How often a refused request is sent again.
     * @default 1
     */
    retries?: number;
    /**
     * For each of the runtime's own calls to the server, and for what a request waits for the
     * runtime before it is sent as it is, in milliseconds.
     * @default 10000
     */
    timeout?: number;
    /** Ends a session that is good for the server: see {@link LimitOptions}. */
    limits?: LimitOptions;
    /** Where guards and sign-ins lead. */
    redirect?: RedirectOptions;
    /**
     * How the app's router goes to a path of this origin. A sign-in may have come back before there is a router: wait for it
     * then. What it throws is reported, as by `reportError`, and without a `prefix` the page is loaded.
     * @default location.assign
     */
    navigate?: (path: string) => void;
    /**
     * Lets URLs of servers other than loopback begin with `http:`. Tokens then travel in clear.
     * @default false
     */
    allowInsecure?: boolean;
}
/** What an authorization endpoint can be asked for. */
export type ResponseType = 'code' | 'token' | 'id_token' | 'id_token token' | 'code token' | 'code id_token' | 'code id_token token';
/** What `oidc`, `oauth` and `occ` have in common. */
export interface ClientOptions {
    /**
     * Requests with `as: 'client'` carry a token that the client gets for itself (RFC 6749, section 4.4); without, they leave
     * as they are.
     * @default true with a `clientSecret`, or where a rule of `api` says so; with `occ()`, in the classic generation
     */
    clientTokens?: boolean;
    /** The client's id at the authorization server. */
    clientId: string;
    /** The scopes to ask for, separated by spaces. Needs `openid` for an id token. */
    scope?: string;
    /**
     * Where the server sends the user back: a URL of this origin without a fragment.
     * @default the origin and '/'
     */
    redirectUri?: string;
    /** A client's secret is none in a browser; for servers that want one all the same. */
    clientSecret?: string;
    /**
     * By how much the clocks of server and browser may differ, in seconds.
     * @default 60
     */
    clockTolerance?: number;
    /**
     * Where the server's logout page sends the user.
     * @default the origin and '/'
     */
    postLogoutRedirectUri?: string;
    /**
     * How one signs in: at the server's own page, or with a name and a password that this page asks for. `'implicit'` is
     * for servers that know no code (RFC 9700, section 2.1.2, advises against it): tokens come through the address bar, and
     * there is no refresh token.
     * @default 'code'
     */
    flow?: 'code' | 'password' | 'implicit';
    /**
     * What the authorization endpoint is asked for, where that is not a code alone. With a code too (a hybrid flow of
     * OpenID Connect), what came through the address bar is checked and then left for what the code brings.
     * @default 'code'; with flow 'implicit': 'id_token token' if the scope has openid, else 'token'
     */
    responseType?: ResponseType;
    /**
     * A URL of the app's own backend, which redeems the code instead of this page: it gets `{ code, codeVerifier,
     * redirectUri, nonce }` as JSON, keeps the tokens and sets a cookie, with which the session then travels. There is no
     * token in the page. Its own logout is the app's to call, before `session.logout()`.
     */
    codeExchange?: string;
    /**
     * Binds the tokens to a key of this browser that no script can export (DPoP, RFC 9449); the server has to take part.
     * @default false
     */
    dpop?: boolean;
    /**
     * What the session's own access token shall be good for, as absolute URIs (RFC 8707). See also `resource` of `api`.
     * @default []
     */
    resources?: string[];
    /**
     * How long ago the person may have signed in at the server, in seconds; checked against the id token's `auth_time`.
     * A single sign-in may ask for another one: `params: { max_age: '0' }`.
     * @default as the server likes
     */
    maxAge?: number;
}
/** An OpenID provider. Its endpoints are found by discovery. */
export interface OidcOptions extends ClientOptions {
    /** The issuer's identifier, exactly as its metadata names it. */
    issuer: string;
    /**
     * The origins on which the metadata may name endpoints; `'issuer'` is the issuer's own.
     * @default any origin with https, as large providers need
     */
    endpointOrigins?: 'issuer' | string[];
    /**
     * Who may stand beside `clientId` in an id token's `aud`. Such a one could sign in with the token too.
     * @default []
     */
    trustedAudiences?: string[];
    /**
     * Asks the server every few seconds, in a hidden frame and while the page can be seen, whether its session is still the
     * one that the person signed in with (OpenID Connect Session Management 1.0). If it is another one the session ends.
     * Works where the server has that (`check_session_iframe`, `session_state`) and is on the same site; else it does nothing.
     * @default false
     */
    monitorSession?: boolean;
}
/** An OAuth 2 server without discovery. */
export interface OAuthOptions extends ClientOptions {
    /** Its endpoints: URLs, or paths of this origin. */
    endpoints: Endpoints;
    /** Not built yet. */
    customTokenParameters?: string[];
    /**
     * `false` is not built yet.
     * @default true
     */
    requireState?: boolean;
}
/**
 * SAP Commerce. A `clientSecret`, the flow `'password'` or the client `mobile_android` stand for the classic generation of
 * its authorization server; without them it is the public one.
 */
export interface OccOptions extends Omit<ClientOptions, 'clientId' | 'codeExchange' | 'dpop' | 'resources' | 'maxAge'> {
    /** Where the server is: an https: URL. */
    baseUrl: string;
    /**
     * The path of its OCC endpoints below `baseUrl`.
     * @default '/occ/v2'
     */
    prefix?: string;
    /** The base site. It is also the default of `context`: each site has its own session. */
    baseSite: string;
    /**
     * The site has users of its own: they sign in as `<name>|<baseSite>`.
     * @default false
     */
    isolated?: boolean;
    /** @default 'mobile_android' in the classic generation, else 'mobile_android_public' */
    clientId?: string;
    /**
     * What the authorization endpoint is asked for. Where `flow` is not given, it says that too: with `code` in it the flow
     * `'code'`, with `token` `'implicit'`, else `'password'`.
     */
    responseType?: ResponseType;
    /** @default 'password' in the classic generation, else 'code' */
    flow?: 'code' | 'password' | 'implicit';
    /**
     * Endpoints that are elsewhere.
     * @default below `{baseUrl}/authorizationserver/oauth/`: `authorize`, `token`, `revoke`
     */
    endpoints?: Endpoints;
    /**
     * The access token goes along when tokens are revoked.
     * @default true in the classic generation
     */
    authorizeRevocation?: boolean;
    /**
     * Where the server's own sign-in form is posted to, and where the token comes from that it has to have; for
     * `session.loginForm()`.
     * @default `{baseUrl}/authorizationserver/csrf` and `…/login`
     */
    loginForm?: {
        csrf?: string;
        action?: string;
    };
    /**
     * Assisted service: how agents sign in, who then act for customers. `false` if there are none.
     * @default {}
     */
    agent?: AgentOptions | false;
    /**
     * Takes over, once, the session that Spartacus has left in the same storage.
     * @default false
     */
    adopt?: boolean;
}
/** What `occ` is, as a function and beside it. */
export interface Occ {
    (options: OccOptions): Scheme;
    /**
     * The scheme of a shop that has its configuration from Spartacus: its `authentication`, as it is after the defaults were
     * merged in, and its `backend` with its `context` beside it. `say` gets a sentence for each option that is not carried over,
     * or works in another way.
     */
    fromSpartacusConfig(authentication: SpartacusAuthentication, backend: SpartacusBackend, say?: (sentence: string) => void): Scheme;
}
/** `authentication` of a configuration of Spartacus. */
export interface SpartacusAuthentication {
    client_id?: string;
    client_secret?: string;
    baseUrl?: string;
    tokenEndpoint?: string;
    revokeEndpoint?: string;
    loginUrl?: string;
    logoutUrl?: string;
    userinfoEndpoint?: string;
    sendAuthHeaderOnRevoke?: boolean;
    useClientTokens?: boolean;
    customLoginPage?: object;
    initializerOptions?: object;
    /** The name that `initializerOptions` had before. */
    autoConfigure?: object;
    OAuthLibConfig?: object;
}
/** `backend` of a configuration of Spartacus; and `context`, which has the base site. */
export interface SpartacusBackend {
    occ?: {
        baseUrl?: string;
        prefix?: string;
        useWithCredentials?: boolean;
        endpoints?: object;
    };
    context?: {
        baseSite?: string[];
        urlParameters?: string[];
    };
    media?: object;
    loadingScopes?: object;
}
/** How agents sign in. */
export interface AgentOptions {
    /** @default 'asm_client'; with passwords, the one of the customers */
    clientId?: string;
    clientSecret?: string;
    /** @default 'password' where the customers' is, else 'code' */
    flow?: 'code' | 'password';
    /**
     * After how long without a sign of life, in any tab, an agent is signed out: in seconds, at most 60000; 0 is never.
     * @default 600
     */
    idleTimeout?: number;
    /**
     * How long before that the event `idle` comes, in seconds.
     * @default 60
     */
    idleWarning?: number;
}
/** A Vendure server. A visitor may have a session there too: with a cart in it, but with nobody signed in. */
export interface VendureOptions {
    /** Its GraphQL endpoint, shop or admin: an https: URL, or a path of this origin. */
    url: string;
    /**
     * How a session travels: in a header that the server names, or in a cookie.
     * @default 'bearer'
     */
    tokenMethod?: 'bearer' | 'cookie';
    /**
     * The header of answers with a token in it. The server must name it in `Access-Control-Expose-Headers`.
     * @default 'vendure-auth-token'
     */
    authTokenHeader?: string;
    /** The channel's token, sent as `vendure-token` where the caller sets none. */
    channelToken?: string;
}
/**
 * The app's own backend, which keeps the session in cookies. Its addresses are https: URLs, or paths of this origin. What
 * is posted is JSON.
 */
export interface CookieOptions {
    /**
     * Takes a name and a password, for `loginWithCredentials`, with the members' names where they are others. `params` are
     * members beside them.
     */
    login?: string | {
        url: string;
        /** @default 'username', and 'email' with `formFields` */
        username?: string;
        /** @default 'password' */
        password?: string;
        /** With `'supertokens'`: they are form fields, as its recipes have them. */
        formFields?: boolean;
    };
    /** Ends the session; without it a logout ends it in this browser's pages only. */
    logout?: string;
    /** Renews the cookies; without it a look at `session` does, or nothing. */
    refresh?: string;
    /** Says who is signed in, as JSON; required, but with `'supertokens'`. Nobody is 401, 403, an answer without a body, `null`, or one without an id. */
    session?: string;
    /**
     * Where the user's id is in that: names with dots between them.
     * @default the first of `id`, `userId`, `user.id` and `sub`
     */
    userId?: string;
    /**
     * Where the claims are.
     * @default the object that the id is in
     *
     * With `'supertokens'`: those of the access token's payload that `validateClaims` looks at.
     */
    claims?: string | readonly ClaimOptions[];
    /**
     * The name, exactly, of a cookie that the backend sets with the session and that the page may read: whose it is, or just
     * that there is one; `anonymous` is nobody. Visitors without it are not asked about. It is taken away when the session ends,
     * so it must have `Path=/`.
     */
    marker?: string;
    /** What an unsafe request (all but GET, HEAD, OPTIONS, TRACE) carries to show that it is the page's own; none by default. */
    csrf?: {
        /**
         * Its header.
         * @default 'X-CSRF-Token'; 'X-Requested-With', with XMLHttpRequest in it, where there is neither `cookie` nor `endpoint`
         */
        header?: string;
        /** Has the value of this cookie, or of that with `__Host-` before its name. */
        cookie?: string;
        /**
         * Has what this endpoint gives: in a header of that name, or in JSON as `token`, `csrfToken`, `csrf_token` or `csrf`. With
         * `cookie`: it sets that.
         */
        endpoint?: string;
        /** The status that says that the value is an old one: the request is then sent once more with a new one. */
        staleStatus?: number;
    };
    /**
     * `'supertokens'` is for a backend with an SDK of SuperTokens, which says by itself who is signed in and what shows that a
     * request is the page's own.
     * @default 'generic'
     */
    protocol?: 'generic' | 'supertokens';
    /**
     * With `'supertokens'`: how the tokens of a new session shall travel.
     * @default 'cookie'
     */
    tokenTransferMethod?: 'cookie' | 'header';
}
/** What a claim of SuperTokens is to be, by one of these: its value, or what is in it where that is a list. */
export interface ClaimTest {
    hasValue?: string | number | boolean | null;
    includes?: string | number | boolean | null;
    excludes?: string | number | boolean | null;
    includesAll?: readonly (string | number | boolean | null)[];
    includesAny?: readonly (string | number | boolean | null)[];
    excludesAll?: readonly (string | number | boolean | null)[];
}
/** A claim of SuperTokens, for `validateClaims`. */
export interface ClaimValidator extends ClaimTest {
    /** By which the access token's payload has it, such as `st-ev`. */
    id: string;
    /** How old its value may be, in seconds, before the server is to look again: at least 7. */
    maxAge?: number;
    /** The same for a value that fails the test. */
    maxAgeIfWrong?: number;
}
/** One in the options. Without a test, it says how the claim is refreshed for those that a page tests. */
export interface ClaimOptions extends ClaimValidator {
    /** Has the server look again: an endpoint that answers with a new payload. */
    refresh?: string;
    /** @default 'GET' */
    method?: 'GET' | 'POST' | 'PUT';
}
/** Why a claim does not hold, in SuperTokens' words. */
export interface InvalidClaim {
    readonly id: string;
    readonly reason: {
        /** `'value does not exist'`, `'expired'` or `'wrong value'`. */
        readonly message: string;
        readonly [detail: string]: unknown;
    };
}
/** The endpoints of an authorization server. */
export interface Endpoints {
    /** Needed by the flow `'code'`. */
    authorization?: string;
    /** Where tokens come from. Not needed where they come through the address bar alone. */
    token?: string;
    /** RFC 7009; without it a logout revokes nothing. */
    revocation?: string;
    /** For `getUserInfo`. */
    userinfo?: string;
    /** The keys of id tokens. Without it an id token is believed that comes from the token endpoint itself, and no other. */
    jwks?: string;
    /** The server's logout page. */
    endSession?: string;
    /** Takes authorization requests from the page itself (RFC 9126), so that the address bar shows none. */
    pushedAuthorization?: string;
}
/** How one signs in, as plain data. Made by `oidc()`, `oauth()` and their like. */
export interface Scheme {
    readonly scheme: 'oidc' | 'oauth' | 'occ' | 'vendure' | 'cookies';
    readonly [option: string]: unknown;
}
/** What the server says about somebody. Look a claim up by `Object.hasOwn`, where its name is not your own. */
export interface Claims {
    readonly [name: string]: unknown;
}
/** What a page may know of its session: never a token. Frozen. */
export interface SessionState {
    /** `'restoring'` until a redirect callback or an expired session has been dealt with. */
    readonly status: 'restoring' | 'anonymous' | 'authenticated';
    /** Somebody is signed in. */
    readonly isLoggedIn: boolean;
    /**
     * `'anonymous'`, the `sub` of the id token, the id of a customer whom an agent acts for, or `'current'` where the server
     * names nobody, as with `occ()`.
     */
    readonly userId: string;
    /** An agent acts for the user. */
    readonly isEmulated: boolean;
    /** An agent is signed in. */
    readonly isAgent: boolean;
    /** What the server says about the user. */
    readonly claims: Claims | null;
    /** The scopes that the server granted. */
    readonly scope: readonly string[];
    /** When the access token expires, in milliseconds since the epoch. */
    readonly expiresAt: number | null;
    /** Of the access token, such as `Bearer`. */
    readonly tokenType: string | null;
}
/** The names of events. */
export type SessionEventType = 'login' | 'logout' | 'expired' | 'refresh' | 'statechange' | 'error' | 'idle';
/** Something happened to the session; once a tab. Frozen. */
export interface SessionEvent {
    readonly type: SessionEventType;
    /**
     * Why a session ended. With `'agent'`, an agent has come, gone, or acts for another customer; a `login` then merges no
     * cart. An `expired` with that reason is about the agent's session. With the type `'idle'`, `'absolute'` says that nothing
     * the person does puts the end off.
     */
    readonly reason?: 'user' | 'expired' | 'revoked' | 'switched' | 'agent' | 'absolute';
    /** Another tab did it. */
    readonly remote: boolean;
    readonly previousUserId: string;
    readonly userId: string;
    /** With the type `'error'`. */
    readonly error?: SessionErrorLike;
    /** With the types `'logout'` and `'expired'`: who ended it, and on what grounds. */
    readonly why?: TraceEntry;
    /**
     * With the type `'idle'`: when whoever is signed in, or the agent, will be signed out, in milliseconds since the epoch; `null`
     * when that is called off, or they have gone.
     */
    readonly endsAt?: number | null;
}
/**
 * What set a step off. A refresh: `'due'`, ahead of time; `'use'`, for a request with a token that was over; `'refused'`, for one that the server
 * refused; `'ask'`, by the page; `'doubt'`, as nobody knew what had become of the one before. An end: `'login'`, somebody else signed in;
 * `'answer'`, a server's answer to a request of the page's said so; `'check'`, `monitorSession`; `'server'`, front-channel logout; `'cleared'`, the
 * record was gone from storage; `'idle'` and `'absolute'`, a ceiling.
 */
export type TraceTrigger = 'due' | 'use' | 'refused' | 'ask' | 'doubt' | 'login' | 'answer' | 'check' | 'server' | 'cleared' | 'idle' | 'absolute';
/** One step of a session's life, for whoever asks why they were signed out: which tab took it, set off by what. Nothing in it is secret. Frozen. */
export interface TraceEntry {
    /** In milliseconds since the epoch. */
    readonly at: number;
    /** A name for a tab, as long as its page is loaded; `''` where it was none: the server itself, or whoever cleared the site's data. */
    readonly tab: string;
    /** It is this tab. */
    readonly here: boolean;
    /** Whose session, where it is not the user's own. */
    readonly as?: 'client' | 'agent';
    /**
     * `'began'`: a sign-in. `'sending'`: a refresh was sent. `'renewed'`, `'failed'`: what came of one; `'late'`: an answer for a session that
     * had moved on. `'tookOver'`: from a tab that had frozen. `'ended'`: for the `reason`.
     */
    readonly what: 'began' | 'sending' | 'renewed' | 'failed' | 'late' | 'tookOver' | 'ended';
    /** What set it off; nothing where that is plain. */
    readonly trigger?: TraceTrigger;
    readonly reason?: SessionEvent['reason'];
    /** What this library calls the error that it failed, or the session ended, with. */
    readonly error?: SessionErrorCode;
    /** The server's own words, cut to those that can't be a name or a secret. */
    readonly oauth?: {
        readonly error: string;
        readonly error_description?: string;
    };
    /** Counts the changes of the session's record, in all tabs. */
    readonly generation: number;
}
/** What a page can branch on. Codes never change their meaning. */
export type SessionErrorCode = 'config_invalid' | 'runtime_failed' | 'not_supported' | 'invalid_credentials' | 'interaction_required' | 'access_denied' | 'state_mismatch' | 'issuer_mismatch' | 'id_token_invalid' | 'discovery_failed' | 'server_error' | 'rate_limited' | 'network_error' | 'timeout' | 'aborted' | 'session_expired' | 'session_changed' | 'agent_logged_in' | 'popup_blocked' | 'popup_closed' | 'storage_failed' | 'isolated' | 'closed';
/** The members of a `SessionError`. */
export interface SessionErrorLike extends Error {
    readonly code: SessionErrorCode;
    readonly cause?: unknown;
    /** The authorization server's own words: text, never markup. */
    readonly oauth?: {
        readonly error: string;
        readonly error_description?: string;
        readonly error_uri?: string;
    };
    /** How long the server asked to be left alone, in seconds. */
    readonly retryAfter?: number;
    /**
     * What an API asks for beyond the sign-in that there is (RFC 9470): for the `params` `acr_values` and `max_age` of a
     * new sign-in. It comes with the event `error`, code `interaction_required`; the call gets the API's own 401.
     */
    readonly challenge?: {
        readonly acrValues?: string;
        readonly maxAge?: number;
    };
}
/** Further parameters for the server. */
export interface Params {
    readonly [name: string]: string;
}
/** What `loginWithRedirect` takes. */
export interface LoginOptions {
    /** The page to come back to: a path of this origin. */
    returnTo?: string;
    /** OpenID's `prompt`. */
    prompt?: string;
    /** OpenID's `login_hint`. */
    loginHint?: string;
    params?: Params;
}
/** What `loginWithCredentials` takes. */
export interface CredentialsOptions {
    params?: Params;
    /**
     * The two are a token's id and its code, from an e-mail for instance: the site puts nothing behind the name.
     * @default false
     */
    otp?: boolean;
}
/** A form of the server's: `<form method="post" action={action}>` with these hidden fields. */
export interface LoginForm {
    readonly action: string;
    readonly fields: Readonly<Record<string, string>>;
}
/** What `loginSilently` takes. */
export interface SilentLoginOptions {
    /** OpenID's `login_hint`. */
    loginHint?: string;
    params?: Params;
}
/** What `logout` takes. */
export interface LogoutOptions {
    /** The page to go to afterwards: a path of this origin. */
    returnTo?: string;
    /**
     * Revokes the tokens.
     * @default true
     */
    revoke?: boolean;
    /**
     * Goes to the server's logout page, where it has one.
     * @default true
     */
    atServer?: boolean;
    /**
     * Ends the user's other sessions too, where the server can.
     * @default false
     */
    everywhere?: boolean;
}
/** How a redirect callback ended. */
export interface CallbackResult {
    readonly state: SessionState;
    /** The page that the sign-in began on. */
    readonly returnTo: string | null;
}
declare global {
    interface RequestInit {
        /** Whose credentials this call carries, where a session covers its URL. Never leaves the browser. */
        as?: As;
    }
}
/** What a covered request cost. */
export interface RequestReport {
    readonly type: 'request';
    readonly via: 'fetch' | 'xhr';
    /** In the case that it was given in; `'GET'` where it was not. */
    readonly method: string;
    /** Without query and fragment. */
    readonly url: string;
    /** Whose credentials it was to carry. */
    readonly as: string;
    /** That of the answer that its caller got; 0 where there was none. */
    readonly status: number;
    /** How often it was sent. */
    readonly attempts: number;
    /** From the call to the headers of the answer (`fetch`), or to the end (`XMLHttpRequest`), in milliseconds. */
    readonly duration: number;
}
/** A session. Its members are frozen, and work without it: `const { fetch } = session`. */
export interface Session {
    /** Resolves when the state is known. Rejects only if the runtime is needed and cannot run. */
    readonly ready: Promise<SessionState>;
    /** The current state. */
    readonly state: SessionState;
    /** Calls `fn` with the state, now and whenever it changes. Returns what ends that. */
    subscribe(fn: (state: SessionState) => void): () => void;
    /** Calls `fn` with each event of that type. Returns what ends that. */
    on(type: SessionEventType, fn: (event: SessionEvent) => void): () => void;
    /** Calls `fn` with what each covered request cost, when it has ended. Returns what ends that. */
    on(type: 'request', fn: (report: RequestReport) => void): () => void;
    /** Leaves the page for the server's sign-in. */
    loginWithRedirect(options?: LoginOptions): Promise<void>;
    /** Resolves with the new state; rejects with `invalid_credentials`. */
    loginWithCredentials(username: string, password: string, options?: CredentialsOptions): Promise<SessionState>;
    /**
     * Signs in by an operation of the server's own; with `vendure()`: `login`, `authenticate`, `verifyCustomerAccount`,
     * `resetPassword`. Rejects with `invalid_credentials`, with the server's own code in `oauth.error`.
     */
    loginWith(operation: string, variables?: object): Promise<SessionState>;
    /**
     * For an app's own sign-in page, where the server leads to for a sign-in that `loginWithRedirect` has begun (SAP Commerce
     * has this): what a form of that page posts to the server, beside `username` and `password`. Where the server knows of no
     * sign-in it is begun again, once in 15 seconds, and the page leaves; else this rejects with `interaction_required`.
     */
    loginForm(): Promise<LoginForm>;
    /**
     * Signs in at the server in a popup; this page stays, so that `returnTo` says nothing. Call it in a click, before
     * anything is awaited. Rejects with `popup_blocked`, `popup_closed`, or `aborted` where the popup came back without
     * an answer.
     */
    loginWithPopup(options?: LoginOptions): Promise<SessionState>;
    /**
     * Signs in whom the server knows by its own cookie, in a frame that nobody sees. Rejects with `interaction_required`
     * where the server wants to ask the person something, or cannot be shown in a frame.
     */
    loginSilently(options?: SilentLoginOptions): Promise<SessionState>;
    /** Deals with a redirect callback, in `url` or in the address bar. Done by itself at start. */
    checkOAuthParamsInUrl(url?: string): Promise<CallbackResult | null>;
    /** Ends the session here, in the other tabs, then at the server. Never rejects. */
    logout(options?: LogoutOptions): Promise<void>;
    /** One refresh for all callers in all tabs. */
    refresh(): Promise<SessionState>;
    /**
     * The access token, for code that must have it: the session's own, or the one for the `resource` of an `api` rule.
     * `minValidity` is in seconds. With `codeExchange` there is none.
     */
    getAccessToken(options?: {
        minValidity?: number;
        resource?: string;
    }): Promise<string>;
    /** The id token, for code that must have it. */
    getIdToken(): Promise<string>;
    /**
     * With SuperTokens' protocol: resolves with the claims that do not hold, of those in the options or of these. The server
     * looks first at all whose values are missing or too old. Rejects where nobody is signed in.
     */
    validateClaims(claims?: readonly ClaimValidator[]): Promise<readonly InvalidClaim[]>;
    /**
     * What the server's userinfo endpoint says of the user now. It is about whom the id token is about, or
     * rejects with `server_error`.
     */
    getUserInfo(): Promise<Claims>;
    /**
     * What has happened to the session, in all tabs and before this page was loaded: the last 50 steps at most, the oldest first. It outlives
     * the session, and has nothing secret in it, nor whose session it was.
     */
    trace(): Promise<readonly TraceEntry[]>;
    /** The wrapped fetch, whatever `intercept` is. */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
    readonly guard: Guard;
    /** The page that was wanted before the sign-in, once. */
    redirectAfterLogin(): Promise<string | null>;
    readonly agent: Agent;
    /**
     * Goes over to another site's session, or account's: resolves with its state. What waits for the one before is not
     * sent as the new one. With `occ()` the base site goes with it, where it was the context before.
     */
    switchContext(context: string): Promise<SessionState>;
    /** Puts `fetch` back, stops timers, frees the runtime. */
    close(): void;
}
/** For a router. */
export interface Guard {
    /** Resolves to `true`, or to the login page's path after it has remembered `path`: the page that is shown, where none is given. */
    requireLogin(path?: string): Promise<true | string>;
    /** Resolves to `true`, or to the home page's path. */
    requireAnonymous(path?: string): Promise<true | string>;
    /**
     * The one call for a router's global guard: resolves to `true` where the page at `path` may be shown, or to where to go.
     * `loginPath` leads whoever is signed in to the page remembered, or home; `logoutPath` signs out, and then leads home, or
     * to the login page if all is `protected`. The page that is shown, where no path is given.
     */
    check(path?: string): Promise<true | string>;
}
/**
 * Assisted service: with `occ({ agent })`. While an agent is signed in, the page's user is the customer whom the agent acts
 * for, or nobody; a customer who was signed in before stays so, and is back when the agent has gone.
 */
export interface Agent {
    /** An agent is signed in. */
    readonly isLoggedIn: boolean;
    /** Signs an agent in. Rejects with `invalid_credentials`. */
    login(username: string, password: string): Promise<void>;
    /** Leaves the page for the server's sign-in of agents. */
    loginWithRedirect(options?: LoginOptions): Promise<void>;
    /** Signs the agent out, and gives the customer their own session back. Never rejects for what the server says. */
    logout(): Promise<void>;
    /** Acts for a customer from now on: `state.userId` is theirs. */
    emulate(userId: string): Promise<void>;
    /** Acts for nobody any more. The agent stays signed in. */
    stopEmulating(): Promise<void>;
}

type Details = Partial<Pick<SessionErrorLike, 'cause' | 'oauth' | 'retryAfter' | 'challenge'>>;
/** Every error of this library. `code` is what to branch on. */
export declare class SessionError extends Error implements SessionErrorLike {
    readonly code: SessionErrorCode;
    readonly oauth?: SessionErrorLike['oauth'];
    readonly retryAfter?: number;
    readonly challenge?: SessionErrorLike['challenge'];
    constructor(code: SessionErrorCode, message: string, details?: Details);
}
/** Whether `error` is a `SessionError`, also one of another frame or another copy of this library. */
export declare const isSessionError: (error: unknown) => error is SessionError;

/** An OpenID provider, its endpoints found by discovery. */
export declare const oidc: (options: OidcOptions) => Scheme;
/** An OAuth 2 server whose endpoints the page names. */
export declare const oauth: (options: OAuthOptions) => Scheme;
/**
 * SAP Commerce. Its servers come in two generations: those with a client secret, passwords and client tokens
 * (`mobile_android`), and those with a public client and codes (`mobile_android_public`).
 */
export declare const occ: Occ;
/** A Vendure server. */
export declare const vendure: (options: VendureOptions) => Scheme;
/** The app's own backend, with a session in cookies. */
export declare const cookies: (options: CookieOptions) => Scheme;

/**
 * Makes a session and, unless `intercept` is `'none'`, puts it between the page and its `fetch`.
 * Several sessions of one page work together: each handles what its own `api` covers and leaves
 * the rest to the fetch it found; where two cover the same URL, the newer one with a token wins.
 */
export declare const createSession: (given: SessionOptions) => Session;
export {};
