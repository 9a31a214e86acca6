import { createSession, oauth } from 'latchkey';
import { byXHR } from './xhr.js';

export const open = () => {
  const session = createSession({
    auth: oauth({
      endpoints: { token: '/token' },
      flow: 'password',
      clientId: 'demo-password',
      scope: 'openid offline_access api',
    }),
    api: ['/api/'],
  });
  return {
    ready: () => session.ready,
    fetch: globalThis.fetch,
    xhr: byXHR,
    selective: true,
    signIn: () => session.loginWithCredentials('alice', 'wonderland'),
    // This needs the runtime, so it ends when that is up, one way or the other.
    runtime: () => session.getAccessToken().catch(() => {}),
  };
};
