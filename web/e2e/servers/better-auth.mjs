// Starts the real better-auth, and an API of an app's own beside it. README.md has the controls that every server here
// knows; its own are below. What there is: /api/auth/… is better-auth's (sign-in/email, sign-out, get-session), GET
// /api/csrf gives a CSRF token as cookie and in the body, and everything else below /api/ says who calls, or 401.
import { startBackend } from './backends/start.mjs';

/**
 * @param {object} [options] as README.md has them, and
 * @param {boolean} [options.bearer] has a sign-in give the session's token in the header `set-auth-token` too
 * @returns beside what README.md lists: `people` (alice, bob: email, password, name), `csrfCookie` (its name), and the
 *   controls below. Switches: expiresIn and updateAge (seconds: how long a session lives, and how old it is when a look
 *   at it makes it new), csrf (what the app's API wants of unsafe requests: `none`, header: X-Requested-With, cookie: the
 *   cookie's value in X-CSRF-Token, token: that of /api/csrf there)
 */
export async function startBetterAuth(options) {
  const { turn, ...server } = await startBackend('better-auth', options);
  return {
    ...server,
    /** Ends all sessions; the cookies are still there. */
    revoke: turn('revoke'),
    /** Those there are: `user`, `expiresAt`. */
    sessions: turn('sessions'),
  };
}
