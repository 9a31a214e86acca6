import * as latchkey from 'latchkey';

const { scheme, auth, options } = globalThis.settings;

export const session = latchkey.createSession({
  auth: latchkey[scheme](auth),
  redirect: { protected: true, public: ['/', '/help'], exclude: ['/callback'], prefix: '/shop' },
  navigate: (path) => globalThis.go(path),
  ...options,
});

/** What the button of the login page does: to the server's own page, or by password and then on. */
export async function signIn() {
  if (auth.flow !== 'password') return session.loginWithRedirect();
  await session.loginWithCredentials('alice', 'wonderland');
  globalThis.go(await session.guard.check('/login'));
}
