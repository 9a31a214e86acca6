// An origin that is nobody's friend: it lets every page read everything, and remembers all that reaches it.
import { readBody, listen } from './hostile-http.mjs';

export async function startEvil() {
  const arrived = [];
  const server = await listen(async (request, response) => {
    const { method, url, headers } = request;
    response.setHeader('access-control-allow-origin', headers.origin ?? '*');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT, DELETE');
    response.setHeader('access-control-allow-headers', headers['access-control-request-headers'] ?? '*');
    const entry = { method, url, headers, body: await readBody(request) };
    arrived.push(entry);
    evil.report?.(entry);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  const evil = {
    origin: server.origin,
    /** Each with `method`, `url`, `headers` and `body`. */
    arrived,
    /** What arrived, without what may be a secret: `GET /path`. */
    log: () => arrived.map(({ method, url }) => `${method} ${url.split(/[?#]/)[0]}`),
    close: server.close,
  };
  return evil;
}
