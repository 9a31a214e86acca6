// Makes latchkey.d.ts: what tsc makes of the public modules, in one file, without their imports of one another.
// Run by itself it prints the file; docs/api.d.ts is a copy of it, so that a change of the API is seen in review.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const web = join(import.meta.dirname, '..');

export const declarations = () => {
  const out = join(web, '.cache/types');
  execFileSync(process.execPath, [
    join(web, 'node_modules/typescript/bin/tsc'),
    ...['--project', web, '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', out],
  ]);
  const modules = ['types', 'errors', 'schemes', 'session'].map((name) => {
    const text = readFileSync(join(out, `${name}.d.ts`), 'utf8');
    return text.replace(/^(import .*|export \{\});\n/gm, '');
  });
  // Without the last line everything that is declared would be exported, also what is not meant to be.
  return `${modules.join('\n')}export {};\n`;
};

if (import.meta.url == pathToFileURL(process.argv[1]).href) process.stdout.write(declarations());
