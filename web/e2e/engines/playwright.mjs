// A browser that Playwright drives.

/** What runs in the page: text, so that all engines get the same. */
const source = (fn, args) => `(${fn})(...${JSON.stringify(args)})`;

export const engineOf = (name, browser) => ({
  name,
  version: browser.version(),
  browser,
  async profile() {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(15_000);
    return {
      context,
      async open(url) {
        const tab = tabOf(await context.newPage());
        await tab.goto(url);
        return tab;
      },
      async opened(act) {
        const page = context.waitForEvent('page');
        await act();
        return tabOf(await page);
      },
      close: () => context.close(),
    };
  },
  close: () => browser.close(),
});

const tabOf = (page) => ({
  page,
  goto: (url) => page.goto(url).then(() => {}),
  reload: () => page.reload().then(() => {}),
  // Not by Playwright, which never hears of a page that comes out of a cache. The page may go while this is answered.
  back: () => page.evaluate('history.back()').catch(() => {}),
  evaluate: (fn, ...args) => page.evaluate(source(fn, args)),
  waitFor: (fn, ...args) => page.waitForFunction(source(fn, args)).then(() => {}),
  fill: (selector, text) => page.fill(selector, text),
  click: (selector) => page.click(selector),
  close: () => page.close(),
});
