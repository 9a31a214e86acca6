// The browser engines that the tests drive, each behind the same few functions:
//
//     engine   id, name, version, profile(), close()
//     profile  open(url), opened(act), close()       storage and cookies of its own
//     tab      goto, reload, back, evaluate, waitFor, fill, click, close
//
// Chromium and Firefox go by Playwright, WebKit by W3C WebDriver. Functions for a page take and return what JSON can say.
// ENGINES names those that have to run ("chromium,webkit"); without it, all that this machine has, or can install, do.
import * as chromium from './chromium.mjs';
import * as firefox from './firefox.mjs';
import * as webkit from './webkit.mjs';

const all = { chromium, firefox, webkit };

/** Starts them, and says in one line which run, and why the others do not. */
export async function startEngines(names = process.env.ENGINES) {
  const wanted = names?.split(',') ?? Object.keys(all);
  const engines = [];
  const said = [];
  for (const name of wanted) {
    try {
      const engine = { id: name, ...(await all[name].start()) };
      engines.push(engine);
      said.push(`${engine.name} ${engine.version} runs`);
    } catch (error) {
      // The others may be missing where nobody has asked for them.
      if (names || name === 'chromium') {
        await Promise.all(engines.map((engine) => engine.close()));
        throw error;
      }
      said.push(`${name} does not: ${error.message.split('\n')[0]}`);
    }
  }
  console.log(`engines: ${said.join('; ')}`);
  return engines;
}
