// Id tokens that are not what they should be, and some that are.
import { bitWrong, halfHash, keyFor, sign, signedByHMAC, unsigned } from '../servers/hostile-keys.mjs';

const token = ['authorize', 'token'];
const refused = { want: { error: 'id_token_invalid' }, asks: token };
const accepted = { want: {}, asks: token };
/** Without a look at the keys, these would be accepted for no reason. */
const verified = { ...accepted, reads: { jwks: 1 } };

const claims = (change) => ({ idToken: (jwt, grant) => void change(jwt.claims, grant) });
const without = (name) => claims((claims) => delete claims[name]);
const header = (change) => ({ idToken: (jwt) => void change(jwt.header) });
const day = 86_400;

const table = [
  ['OP-01', '', 'does nothing wrong', {}, verified],
  [
    'OP-02',
    '',
    'says that another issuer made the id token',
    claims((c) => (c.iss = 'https://other.example')),
    refused,
  ],
  ['OP-02', 'slash', 'writes its name with one slash more', claims((c) => (c.iss += '/')), refused],
  ['OP-03', '', 'leaves sub out', without('sub'), refused],
  ['OP-03', 'empty', 'has an empty sub', claims((c) => (c.sub = '')), refused],
  ['OP-04', '', 'has another client as aud', claims((c) => (c.aud = 'other')), refused],
  ['OP-05', '', 'leaves aud out', without('aud'), refused],
  ['OP-05', 'empty', 'has an empty list as aud', claims((c) => (c.aud = [])), refused],
  ['OP-06', '', 'leaves iat out', without('iat'), refused],
  ['OP-07', '', 'names no key, and has one', header((h) => delete h.kid), verified],
  ['OP-09', '', 'signs with RS256', {}, verified],
  ['OP-09', 'ps256', 'signs with PS256', { alg: 'PS256' }, verified],
  ['OP-09', 'es256', 'signs with ES256', { alg: 'ES256' }, verified],
  ['OP-09', 'eddsa', 'signs with EdDSA', { alg: 'EdDSA' }, verified],
  ['OP-10', '', 'signs with none', { jwt: (jwt) => unsigned(jwt) }, refused],
  [
    'OP-10',
    'announced',
    'signs with none, and has announced it',
    {
      jwt: (jwt) => unsigned(jwt),
      metadata: (m) => void m.id_token_signing_alg_values_supported.push('none'),
    },
    refused,
  ],
  ['OP-10', 'case', 'signs with nOnE', { jwt: (jwt) => unsigned(jwt, 'nOnE') }, refused],
  ['OP-11', '', 'has one bit of an RS256 signature wrong', { jwt: bitWrong }, refused],
  ['OP-11', 'key', 'signs with a key that is not its own', { idToken: (jwt) => stranger(jwt) }, refused],
  ['OP-12', '', 'has one bit of an ES256 signature wrong', { alg: 'ES256', jwt: bitWrong }, refused],
  ['OP-13', '', "signs with HS256 and the client's id", { jwt: (jwt) => signedByHMAC(jwt, 'app') }, refused],
  ['OP-13', 'empty', 'signs with HS256 and nothing', { jwt: (jwt) => signedByHMAC(jwt, '') }, refused],
  [
    'OP-13',
    'pem',
    'signs with HS256 and its public key as the secret',
    { jwt: (jwt, { as }) => signedByHMAC(jwt, as.signing.public.export({ type: 'spki', format: 'pem' })) },
    refused,
  ],
  [
    'OP-13',
    'oct',
    'signs with HS256 and a secret that its key set has',
    {
      jwt: (jwt) => signedByHMAC(jwt, 'published', { kid: 'secret' }),
      keys: (set) =>
        void set.keys.push({
          kty: 'oct',
          kid: 'secret',
          alg: 'HS256',
          k: Buffer.from('published').toString('base64url'),
        }),
      metadata: (m) => void m.id_token_signing_alg_values_supported.push('HS256'),
    },
    refused,
  ],
  ['OP-15', '', 'has another nonce', claims((c) => (c.nonce = 'another')), refused],
  ['OP-21', '', 'has a wrong at_hash', claims((c) => (c.at_hash = halfHash('RS256', 'other'))), refused],
  ['OP-21', 'absent', 'has no at_hash in the code flow, which may be', without('at_hash'), accepted],
  ['OP-44', '', 'passes a logout token for an id token', { idToken: logoutToken }, refused],
  ['OP-44', 'typ', 'says that the id token is a logout token', header((h) => (h.typ = 'logout+jwt')), refused],
  ['OP-44', 'access', 'says that it is an access token', header((h) => (h.typ = 'at+jwt')), refused],
  ['OP-50', '', 'has somebody else in aud too', claims((c) => (c.aud = ['app', 'other'])), refused],
  [
    'OP-50',
    'azp',
    'has somebody else in aud and as azp',
    claims((c) => Object.assign(c, { aud: ['app', 'other'], azp: 'other' })),
    refused,
  ],
  ['OP-50', 'single', 'has this client as aud, and another as azp', claims((c) => (c.azp = 'other')), refused],
  ['OP-51', '', 'has a list of this client as aud', claims((c) => (c.aud = ['app'])), accepted],
  [
    'OP-52',
    'expired',
    'has an id token that has expired',
    claims((c) => Object.assign(c, { iat: c.iat - 400, exp: c.iat - 100 })),
    refused,
  ],
  ['OP-52', 'exp', 'leaves exp out', without('exp'), refused],
  ['OP-52', 'iss', 'leaves iss out', without('iss'), refused],
  ['OP-52', 'text', 'has exp as text', claims((c) => (c.exp = `${c.exp}`)), refused],
  ['OP-53', '', 'leaves the nonce out', without('nonce'), refused],
  ['OP-54', '', 'signs with RS512, and has announced RS256', { idToken: alternate }, refused],
  ['OP-54', 'null', 'has null as alg', header((h) => (h.alg = null)), refused],
  ['OP-57', '', 'made the id token a week ago, and it is still good', claims((c) => (c.iat -= 7 * day)), accepted],
  ['OP-57', 'ahead', 'makes the id token tomorrow', claims((c) => (c.iat += day)), refused],
  ['OP-57', 'nbf', 'says that it is good from tomorrow on', claims((c) => (c.nbf = c.iat + day)), refused],
  ['OP-60', 'slow', 'has a clock a minute behind', { clock: -55 }, accepted],
  ['OP-60', 'fast', 'has a clock a minute ahead', { clock: 55 }, accepted],
];

