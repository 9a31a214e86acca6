// Both servers in one shape: the demo's own, and oidc-provider for a page that the demo serves.
import { setImmediate } from 'node:timers/promises';
import { startDemo } from '../servers/demo.mjs';
import { startOidcProvider } from '../servers/oidc-provider.mjs';

const pages = new URL('../pages', import.meta.url).pathname;
const scope = 'openid offline_access profile api';

/** What createSession gets as `auth`: by code at the server's own page, or by password. */
const schemes = ({ issuer, page, endpoints }) => {
  const { origin } = new URL(page);
  const common = { scope, postLogoutRedirectUri: page };
  const { token, revocation, userinfo, endSession } = endpoints;
  return {
    code: { scheme: 'oidc', auth: { ...common, issuer, clientId: 'demo', redirectUri: `${origin}/callback` } },
    password: {
      scheme: 'oauth',
      auth: {
        ...common,
        flow: 'password',
        clientId: 'demo-password',
        endpoints: { token, revocation, userinfo, endSession },
      },
    },
  };
};

export async function shape(name, page, { issuer, api, log }, more) {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const endpoints = {
    authorization: metadata.authorization_endpoint,
    token: metadata.token_endpoint,
    revocation: metadata.revocation_endpoint,
    userinfo: metadata.userinfo_endpoint,
    endSession: metadata.end_session_endpoint,
    pushed: metadata.pushed_authorization_request_endpoint,
  };
  const path = Object.fromEntries(
    Object.entries(endpoints)
      .filter(([, url]) => url)
      .map(([key, url]) => [key, new URL(url).pathname]),
  );
  return {
    name,
    page,
    issuer,
    api,
    endpoints,
    schemes: schemes({ issuer, page, endpoints }),
    log,
    /** The requests that have asked for something at one of the endpoints, or at a path. */
    async requests(at) {
      // Who asks until there is one must let it come: one of the servers is in this process.
      await setImmediate();
      return (await log()).filter((entry) => entry.path === (path[at] ?? at));
    },
    /** Waits until one has come there: a browser tells of a request before that. */
    async reached(at) {
      while (!(await this.requests(at)).length);
    },
    refreshes: async () => (await log()).filter((entry) => entry.grantType === 'refresh_token'),
    ...more,
  };
}

/** Starts both; `resources` is for oidc-provider. Resolves with `demo`, `oidc-provider` and `close()`. */
export async function startServers({ resources, ...options } = {}) {
  const demo = await startDemo({ static: pages, ...options });
  const provider = await startOidcProvider({ spaOrigins: [new URL(demo.page).origin], resources });
  return {
    demo: await shape('demo', demo.page, demo, {
      control: demo.control,
      reset: () => demo.control('reset'),
      expire: () => demo.control('expire'),
      revoke: () => demo.control('revoke'),
    }),
    'oidc-provider': await shape('oidc-provider', demo.page, provider, {
      reset: async () => provider.reset(),
      expire: async () => provider.expire(),
      revoke: async () => provider.revoke(),
      rotateNonce: provider.rotateNonce,
      expireFor: async (resource) => provider.expireFor(resource),
    }),
    async close() {
      await Promise.all([demo.close(), provider.close()]);
    },
  };
}
