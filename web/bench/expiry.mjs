// Very many requests at once, just after the token has ended: all are refused, wait for one refresh, and are sent again.
// The network is stubbed but for the token endpoint.
import { setTimeout } from 'node:timers/promises';
import { heapOf, usageOf, wasmMemory } from './heap.mjs';

export async function measureExpiry({ context, measurePage }, count) {
  const page = await measurePage('latchkey', '?stub=expiry');
  const cdp = await context.newCDPSession(page);
  await heapOf(cdp);
  const [before, wasmBefore] = [await usageOf(cdp), await wasmMemory(page)];
  let peak = 0;
  // With what could be collected: it takes memory all the same.
  const look = async () => (peak = Math.max(peak, await usageOf(cdp)));
  await page.evaluate((count) => globalThis.bench.atOnce(count), count);
  await look();
  await page.waitForFunction(({ count }) => globalThis.bench.network.refused == count, { count });
  await look();
  const start = performance.now();
  await page.evaluate(() => globalThis.bench.network.release());
  let over = false;
  const end = page.evaluate(() => globalThis.settled).finally(() => (over = true));
  while (!over) {
    await look();
    await setTimeout(5);
  }
  const statuses = await end;
  await look();
  const refreshes = await page.evaluate(() => globalThis.bench.network.refreshes);
  const result = {
    count,
    refreshes,
    lost: statuses.filter((status) => status != 200).length,
    milliseconds: performance.now() - start,
    peak: peak - before + (await wasmMemory(page)) - wasmBefore,
  };
  await page.close();
  return result;
}
