import { User, UserManager, WebStorageStateStore } from 'oidc-client-ts';

export const open = () => {
  const manager = new UserManager({
    authority: location.origin,
    client_id: 'demo-password',
    redirect_uri: location.origin,
    scope: 'openid offline_access api',
    userStore: new WebStorageStateStore({ store: localStorage }),
  });
  return {
    ready: () => manager.getUser(),
    fetch: async (url, init) => {
      const user = await manager.getUser();
      if (!user) return fetch(url, init);
      return fetch(url, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${user.access_token}` } });
    },
    // The library would look the endpoints up for its own password sign-in; the user it stores is the same.
    signIn: async () => {
      const tokens = await passwordGrant();
      const expires_at = Math.floor(Date.now() / 1000) + tokens.expires_in;
      await manager.storeUser(new User({ ...tokens, expires_at, profile: claimsOf(tokens.id_token) }));
    },
  };
};

const passwordGrant = async () => {
  const form = { grant_type: 'password', client_id: 'demo-password', username: 'alice', password: 'wonderland' };
  const answer = await fetch('/token', {
    method: 'POST',
    body: new URLSearchParams({ ...form, scope: 'openid offline_access api' }),
  });
  if (!answer.ok) throw new Error(`the password grant was refused: ${answer.status}`);
  return answer.json();
};

const claimsOf = (jwt) => JSON.parse(atob(jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')));
