// An origin that is none of the page's friends: it lets every page read everything, and remembers what arrived.
import { createServer } from 'node:http';

/** Starts one. A path `/…/redirect/<status>` leads to the address that the query `to` names. */
export async function startStranger() {
  const arrived = [];
  const server = createServer((request, response) => {
    const { method, headers } = request;
    const url = new URL(request.url, 'http://stranger');
    response.setHeader('access-control-allow-origin', '*');
    if (method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', '*');
      response.setHeader('access-control-allow-headers', `*, ${headers['access-control-request-headers'] ?? ''}`);
      return response.writeHead(204).end();
    }
    arrived.push({ method, path: url.pathname, authorization: headers.authorization, headers });
    const status = /\/redirect\/(\d+)$/.exec(url.pathname)?.[1];
    if (status) return response.writeHead(Number(status), { location: url.searchParams.get('to') }).end();
    response.writeHead(url.pathname.endsWith('/refuse') ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    arrived,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
