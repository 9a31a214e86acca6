// Makes id tokens: good ones, and others that are wrong in some way. What is wrong with them is the seed's; keys and
// signatures are new in each run.
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';

/** A generator of chance that can be repeated (mulberry32). */
export const dice = (seed) => {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return { below, chance: (p) => next() < p, pick: (list) => list[below(list.length)] };
};

const pair = (type, options) => generateKeyPairSync(type, options);
const rsa = pair('rsa', { modulusLength: 2048 });
const ec = pair('ec', { namedCurve: 'P-256' });
const ed = pair('ed25519');
const strangers = {
  rsa: pair('rsa', { modulusLength: 2048 }),
  ec: pair('ec', { namedCurve: 'P-256' }),
  ed: pair('ed25519'),
};
const jwk = ({ publicKey }, more) => ({ ...publicKey.export({ format: 'jwk' }), ...more });

/** The issuer's keys, with some that are of no use. */
export const keys = {
  keys: [
    jwk(rsa, { kid: 'r', use: 'sig' }),
    jwk(ec, { kid: 'e', alg: 'ES256' }),
    jwk(ed, { kid: 'd', key_ops: ['verify'] }),
    jwk(strangers.ec, { kid: 'x', use: 'enc' }),
    { kty: 'oct', kid: 'o', k: 'AAAA' },
  ],
};

const owners = { RS256: ['rsa', rsa], PS256: ['rsa', rsa], ES256: ['ec', ec], EdDSA: ['ed', ed] };
const kids = { RS256: 'r', PS256: 'r', ES256: 'e', EdDSA: 'd' };
const b64 = (text) => Buffer.from(text).toString('base64url');

const signature = (alg, input, stranger) => {
  const owner = owners[alg];
  if (alg == 'HS256') return createHmac('sha256', 'shop').update(input).digest();
  if (!owner) return Buffer.alloc(0);
  const key = (stranger ? strangers[owner[0]] : owner[1]).privateKey;
  const data = Buffer.from(input);
  if (alg == 'EdDSA') return sign(null, data, key);
  if (alg == 'ES256') return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  if (alg == 'RS256') return sign('sha256', data, key);
  return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
};

const raw = (json) => ({ json });
const write = (members) =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value?.json ?? JSON.stringify(value)}`).join(',')}}`;

