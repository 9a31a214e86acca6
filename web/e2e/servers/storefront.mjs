// A storefront's own middleware, as Vue Storefront and Alokai have it before SAP Commerce: the page calls nobody else. It
// keeps the customer's tokens in an HttpOnly cookie, says in a readable one that they are there, and has a token of its own
// for what needs no customer. Behind it is the stand-in for SAP Commerce (occ.mjs), which gives all devices of a customer the
// same tokens, and takes a refresh token once. On one origin, over https:
//
//   POST /sapcc/OAuthUserAuthorization   { username, password }: signs in; 403 where the cookie says that somebody is
//   POST /sapcc/OAuthUserTokenRefresh    renews by the refresh token in the cookie; 401 where that is no more, 503 where nobody knows
//   POST /sapcc/OAuthUserRevoke          revokes both tokens, and takes the cookies away
//   GET  /sapcc/getUser                  { customerId, name }, or 401
//   *    /sapcc/<mode>/<path>            the shop's own <path> with the token of a mode: customer, application,
//                                        customerOrApplication or none; {user} in it is current or anonymous
//
// Whatever is posted has to have X-Requested-With. All else is the test page.
import { createServer } from 'node:https';
import { selfSigned } from './backends/certificate.mjs';
import { pages } from './backends/page.mjs';
import { people, startOcc } from './occ.mjs';

const client = { client_id: 'mobile_android', client_secret: 'secret' };
const held = 'vsf-sap-token';

/**
 * @returns `baseUrl` (its origin, the page's too), `page`, `occ` (as occ.mjs has it), `people`, and
 *   `set({ marker })`   the readable cookie's name (vsf-sap-user, with the customer's id in it)
 *   `log()`, `forget()` the requests so far: method, path, status, isHeld (it had the token's cookie), body
 *   `secrets`           every token that there has been
 *   `reset()`, `close()`
 */