/** Signs with a key under another's name. */
function stranger(jwt) {
  jwt.key = keyFor('RS256', 9);
}

function alternate(jwt) {
  jwt.key = { ...jwt.key, alg: 'RS512' };
  jwt.header.alg = 'RS512';
}

/** As OpenID Connect Back-Channel Logout 1.0, section 2.4, has it, with all that an id token needs. */
function logoutToken({ header, claims }) {
  header.typ = 'logout+jwt';
  Object.assign(claims, { jti: 'j', events: { 'http://schemas.openid.net/event/backchannel-logout': {} } });
}

/** One more key of the set, of the first one's kind unless given. */
const second = (change = () => {}, alg = 'RS256') => ({
  idToken: ({ header }) => void delete header.kid,
  keys(set) {
    const { jwk } = keyFor(alg, 2);
    change(jwk);
    set.keys.unshift(jwk);
  },
});

/** Claims that a page may want, some of them with a source elsewhere. */
const sourced = {
  idToken: ({ claims }, { as }) =>
    void Object.assign(claims, {
      _claim_names: { credit: 'a', shipping: 'b' },
      _claim_sources: { a: { JWT: 'e30.e30.' }, b: { endpoint: `${as.evil}/claims`, access_token: 'at_for_claims' } },
    }),
};

const odd = [
  { id: 'OP-08', what: 'names no key, and has two that fit', server: second(), ...refused },
  {
    id: 'OP-08',
    variant: 'kind',
    what: 'names no key, and has one that fits and one of another kind',
    server: second(undefined, 'ES256'),
    ...verified,
  },
  {
    id: 'OP-08',
    variant: 'use',
    what: 'names no key, and has one that fits and one for encryption',
    server: second((jwk) => Object.assign(jwk, { use: 'enc', alg: 'RSA-OAEP-256' })),
    ...verified,
  },
  {
    id: 'OP-11',
    variant: 'moved',
    what: "has another person's claims under a good signature",
    server: {
      async jwt(jwt) {
        const [header, , signature] = jwt.split('.');
        const claims = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
        claims.sub = 'mallory';
        return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
      },
    },
    ...refused,
  },
  {
    id: 'OP-13',
    variant: 'jwk',
    what: 'has the key that fits in the header of the id token itself',
    server: {
      async jwt(jwt) {
        const key = keyFor('RS256', 9);
        const claims = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
        return sign({ header: { alg: 'RS256', kid: key.kid, jwk: key.public.export({ format: 'jwk' }) }, claims, key });
      },
    },
    ...refused,
    reads: undefined,
  },
  {
    id: 'OP-17',
    what: 'tells email and address where they are asked for',
    server: {},
    auth: { scope: 'openid profile email address' },
    want: { claims: { name: 'Alice', email: 'alice@example.com', email_verified: true, address: { country: 'NL' } } },
    asks: token,
  },
  { id: 'OP-26', what: 'has claims whose source is another origin', server: sourced, ...accepted },
  {
    id: 'OP-60',
    variant: 'behind',
    what: 'has a clock five minutes behind, and lets the page read it',
    server: { clock: -310 },
    ...accepted,
  },
  {
    id: 'OP-60',
    variant: 'ahead',
    what: 'has a clock five minutes ahead, and lets the page read it',
    server: { clock: 310 },
    ...accepted,
  },
  {
    id: 'OP-60',
    variant: 'unread',
    what: 'has a clock ten minutes behind, and does not let the page read it',
    server: { clock: -600, headers: { 'access-control-expose-headers': 'retry-after' } },
    ...refused,
  },
];

export const idTokens = [
  ...table.map(([id, variant, what, server, how]) => ({ id, variant, what, server, ...how })),
  ...odd,
];