/** Makes tokens one after another; each is `{ token, kind }`, of kind `'good'` where it must be accepted. */
export const maker = (seed, now) => {
  const { below, chance, pick } = dice(seed);

  const numbers = () =>
    pick([
      0,
      -1,
      1,
      1.5,
      now,
      now - 59,
      now - 60,
      now - 61,
      now + 60,
      now + 61,
      now + 86400,
      now - 604800,
      now + 0.5,
      raw('1e999'),
      raw('-1e999'),
      raw('9007199254740993'),
      raw('9223372036854775808'),
      253402300799,
      253402300800,
      raw(`${now + 100}.0`),
      raw('1e10'),
      raw('0e0'),
      raw('-0'),
      raw(`${now}000`),
      String(now + 300),
      true,
      null,
      [now + 300],
      {},
    ]);
  const words = (good) =>
    pick([
      good,
      good + '/',
      good + ' ',
      good.toUpperCase(),
      '',
      null,
      7,
      true,
      [good],
      [[good]],
      { 0: good },
      [good, 'x'],
      ['x', good],
      [],
      good + '\0',
      'x'.repeat(300),
      'é'.repeat(255),
      '__proto__',
      raw(`"\\u00${good.charCodeAt(0).toString(16)}${good.slice(1)}"`),
      raw('"\\ud800"'),
      raw('"\\ud83d\\ude00"'),
    ]);
  const claim = () => {
    const name = pick([
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'nbf',
      'nonce',
      'azp',
      'at_hash',
      'c_hash',
      's_hash',
      'events',
      'auth_time',
    ]);
    switch (name) {
      case 'exp':
      case 'iat':
      case 'nbf':
      case 'auth_time':
        return [name, numbers()];
      case 'iss':
        return [name, words('https://id.test')];
      case 'sub':
        return [name, words('alice')];
      case 'nonce':
        return [name, words('n')];
      case 'events':
        return [
          name,
          pick([{}, null, [], { 'http://schemas.openid.net/event/backchannel-logout': pick([{}, null, 1]) }]),
        ];
      case 'at_hash':
        return [name, pick(['', null, 'x', '46TOYtsXSV-XRE7RBfRq-w', 1])];
      default:
        return [name, words('shop')];
    }
  };
  const header = () => {
    const name = pick(['alg', 'kid', 'typ', 'crit', 'b64', 'zip', 'jku', 'jwk', 'x5c', 'cty', 'ALG', 'Kid']);
    const values = {
      alg: ['none', 'nOnE', 'RS256', 'PS256', 'ES256', 'EdDSA', 'HS256', 'RS512', 'rs256', null, ['RS256'], '', 0],
      kid: ['r', 'e', 'd', 'o', 'x', 'y', '', null, 7, {}, '__proto__', 'r'.repeat(2000), raw('"\\u0065"')],
      typ: [
        'JWT',
        'jwt',
        'application/jwt',
        'APPLICATION/JWT',
        'at+jwt',
        'logout+jwt',
        '',
        null,
        1,
        ['JWT'],
        'JWT;x',
        'application/at+jwt',
      ],
      crit: [[], ['b64'], ['exp'], null, 'b64', ['x'], {}],
      b64: [true, false, null],
      zip: ['DEF', null, ''],
    };
    return [name, pick(values[name] ?? ['https://evil.test/k', { kty: 'oct', k: 'AA' }, ['AA'], null])];
  };
  const put = (members, [name, value]) => {
    const i = members.findIndex(([other]) => other == name);
    if (chance(0.05))
      members.splice(below(members.length + 1), 0, [name, value]); // maybe twice
    else if (i < 0) members.push([name, value]);
    else if (chance(0.15)) members.splice(i, 1);
    else members[i] = [name, value];
  };
  /** Changes a text somewhere; often so little that it may still be what it was. */
  const scratch = (text) => {
    const at = below(text.length + 1);
    const to = at + below(4);
    switch (below(10)) {
      case 0:
        return text.slice(0, at) + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + pick([' ', '\n', '\t', '\r\n', '\0', '\u00a0']) + text.slice(at);
      case 2:
        return text.slice(0, at) + String.fromCharCode(32 + below(95)) + text.slice(at + 1);
      case 3:
        return text.slice(0, at) + text.slice(at, to) + text.slice(at);
      case 4:
        return text + pick([' ', '=', '==', '.', 'A', '\n', '{}', '//', '/**/', ',']);
      case 5:
        return pick(['\ufeff', ' ', '\n', '\u2028', '//\n']) + text;
      case 6:
        return (
          text.slice(0, at) +
          pick(['\ud800', '\udfff', '\xff', 'é', 'ſ', 'K', '\\u0061', '\\', '"', '\\"', "'"]) +
          text.slice(at)
        );
      case 7:
        return text.replace(/"(\w)/, (_, c) => `"\\u00${c.charCodeAt(0).toString(16)}`);
      case 8: {
        const swap = text[at] ?? '';
        return (
          text.slice(0, at) +
          (swap == swap.toLowerCase() ? swap.toUpperCase() : swap.toLowerCase()) +
          text.slice(at + 1)
        );
      }
      default: {
        const name = pick(['sub', 'aud', 'exp', 'nonce', 'alg', 'x', 'SUB', '\\u0073ub', 'ſub', '__proto__']);
        return text.replace(
          /}$/,
          `,"${name}":${pick(['"alice"', '"shop"', '"n"', 'NaN', '1', 'null', '[', '"x"', `${now + 9}`])}}`,
        );
      }
    }
  };
  /** Bytes that no text is. */
  const spoil = (bytes) => {
    const at = below(bytes.length);
    const bad = pick([
      [0xff],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xef, 0xbb, 0xbf],
      [0xc3],
    ]);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(bad), bytes.subarray(at)]);
  };

  return () => {
    let alg = pick(['ES256', 'ES256', 'ES256', 'EdDSA', 'EdDSA', 'EdDSA', 'RS256', 'PS256']);
    const head = [['alg', alg]];
    if (alg != 'x') head.push(['kid', kids[alg]]);
    if (chance(0.3)) head.push(['typ', pick(['JWT', 'jwt', 'application/jwt'])]);
    if (chance(0.1)) head.splice(1, 1); // without kid: there is one of a kind
    const body = [
      ['iss', 'https://id.test'],
      ['sub', 'alice'],
      ['aud', pick(['shop', ['shop']])],
      ['exp', now + 1 + below(1000)],
      ['iat', now - below(1000)],
      ['nonce', 'n'],
    ];
    if (chance(0.2)) body.push(['azp', 'shop']);
    if (chance(0.2)) body.push(['name', pick(['Alice', 'Ålice', '爱丽丝', '👩', '\u2028', '"\\/'])]);
    if (chance(0.1)) body.push(['nbf', now - below(100)]);
    if (chance(0.1)) body.push(['roles', { a: [{ b: [] }], __proto__: null, then: 1 }]);
    body.sort(() => below(3) - 1);

    const kind = pick([
      'good',
      'claims',
      'claims',
      'header',
      'json',
      'json',
      'bytes',
      'text',
      'signature',
      'key',
      'large',
    ]);
    if (kind == 'claims') for (let n = 1 + below(2); n; n--) put(body, claim());
    if (kind == 'header') for (let n = 1 + below(2); n; n--) put(head, header());
    let texts = [write(head), write(body)];
    if (kind == 'good' && chance(0.2))
      texts = texts.map((text) => text.replace(/,/g, () => pick([',', ' ,', ',\n\t'])));
    if (kind == 'large')
      texts[1] = texts[1].replace(
        /}$/,
        `,"x":${pick([
          `"${'x'.repeat(pick([100, 48000, 50000, 200000]))}"`,
          '['.repeat(15) + ']'.repeat(15),
          '['.repeat(16) + ']'.repeat(16),
          '{"a":'.repeat(40) + '1' + '}'.repeat(40),
          '['.repeat(20000),
          '1'.repeat(10000),
        ])}}`,
      );
    if (kind == 'json') {
      const which = below(3) ? 1 : 0;
      texts[which] = scratch(texts[which]);
    }
    let bytes = texts.map((text) => Buffer.from(text));
    if (kind == 'bytes') {
      const which = below(2);
      bytes[which] = spoil(bytes[which]);
    }
    const signed = bytes.map((part) => part.toString('base64url')).join('.');
    // What the header says, where that is something that can sign.
    const says = /"alg":"(RS256|PS256|ES256|EdDSA|HS256)"/.exec(texts[0])?.[1];
    if (kind == 'header' && says && chance(0.7)) alg = says;
    if (kind == 'key') alg = chance(0.5) ? alg : pick(['RS256', 'PS256', 'ES256', 'EdDSA', 'HS256', 'none']);
    let its = signature(alg, signed, kind == 'key' && chance(0.5));
    if (kind == 'signature')
      its = pick([
        () => Buffer.alloc(its.length),
        () => its.subarray(1),
        () => Buffer.concat([its, Buffer.alloc(1)]),
        () => Buffer.alloc(0),
        () => Buffer.concat([Buffer.alloc(1), its]),
        () => ((its[below(its.length)] ^= 1 << below(8)), its),
        () => Buffer.alloc(64, 255),
      ])();
    let token = signed + '.' + its.toString('base64url');
    if (kind == 'text') token = scratch(token);
    return { token, kind };
  };
};
