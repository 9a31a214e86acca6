// Proofs (RFC 9449): by themselves, and on the page's requests. There is no IndexedDB here, so keys are in memory.
import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { createServer } from 'node:http';
import { beforeEach, test } from 'node:test';
import {
  answer,
  deferred,
  key,
  load,
  play,
  react,
  policy,
  record,
  rule,
  runtime,
  sent,
  settled,
  started,
  status,
  turn,
} from './page.mjs';
import { createProver, proverOf } from '../.cache/test/dpop.mjs';
import { platform } from '../.cache/test/platform.mjs';

const api = 'https://api.test/v1/orders';
const auth = 'DPoP first';
const realFetch = fetch;

const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));
/** Takes a proof apart, and verifies it with the key in it. */
const open = async (proof) => {
  const [head, body, signature] = proof.split('.');
  const header = read(head);
  const publicKey = await webcrypto.subtle.importKey('jwk', header.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'verify',
  ]);
  const text = new TextEncoder().encode(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  assert.ok(await webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, bytes, text), 'the signature');
  assert.equal(proof, [head, body, bytes.toString('base64url')].join('.'));
  return { header, claims: read(body) };
};

const fresh = () => createProver(platform, { config: { key, storage: 'memory' }, pending: {} });
const prove = async (prover, method, url, authorization) => {
  const { 0: jkt } = await prover.key();
  const proof = await prover.prove({ dpop: jkt, headers: { authorization } }, method, url);
  return { ...proof, ...(await open(proof.headers.dpop)) };
};
const reply = (code, headers) => new Response('', { status: code, headers });

beforeEach(() => {
  play();
  turn();
});

test('OA-42 a proof says what RFC 9449, section 4.2, wants, and nothing else', async () => {
  turn(1790000000999);
  const prover = fresh();
  const { 0: jkt, 1: kept } = await prover.key();
  assert.equal(kept, 0);
  const { header, claims } = await prove(prover, 'POST', 'https://api.test:8443/a%20b/?q=1&r=2#frag', 'DPoP a-token');
  const { jwk } = header;
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'jwk', 'typ']);
  assert.deepEqual([header.typ, header.alg], ['dpop+jwt', 'ES256']);
  assert.deepEqual(Object.keys(jwk).sort(), ['crv', 'kty', 'x', 'y'], 'no private part');
  const { jti, ...rest } = claims;
  assert.ok(Buffer.from(jti, 'base64url').length >= 16);
  assert.deepEqual(rest, {
    htm: 'POST',
    htu: 'https://api.test:8443/a%20b/',
    iat: 1790000000,
    ath: createHash('sha256').update('a-token').digest('base64url'),
  });
  const thumbprint = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  assert.equal(jkt, createHash('sha256').update(thumbprint).digest('base64url'), 'RFC 7638');
});

test('OA-42 htm is what fetch sends, htu has no query', async () => {
  const prover = fresh();
  for (const [method, htm] of [
    ['get', 'GET'],
    ['Delete', 'DELETE'],
    ['patch', 'patch'],
    ['PATCH', 'PATCH'],
  ]) {
    const { claims } = await prove(prover, method, 'https://API.test?x');
    assert.deepEqual([claims.htm, claims.htu], [htm, 'https://api.test/']);
    assert.ok(!('ath' in claims));
  }
});

test('bytes of every length are written as base64url', async () => {
  const prover = fresh();
  for (let length = 0; length < 40; length++) {
    const { claims } = await prove(
      prover,
      'GET',
      `https://api.test/${'é'.repeat(length)}`,
      `DPoP ${'x'.repeat(length)}`,
    );
    assert.equal(claims.htu, new URL(`https://api.test/${'é'.repeat(length)}`).href);
  }
});

test('OA-44 no two proofs are the same', async () => {
  const prover = fresh();
  const ids = new Set();
  for (let i = 0; i < 50; i++) ids.add((await prove(prover, 'GET', api, auth)).claims.jti);
  assert.equal(ids.size, 50);
});

