// The protected API beside oidc-provider: the same paths and answers as the demo server's.
import { createHash } from 'node:crypto';

const orders = [
  { number: '2041', item: 'Brass padlock', price: 18.5, state: 'on its way' },
  { number: '2038', item: 'Door chain, steel', price: 12.9, state: 'delivered' },
];

export async function serveApi({ provider, origins, proofs, resources, req, res, scheme, token }) {
  const { origin, pathname: path } = new URL(req.url, provider.issuer);
  res.setHeader('vary', 'Origin');
  if (origins.includes(req.headers.origin)) {
    res.setHeader('access-control-allow-origin', req.headers.origin);
    res.setHeader('access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce');
    if (req.method === 'OPTIONS') {
      res.setHeader('access-control-allow-methods', req.headers['access-control-request-method'] ?? '');
      res.setHeader('access-control-allow-headers', req.headers['access-control-request-headers'] ?? '');
      res.setHeader('access-control-max-age', '600');
      return res.writeHead(204).end();
    }
  }
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of req) {
    hash.update(chunk);
    length += chunk.length;
  }
  if (path === '/api/public') {
    return json(res, 200, { public: true, authorization: req.headers.authorization ? 'bearer' : 'none' });
  }
  // Each API takes tokens that were made for it, and no others.
  const [, own] = /^\/api\/of\/(\d+)\//.exec(path) ?? [];
  const found = token && (await live(provider, token));
  const grant = found?.aud === (own && resources?.[own]) ? found : undefined;
  // A token that is bound is good with a proof only, and the nonce of the day comes with every answer.
  if (grant && (grant.jkt || scheme === 'dpop')) {
    res.setHeader('dpop-nonce', proofs.nonce);
    const { dpop: proof = '' } = req.headers;
    const error =
      scheme === 'dpop'
        ? proofs.refuse({ method: req.method, url: origin + path, proof, token, jkt: grant.jkt })
        : 'invalid_token';
    if (error) {
      res.setHeader('www-authenticate', `DPoP error="${error}", algs="ES256"`);
      return json(res, 401, { error });
    }
  }
  if (!grant) {
    res.setHeader(
      'www-authenticate',
      token ? `${scheme === 'dpop' ? 'DPoP' : 'Bearer'} error="invalid_token"` : 'Bearer',
    );
    return json(res, 401, { error: token ? 'invalid_token' : 'unauthorized' });
  }
  switch (path.replace(`/of/${own}`, '')) {
    case '/api/me':
      return json(res, 200, { sub: grant.accountId ?? '', scope: grant.scope ?? '', client: grant.clientId });
    case '/api/orders':
      return json(res, 200, orders);
    case '/api/echo':
      return json(res, 200, {
        method: req.method,
        sha256: hash.digest('hex'),
        length,
        contentType: req.headers['content-type'] ?? '',
        headers: Object.keys(req.headers).sort(),
      });
    default:
      return json(res, 404, { error: 'not_found' });
  }
}

async function live(provider, token) {
  const found = (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
  return found?.isValid ? found : undefined;
}

function json(res, status, value) {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(value));
}
