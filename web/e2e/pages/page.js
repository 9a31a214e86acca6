// A page with a session, made of what the test has put into `settings` (plain data) and `more` (code). The events of
// a tab are kept across its page loads.
import * as latchkey from '/dist/latchkey.js';

const { scheme, auth, options } = globalThis.settings;
const session = latchkey.createSession({ auth: latchkey[scheme](auth), ...options, ...globalThis.more });

const events = JSON.parse(window.name || '[]');
for (const type of ['login', 'logout', 'expired', 'refresh', 'statechange', 'error', 'idle']) {
  session.on(type, ({ error, ...event }) => {
    events.push(error ? { ...event, code: error.code } : event);
    window.name = JSON.stringify(events);
  });
}
Object.assign(globalThis, { latchkey, session, events });