test('OA-42 nonces are per origin, from every answer, the latest counts', async () => {
  const prover = fresh();
  const nonce = async (url) => (await prove(prover, 'GET', url)).claims.nonce;
  const first = await prove(prover, 'GET', api);
  assert.ok(!('nonce' in first.claims));
  assert.equal(first.learn(reply(200, { 'dpop-nonce': 'n1' })), false);
  assert.equal(await nonce('https://api.test/other?x'), 'n1');
  assert.equal(await nonce('https://id.test/token'), undefined);
  first.learn(reply(201, { 'dpop-nonce': 'n2' }));
  first.learn(reply(200, {}));
  assert.equal(await nonce(api), 'n2');
});

test("OA-42 after a redirect the nonce is the other origin's, and no demand", async () => {
  const server = createServer((_, response) =>
    response.writeHead(401, { 'dpop-nonce': 'n1', 'www-authenticate': 'DPoP error="use_dpop_nonce"' }).end(),
  );
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const other = `http://127.0.0.1:${server.address().port}/`;
    const prover = fresh();
    const proof = await prove(prover, 'GET', api);
    assert.equal(proof.learn(await realFetch(other)), false);
    assert.ok(!('nonce' in (await prove(prover, 'GET', api)).claims));
    assert.equal((await prove(prover, 'GET', other)).claims.nonce, 'n1');
    assert.equal((await prove(prover, 'GET', other)).learn(await realFetch(other)), true, 'without one it is');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('OA-42 only a demand for a nonce that brings one is a demand', async () => {
  const proof = await prove(fresh(), 'GET', api);
  const wants = 'DPoP error="use_dpop_nonce", error_description="again"';
  const tell = (code, headers) => proof.learn(reply(code, headers));
  assert.equal(tell(401, { 'dpop-nonce': 'n', 'www-authenticate': wants }), true);
  assert.equal(tell(401, { 'dpop-nonce': 'n', 'www-authenticate': `Bearer realm="x", ${wants}` }), true);
  assert.equal(tell(401, { 'www-authenticate': wants }), false);
  assert.equal(tell(400, { 'dpop-nonce': 'n', 'www-authenticate': wants }), false);
  assert.equal(tell(401, { 'dpop-nonce': 'n', 'www-authenticate': 'DPoP error="invalid_token"' }), false);
  assert.equal(tell(401, { 'dpop-nonce': 'n', 'www-authenticate': 'Bearer error="use_dpop_nonce"' }), false);
  assert.equal(tell(401, { 'dpop-nonce': 'n' }), false);
  assert.equal(proof.learn({ status: 401 }), false, "somebody's own object");
});

test("OA-42 a proof's time is the server's, where its clock can be read", async () => {
  turn(1790000000000);
  const prover = fresh();
  const iat = async () => (await prove(prover, 'GET', api)).claims.iat;
  const proof = await prove(prover, 'GET', api);
  const later = { date: new Date(1790000600000).toUTCString() };
  proof.learn(reply(200, later));
  assert.equal(await iat(), 1790000000, 'the date of an answer that may come from a cache says nothing');
  proof.learn(reply(200, later), true);
  assert.equal(await iat(), 1790000600);
  proof.learn(reply(200, { date: 'soon' }), true);
  assert.equal(await iat(), 1790000600);
});

test('OA-43 the key is made once, and is another one after it was dropped', async () => {
  const prover = fresh();
  const all = await Promise.all([prover.key(), prover.key(), prover.key()]);
  assert.equal(new Set(all.map((key) => key[0])).size, 1);
  await prover.drop();
  const { 0: next } = await prover.key();
  assert.notEqual(next, all[0][0]);
  assert.equal(await prover.prove({ dpop: all[0][0] }, 'GET', api), undefined, 'no proof with another key');
});

// On the page's requests.

/** A page with a bound session, and a runtime that has made its key. */
const signedIn = async (options, more) => {
  const session = load({ storage: 'memory', retries: 1, ...options });
  const up = session.refresh().catch(() => {});
  const it = await runtime();
  await up;
  const prover = proverOf(platform, it.options.plane);
  const { 0: jkt } = await prover.key();
  const publish = (facts) =>
    it.publish({
      policy: policy({ rules: [rule({ headers: { authorization: auth }, dpop: jkt, ...more })], ...facts }),
    });
  publish();
  sent.length = 0;
  return { session, it, prover, jkt, publish };
};
const proofs = async () => Promise.all(sent.map(async ({ headers }) => (await open(headers.get('dpop'))).claims));
const demand = (nonce) => reply(401, { 'dpop-nonce': nonce, 'www-authenticate': 'DPoP error="use_dpop_nonce"' });

test('OA-42 a covered request carries the token with a proof of its own', async () => {
  const { jkt } = await signedIn();
  await fetch(`${api}?page=2`);
  await fetch(new Request(api, { method: 'PUT', body: 'x' }));
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('authorization')),
    [auth, auth],
  );
  const [get, put] = await proofs();
  assert.deepEqual([get.htm, get.htu], ['GET', api]);
  assert.deepEqual([put.htm, put.htu], ['PUT', api]);
  assert.equal(get.ath, createHash('sha256').update('first').digest('base64url'));
  assert.notEqual(get.jti, put.jti);
  assert.equal(jkt.length, 43);
});

