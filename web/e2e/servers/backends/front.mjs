// What stands before a real server: it keeps the record, plays the faults, ends TLS, and has the test page on all paths
// that are not the server's. What the server says goes through as it is.
import { createServer, request as ask } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { ownAnswer } from './faults.mjs';

/** Listens on a free port of this machine. Resolves with the origin. */
export async function listen(handler, tls) {
  const server = tls ? createSecureServer(tls, handler) : createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
}

const hop = /^(?:connection|keep-alive|transfer-encoding|content-length|date)$/;

/**
 * @param {object} given
 * @param {string[]} given.prefixes the paths of the real server
 * @param {() => number} given.port of it
 * @param {(body: string, url: URL) => object} [given.describe] more for the record, as `fields` of a query
 */
export function createFront({ prefixes, port, describe, record, faults, hidden, mayCall, page, secure }) {
  async function handle(request, response) {
    const url = new URL(request.url, 'http://front');
    if (!prefixes.some((prefix) => `${url.pathname}/`.startsWith(`${prefix}/`))) return page(url.pathname, response);
    const body = await read(request);
    if (request.method === 'OPTIONS') {
      record.preflight(request, url.pathname);
      return send(response, await forward(request, body));
    }
    const entry = record.begin(request, url, describe?.(body.toString(), url));
    response.once('close', () => record.end(entry));
    const fault = faults.take(entry);
    if (fault) entry.fault = fault.mode;
    const { answer, isCut } = await work(request, body, fault);
    if (!answer) return response.destroy();
    record.answered(entry, answer.status, answer.headers);
    if (fault?.mode === 'drop') return response.destroy();
    send(response, answer, isCut);
  }

  async function work(request, body, fault) {
    if (!fault) return { answer: await forward(request, body) };
    const { mode } = fault;
    if (mode === 'drop-before') return {};
    const own = ownAnswer(fault);
    if (own) return { answer: { ...own, headers: { ...own.headers, ...readable(request) } } };
    if (mode === 'hang') await fault.gate.opened;
    const answer = await forward(request, body);
    if (mode === 'late') await fault.gate.opened;
    if (mode === 'edit') {
      for (const [name, value] of Object.entries(fault.headers)) {
        if (value === null) delete answer.headers[name];
        else answer.headers[name] = value;
      }
    }
    return { answer, isCut: mode === 'truncated' };
  }

  /** What lets the page read an answer that is not the real server's. */
  const readable = ({ headers: { origin } }) =>
    mayCall(origin)
      ? {
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'retry-after',
          vary: 'Origin',
        }
      : {};

  function forward(request, body) {
    const { method, url, headers } = request;
    const more = { 'x-forwarded-proto': secure ? 'https' : 'http' };
    return new Promise((resolve, reject) => {
      const asking = ask({ host: '127.0.0.1', port: port(), method, path: url, headers: { ...headers, ...more } });
      asking.on('error', reject);
      asking.on('response', async (answer) => {
        const kept = Object.entries(answer.headers).filter(([name]) => !hop.test(name));
        const found = { status: answer.statusCode, headers: Object.fromEntries(kept), body: await read(answer) };
        const names = found.headers['access-control-expose-headers'];
        if (names) found.headers['access-control-expose-headers'] = without(names, hidden());
        resolve(found);
      });
      asking.end(body);
    });
  }

  function send(response, { status, headers, body }, isCut) {
    const head = { ...headers, date: new Date().toUTCString() };
    if (status !== 204 && status !== 304) head['content-length'] = body.length;
    response.writeHead(status, head);
    if (!isCut) return response.end(body);
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  }

  return (request, response) =>
    handle(request, response).catch((error) => {
      console.error('the front of a backend:', error.code ?? error.name);
      response.destroy();
    });
}

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const without = (list, names) =>
  list
    .split(/ *, */)
    .filter((name) => !names.includes(name.toLowerCase()))
    .join(',');
