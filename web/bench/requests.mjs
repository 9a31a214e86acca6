// What a request costs more than without the library, in µs.
import { libraries } from './libraries.mjs';
import { differences, median, summary } from './statistics.mjs';

/** Small blocks: one that takes long shows in them, and the clock's steps of 5 µs do not. */
const few = 10;

export async function measureRequests({ measurePage }, { blocks, calls, smallBlocks, pairs }) {
  const results = {};
  for (const library of libraries) {
    const result = (results[library] = {});
    const stubbed = await measurePage(library, '?stub=fixed');
    const ownWork = async (...args) =>
      compare(await stubbed.evaluate((args) => globalThis.bench.ownWork(...args), args));
    for (const kind of await stubbed.evaluate(() => globalThis.bench.kinds)) {
      result[kind] = await ownWork(kind, blocks, calls);
      if (['get', 'xhr'].includes(kind)) result[kind].small = await ownWork(kind, smallBlocks, few);
    }
    await stubbed.close();
    const page = await measurePage(library);
    result.real = compare(await page.evaluate((count) => globalThis.bench.real(count), pairs));
    await page.close();
  }
  return results;
}

/** `token` is what the token costs: where a library extends a client, it leaves out what that client does without it. */
const compare = ({ own, without, literal, bare }) => ({
  added: summary(differences(own, bare)),
  token: summary(differences(own, without ?? bare)),
  ...(literal && {
    literal: summary(differences(literal, bare)),
    /** More than twice what a literal header adds, three by three. */
    overTwice: summary(own.map((time, i) => time - bare[i] - 2 * (literal[i] - bare[i]))),
  }),
  bare: median(bare),
});
