// How long it takes until another tab goes on, after the one that refreshes has died, or was frozen, in real tabs of Chromium.
//
//     node web/bench/takeover.mjs [runs]
//
// In each run two tabs are refused together, and one of them stops in the middle of its refresh. Measured is from its end to
// the answer that the other one's request gets. Fails where a bar is missed.
import { startEngines } from '../e2e/engines/engines.mjs';
import { settled, signIn, startGround } from '../e2e/engines/scene.mjs';
import { init, stopAt, ways } from '../e2e/support/stages.mjs';
import { median, percentile } from './statistics.mjs';

const runs = Number(process.argv[2] ?? 30);
/** In milliseconds, of the slowest in a hundred. */
const bars = { killed: 1000, frozen: 5000 };

const [[engine], ground] = await Promise.all([startEngines('chromium'), startGround()]);
const { server } = ground;
const me = `${server.api}me`;

async function once(way) {
  const profile = await engine.profile();
  try {
    const tabs = [];
    for (let i = 0; i < 2; i++) {
      tabs.push(await profile.open(ground.page));
      await settled(tabs[i]);
      if (!i) await signIn(tabs[0]);
    }
    const [tab, other] = tabs;
    server.expire();
    server.reset();
    await stopAt('before it is served', tab, server, me);
    await other.evaluate((url) => {
      globalThis.waits = fetch(url).then(({ status }) => status);
    }, me);
    while ((await server.requests('/api/me')).filter(({ status }) => status === 401).length < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const from = performance.now();
    await ways[way](tab, ground);
    const status = await other.evaluate(() => waits);
    if (status !== 200) throw new Error(`a request ended with ${status}`);
    return performance.now() - from;
  } finally {
    await profile.close();
  }
}

try {
  ground.configure({ init });
  const missed = [];
  for (const [way, bar] of Object.entries(bars)) {
    const times = [];
    for (let i = 0; i < runs; i++) times.push(await once(way));
    const [p50, p99, max] = [median(times), percentile(times, 99), Math.max(...times)].map(Math.round);
    console.log(
      `take-over after the tab is ${way}: median ${p50} ms, p99 ${p99} ms, longest ${max} ms; bar ${bar} ms (${runs} runs)`,
    );
    if (p99 > bar) missed.push(way);
  }
  if (missed.length) {
    console.log(`Missed: ${missed.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  await Promise.all([engine.close(), ground.close()]);
}
