// Pages of TypeScript that use the package's declarations, as somebody has them who installs it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { declarations } from '../tools/declarations.mjs';

const cache = join(import.meta.dirname, '../.cache');

/** What is wrong with the files: a list of `name:line message`. `files` has their text by name. */
export const complaints = (folder, files) => {
  const at = join(cache, folder);
  mkdirSync(at, { recursive: true });
  const all = { ...files, 'latchkey.d.ts': declarations() };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(at, name), text);
  const program = ts.createProgram(
    Object.keys(files).map((name) => join(at, name)),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      paths: { latchkey: [join(at, 'latchkey.d.ts')] },
      types: [],
    },
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (!file) return text;
    return `${file.fileName.slice(at.length + 1)}:${file.getLineAndCharacterOfPosition(start).line + 1} ${text}`;
  });
};
