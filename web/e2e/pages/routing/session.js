import * as latchkey from 'latchkey';

const { scheme, auth, options } = globalThis.settings;

/** The app's own way to a path, once it has a router. */
let begin;
const router = new Promise((resolve) => (begin = resolve));
export const routed = (go) => begin({ go });

export const session = latchkey.createSession({
  auth: latchkey[scheme](auth),
  redirect: { protected: true, public: ['/', '/help'], exclude: ['/callback'], prefix: '/shop' },
  navigate: async (path) => (await router).go(path),
  ...options,
});

/** What the button of the login page does: to the server's own page, or by password and then on. */
export async function signIn() {
  if (auth.flow !== 'password') return session.loginWithRedirect();
  await session.loginWithCredentials('alice', 'wonderland');
  globalThis.go(await session.guard.check('/login'));
}
