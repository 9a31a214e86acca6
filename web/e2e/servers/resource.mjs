// A resource server for HTTP clients: it remembers what arrived byte for byte, streams events, takes resumable uploads and
// answers GraphQL. Whether a token is good, the server that gave it says. Every page may ask it, with cookies too.
import { createServer } from 'node:http';

const thing = { id: 7, name: 'Brass padlock' };
const big = Buffer.alloc(600_000, 'x');

/** Starts it. `judge` is the URL that says by its status whether a token is good; it can be set later. */
export async function startResource() {
  const resource = { judge: undefined, arrived: [], close, events: [] };
  const uploads = new Map();
  let heard;

  const answers = {
    '/thing': ({ answer }) => answer(200, thing),
    '/open': ({ answer }) => answer(200, thing),
    '/echo': ({ answer, body }) => answer(200, { length: body.length }),
    // In parts, so that there is progress to tell of.
    async '/big'({ response }) {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': big.length });
      for (let at = 0; at < big.length; at += 100_000) {
        response.write(big.subarray(at, at + 100_000));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      response.end();
    },
    // Nothing ever comes.
    '/slow': () => {},
    '/graphql'({ answer, body, url }) {
      const { variables, operationName } = body.length ? JSON.parse(body) : Object.fromEntries(url.searchParams);
      const data = operationName == 'Echo' ? { echo: { length: variables.input.length } } : { thing };
      answer(200, { data });
    },
    // Server-sent events, as many as the test sends to those who listen.
    '/events'({ response }) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write('id: 1\ndata: first\n\n');
      resource.events.push(response);
      heard?.(response);
    },
    // tus 1.0.0, the core protocol and the extension `creation`.
    '/files'({ response, headers }) {
      const path = `/files/${uploads.size + 1}`;
      uploads.set(path, { size: Number(headers['upload-length']), parts: [], offset: 0 });
      response.writeHead(201, { 'tus-resumable': '1.0.0', location: `${resource.api.slice(0, -1)}${path}` }).end();
    },
  };

  const file = ({ path, method, headers, body, response }) => {
    const upload = uploads.get(path);
    const here = upload && Number(headers['upload-offset'] ?? upload.offset) == upload.offset;
    if (!here) return response.writeHead(upload ? 409 : 404).end();
    if (method == 'PATCH') {
      upload.parts.push(body);
      upload.offset += body.length;
    }
    const tus = { 'tus-resumable': '1.0.0', 'upload-offset': upload.offset };
    response.writeHead(method == 'PATCH' ? 204 : 200, { ...tus, 'upload-length': upload.size }).end();
  };

  const server = createServer(async (request, response) => {
    const { method, headers } = request;
    const url = new URL(request.url, 'http://resource');
    const path = url.pathname.slice('/api'.length);
    const parts = [];
    const entry = { method, path, headers };
    resource.arrived.push(entry);
    response.on('error', () => {});
    const asked = headers['access-control-request-headers'];
    for (const [name, value] of Object.entries({
      'allow-origin': headers.origin ?? '*',
      'allow-credentials': 'true',
      'allow-methods': 'GET, POST, PATCH, HEAD, DELETE',
      'expose-headers': 'location, upload-offset, upload-length, tus-resumable, x-refused',
      ...(asked && { 'allow-headers': asked }),
    }))
      response.setHeader(`access-control-${name}`, value);
    if (method == 'OPTIONS') return response.writeHead(204).end();
    try {
      for await (const part of request) parts.push(part);
    } catch {
      // The page has given it up.
      return;
    }
    const body = (entry.body = Buffer.concat(parts));
    const answer = (status, value) => {
      entry.status = status;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    const { authorization } = headers;
    const good = path == '/open' || (authorization && (await fetch(resource.judge, { headers: { authorization } })).ok);
    if (!good) {
      response.setHeader('www-authenticate', `Bearer${authorization ? ' error="invalid_token"' : ''}`);
      return answer(401, { error: 'invalid_token' });
    }
    const how = answers[path] ?? (path.startsWith('/files/') ? file : undefined);
    response.on('finish', () => {
      entry.status = response.statusCode;
    });
    if (how) await how({ url, path, method, headers, body, response, answer });
    else answer(404, { error: 'not_found' });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  resource.api = `http://127.0.0.1:${server.address().port}/api/`;
  /** What arrived at a path, without preflights. */
  resource.at = (path) => resource.arrived.filter((one) => one.path == path && one.method != 'OPTIONS');
  resource.reset = () => {
    resource.arrived.length = resource.events.length = 0;
    uploads.clear();
  };
  /** The answer to whoever listens to the events next. */
  resource.listens = () =>
    new Promise((resolve) => {
      heard = resolve;
    });
  /** What was uploaded, oldest first. */
  resource.uploads = () => [...uploads.values()].map(({ parts }) => Buffer.concat(parts));
  return resource;

  async function close() {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
