// Both servers, asked by one and the same client that is not ours: what the browser tests rely on.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { test } from 'node:test';
import { startDemo } from './demo.mjs';
import { startOidcProvider } from './oidc-provider.mjs';

const spa = 'http://127.0.0.1:1';

const servers = {
  demo: async () => {
    const demo = await startDemo();
    const origin = new URL(demo.page).origin;
    return { ...demo, origin, expire: () => demo.control('expire'), revoke: () => demo.control('revoke') };
  },
  'oidc-provider': async () => ({ ...(await startOidcProvider({ spaOrigins: [spa] })), origin: spa }),
};

for (const [name, start] of Object.entries(servers)) {
  test(`${name}: what a page needs of a server`, async (t) => {
    const server = await start();
    t.after(() => server.close());
    await check(t, server);
  });
}

test('oidc-provider: whoever goes in the middle of a body is no error', async (t) => {
  const server = await startOidcProvider({ spaOrigins: [spa] });
  t.after(() => server.close());
  const upload = request(`${server.api}echo`, { method: 'POST', headers: { 'content-length': 10 } });
  upload.on('error', () => {});
  upload.write('half');
  const entry = () => server.log().find(({ path }) => path === '/api/echo');
  while (!entry()) await (await fetch(`${server.api}public`)).arrayBuffer();
  upload.destroy();
  // What nobody has caught would be this test's.
  while (entry().status === undefined) await (await fetch(`${server.api}public`)).arrayBuffer();
  assert.equal((await fetch(`${server.api}public`)).status, 200);
});

