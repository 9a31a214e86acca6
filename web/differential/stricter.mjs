// Where Latchkey refuses an id token that jose's jwtVerify accepts, and why. Each class looks at the token itself, not at what
// Latchkey said of it: a refusal that is in no class fails the test.
import { createHash } from 'node:crypto';

/** A reader that only finds members that come twice, and how deep it goes. */
const scan = (text) => {
  let at = 0;
  let twice = false;
  let deepest = 0;
  const string = () => {
    const from = at++;
    while (text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    return JSON.parse(text.slice(from, ++at));
  };
  const space = () => {
    while (/\s/.test(text[at] ?? 'x')) at++;
  };
  const value = (depth) => {
    space();
    deepest = Math.max(deepest, depth + (/[[{]/.test(text[at]) ? 1 : 0));
    const open = text[at];
    if (open == '"') string();
    else if (open == '{' || open == '[') {
      const seen = new Set();
      at++;
      space();
      while (!/[\]}]/.test(text[at])) {
        if (open == '{') {
          const name = string();
          twice ||= seen.has(name);
          seen.add(name);
          space();
          at++;
        }
        value(depth + 1);
        space();
        if (text[at] == ',') at++;
        space();
      }
      at++;
    } else while (at < text.length && !/[\s,\]}]/.test(text[at])) at++;
  };
  value(0);
  return { twice, deepest };
};

/** Every text of a value, names too. */
const texts = (value) =>
  typeof value == 'string'
    ? [value]
    : value && typeof value == 'object'
      ? Object.entries(value).flatMap(([name, item]) => [name, ...texts(item)])
      : [];

const fatal = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const wellFormed = (bytes) => {
  try {
    return fatal.decode(bytes)[0] != '\ufeff';
  } catch {
    return false;
  }
};

/** All that the classes look at. The token was accepted by jose, so it has three parts, and the first two are objects. */
export const look = (token) => {
  const parts = token.split('.');
  const bytes = parts.map((part) => Buffer.from(part, 'base64url'));
  const decoder = new TextDecoder();
  const [header, claims] = bytes.map((part, i) => i < 2 && JSON.parse(decoder.decode(part)));
  const [inHeader, inClaims] = bytes.map((part, i) => i < 2 && scan(decoder.decode(part)));
  return { token, parts, bytes, header, claims, inHeader, inClaims };
};

const half = (alg, of) => {
  const sum = createHash(alg == 'EdDSA' ? 'sha512' : 'sha256')
    .update(of)
    .digest();
  return sum.subarray(0, sum.length / 2).toString('base64url');
};
const isTime = (value) => typeof value == 'number' && value >= 0 && value <= 253402300799;

/** The list, of `[name, whether the token is of this class]`. */
export const classes = (now, tolerance) => [
  [
    'an RSA signature without its leading zero, which OpenSSL adds',
    ({ header, bytes }) => /^[RP]S/.test(header.alg) && bytes[2].length != 256,
  ],
  ['a token of more than 64 KiB', ({ token }) => Buffer.byteLength(token) > 65536],
  [
    'base64url that is spelled in another way (white space, left-over bits, the other alphabet)',
    ({ parts, bytes }) => parts.some((part, i) => bytes[i].toString('base64url') != part),
  ],
  ['JSON that is not UTF-8, or begins with a byte order mark', ({ bytes }) => !bytes.slice(0, 2).every(wellFormed)],
  ['half of a surrogate pair', ({ header, claims }) => texts([header, claims]).some((text) => !text.isWellFormed())],
  ['a member that comes twice', ({ inHeader, inClaims }) => inHeader.twice || inClaims.twice],
  ['nested deeper than 16 (claims) or 32 (header)', (t) => t.inHeader.deepest > 32 || t.inClaims.deepest > 16],
  [
    'typ is there and not JWT',
    ({ header }) => 'typ' in header && !/^(application\/)?jwt$/i.test(typeof header.typ == 'string' ? header.typ : ''),
  ],
  ['crit, b64 or zip in the header', ({ header }) => 'crit' in header || 'b64' in header || 'zip' in header],
  [
    'sub is no text, empty, or longer than 255 characters',
    ({ claims: { sub } }) => typeof sub != 'string' || !sub || [...sub].length > 255,
  ],
  ['aud names somebody else too', ({ claims }) => claims.aud != 'shop' && claims.aud.some((aud) => aud != 'shop')],
  ['azp is another client', ({ claims }) => 'azp' in claims && claims.azp !== 'shop'],
  [
    'a logout token',
    ({ claims }) => claims.events?.['http://schemas.openid.net/event/backchannel-logout'] !== undefined,
  ],
  ['iat is ahead', ({ claims }) => claims.iat > now + tolerance],
  [
    'a time before 1970, after 9999, or none',
    ({ claims }) => !isTime(claims.exp) || !isTime(claims.iat) || ('nbf' in claims && !isTime(claims.nbf)),
  ],
  ...Object.entries({ at_hash: 'at', c_hash: 'code', s_hash: 'state' }).map(([name, of]) => [
    name + ' is of something else',
    ({ header, claims }) => name in claims && claims[name] !== half(header.alg, of),
  ]),
];
