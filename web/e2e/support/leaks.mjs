// What a window that is waited for must not leave behind: a listener, a timer, a channel, a frame.

/** Runs in the page before all else: counts the channels that are open and the timers that look at windows. */
export function count() {
  const alive = { timers: new Set(), channels: new Set() };
  let looks = 0;
  const { BroadcastChannel, setTimeout, clearTimeout } = globalThis;
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    constructor(name) {
      super(name);
      if (name.startsWith('lk.')) alive.channels.add(this);
    }
    close() {
      alive.channels.delete(this);
      super.close();
    }
  };
  globalThis.setTimeout = (run, wait, ...args) => {
    const id = setTimeout(() => {
      alive.timers.delete(id);
      run(...args);
    }, wait);
    if (wait === 100) {
      looks++;
      alive.timers.add(id);
    }
    return id;
  };
  globalThis.clearTimeout = (id) => {
    alive.timers.delete(id);
    clearTimeout(id);
  };
  globalThis.alive = () => ({
    looks,
    timers: alive.timers.size,
    channels: alive.channels.size,
    frames: document.querySelectorAll('iframe').length,
  });
}

/** What is alive now, and how many listen for messages. */
export async function left(page) {
  const session = await page.context().newCDPSession(page);
  const { result } = await session.send('Runtime.evaluate', { expression: 'window' });
  const { listeners } = await session.send('DOMDebugger.getEventListeners', { objectId: result.objectId });
  await session.detach();
  const messages = listeners.filter(({ type }) => type === 'message').length;
  const { looks, ...alive } = await page.evaluate(() => globalThis.alive());
  return { ...alive, messages };
}

export const nothing = { timers: 0, channels: 0, frames: 0, messages: 0 };