async function check(t, { issuer, api, origin, log, expire, revoke }) {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const jar = new Map();

  async function hop(url, body) {
    const headers = { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') };
    const answer = await fetch(url, { method: body ? 'POST' : 'GET', body, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      if (value) jar.set(key, value);
      else jar.delete(key);
    }
    return answer;
  }

  /** Follows redirects and fills the sign-in form in, until it comes back to the page's origin. */
  async function visit(url) {
    for (let hops = 0; hops < 12; hops++) {
      let answer = await hop(url);
      if (answer.status === 200) {
        assert.match(await answer.text(), /name="password"/);
        answer = await hop(url, new URLSearchParams({ username: 'alice', password: 'wonderland', action: 'signin' }));
      }
      url = new URL(answer.headers.get('location'), url);
      if (url.origin === origin) return url.searchParams;
    }
    throw new Error('no end of redirects');
  }

  const token = async (form) => {
    const body = new URLSearchParams(form);
    const answer = await fetch(metadata.token_endpoint, { method: 'POST', body, headers: { origin } });
    return { status: answer.status, cors: answer.headers.get('access-control-allow-origin'), ...(await answer.json()) };
  };
  const me = async (bearer) => {
    const answer = await fetch(`${api}me`, { headers: { authorization: `Bearer ${bearer}`, origin } });
    return { status: answer.status, challenge: answer.headers.get('www-authenticate'), ...(await answer.json()) };
  };
  const refresh = (client, refresh_token) => token({ grant_type: 'refresh_token', client_id: client, refresh_token });
  const payload = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

  const verifier = randomBytes(32).toString('base64url');
  const request = (more) =>
    `${metadata.authorization_endpoint}?${new URLSearchParams({
      client_id: 'demo',
      response_type: 'code',
      redirect_uri: `${origin}/callback`,
      scope: 'openid offline_access profile api',
      state: 'state-of-the-test',
      nonce: 'nonce-of-the-test',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...more,
    })}`;
  const signIn = async () => {
    const back = await visit(request({}));
    assert.equal(back.get('state'), 'state-of-the-test');
    assert.equal(back.get('iss'), issuer);
    const code = { grant_type: 'authorization_code', client_id: 'demo', code: back.get('code') };
    return token({ ...code, redirect_uri: `${origin}/callback`, code_verifier: verifier });
  };
  let signedIn;

  await t.test('code flow', async () => {
    signedIn = await signIn();
    assert.equal(signedIn.status, 200);
    assert.equal(signedIn.cors, origin);
    const claims = payload(signedIn.id_token);
    assert.deepEqual([claims.iss, claims.sub, claims.nonce], [issuer, 'alice', 'nonce-of-the-test']);
    assert.equal((await me(signedIn.access_token)).sub, 'alice');
    assert.equal((await visit(request({ prompt: 'none' }))).get('error'), null);
  });

  await t.test('refresh rotates, and reuse ends the family', async () => {
    const next = await refresh('demo', signedIn.refresh_token);
    assert.equal(next.status, 200);
    assert.notEqual(next.refresh_token, signedIn.refresh_token);
    assert.equal((await refresh('demo', signedIn.refresh_token)).error, 'invalid_grant');
    assert.equal((await refresh('demo', next.refresh_token)).error, 'invalid_grant');
    assert.equal((await me(next.access_token)).status, 401);
  });

  await t.test('password, expire, revoke', async () => {
    const form = { grant_type: 'password', client_id: 'demo-password', username: 'alice', scope: 'openid profile api' };
    assert.equal((await token({ ...form, password: 'no' })).error, 'invalid_grant');
    const first = await token({ ...form, password: 'wonderland' });
    assert.equal(first.status, 200);
    assert.equal(payload(first.id_token).sub, 'alice');
    await expire();
    const refused = await me(first.access_token);
    assert.deepEqual([refused.status, refused.challenge], [401, 'Bearer error="invalid_token"']);
    const second = await refresh('demo-password', first.refresh_token);
    assert.equal((await me(second.access_token)).status, 200);
    await revoke();
    assert.equal((await refresh('demo-password', second.refresh_token)).error, 'invalid_grant');
  });

  await t.test('revocation', async () => {
    const got = await signIn();
    const body = new URLSearchParams({ client_id: 'demo', token: got.refresh_token });
    assert.equal((await fetch(metadata.revocation_endpoint, { method: 'POST', body })).status, 200);
    assert.equal((await refresh('demo', got.refresh_token)).error, 'invalid_grant');
  });

  await t.test('CORS is for the page only', async () => {
    const allowed = async (url, asking, method, more) => {
      const answer = await fetch(url, { method, headers: { origin: asking }, ...more });
      return answer.headers.get('access-control-allow-origin');
    };
    const stranger = 'http://127.0.0.1:2';
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'demo', refresh_token: 'none' });
    assert.equal(await allowed(metadata.token_endpoint, origin, 'POST', { body }), origin);
    assert.equal(await allowed(metadata.token_endpoint, stranger, 'POST', { body }), null);
    assert.equal(await allowed(`${api}me`, origin, 'GET'), origin);
    assert.equal(await allowed(`${api}me`, stranger, 'GET'), null);
  });

  await t.test('logout at the server', async () => {
    const { id_token } = await signIn();
    const back = { post_logout_redirect_uri: `${origin}/`, state: 'bye' };
    const url = `${metadata.end_session_endpoint}?${new URLSearchParams({ client_id: 'demo', id_token_hint: id_token, ...back })}`;
    let answer = await hop(url);
    if (answer.status === 200) {
      const html = await answer.text();
      const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)[1];
      answer = await hop(/action="([^"]+)"/.exec(html)[1], new URLSearchParams({ xsrf, logout: 'yes' }));
    }
    assert.equal(answer.headers.get('location'), `${origin}/?state=bye`);
    assert.equal((await visit(request({ prompt: 'none' }))).get('error'), 'login_required');
  });

  await t.test('the log counts token requests and has no secrets', async () => {
    const entries = await log();
    const refreshes = entries.filter((e) => e.grantType === 'refresh_token');
    assert.ok(refreshes.length >= 6);
    assert.ok(refreshes.some((e) => e.status === 200) && refreshes.some((e) => e.status === 400));
    assert.ok(entries.some((e) => e.path === '/api/me' && e.tokenId?.length === 8));
    for (const secret of [signedIn.access_token, signedIn.refresh_token, signedIn.id_token, 'wonderland', verifier]) {
      assert.ok(!JSON.stringify(entries).includes(secret));
    }
  });
}
