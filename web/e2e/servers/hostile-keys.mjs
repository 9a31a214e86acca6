// Keys, and tokens that are signed with them, well or badly. Made once a process, as an RSA key takes a while.
import { createHash, createHmac, generateKeyPairSync } from 'node:crypto';
import { CompactSign } from 'jose';

const kinds = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};
const made = new Map();

/**
 * The nth key for an algorithm: `{ alg, kid, private, public, jwk }`. RS256, RS512 and PS256 share keys, but for the
 * `alg` that a key says of itself.
 */
export function keyFor(alg, nth = 1) {
  const kind = /^[RP]S/.test(alg) ? 'RS256' : alg;
  const name = `${kind} ${nth}`;
  if (!made.has(name)) made.set(name, kinds[kind]());
  const { privateKey, publicKey } = made.get(name);
  const kid = `${alg.toLowerCase()}-${nth}`;
  return {
    alg,
    kid,
    private: privateKey,
    public: publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' },
  };
}

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token in compact form. `header.alg` may be a lie: `key.alg` is what it is signed with. */
export async function sign({ header, claims, key }) {
  const payload = new TextEncoder().encode(typeof claims === 'string' ? claims : JSON.stringify(claims));
  if (header.alg === key.alg) return new CompactSign(payload).setProtectedHeader(header).sign(key.private);
  const jws = await new CompactSign(payload).setProtectedHeader({ alg: key.alg }).sign(key.private);
  const [, body, signature] = jws.split('.');
  return `${encode(header)}.${body}.${signature}`;
}

/** A token without a signature. */
export const unsigned = (jwt, alg = 'none') => `${encode({ ...decode(jwt, 0), alg })}.${jwt.split('.')[1]}.`;

/** The same token, signed with HMAC and a secret that the client might take for one. */
export function signedByHMAC(jwt, secret, header = {}) {
  const input = `${encode({ ...decode(jwt, 0), ...header, alg: 'HS256' })}.${jwt.split('.')[1]}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The same token, with one bit of its signature wrong. */
export function bitWrong(jwt) {
  const [header, body, signature] = jwt.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  return `${header}.${body}.${bytes.toString('base64url')}`;
}

/** Header (0) or claims (1) of a token. */
export const decode = (jwt, part = 1) => JSON.parse(Buffer.from(jwt.split('.')[part], 'base64url').toString());

/** at_hash and c_hash (OpenID Connect Core, section 3.3.2.11). */
export function halfHash(alg, value) {
  const digest = createHash(/512$|^EdDSA$/.test(alg) ? 'sha512' : 'sha256')
    .update(value)
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}
