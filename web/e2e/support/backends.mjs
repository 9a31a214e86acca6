// What a browser test of a backend's own sessions stands on: one browser and one real server a file, a context a test.
import { after, before, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { watch } from './oracle.mjs';
import { settled } from './scenes.mjs';

/**
 * Registers the start and the end of a browser and a server. The function that it returns registers tests: `auth` gets
 * the server, and may return what `cookies()` and its like take. The page is on an origin of its own, unless `at` says else.
 */
export function backends(start, scheme, usual) {
  let browser;
  let server;
  before(async () => {
    [browser, server] = await Promise.all([launch(), start()]);
  });
  after(() => Promise.all([browser?.close(), server?.close()]));

  return (name, { auth, api, options, at = () => server.page, init }, act) =>
    test(name, { timeout: 60_000 }, async () => {
      await server.reset();
      const settings = {
        scheme,
        auth: { ...usual(server), ...auth?.(server) },
        options: { api: api?.(server) ?? [`${server.baseUrl}/api/`], ...options },
      };
      const devices = [];
      /** A browser of its own, as another device has it. */
      const device = async () => {
        const context = await browser.newContext({ ignoreHTTPSErrors: true });
        context.setDefaultTimeout(15_000);
        const oracle = watch(context, `${server.baseUrl}/none`);
        devices.push({ context, oracle });
        await context.addInitScript((value) => {
          globalThis.settings = value;
        }, settings);
        if (init) await context.addInitScript(init);
        const open = async (path = '') => {
          const page = await context.newPage();
          await page.goto(at(server) + path);
          await settled(page);
          return page;
        };
        return { context, open, oracle };
      };
      try {
        const { context, open, oracle } = await device();
        /** How often each endpoint was asked since the log was forgotten. */
        const asked = async (path, method) =>
          (await server.log()).filter((one) => one.path === path && (!method || one.method === method));
        await act({ context, server, open, oracle, asked, device, api: `${server.baseUrl}/api` });
        for (const { oracle } of devices) await oracle.check();
      } finally {
        for (const { context } of devices) await context.close();
      }
    });
}
