// How long until the first request leaves, and until the session is known: from the start of the navigation, in a new
// tab each time. In each round every library has its turn, in an order drawn anew: what one page leaves behind (a
// renderer that ends, code being optimised) must not fall on the same neighbour each time.
import { visited } from './libraries.mjs';
import { differences, interval, median, summary } from './statistics.mjs';

const visits = {
  'reload with a session, cold cache': { cold: true, session: true },
  'reload with a session, warm cache': { cold: false, session: true },
  'first visit, cold cache': { cold: true, session: false },
};
const figures = ['html', 'bundle', 'script', 'opened', 'requestStart', 'ready', 'runtime'];

export async function measureStart({ context, origin }, rounds) {
  const results = {};
  for (const [visit, { cold, session }] of Object.entries(visits)) {
    const times = Object.fromEntries(visited.map((library) => [library, []]));
    // The first round is not counted: it fills the caches.
    for (let round = -1; round < rounds; round++) {
      for (const library of shuffled(visited)) {
        const measured = await visitOnce(context, origin(library, session), { cold, session });
        if (measured.authorized != session) throw new Error(`${library}, ${visit}: authorized ${measured.authorized}`);
        if (round < 0) continue;
        if (measured.fromCache == cold) throw new Error(`${library}, ${visit}: from cache ${measured.fromCache}`);
        times[library].push(measured);
      }
    }
    results[visit] = Object.fromEntries(visited.map((library) => [library, summed(times[library])]));
    const starts = (library) => times[library].map(({ requestStart }) => requestStart);
    const behind = differences(starts('latchkey'), starts('oidc-client-ts'));
    results[visit].latchkey.behindOidc = { median: median(behind), interval: interval(behind) };
  }
  return results;
}

const shuffled = (values) =>
  values
    .map((value) => [Math.random(), value])
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);

const summed = (times) =>
  Object.fromEntries(
    figures
      .filter((figure) => times[0][figure] !== undefined)
      .map((figure) => [figure, summary(times.map((time) => time[figure]))]),
  );

async function visitOnce(context, origin, { cold, session }) {
  const page = await context.newPage();
  try {
    const cdp = await context.newCDPSession(page);
    if (cold) await cdp.send('Network.clearBrowserCache');
    if (!session) await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'cookies,local_storage' });
    await cdp.detach();
    await page.goto(`${origin}/start.html`);
    return await page.evaluate(() => globalThis.measured);
  } finally {
    await page.close();
  }
}