export async function startStorefront() {
  const occ = await startOcc();
  const secrets = new Set();
  const page = pages({});
  const switches = {};
  let log = [];
  /** The application's token, when there is one. */
  let application;

  const form = (path, fields) =>
    fetch(`${occ.baseUrl}/authorizationserver/oauth/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ ...client, ...fields }),
    });
  /** What the token endpoint gives; undefined where it refuses, and 'nobody' where it does not say. */
  const grant = async (fields) => {
    const answer = await form('token', fields).catch(() => {});
    if (!answer || answer.status >= 500 || answer.status === 429) return 'nobody';
    if (!answer.ok) return undefined;
    const { access_token: access, refresh_token: refresh } = await answer.json();
    for (const secret of [access, refresh]) if (secret) secrets.add(secret);
    return { access, refresh };
  };
  const shop = async (path, access, init = {}) => {
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...bearer(access) };
    const answer = await fetch(`${occ.baseUrl}/occ/v2/electronics-spa/${path}`, { ...init, headers });
    return { status: answer.status, body: await answer.text() };
  };
  /** As the application, whose token is replaced once where the shop does not take it. */
  const asApplication = async (path, init) => {
    for (let isLast = false; ; isLast = true) {
      application ??= (await grant({ grant_type: 'client_credentials' }))?.access;
      const answer = await shop(path, application, init);
      if (isLast || answer.status !== 401) return answer;
      application = undefined;
    }
  };

  const attributes = 'Path=/; Secure; SameSite=Strict';
  const keep = (response, tokens, id) =>
    response.setHeader('set-cookie', [
      `${held}=${encodeURIComponent(JSON.stringify({ ...tokens, id }))}; HttpOnly; ${attributes}`,
      `${switches.marker}=${id}; ${attributes}`,
    ]);
  const drop = (response) =>
    response.setHeader('set-cookie', [
      `${held}=; HttpOnly; Max-Age=0; ${attributes}`,
      `${switches.marker}=; Max-Age=0; ${attributes}`,
    ]);

  const methods = {
    async OAuthUserAuthorization({ tokens, body, response }) {
      if (tokens) return [403, { code: 'already_logged_in', message: 'Somebody is signed in' }];
      const { username, password } = JSON.parse(body);
      const got = await grant({ grant_type: 'password', username, password });
      if (!got) return [401, { code: 'bad_credentials' }];
      if (got === 'nobody') return [503, {}];
      const { customerId } = JSON.parse((await shop('users/current', got.access)).body);
      keep(response, got, customerId);
      return [200, {}];
    },
    async OAuthUserTokenRefresh({ tokens, response }) {
      const got = tokens && (await grant({ grant_type: 'refresh_token', refresh_token: tokens.refresh }));
      if (got === 'nobody') return [503, {}];
      if (got) keep(response, { refresh: tokens.refresh, ...got }, tokens.id);
      else drop(response);
      return [got ? 200 : 401, {}];
    },
    async OAuthUserRevoke({ tokens, response }) {
      for (const token of [tokens?.refresh, tokens?.access]) if (token) await form('revoke', { token });
      drop(response);
      return [200, {}];
    },
    async getUser({ tokens }) {
      const answer = tokens && (await shop('users/current', tokens.access));
      if (answer?.status !== 200) return [answer && answer.status >= 500 ? 503 : 401, {}];
      const { customerId, firstName: name } = JSON.parse(answer.body);
      return [200, { customerId, name }];
    },
  };

  const proxy = async (mode, path, { tokens, method, body }) => {
    const who = tokens ? 'current' : 'anonymous';
    const isCustomer = mode === 'customer' || (mode === 'customerOrApplication' && tokens);
    // The shop takes JSON only.
    const init = { method, body: /^\{/.test(body) ? body : undefined };
    const at = path.replace('{user}', isCustomer ? who : 'anonymous');
    if (isCustomer && !tokens) return { status: 401, body: '{}' };
    if (isCustomer) return shop(at, tokens.access, init);
    return mode === 'none' ? shop(at, undefined, init) : asApplication(at, init);
  };

  const handle = async (request, response) => {
    const { pathname, search } = new URL(request.url, 'https://middleware');
    if (!pathname.startsWith('/sapcc/')) return page(pathname, response);
    const { method } = request;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const cookie = new RegExp(`(?:^|; )${held}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1];
    const tokens = cookie && JSON.parse(decodeURIComponent(cookie));
    const path = decodeURI(pathname.slice('/sapcc/'.length));
    const entry = { method, path, isHeld: !!tokens, body: path === 'OAuthUserAuthorization' ? undefined : body };
    log.push(entry);
    const [mode, ...rest] = path.split('/');
    let answer;
    if (method !== 'GET' && !request.headers['x-requested-with']) answer = { status: 403, body: '{"code":"csrf"}' };
    else if (methods[path]) {
      const [status, said] = await methods[path]({ tokens, body, response });
      answer = { status, body: JSON.stringify(said) };
    } else answer = await proxy(mode, rest.join('/') + search, { tokens, method, body });
    entry.status = answer.status;
    response
      .writeHead(answer.status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      .end(answer.body);
  };

  const server = createServer(selfSigned(), (request, response) =>
    handle(request, response).catch((error) => {
      console.error('the middleware:', error.name);
      response.destroy();
    }),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `https://127.0.0.1:${server.address().port}`;
  return {
    baseUrl,
    page: `${baseUrl}/`,
    occ,
    people,
    secrets,
    set: (changes) => void Object.assign(switches, changes),
    log: () => log,
    forget() {
      log = [];
      return occ.forget();
    },
    async reset() {
      log = [];
      application = undefined;
      Object.assign(switches, { marker: 'vsf-sap-user' });
      await occ.reset();
      await occ.set({ refresh: 'rotate' });
    },
    async close() {
      server.closeAllConnections();
      await Promise.all([new Promise((resolve) => server.close(resolve)), occ.close()]);
    },
  };
}

const bearer = (access) => (access ? { authorization: `Bearer ${access}` } : {});