test('OA-42 what the session does not cover, and what is nobody’s, carries no proof', async () => {
  await signedIn();
  await fetch('https://other.test/');
  await fetch(api, { as: 'none' });
  await fetch(api, { headers: { authorization: 'mine' } });
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('dpop')),
    [null, null, null],
  );
});

for (const retries of [0, 1])
  test(`OA-42 a nonce is asked for once, with the same body, whatever retries says: ${retries}`, async () => {
    await signedIn({ retries });
    const bodies = [];
    const kinds = [
      [api, { method: 'POST', body: 'text' }],
      [api, { method: 'POST', body: new URLSearchParams({ a: '1' }) }],
      [api, { method: 'POST', body: new Uint8Array([1, 2]) }],
      [new Request(api, { method: 'POST', body: 'of a request' })],
      [api],
    ];
    for (const [i, args] of kinds.entries()) {
      sent.length = bodies.length = 0;
      answer(async ({ request }, n) => {
        bodies.push(await request.text());
        return n ? status(200) : demand(`n${i}`);
      });
      assert.equal((await fetch(...args)).status, 200);
      assert.equal(sent.length, 2);
      assert.equal(bodies[0], bodies[1]);
      const [one, two] = await proofs();
      assert.notEqual(one.jti, two.jti);
      assert.deepEqual([one.nonce, two.nonce], [i ? `n${i - 1}` : undefined, `n${i}`]);
    }
    assert.equal(started[0].calls.filter(([name]) => name == 'refused').length, 0, 'it is no refusal');
  });

test('OA-42 a server that goes on asking gets it once, and the caller its answer', async () => {
  await signedIn({ retries: 3 });
  answer((_, n) => demand(`n${n}`));
  assert.equal((await fetch(api)).status, 401);
  assert.equal(sent.length, 2);
  assert.ok(!started[0].calls.some(([name]) => name == 'refused'));
});

test('FF-13 a body that cannot be sent twice is sent once, also for a nonce', async () => {
  await signedIn();
  answer(() => demand('n1'));
  const body = new ReadableStream({ start: (to) => (to.enqueue(new TextEncoder().encode('x')), to.close()) });
  assert.equal((await fetch(api, { method: 'POST', body, duplex: 'half' })).status, 401);
  assert.equal(sent.length, 1);
  answer(() => status(200));
  await fetch(api);
  assert.equal((await proofs())[1].nonce, 'n1', 'what it brought is learnt');
});

