// The server that misbehaves on demand, when nobody demands it: asked by a client that is not ours.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { startHostile } from './hostile.mjs';

let hostile;
before(async () => {
  hostile = await startHostile();
});
after(() => hostile.close());

const challenge = (verifier) => createHash('sha256').update(verifier).digest('base64url');

/** Where a sign-in leads to. */
async function authorize(as, more) {
  const query = {
    client_id: 'app',
    redirect_uri: `${as.page}/callback`,
    response_type: 'code',
    scope: 'openid profile',
    state: 'a-state',
    nonce: 'a-nonce',
    code_challenge_method: 'S256',
    ...more,
  };
  const answer = await fetch(`${as.issuer}/authorize?${new URLSearchParams(query)}`, { redirect: 'manual' });
  return new URL(answer.headers.get('location'));
}

async function token(as, form, headers) {
  const body = new URLSearchParams({ client_id: 'app', ...form });
  const answer = await fetch(`${as.issuer}/token`, { method: 'POST', body, headers });
  return { status: answer.status, cors: answer.headers.get('access-control-allow-origin'), ...(await answer.json()) };
}

async function redeem(as, { verifier = 'v'.repeat(43), asked = verifier, headers } = {}) {
  const back = await authorize(as, { code_challenge: challenge(asked) });
  const redirect_uri = `${as.page}/callback`;
  const form = { grant_type: 'authorization_code', code: back.searchParams.get('code'), redirect_uri };
  const send = (more) => token(as, { ...form, code_verifier: verifier }, more);
  return { back, first: await send(headers), send };
}

test('signs in once for each code, and only with its verifier', async () => {
  const as = hostile.behave('good');
  const { back, first, send } = await redeem(as);
  assert.deepEqual([back.searchParams.get('state'), back.searchParams.get('iss')], ['a-state', as.issuer]);
  assert.deepEqual([first.status, first.cors], [200, as.page]);
  assert.equal((await send()).error, 'invalid_grant');
  assert.equal((await redeem(as, { asked: 'another' })).first.error, 'invalid_grant');
  assert.deepEqual(as.asked(), ['authorize', 'token', 'token', 'authorize', 'token']);
});

test('signs id tokens with the key that it publishes', async () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    const as = hostile.behave(alg, { alg });
    const { first } = await redeem(as);
    const keys = createRemoteJWKSet(new URL(`${as.issuer}/jwks`));
    const { payload } = await jwtVerify(first.id_token, keys, {
      issuer: as.issuer,
      audience: 'app',
      algorithms: [alg],
    });
    assert.deepEqual([payload.sub, payload.nonce, payload.name], ['alice', 'a-nonce', 'Alice']);
  }
});

test('rotates refresh tokens, and takes tokens back', async () => {
  const as = hostile.behave('rotates');
  const { first } = await redeem(as);
  const refresh = (refresh_token) => token(as, { grant_type: 'refresh_token', refresh_token });
  const second = await refresh(first.refresh_token);
  assert.equal(second.status, 200);
  assert.equal((await refresh(first.refresh_token)).error, 'invalid_grant');
  const me = (value) => fetch(`${as.issuer}/api/me`, { headers: { authorization: `Bearer ${value}` } });
  assert.equal((await me(second.access_token)).status, 200);
  const body = new URLSearchParams({ token: second.access_token });
  await fetch(`${as.issuer}/revoke`, { method: 'POST', body });
  assert.equal((await me(second.access_token)).status, 401);
});

test('takes each proof of DPoP once, and for its own request', async () => {
  const as = hostile.behave('bound', { dpop: true });
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const prove = (htu, more) =>
    new SignJWT({ jti: randomBytes(9).toString('hex'), htm: 'POST', htu, ...more })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey);
  const dpop = await prove(`${as.issuer}/token`);
  const { first } = await redeem(as, { headers: { dpop } });
  assert.deepEqual([first.status, first.token_type], [200, 'DPoP']);
  for (const bad of [undefined, dpop, await prove(`${as.issuer}/other`)])
    assert.equal((await redeem(as, { headers: bad && { dpop: bad } })).first.error, 'invalid_dpop_proof');
  const url = `${as.issuer}/api/me`;
  const ath = createHash('sha256').update(first.access_token).digest('base64url');
  const me = async (proof) =>
    (await fetch(url, { headers: { authorization: `DPoP ${first.access_token}`, dpop: await proof } })).status;
  assert.equal(await me(prove(url, { htm: 'GET', ath })), 200);
  assert.equal(await me(prove(url, { htm: 'GET' })), 401);
});

test('a behaviour is the one of its own issuer', async () => {
  const as = hostile.behave('bad', { idToken: ({ claims }) => void (claims.iss = 'https://other.example') });
  const { first } = await redeem(as);
  const keys = createRemoteJWKSet(new URL(`${as.issuer}/jwks`));
  await assert.rejects(jwtVerify(first.id_token, keys, { issuer: as.issuer }), {
    code: 'ERR_JWT_CLAIM_VALIDATION_FAILED',
  });
  const good = hostile.behave('good');
  await jwtVerify((await redeem(good)).first.id_token, createRemoteJWKSet(new URL(`${good.issuer}/jwks`)), {
    issuer: good.issuer,
  });
});
