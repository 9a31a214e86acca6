// Stops a tab in the middle of a refresh, at each of its stages, and takes the tab away in each way there is. The page is one
// of engines/scene.mjs, in Chromium.

/**
 * Runs in the page before all else: a refresh can stop when it is this tab's turn, where the token's digest is taken for what
 * is written down of it; or when its answer is there.
 */
export const init = () => {
  const native = globalThis.fetch;
  const gates = {};
  const stop = (stage) =>
    globalThis.stopAt === stage &&
    new Promise((resolve) => {
      globalThis.stopAt = undefined;
      globalThis.stoppedAt = stage;
      gates[stage] = resolve;
    });
  globalThis.goOn = () => Object.values(gates).forEach((go) => go());
  const { digest } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.digest = async function () {
    await stop('before it is sent');
    return digest.apply(this, arguments);
  };
  globalThis.fetch = async function (url, init) {
    if (!/grant_type=refresh_token/.test(init?.body)) return native.apply(this, arguments);
    const answer = await native.apply(this, arguments);
    await stop('before it is stored');
    return answer;
  };
};

/** Whether the server has taken the refresh token by then. */
export const stages = {
  'before it is sent': { spent: false },
  'before it is served': { spent: false },
  'before it is answered': { spent: true },
  'before it is stored': { spent: true },
};

/** Has a tab renew, and resolves when it has come that far. `end` lets go of what the server holds, once the tab is away. */
export async function stopAt(stage, tab, server, url) {
  const atServer = { 'before it is served': { served: false }, 'before it is answered': { served: true } }[stage];
  const held = atServer && server.hold('/token', { ...atServer, count: 1 });
  await tab.evaluate(
    (stage, url) => {
      globalThis.stopAt = stage;
      globalThis.late = fetch(url).then(
        ({ status }) => status,
        ({ code, name }) => code ?? name,
      );
    },
    stage,
    url,
  );
  if (held) await held.arrived;
  else await tab.waitFor((stage) => globalThis.stoppedAt === stage, stage);
  return { drop: () => held?.drop(), go: () => held?.go() };
}

const sessions = new WeakMap();
const cdp = async ({ page }) => {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  return sessions.get(page);
};

/** How a tab goes. A frozen one is still there, and may come back. */
export const ways = {
  closed: (tab) => tab.close(),
  /** Its process ends at once. */
  async killed(tab) {
    const gone = tab.page.waitForEvent('crash');
    (await cdp(tab)).send('Page.crash').catch(() => {});
    await gone;
  },
  'on another page': (tab, { blank }) => tab.goto(blank),
  reloaded: (tab) => tab.reload(),
  /** By the debugger, as the browser freezes only what cannot be seen, and here all can: no script runs, no task, no timer. */
  async frozen(tab) {
    const session = await cdp(tab);
    await session.send('Debugger.enable');
    const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
    await session.send('Debugger.pause');
    session.send('Runtime.evaluate', { expression: '0' }).catch(() => {});
    await paused;
  },
};

export async function thaw(tab) {
  const session = await cdp(tab);
  await session.send('Debugger.resume');
  await session.send('Debugger.disable');
}
