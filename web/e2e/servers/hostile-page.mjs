// The page's origin: every address without a file behind it is the test page, as in any single-page app.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { listen } from './hostile-http.mjs';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const types = { js: 'text/javascript', wasm: 'application/wasm', html: 'text/html; charset=utf-8' };

/** `rewrite(path, html)` may change a page. */
export async function startPage({ rewrite }) {
  const files = new Map();
  const file = async (path) => {
    if (!files.has(path)) files.set(path, await readFile(path));
    return files.get(path);
  };
  return listen(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const name = /^\/(dist\/)?([\w.-]+\.(js|wasm|html))$/.exec(pathname);
    const path = name
      ? folder(name[1] ? `../../dist/${name[2]}` : `../pages/${name[2]}`)
      : folder('../pages/index.html');
    const body = await file(path).catch(() => undefined);
    if (!body) return response.writeHead(404).end();
    // The program is compiled once a browser context, and not at each load, where it may be kept.
    const headers = { 'content-type': types[name?.[3] ?? 'html'], 'cache-control': name ? 'max-age=600' : 'no-store' };
    response.writeHead(200, headers).end(name ? body : rewrite(pathname, body.toString()));
  });
}
