// The session of the page. In a popup or a hidden frame that comes back from the server it hands the answer on to the page
// that waits for it, and is all that runs there.
import { createSession, oauth, oidc } from '/dist/latchkey.js';

export const config = await (await fetch('/config.json')).json();
export const scheme = chosenScheme();

const scope = 'openid profile offline_access api';
const auth = {
  code: () => oidc({ issuer: config.issuer, clientId: config.clients.code, scope, redirectUri: `${location.origin}/` }),
  password: () =>
    oauth({
      endpoints: {
        token: `${config.issuer}/token`,
        revocation: `${config.issuer}/revoke`,
        userinfo: `${config.issuer}/userinfo`,
      },
      clientId: config.clients.password,
      scope,
      flow: 'password',
    }),
};
export const session = createSession({ auth: auth[scheme](), api: [config.api] });

/** Which of the two ways to sign in createSession gets: from the address once, then kept for this tab. */
function chosenScheme() {
  const url = new URL(location.href);
  const asked = url.searchParams.get('scheme');
  if (asked) {
    sessionStorage.setItem('latchkey-demo-scheme', asked);
    url.searchParams.delete('scheme');
    history.replaceState(history.state, '', url);
  }
  return sessionStorage.getItem('latchkey-demo-scheme') === 'password' ? 'password' : 'code';
}
