/**
 * DPoP (RFC 9449): the key that tokens are bound to, and a proof for each request that carries one: the page's, which
 * need it before the program is there, and the runtime's.
 *
 * The key is in IndexedDB, from where nobody can export it. What IndexedDB offers is not captured: a script that could
 * patch it can as well open the database, and use the key there as long as it runs. What sees a token is.
 */
import type { Answer } from './covered';
import { Reply } from './reply';
import { createKit } from './kit';
import type { Platform } from './platform';
import type { Rule } from './policy';
import type { StorageLike } from './types';

export interface ProverOptions {
  /** The record's key, which the key pair is kept under, and where the record is kept. */
  config: { readonly key: string; readonly [name: string]: unknown };
  /** What outlives a redirect. */
  pending: StorageLike;
}

/** A proof: good for one request, sent once. */
export interface Proof {
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Learns from the answer. Tells whether the server wants the request again, with the nonce that it has given
   * (section 9). `clock` says that the answer is from no cache, and its date the server's.
   */
  learn(response: Answer, clock?: boolean): boolean;
}

interface Key {
  readonly pair: CryptoKeyPair;
  readonly jwk: object;
  /** The thumbprint (RFC 7638). */
  readonly jkt: string;
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export const createProver = (platform: Platform, { config, pending }: ProverOptions) => {
  const { own, bytes, ownBytes, promise, random, digest, clock, types, members } = createKit(platform);
  const { apply, get } = members.Reflect as typeof Reflect;
  const { stringify } = members.JSON as typeof JSON;
  const { Date, Promise, URL, crypto } = types as typeof globalThis;
  const encoder: TextEncoder = own(new types.TextEncoder(), members.TextEncoder);

  const utf8 = (text: string): Uint8Array<ArrayBuffer> => ownBytes(encoder.encode(text))!;
  const base64url = (of: Uint8Array): string => {
    let text = '';
    for (let i = 0; i < of.length; i += 3) {
      const bits = (of[i]! << 16) | ((of[i + 1] ?? 0) << 8) | (of[i + 2] ?? 0);
      for (let j = 0; j < 4 && i + j <= of.length; j++) text += letters[(bits >> (18 - 6 * j)) & 63];
    }
    return text;
  };
  const sha256 = async (of: Uint8Array) => base64url(bytes(await promise(digest('SHA-256', of))));
  const fresh = () => base64url(random(bytes(16)));
  /** A method of WebCrypto. */
  const subtle = (name: string, ...args: unknown[]): Promise<any> =>
    promise(apply(members.SubtleCrypto[name], get(members.crypto, 'subtle', crypto), args));

  /** One transaction on the keys. Rejects where there is no IndexedDB that can be used. */
  const inStore = (act: (keys: IDBObjectStore, done: (value: unknown) => void) => void): Promise<any> =>
    promise(
      new Promise((resolve, reject) => {
        if (config.storage == 'memory') return reject();
        // Opened for each, so that nobody waits for us who wants to delete it.
        const opening = globalThis.indexedDB.open('latchkey', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const db = opening.result;
          let result: unknown;
          const end = (): void => (db.close(), reject());
          try {
            const transaction = db.transaction('keys', 'readwrite');
            transaction.oncomplete = () => (resolve(result), end());
            transaction.onabort = end;
            act(transaction.objectStore('keys'), (value) => (result = value));
          } catch {
            end();
          }
        };
      }),
    );

  /** Where the key is. A session that is this tab's own has one of its own. */
  const place = (): string => {
    if (config.storage != 'session') return config.key;
    const slot = `${config.key}/dpop`;
    let name = pending.getItem(slot) as string | null;
    if (!name) pending.setItem(slot, (name = fresh()));
    return `${config.key}/${name}`;
  };

  /** The pair there is, or the one that is given where there is none: of two tabs that give one, the first decides. */
  const stored = (otherwise?: CryptoKeyPair): Promise<CryptoKeyPair | undefined> =>
    inStore((keys, done) => {
      const name = place();
      const found = keys.get(name);
      found.onsuccess = () => {
        const pair = found.result;
        // Anybody may have put something there, and a key that can be exported binds nothing.
        const usable = pair?.privateKey?.extractable === false && pair.publicKey;
        done(usable ? pair : otherwise);
        if (!usable && otherwise) keys.put(otherwise, name);
      };
    });

  let known: Key | undefined;
  let kept = false;
  /** The key there is, made if there is none. */
  const find = async (make: boolean): Promise<Key | undefined> => {
    let pair: CryptoKeyPair | undefined;
    try {
      pair = await stored();
      kept = true;
    } catch {
      // Blocked, or not there: the key lives as long as the page.
      kept = false;
    }
    if (!pair && make) {
      pair =
        known?.pair ??
        ((await subtle('generateKey', own({ name: 'ECDSA', namedCurve: 'P-256' }), false, [
          'sign',
          'verify',
        ])) as CryptoKeyPair);
      if (kept) pair = await stored(pair).catch(() => ((kept = false), pair));
    }
    if (pair && pair != known?.pair) {
      const { x, y } = await subtle('exportKey', 'jwk', pair.publicKey);
      const jwk = own({ crv: 'P-256', kty: 'EC', x, y });
      known = own({ pair, jwk, jkt: await sha256(utf8(stringify(jwk))) });
    }
    return known;
  };
  let finding: Promise<Key | undefined> = promise(Promise.resolve(undefined));
  /** One after the other: two that make a key at once must not get two. */
  const search = (make: boolean): Promise<Key | undefined> =>
    (finding = promise(
      (async (before) => {
        await before.catch(() => {});
        return find(make);
      })(finding),
    ));

  const nonces: Record<string, string> = own({});
  /** How far the server's clock is ahead of ours, in milliseconds. */
  let ahead = 0;

  return own({
    /** The thumbprint of the key, which is made if there is none, and whether it outlives the page. */
    async key(): Promise<[jkt: string, kept: number]> {
      const { jkt } = (await search(true))!;
      return own([jkt, +kept]);
    },

    /** The session is over; the next one gets a key of its own. */
    async drop(): Promise<void> {
      known = undefined;
      await inStore((keys) => void keys.delete(place())).catch(() => {});
    },

    /** A proof with the key that a rule names (section 4.2); undefined where the key there is another. */
    async prove({ dpop: jkt, headers }: Rule, method = 'GET', url: string): Promise<Proof | undefined> {
      const authorization = headers?.authorization;
      const key = known?.jkt == jkt ? known : await search(false);
      if (!key || key.jkt != jkt) return;
      const at = (raw: string): URL => own(new URL(raw), members.URL);
      const { origin, pathname } = at(url);
      const name = `${method}`;
      const time = clock() + ahead;
      const claims = own({
        jti: fresh(),
        // As fetch sends it.
        htm: /^(delete|get|head|options|post|put)$/i.test(name) ? name.toUpperCase() : name,
        htu: origin + pathname,
        iat: (time - (time % 1000)) / 1000,
        // Behind "DPoP ".
        ath: authorization && (await sha256(own(utf8(authorization).subarray(5), members.Uint8Array))),
        nonce: nonces[origin],
      });
      const part = (of: object) => base64url(utf8(stringify(of)));
      const text = `${part(own({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }))}.${part(claims)}`;
      const signature = await subtle('sign', own({ name: 'ECDSA', hash: 'SHA-256' }), key.pair.privateKey, utf8(text));
      return own({
        headers: own({ dpop: `${text}.${base64url(bytes(signature))}` }),
        learn(response: Answer, byClock?: boolean): boolean {
          try {
            const isReply = Reply.is(response);
            const member = (name: 'status' | 'url' | 'headers'): any =>
              isReply ? response[name] : get(members.Response, name, response);
            const header = (name: string): string | null =>
              isReply ? response.headers.get(name) : apply(members.Headers.get, member('headers'), [name]);
            // After a redirect it is somebody else who answers.
            const from = at(member('url') || url).origin;
            const nonce = header('dpop-nonce');
            if (nonce) nonces[from] = nonce;
            const date = byClock && Date.parse(header('date')!);
            if (date) ahead = date - clock();
            return (
              !!nonce &&
              from == origin &&
              member('status') == 401 &&
              /(^|,)\s*DPoP\s.*error="?use_dpop_nonce/i.test(header('www-authenticate') ?? '')
            );
          } catch {
            // No Response of the browser's: whoever made it up has no nonces.
            return false;
          }
        },
      });
    },
  });
};

export type Prover = ReturnType<typeof createProver>;

/** The one of a session, made when it is first needed. */
export const proverOf = (platform: Platform, session: ProverOptions & { prover?: Prover | undefined }): Prover =>
  (session.prover ??= createProver(platform, session));
