// Names for secrets, so that the record of the requests holds none: the same one has the same name wherever it is seen.

/** Headers whose value is a secret as a whole, and what it is called. */
const headers = {
  'vendure-auth-token': 'session',
  'st-access-token': 'access',
  'st-refresh-token': 'refresh',
  'front-token': 'front',
  'anti-csrf': 'csrf',
  'x-csrf-token': 'csrf',
  'set-auth-token': 'session',
};

const cookies = {
  sAccessToken: 'access',
  sRefreshToken: 'refresh',
  session_token: 'session',
  session: 'cookie',
  'session.sig': 'signature',
};

/** Not a secret where it is said instead of one. */
const words = new Set(['', 'remove']);

export class Labels {
  #names = new Map();
  #counts = new Map();

  clear() {
    this.#names.clear();
    this.#counts.clear();
  }

  of(kind, secret) {
    if (words.has(secret)) return secret;
    let name = this.#names.get(secret);
    if (!name) {
      const count = (this.#counts.get(kind) ?? 0) + 1;
      this.#counts.set(kind, count);
      name = `${kind}-${count}`;
      this.#names.set(secret, name);
    }
    return name;
  }

  /** Of a header that the server sends; undefined if it holds no secret. */
  sent(header, value) {
    return header in headers ? this.of(headers[header], value) : undefined;
  }

  /** Of one that the server gets: what it has never given is unknown. */
  got(header, value) {
    return header in headers ? this.of('unknown', value) : undefined;
  }

  setCookie(line) {
    const [pair, ...attributes] = line.split(/; */);
    const [name, value] = split(pair);
    const kind =
      cookies[name] ?? cookies[name.replace(/^__(?:Host|Secure)-/, '').replace(/^better-auth\./, '')] ?? 'cookie';
    return { name, value: this.of(kind, value), attributes };
  }

  cookies(header = '') {
    const pairs = header.split(/; */).filter(Boolean).map(split);
    return Object.fromEntries(pairs.map(([name, value]) => [name, this.of('unknown', value)]));
  }

  authorization(header = '') {
    if (!header) return undefined;
    const [, scheme, token = ''] = /^(\S*) ?(.*)$/s.exec(header);
    return { scheme, token: this.of('unknown', token) };
  }

  /** Takes every secret that has a name out of a text. */
  masked(text) {
    for (const [secret, name] of this.#names) if (secret.length > 7) text = text.replaceAll(secret, name);
    return text;
  }
}

function split(pair) {
  const at = pair.indexOf('=');
  const value = pair.slice(at + 1);
  try {
    return [pair.slice(0, at), decodeURIComponent(value)];
  } catch {
    return [pair.slice(0, at), value];
  }
}
