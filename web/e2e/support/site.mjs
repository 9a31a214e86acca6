// The test page on a server of its own, with the headers that a test wants: another host than the demo's, or an
// opener policy.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const web = join(import.meta.dirname, '../..');
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };

/**
 * Starts one that is reached by a name of this machine. `headers` go with every page. Every path that is no file is
 * the page, `/index.html`, as the demo's server has it; `bodies` has others, by path, and may be changed later. Before a page
 * is served `before` is waited for, which may be set later.
 */
export async function startSite({ host = '127.0.0.1', headers = {}, bodies = {} } = {}) {
  const site = { before: undefined, close };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    const name = extname(pathname) ? normalize(pathname) : '/index.html';
    try {
      const body = bodies[pathname] ?? bodies[name] ?? (await readFile(join(web, name.startsWith('/dist/') ? '' : 'e2e/pages', name)));
      const type = types[extname(name)] ?? 'text/plain';
      if (name === '/index.html') await site.before?.();
      response.writeHead(200, { 'content-type': type, ...(type.startsWith('text/html') ? headers : {}) }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.origin = `http://${host}:${server.address().port}`;
  return site;

  async function close() {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