test('OA-44 nonce, then refresh: each attempt has a fresh proof, for the token that it carries', async () => {
  const { jkt } = await signedIn();
  const next = policy({ version: 2, rules: [rule({ headers: { authorization: 'DPoP second' }, dpop: jkt })] });
  react({ refused: (_, it) => (it.publish({ policy: next }), { outcome: 'retry' }) });
  answer((_, n) => [demand('n1'), status(401), status(200)][n]);
  assert.equal((await fetch(api, { method: 'POST', body: 'x' })).status, 200);
  const [one, two, three] = await proofs();
  assert.equal(new Set([one.jti, two.jti, three.jti]).size, 3);
  assert.deepEqual([one.nonce, two.nonce, three.nonce], [undefined, 'n1', 'n1']);
  assert.equal(three.ath, createHash('sha256').update('second').digest('base64url'));
});

test('FF-45 requests leave in the order they were called, though each waits for its proof', async () => {
  await signedIn();
  const large = new Uint8Array(1 << 20);
  await Promise.all([
    fetch(`${api}/1`, { method: 'POST', body: large }),
    fetch(`${api}/2`),
    fetch(`${api}/3`, { method: 'POST', body: large }),
    fetch(`${api}/4`),
  ]);
  assert.deepEqual(
    sent.map(({ url }) => url.at(-1)),
    ['1', '2', '3', '4'],
  );
});

test('a body is sent as it was when the page called', async () => {
  await signedIn();
  const body = new Uint8Array([1, 2, 3]);
  const asked = fetch(api, { method: 'POST', body });
  body.fill(0);
  await asked;
  assert.deepEqual([...new Uint8Array(await sent[0].request.arrayBuffer())], [1, 2, 3]);
});

test('a session that ends while a proof is made takes its token along', async () => {
  const { session } = await signedIn();
  const asked = fetch(api);
  void session.logout();
  await asked;
  assert.equal(sent[0].headers.get('authorization'), null);
  assert.equal(sent[0].headers.get('dpop'), null);
});

test('one who signs in while a proof is made does not get the request', async () => {
  const { publish } = await signedIn();
  const asked = fetch(api);
  publish({ session: 's2', version: 2 });
  await assert.rejects(asked, { code: 'session_changed' });
  assert.equal(sent.length, 0);
});

test('a request that is aborted while its proof is made is not sent', async () => {
  await signedIn();
  const controller = new AbortController();
  const asked = fetch(api, { signal: controller.signal });
  const reason = new Error('changed its mind');
  controller.abort(reason);
  await assert.rejects(asked, (error) => error === reason);
  assert.equal(sent.length, 0);
});

test('OA-43 with another key there, the core is asked, and the request goes without the token', async () => {
  const { it, publish } = await signedIn();
  const asked = deferred();
  react({ authorize: () => asked.promise });
  publish({ rules: [rule({ headers: { authorization: auth }, dpop: 'x'.repeat(43) })] });
  const response = fetch(api);
  await settled();
  it.publish({ policy: policy({ session: '', version: 3, rules: [] }) });
  asked.resolve({ outcome: 'send' });
  assert.equal((await response).status, 200);
  assert.deepEqual([sent[0].headers.get('authorization'), sent[0].headers.get('dpop')], [null, null]);
  const [name, { session, version }] = it.calls.at(-1);
  assert.deepEqual([name, session, version], ['authorize', 's1', 1]);
});

test('OA-43 a stored record keeps its key’s thumbprint, and proves nothing without it', async () => {
  play({ authorize: () => ({ outcome: 'send' }) });
  load(
    {},
    {
      stored: record({ policy: policy({ rules: [rule({ headers: { authorization: auth }, dpop: 'x'.repeat(43) })] }) }),
    },
  );
  await fetch(api);
  assert.deepEqual([sent[0].headers.get('authorization'), sent[0].headers.get('dpop')], [null, null]);
});
