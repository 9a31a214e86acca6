// What the page says about an error. The code stays beside it: it is what a program would look at.
const words = {
  config_invalid: 'The session was set up wrongly.',
  runtime_failed: 'The runtime could not start.',
  not_supported: 'This build cannot do that yet.',
  invalid_credentials: 'That name and password do not fit together.',
  interaction_required: 'The server wants to see you: sign in again.',
  access_denied: 'The server was told not to let this page in.',
  state_mismatch: 'An answer came for a sign-in that this page did not start.',
  issuer_mismatch: 'The answer came from another server than the one asked.',
  id_token_invalid: 'The server’s statement of who you are does not hold.',
  discovery_failed: 'The server’s description of itself could not be read.',
  server_error: 'The sign-in server has a fault. The session is kept.',
  rate_limited: 'The sign-in server wants a pause. The session is kept.',
  network_error: 'The sign-in server cannot be reached. The session is kept.',
  timeout: 'The sign-in server took too long. The session is kept.',
  popup_blocked: 'The browser opened no popup.',
  popup_closed: 'The popup was closed.',
  aborted: 'That was broken off.',
  session_expired: 'The session is over: sign in again.',
  session_changed: 'Somebody else signed in while the call waited, so it was not sent.',
  storage_failed: 'The browser would not store the session: it lasts until this page closes.',
  closed: 'The session of this page was closed.',
};

/** A sentence for anything that was thrown. */
export function inWords(error) {
  if (error?.name === 'SessionError') return words[error.code] ?? error.message;
  if (error?.name === 'TypeError') return 'The server could not be reached.';
  return String(error?.message ?? error);
}

/** `1 call`, `3 calls`. */
export const count = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** A duration as one would say it. */
export function took(ms) {
  if (ms < 1000) return `${Math.max(1, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 90_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}
