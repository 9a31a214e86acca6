import { take } from './check';
import { oauthOptions, readEndpoints, takeClient } from './oauth';
import type { Reader } from './scheme';

/** Put in by the build: whether this is the bundle without client tokens and agents. */
declare const __USER__: boolean;
const occOptions =
  'baseUrl* prefix baseSite* isolated:@boolean authorizeRevocation:@boolean loginForm:@object adopt:@boolean ';
const agent = __USER__ ? 'agent:@false|! ' : 'agent:@false|@object ';
const agentOptions = 'clientId clientSecret flow:code|password idleTimeout:@number idleWarning:@number';

export const readOcc: Reader = (given, server, prefix, add) => {
  const { baseUrl, prefix: below = '/occ/v2', ...auth } = takeClient(given, occOptions + agent + oauthOptions);
  auth.agent ??= __USER__ ? undefined : {};
  auth.headers = { accept: 'application/json' };
  const shop = prefix('auth.baseUrl', baseUrl).replace(/\/$/, '');
  const form = (auth.loginForm = take(auth.loginForm ?? {}, 'csrf action', 'auth.loginForm'));
  for (const name in form) form[name] = prefix('auth.loginForm.' + name, form[name]);
  if (auth.agent) auth.agent = { ...take(auth.agent, agentOptions, 'auth.agent') };
  if (auth.adopt) auth.adopts = 'spartacus\u26bf\u26bfauth';
  // What the server offers beside the shop: its own sign-in, the list of sites, and what is for agents.
  for (const [path, as] of [
    ['/authorizationserver/'],
    [below + '/basesites'],
    ['/assistedservicewebservices/', auth.agent && 'agent'],
  ])
    add('', prefix('auth.prefix', shop + path), as);
  return readEndpoints(auth, server);
};
