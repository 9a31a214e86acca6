// A page with a session, a native fetch that writes down what it got, and a runtime played by the test.
import { show, touch, turn, visit, windows } from './browser.mjs';
import { play, react, runtime, started } from './runtime.mjs';
import * as latchkey from '../.cache/test/latchkey.mjs';

export { latchkey, play, react, runtime, show, started, touch, turn, visit, windows };
export const { createSession, oidc, oauth, occ, SessionError, isSessionError } = latchkey;

export const key = 'latchkey/1/https%3A%2F%2Fid.test/shop/';
export const token = 'Bearer first';

export const policy = ({ session = 's1', version = 1, rules = [rule()] } = {}) => ({
  format: 1,
  session,
  version,
  rules,
});
export const rule = (more) => ({ as: 'user', headers: { authorization: token }, refused: { status: [401] }, ...more });
export const nobody = { format: 1, session: '', version: 0, rules: [] };

export const anonymous = {
  status: 'anonymous',
  isLoggedIn: false,
  userId: 'anonymous',
  isEmulated: false,
  isAgent: false,
  claims: null,
  scope: [],
  expiresAt: null,
  tokenType: null,
};
export const ann = {
  ...anonymous,
  status: 'authenticated',
  isLoggedIn: true,
  userId: 'ann',
  claims: { sub: 'ann', address: { city: 'Ulm' } },
  scope: ['openid', 'shop'],
  expiresAt: 1790000000000,
  tokenType: 'Bearer',
};

export const record = (more) => ({
  format: 1,
  issuer: 'https://id.test',
  client: 'shop',
  context: '',
  session: 's1',
  generation: 1,
  state: ann,
  policy: policy(),
  tokens: { refresh: 'none of the data plane' },
  ...more,
});

/** What the native fetch got, oldest first: `{ self, args, headers, url }`. */
export const sent = [];
let answers;
const native = function (...args) {
  const [input, init] = args;
  let request;
  try {
    request = new Request(input, init);
  } catch (error) {
    return Promise.reject(error);
  }
  // The body is read at once, as the browser's does, and a Request given is used up.
  const call = { self: this, args, request, url: request.url, headers: request.headers };
  sent.push(call);
  if (request.signal.aborted) return Promise.reject(request.signal.reason);
  return Promise.resolve(answers(call, sent.length - 1));
};

/** Sets what the server answers. */
export const answer = (how) => (answers = how);

let open = [];
/** A page load with a session. `stored` is the record that it finds. */
export const load = (options = {}, { stored, at = 'https://app.test/', keep, baseURI } = {}) => {
  for (const session of open.splice(0)) session.close();
  visit(at, { keep, baseURI });
  if (stored !== undefined) localStorage.setItem(key, typeof stored == 'string' ? stored : JSON.stringify(stored));
  globalThis.fetch = native;
  sent.length = 0;
  answers = () => new Response('ok');
  const session = createSession({
    auth: oidc({ issuer: 'https://id.test', clientId: 'shop' }),
    api: ['https://api.test/v1'],
    load: 'demand',
    ...options,
  });
  open.push(session);
  return session;
};
/** The native fetch as the page had it before. */
export { native };

export const status = (code) => new Response(`${code}`, { status: code });
export const deferred = () => {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};
/** Lets everything run that waits for nothing but its turn. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
