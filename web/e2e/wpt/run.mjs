// Runs test pages in each of the ways, and compares what they say, subtest by subtest.

/** Puts the results out, where testharness.js looks for what a vendor does with them. */
export const report = `
if (globalThis.wptDone && window === top && !opener)
  add_completion_callback((tests, { status, message }) =>
    wptDone(JSON.stringify({ status, message, subtests: tests.map(({ name, status, message }) => [name, status, message]) })));
setup({ output: false });
`;

const unique = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
export const statuses = ['passes', 'fails', 'times out', 'is not run', 'lacks a precondition'];

/** Runs one page, and resolves with the status of each subtest by name, and with that of the whole under ''. */
async function once(browser, origin, test, script) {
  const context = await browser.newContext();
  try {
    const done = new Promise((resolve) =>
      context.exposeBinding('wptDone', ({ frame }, json) => frame.parentFrame() || resolve(JSON.parse(json))),
    );
    if (script) await context.addInitScript(script);
    const page = await context.newPage();
    page.on('dialog', (dialog) => dialog.dismiss().catch(() => {}));
    await page.goto(origin + test.url, { waitUntil: 'commit' });
    // The harness ends what takes too long itself; where even that does not come, the page is broken. A machine that does much else may
    // take its time to load one.
    const late = new Promise((resolve) => setTimeout(resolve, 120_000).unref());
    const result = await Promise.race([done, late]);
    const found = new Map([['', result ? `harness ${result.status}` : 'no results']]);
    for (const [name, status, message] of result?.subtests ?? []) {
      let key = name.replace(unique, '…');
      while (found.has(key)) key += ' (again)';
      found.set(key, statuses[status]);
      if (process.env.WPT_VERBOSE && status) console.error(test.url, key, statuses[status], message);
    }
    return found;
  } finally {
    await context.close();
  }
}

const differing = (a, b) => [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));

/**
 * Runs one page in all ways. What differs is run again, natively too, as some pages are not steady by themselves: a
 * difference is one that comes each time, of what is natively the same each time.
 */
export async function compare(browser, origin, test, ways, tries = 5) {
  const [[, none], ...wrapped] = Object.entries(ways);
  const native = await once(browser, origin, test, none);
  const differences = [];
  for (const [way, script] of wrapped) {
    let its = await once(browser, origin, test, script);
    let names = differing(native, its);
    for (let i = 1; names.length && i < tries; i++) {
      const again = await once(browser, origin, test, none);
      its = await once(browser, origin, test, script);
      names = names.filter((name) => native.get(name) === again.get(name) && its.get(name) !== native.get(name));
    }
    for (const name of names)
      differences.push({
        way,
        name,
        native: native.get(name) ?? 'is not there',
        wrapped: its.get(name) ?? 'is not there',
      });
  }
  return { ...test, native, differences };
}

/** Runs many, some at a time. */
export async function compareAll(browser, origin, tests, ways, { atOnce = 5, told = () => {} } = {}) {
  const left = [...tests];
  const results = [];
  const worker = async () => {
    for (let test; (test = left.shift());) {
      const result = await compare(browser, origin, test, ways);
      results.push(result);
      told(result, left.length);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results.sort((a, b) => (a.url < b.url ? -1 : 1));
}
