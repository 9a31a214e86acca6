// What a resource server does about proofs (RFC 9449, section 4.3), as strictly as it may.
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

const read = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const digest = (text) => createHash('sha256').update(text).digest('base64url');

export class Proofs {
  nonce = randomBytes(12).toString('base64url');
  #seen = new Set();

  /** From now on every proof needs another nonce. */
  rotate() {
    this.nonce = randomBytes(12).toString('base64url');
  }

  /** Why the proof of a request is refused, by the error codes of section 12.2; undefined where it is good. */
  refuse({ method, url, proof, token, jkt }) {
    try {
      const [head, body, signature] = proof.split('.');
      const { typ, alg, jwk, ...others } = read(head);
      const { crv, kty, x, y, ...more } = jwk;
      const claims = read(body);
      const key = createPublicKey({ key: { crv, kty, x, y }, format: 'jwk' });
      const signed = verify(
        'sha256',
        Buffer.from(`${head}.${body}`),
        { key, dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      );
      const good =
        signed &&
        typ === 'dpop+jwt' &&
        alg === 'ES256' &&
        Object.keys({ ...others, ...more }).length === 0 &&
        digest(JSON.stringify({ crv, kty, x, y })) === jkt &&
        claims.htm === method &&
        claims.htu === url &&
        claims.ath === digest(token) &&
        typeof claims.jti === 'string' &&
        Buffer.from(claims.jti, 'base64url').length >= 16 &&
        !this.#seen.has(claims.jti) &&
        Math.abs(claims.iat - Date.now() / 1000) < 60;
      this.#seen.add(claims.jti);
      if (!good) return 'invalid_dpop_proof';
      return claims.nonce === this.nonce ? undefined : 'use_dpop_nonce';
    } catch {
      return 'invalid_dpop_proof';
    }
  }
}
