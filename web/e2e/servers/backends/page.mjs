// The test page, as the demo's server has it too: what is no file is the page.
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';

const web = join(import.meta.dirname, '../../..');
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html; charset=utf-8' };

export function pages({ static: folder = join(web, 'e2e/pages'), dist = join(web, 'dist'), headers = {} }) {
  return async (pathname, response) => {
    const name = extname(pathname) ? normalize(pathname) : '/index.html';
    const file = name.startsWith('/dist/') ? join(dist, name.slice(6)) : join(folder, name);
    try {
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain', ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  };
}
