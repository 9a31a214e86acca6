// Whether memory grows with the number of requests. Each answer is an object of its own; the network is stubbed.
import { visited } from './libraries.mjs';
import { slope } from './statistics.mjs';

/** Before the first point: code is compiled and optimised, which takes memory once. */
const warmUp = 6_000;
/** Bytes per request. Holding on to anything at all for each request takes a pointer, which is four bytes. */
const least = 2;

export async function measureHeap({ context, measurePage }, total) {
  const step = total / 10;
  const results = {};
  for (const library of visited) {
    const page = await measurePage(library, '?stub=fresh');
    const cdp = await context.newCDPSession(page);
    await page.evaluate((count) => globalThis.bench.requests(count), warmUp);
    const wasmBefore = await wasmMemory(page);
    const points = [[0, await heapOf(cdp)]];
    for (let done = step; done <= total; done += step) {
      await page.evaluate((count) => globalThis.bench.requests(count), step);
      points.push([done, await heapOf(cdp)]);
    }
    const bytesPerRequest = slope(points);
    results[library] = {
      start: points[0][1],
      growth: points.at(-1)[1] - points[0][1],
      bytesPerRequest,
      trend: bytesPerRequest >= least,
      wasm: { start: wasmBefore, end: await wasmMemory(page) },
      points,
    };
    await page.close();
  }
  return results;
}

/** What is in use after collection. */
export async function heapOf(cdp) {
  // What a finalizer frees goes with the next collection.
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}

export const wasmMemory = (page) => page.evaluate(() => globalThis.bench.wasmMemory());

/** All that the page's scripts take, the browser's objects and what is to be collected among it. */
export async function usageOf(cdp) {
  const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await cdp.send('Runtime.getHeapUsage');
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}
