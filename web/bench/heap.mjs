// Whether memory grows with the number of requests. Each answer is an object of its own; the network is stubbed.
import { libraries } from './libraries.mjs';
import { slope } from './statistics.mjs';

const total = 20_000;
const step = 2_000;
/** Before the first point: code is compiled and optimised, which takes memory once. */
const warmUp = 6_000;
/** Bytes per request. Holding on to anything at all for each request takes a pointer, which is four bytes. */
const least = 2;

export async function measureHeap({ context, measurePage }) {
  const results = {};
  for (const library of libraries) {
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

async function heapOf(cdp) {
  // What a finalizer frees goes with the next collection.
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
  return (await cdp.send('Runtime.getHeapUsage')).usedSize;
}

const wasmMemory = (page) => page.evaluate(() => globalThis.bench.wasmMemory());
