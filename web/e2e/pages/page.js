// A page with a session, made of what the test has put into `settings` (plain data) and `more` (code). The events of
// a tab are kept across its page loads.
import * as latchkey from '/dist/latchkey.js';

const { scheme, auth, options } = globalThis.settings;
const session = latchkey.createSession({ auth: latchkey[scheme](auth), ...options, ...globalThis.more });

const events = JSON.parse(window.name || '[]');
/** Who was shown since this page was loaded, and the sign-ins and sign-outs that were told, in their order. */
const told = (events.told = []);
for (const type of ['login', 'logout', 'expired', 'refresh', 'statechange', 'error', 'idle']) {
  session.on(type, ({ error, ...event }) => {
    events.push(error ? { ...event, code: error.code } : event);
    if (type === 'login' || type === 'logout') told.push(type);
    window.name = JSON.stringify(events);
  });
}
session.subscribe(({ status, isLoggedIn, userId }) => {
  if (status !== 'restoring') told.push({ user: isLoggedIn ? userId : null });
});
Object.assign(globalThis, { latchkey, session, events });
