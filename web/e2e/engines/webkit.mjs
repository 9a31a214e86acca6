// WebKitGTK: its MiniBrowser by W3C WebDriver, on a display that nobody sees. The driver has one session at a time, and each
// has storage and cookies of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { find } from './find.mjs';
import { WebDriver } from './webdriver.mjs';

const patience = 15_000;
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A display of our own, on a number that Xvfb chooses. */
async function startDisplay(program) {
  const child = spawn(program, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = await Promise.race([
    once(child.stdio[3], 'data'),
    once(child, 'exit').then(() => {
      throw new Error('Xvfb does not start');
    }),
  ]);
  return { child, name: `:${String(number).trim()}` };
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

export async function start() {
  const packages = 'webkit2gtk-driver xvfb';
  const driver = find(packages, ['WebKitWebDriver'], process.env.WEBKIT_DRIVER_PATH);
  const display = await startDisplay(find(packages, ['Xvfb']));
  const children = [display.child];
  const close = async () => {
    for (const child of children.reverse()) await stop(child);
  };
  try {
    const port = await freePort();
    const child = spawn(driver, ['--host=127.0.0.1', `--port=${port}`], {
      stdio: 'ignore',
      env: { ...process.env, DISPLAY: display.name },
    });
    children.push(child);
    const base = `http://127.0.0.1:${port}`;
    await new WebDriver(base).ready(() => {
      if (child.exitCode !== null) throw new Error('WebKitWebDriver does not start');
    });
    const begin = async () => {
      const session = new WebDriver(base);
      // The program is the one that belongs to the driver.
      const capabilities = await session.begin({ acceptInsecureCerts: true });
      await session.command('POST', '/timeouts', { script: patience, pageLoad: patience });
      return [session, capabilities];
    };
    const [session, { browserVersion: version }] = await begin();
    await session.command('DELETE', '');
    return {
      name: 'WebKitGTK',
      version,
      async profile() {
        return profileOf((await begin())[0]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const profileOf = (session) => {
  let first = true;
  return {
    async open(url) {
      // The window that there is can be seen; a tab beside it cannot.
      const handle = first
        ? await session.command('GET', '/window')
        : (await session.command('POST', '/window/new', { type: 'tab' })).handle;
      first = false;
      const tab = tabOf(session, handle);
      await tab.goto(url);
      return tab;
    },
    async opened(act) {
      const before = await session.command('GET', '/window/handles');
      await act();
      for (const end = Date.now() + patience; Date.now() < end; await pause(20)) {
        const handle = (await session.command('GET', '/window/handles')).find((one) => !before.includes(one));
        if (handle) return tabOf(session, handle);
      }
      throw new Error('no window was opened');
    },
    close: () => session.command('DELETE', ''),
  };
};

/** Runs in the page: begins what is asked for. */
const begin = `
  const [source, args, id] = arguments;
  const jobs = (window.jobsOfTheDriver ??= {});
  const job = (jobs[id] = {});
  const fail = (error) => { job.done = true; job.error = error?.name + ': ' + error?.message; };
  try {
    Promise.resolve((0, eval)('(' + source + ')')(...args)).then((value) => { job.done = true; job.value = value; }, fail);
  } catch (error) { fail(error); }`;

/** Runs in the page: what came of it. */
const look = `
  const job = window.jobsOfTheDriver?.[arguments[0]];
  if (!job) return { done: true, error: 'the page has gone' };
  if (job.done) delete window.jobsOfTheDriver[arguments[0]];
  return job;`;

let jobs = 0;

const tabOf = (session, handle) => {
  const to = (method, path, body) => session.to(handle, method, path, body);
  const script = (script, ...args) => to('POST', '/execute/sync', { script, args });
  const element = async (selector) => {
    for (const end = Date.now() + patience; ; await pause(20)) {
      try {
        return Object.values(await to('POST', '/element', { using: 'css selector', value: selector }))[0];
      } catch (error) {
        // Not there yet; or its page is just going.
        if (Date.now() > end) throw error;
      }
    }
  };
  return {
    goto: (url) => to('POST', '/url', { url }),
    reload: () => to('POST', '/refresh'),
    back: () => to('POST', '/back'),
    // The driver would wait for one script to end before it takes another, in whatever window.
    async evaluate(fn, ...args) {
      const id = ++jobs;
      await script(begin, `${fn}`, args, id);
      for (let wait = 0; ; wait = Math.min(wait + 5, 50)) {
        const { done, value, error } = await script(look, id);
        if (error) throw new Error(error);
        if (done) return value;
        await pause(wait);
      }
    },
    async waitFor(fn, ...args) {
      let last;
      for (const end = Date.now() + patience; Date.now() < end; await pause(20)) {
        try {
          if (await script(`return !!(0, eval)('(' + arguments[0] + ')')(...arguments[1])`, `${fn}`, args)) return;
        } catch (error) {
          last = error;
        }
      }
      throw last ?? new Error('what was waited for has not come');
    },
    async fill(selector, text) {
      const id = await element(selector);
      await to('POST', `/element/${id}/clear`);
      await to('POST', `/element/${id}/value`, { text });
    },
    async click(selector) {
      await to('POST', `/element/${await element(selector)}/click`);
    },
    close: () => to('DELETE', '/window'),
  };
};
