// Checks of DPoP proofs (RFC 9449, section 4.3) with somebody else's library.
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

export class DPoP {
  used = new Set();

  /** The thumbprint of the key that has signed the request's proof. Throws where there is no good one. */
  async check({ headers, method, url, accessToken, nonce }) {
    const { payload, protectedHeader } = await jwtVerify(headers.dpop ?? '', EmbeddedJWK, {
      typ: 'dpop+jwt',
      maxTokenAge: 60,
    });
    const { jti, htm, htu, ath } = payload;
    if (typeof jti !== 'string' || this.used.has(jti)) throw new Error('a proof was used twice');
    this.used.add(jti);
    if (htm !== method || htu !== url.origin + url.pathname) throw new Error('a proof is for another request');
    if (payload.nonce !== nonce) throw new Error('a proof has another nonce');
    const hash = accessToken && createHash('sha256').update(accessToken).digest('base64url');
    if (ath !== hash) throw new Error('a proof is for another token');
    return calculateJwkThumbprint(protectedHeader.jwk);
  }
}
