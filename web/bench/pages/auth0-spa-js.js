// Its cheapest way: the token out of the cache in memory, its default, and the header by hand. What its `createFetcher` costs
// is told beside.
import { Auth0Client, InMemoryCache } from '@auth0/auth0-spa-js';

/** A sign-in needs Auth0, so the cache is filled by hand, with what one leaves in it. */
const signedIn = () => {
  const cache = new InMemoryCache().enclosedCache;
  const expiresIn = 7 * 24 * 3600;
  const scope = 'openid profile email';
  const body = { access_token: 'x'.repeat(87), token_type: 'Bearer', expires_in: expiresIn, scope };
  Object.assign(body, { audience: 'default', client_id: 'bench', oauthTokenScope: scope });
  const claims = { sub: 'alice', __raw: 'x' };
  cache.set('@@auth0spajs@@::bench::@@user@@', { id_token: 'x', decodedToken: { claims, user: { sub: 'alice' } } });
  cache.set(`@@auth0spajs@@::bench::default::${scope}`, { body, expiresAt: Math.floor(Date.now() / 1000) + expiresIn });
  return cache;
};

export const open = () => {
  const client = new Auth0Client({ domain: location.host, clientId: 'bench', cache: signedIn() });
  const fetcher = client.createFetcher();
  return {
    ready: () => client.getTokenSilently(),
    fetch: async (url, init) => {
      const token = await client.getTokenSilently();
      return fetch(url, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } });
    },
    fetcher: (url, init) => fetcher.fetchWithAuth(url, init),
    signIn: async () => {},
  };
};
