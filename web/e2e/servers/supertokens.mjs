// Starts the real SuperTokens SDK for Node in a small app, over a stand-in for its core. README.md has the controls that
// every server here knows; its own are below. What the app has, all below /api:
//
//   POST login {user, password, payload?}   GET me, maybe (no session needed), strict (asks the core each time)
//   POST write                              GET verified (403 unless the claim is true), POST verify {value?}
//   GET and PUT claims/verified, claims/roles, GET both-claims: the app looks again what is so, on this very answer
//   POST payload {…} (merged into the access token's, on this very answer), revoke (ends the session on this answer)
//   GET refuse, forbid                      401 and 403 of the app's own, which are no business of the session's
import { startBackend } from './backends/start.mjs';

/**
 * @param {object} [options] as README.md has them
 * @returns beside what README.md lists: `people` (alice, bob: their passwords), `paths` (refresh, signOut), and the
 *   controls below. Switches: transfer (`any`, cookie, header), antiCsrf (`VIA_TOKEN`, NONE, VIA_CUSTOM_HEADER), sameSite
 *   (`lax`, strict, none), accessLife and refreshLife (seconds, of what is issued from now on)
 */
export async function startSuperTokens(options) {
  const { turn, ...server } = await startBackend('supertokens', options);
  return {
    ...server,
    /** Every access token there is is answered with "try refresh token" from now on; refresh tokens live on. */
    expire: turn('expire'),
    /** Ends a `user`'s sessions, or all. As access tokens are not looked up, only a refresh and `strict` notice. */
    revoke: turn('revoke'),
    /** Has the next refresh of a `user`, or of anyone, look as if the token had been used by another. */
    steal: turn('steal'),
    /** What the app knows of everybody, for claims: `verified` (false), `roles` (user). */
    facts: turn('facts'),
    /** Those there are: `user`, `refreshes` (how many it has had), `payload`. */
    sessions: turn('sessions'),
  };
}
