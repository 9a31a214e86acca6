// What a request costs more than the bare fetch, in µs.
import { libraries } from './libraries.mjs';
import { differences, median, summary } from './statistics.mjs';

export async function measureRequests({ measurePage }, { blocks, calls, pairs }) {
  const results = {};
  for (const library of libraries) {
    results[library] = {};
    const stubbed = await measurePage(library, '?stub=fixed');
    for (const kind of ['get', 'post']) {
      const times = await stubbed.evaluate(
        ([kind, blocks, calls]) => globalThis.bench.ownWork(kind, blocks, calls),
        [kind, blocks, calls],
      );
      results[library][kind] = compare(times);
    }
    await stubbed.close();
    const page = await measurePage(library);
    results[library].pairs = compare(await page.evaluate((count) => globalThis.bench.pairs(count), pairs));
    await page.close();
  }
  return results;
}

const compare = ({ own, bare }) => ({ added: summary(differences(own, bare)), bare: median(bare) });
