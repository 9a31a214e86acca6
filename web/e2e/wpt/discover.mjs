// Finds what of a folder of WPT can be run here: one entry a test page, and the reason why where there is none.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const aside = /\/(resources|support)\/|\.(headers|py|yml|md|txt|asis|ini|sub\.headers)$/;

/** Reads the folders of a checkout. Resolves with `tests`, each `{ file, url, long }`, and `skipped`, reasons by file. */
export async function discover(root, folders) {
  const tests = [];
  const skipped = {};
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of names) {
      const file = join(folder, entry.parentPath.slice(join(root, folder).length), entry.name);
      if (!entry.isFile() || aside.test(file)) continue;
      const text = await readFile(join(root, file), 'utf8');
      const reason = whyNot(file, text);
      if (reason) skipped[file] = reason;
      if (reason !== undefined) continue;
      const page = '/' + file.replace(/\.(any|window)\.js$/, '.$1.html');
      const long = /META: *timeout=long|name="?timeout"? content="?long/.test(text);
      const variants = [...text.matchAll(/META: *variant=(.*)|name="?variant"? content="([^"]*)"/g)].map(
        ([, a, b]) => a ?? b,
      );
      for (const variant of variants.length ? variants : ['']) tests.push({ file, url: page + variant, long });
    }
  }
  const order = (a, b) => (a.url < b.url ? -1 : 1);
  return { tests: tests.sort(order), skipped: Object.fromEntries(Object.entries(skipped).sort()) };
}

/** Undefined for a test, '' for what is none and is part of one, and else why it is not run. */
function whyNot(file, text) {
  if (/\.h2\./.test(file)) return 'needs HTTP/2';
  if (/-manual\.|\.tentative\.manual/.test(file)) return 'is done by hand';
  if (/\.any\.js$/.test(file)) {
    const globals = /META: *global=(\S+)/.exec(text)?.[1] ?? 'window,dedicatedworker';
    return /window/.test(globals) ? undefined : 'is for workers alone';
  }
  if (/\.window\.js$/.test(file)) return undefined;
  if (/\.(worker|serviceworker|sharedworker)\.js$/.test(file)) return 'is for workers alone';
  if (!/\.(html?|xhtml|xml|svg)$/.test(file)) return '';
  if (!/\/resources\/testharness\.js/.test(text)) return /rel="?(mis)?match/.test(text) ? 'compares pictures' : '';
  if (/testdriver\.js/.test(text)) return 'needs WebDriver';
  return undefined;
}
