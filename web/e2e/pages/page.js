// A page with a session, made of what the test has put into `settings` (plain data) and `more` (code).
import * as latchkey from '/dist/latchkey.js';

const { scheme, auth, options } = globalThis.settings;
const events = [];
const session = latchkey.createSession({ auth: latchkey[scheme](auth), ...options, ...globalThis.more });

for (const type of ['login', 'logout', 'expired', 'refresh', 'statechange', 'error']) {
  session.on(type, ({ error, ...event }) => events.push(error ? { ...event, code: error.code } : event));
}
Object.assign(globalThis, { latchkey, session, events });
