import { build } from 'esbuild';
import { minify } from 'vite';
import { brotliCompressSync, constants } from 'node:zlib';
import { readFileSync } from 'node:fs';
const size = async (stub) => {
  const r = await build({
    entryPoints: ['src/index.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    legalComments: 'none',
    define: { __VERSION__: '"0.1.0"', __USER__: 'false' },
    plugins: [
      {
        name: 'a',
        setup: (b) => {
          b.onResolve(
            { filter: /^\.\/runtime$/ },
            ({ kind }) => kind == 'dynamic-import' && { path: './latchkey.runtime.min.js', external: true },
          );
          if (stub)
            b.onLoad({ filter: /src\/.*\.ts$/ }, ({ path }) => {
              const n = path.split('/').pop();
              if (stub[n])
                return {
                  contents: typeof stub[n] == 'function' ? stub[n](readFileSync(path, 'utf8')) : stub[n],
                  loader: 'ts',
                };
            });
        },
      },
    ],
  });
  const { code } = await minify('x.js', r.outputFiles[0].text, {
    module: true,
    compress: { target: 'es2022' },
    mangle: { toplevel: true },
  });
  return brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
};
const all = await size();
console.log('all', all);
const cut = (a, b) => (s) => {
  const i = s.indexOf(a);
  const j = s.indexOf(b, i);
  if (i < 0 || j < 0) throw a;
  return s.slice(0, i) + s.slice(j);
};
const tests = {
  spartacus: { 'spartacus.ts': 'export const fromSpartacusConfig=(o:any)=>o' },
  record: {
    'record.ts': 'export const readRecord=(a:any,b:any):any=>a,readClient=readRecord,isLive=readRecord as any',
  },
  options: { 'options.ts': 'export const check:any=(a:any)=>a,take=check,readOptions=(o:any)=>o' },
  xhr: { 'xhr.ts': 'export const wrapXHR=(a:any,b:any,c:any)=>()=>{}' },
  fetch: { 'fetch.ts': 'export const createFetch=(a:any,b:any,c:any,d:any)=>a' },
  callback: { 'callback.ts': 'export const takeCallback=(a:any)=>a' },
  storage: { 'storage.ts': 'export const storageMethods:any=[],storagesFor=(a:any)=>[a,a]' },
  cookies: { 'options.ts': cut("  if (copy.scheme == 'cookies') {", '  if (!auth.agent && api.some') },
  vendure: { 'options.ts': cut("  if (copy.scheme == 'vendure') {", "  if (copy.scheme == 'cookies') {") },
  occ: { 'options.ts': cut('  if (isOcc) {', "  if (copy.scheme == 'vendure') {") },
  schemesfill: {
    'schemes.ts': (s) =>
      s.slice(0, s.indexOf('/** Fills')) +
      'export const occ:any=scheme("occ" as any);export const vendure=scheme("vendure" as any),cookies=scheme("cookies" as any)',
  },
  session: {
    'session.ts':
      'import {createFetch} from "./fetch";import {readOptions,check,take} from "./options";import {wrapXHR} from "./xhr";import {readRecord,readClient,isLive} from "./record";import {storagesFor} from "./storage";import {takeCallback} from "./callback";import {compile,nobody,anonymous} from "./policy";export const createSession=(a:any)=>[createFetch,readOptions,check,take,wrapXHR,readRecord,readClient,isLive,storagesFor,takeCallback,compile,nobody,anonymous]',
  },
};
for (const [k, v] of Object.entries(tests)) console.log(k, all - (await size(v)));
