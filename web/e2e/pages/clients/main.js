// An app with one HTTP client, and what else wraps requests before and after the session; the test says which by `plan`.
//
// A client is `{ send, outcome, counts }`. `send({ method, url, data, headers, timeout, signal, onUpload, onDownload })`
// resolves with what a page sees of the answer, `outcome` says which of the client's own errors one is, and `counts` how often
// the client's own interceptors ran.
const wrappers = {
  zone: () => import('zone.js'),
  reporter: async () => (await import('./reporter.js')).wrap(),
  msw: async () => (await import('./msw.js')).wrap(),
};
const clients = {
  angular: () => import('./angular.js'),
  apollo: () => import('./apollo.js'),
  axios: () => import('./axios.js'),
  events: () => import('./events.js'),
  jquery: () => import('./jquery.js'),
  ky: () => import('./ky.js'),
  platform: () => import('./platform.js'),
  superagent: () => import('./superagent.js'),
  tus: () => import('./tus.js'),
};
const { before = [], after = [], client, by, isEarly } = globalThis.plan;
const { scheme, auth, options } = globalThis.settings;

const natives = () => {
  const { prototype } = XMLHttpRequest;
  const { open, send, abort, setRequestHeader, constructor } = prototype;
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'upload');
  return { fetch, XMLHttpRequest, constructor, open, send, abort, setRequestHeader, get };
};
/** Which of the globals are another's than those that were there. */
const differ = (were) => Object.entries(natives()).flatMap(([name, is]) => (is === were[name] ? [] : [name]));

const wrapped = {};
for (const name of before) wrapped[name] = await wrappers[name]();
const were = natives();
// An app imports its client before it makes the session, and may make instances of it by then.
const { create } = await clients[client]();
const early = isEarly && (await create(by));
const latchkey = await import('latchkey');
const session = latchkey.createSession({ auth: latchkey[scheme](auth), ...options });
const events = [];
for (const type of ['refresh', 'logout', 'expired', 'error']) session.on(type, () => events.push(type));
const ours = natives();
for (const name of after) wrapped[name] = await wrappers[name]();

Object.assign(globalThis, { events, wrapped, isAsBefore: () => differ(were), isOurs: () => differ(ours) });
// What a client is given where nothing is wrapped.
if (options.intercept == 'none') globalThis.given = session.fetch;
globalThis.client = early || (await create(by));
globalThis.session = session;
