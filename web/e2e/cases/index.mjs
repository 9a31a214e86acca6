// The cases that need a server which does something special. Each entry:
//
//   id       of the case; a case with several variants has one entry each, with `variant`
//   what     the server does
//   server   its behaviour (see ../servers/hostile-server.mjs)
//   auth, options, scheme   for createSession, on top of what settingsFor has; the first two may be functions of the server
//   act      what the page does, and what is checked; by default it signs in by redirect and `want` must come of it
//   want     { error } or { user, claims, state }, and what is unlike a sign-in by redirect (see check in run.mjs)
//   asks     the requests that the server may get, in their order, without metadata and keys
//   reads    how many there are of these, or [least, most]: { discovery, jwks }; else as many as page loads at most
//   evil     the requests that the other origin may get
//   carried  parameters with a secret that this server puts into the page's address, but for the code
import { answers } from './answers.mjs';
import { checkSessions } from './check-session.mjs';
import { discovery } from './discovery.mjs';
import { dpop } from './dpop.mjs';
import { frontChannels } from './front-channel.mjs';
import { idTokens } from './id-tokens.mjs';
import { logouts } from './logout.mjs';
import { pages } from './page.mjs';
import { tokenAnswers } from './tokens.mjs';
import { ways } from './ways.mjs';

export const cases = [
  ...idTokens,
  ...discovery,
  ...answers,
  ...tokenAnswers,
  ...logouts,
  ...frontChannels,
  ...checkSessions,
  ...pages,
  ...ways,
  ...dpop,
].map((one) => ({
  ...one,
  key: one.variant ? `${one.id}-${one.variant}` : one.id,
}));

const keys = new Set();
for (const { key } of cases) {
  if (keys.has(key)) throw new Error(`two cases are called ${key}`);
  keys.add(key);
}
