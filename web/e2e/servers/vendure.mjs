// Starts the real Vendure, with a shop in memory: two products, two channels, two customers. README.md has the controls
// that every server here knows; its own are below.
import { startBackend } from './backends/start.mjs';

/**
 * @param {object} [options] as README.md has them, and
 * @param {string} [options.cookieName] of the session's cookie; `session`, or `__Host-session` over https
 * @returns beside what README.md lists: `shop` and `admin` (the URLs of the two APIs), `people` (`alice`, `bob`,
 *   `superadmin`: username, password), `products` (ids of variants: `teapot`, `hat`), `channels.second` (code, token),
 *   `cookieName`, and the controls below. Switches: tokenMethod (`both`, bearer, cookie), sessionDuration (seconds, of
 *   what begins from now on), requireVerification (false)
 */
export async function startVendure(options) {
  const { turn, ...server } = await startBackend('vendure', options);
  return {
    ...server,
    /** Has sessions be past their end, as if time had gone by; `user` (a name or address), `anonymous` (true, false) narrow it. */
    expire: turn('expire'),
    /** Deletes sessions, narrowed the same way. */
    revoke: turn('revoke'),
    /** What would have been sent by mail: `kind` (verify, reset), `to`, `token`. */
    mail: turn('mail'),
    /** Those there are: `user` (null: anonymous), `token` (its label), `order`, `expires`. */
    sessions: turn('sessions'),
    /** The carts and orders: id, code, state, active, `customer` (an address, or null), quantity. */
    orders: turn('orders'),
  };
}
