// The page that package.test.mjs installs the package into.
import { createSession, oidc } from 'latchkey';

const { issuer, api, clients } = await (await fetch('/config.json')).json();
const session = createSession({
  auth: oidc({ issuer, clientId: clients.code, scope: 'openid offline_access api' }),
  api: [api],
});
Object.assign(globalThis, { session, api });
session.subscribe(({ userId }) => {
  document.querySelector('#user').textContent = userId;
});
