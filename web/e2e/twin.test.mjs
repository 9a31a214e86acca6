// The twin method: one program, run natively and with a session in between, in one page. All that the program can see has to
// be the same, and all that arrives at the server, but for the token and the attempt that was refused.
//
// What is compared is the order of what a program can see happen, not the number of microtasks in between: the wrapped fetch
// has to look at an answer before it hands it over.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { startEngines } from './engines/engines.mjs';
import { knownOf } from './twin/differences.mjs';
import { startTwinServer } from './twin/server.mjs';

const files = [
  'fetch-arguments',
  'fetch-bodies',
  'fetch-headers',
  'fetch-requests',
  'fetch-abort',
  'fetch-responses',
  'fetch-errors',
  'fetch-wrappers',
  'xhr-events',
  'xhr-bodies',
  'xhr-abort',
  'xhr-responses',
  'xhr-reuse',
];
/** `TWIN=FF-10 node --test e2e/twin.test.mjs` runs those that have that in their names; `TWIN_ENGINE=webkit` in one engine. */
const only = process.env.TWIN ?? '';
const variants = ['uncovered', 'nobody', 'live', 'refused'];

/** How long a program may take: what an engine has not, it never ends with. */
const patience = 10_000;

const [engines, server] = await Promise.all([startEngines(process.env.TWIN_ENGINE), startTwinServer()]);
after(() => server.close());

/** Plays some of the files in a page of their own, one after the other. */
const play = async (engine, group, files, endless, named = only) => {
  const profile = await engine.profile();
  try {
    const tab = await profile.open(`${server.origins.here}/#${group} ${patience} ${engine.id}`);
    await tab.waitFor(() => globalThis.play);
    return await tab.evaluate((...args) => play(...args), files, named, endless);
  } finally {
    await profile.close();
  }
};

const all = Object.fromEntries(
  await Promise.all(files.map(async (file) => [file, await import(`./twin/programs/${file}.js`)])),
);

/** An address as it is written in a trace. */
const plain = (text) => {
  text = text.replace(/run-\d\d-\d-\d{3}/g, 'RUN');
  for (const [name, origin] of Object.entries(server.origins)) text = text.replaceAll(origin, `{${name}}`);
  return text;
};

/** What came of a program in a variant: what the page saw, and what arrived. */
const outcome = ({ run, trace }, how) => {
  const log = server.log(run);
  const arrived = log
    .filter(({ refused, preflight }) => !refused && (!preflight || how === 'with preflights'))
    .map(({ token, refused, preflight, ...entry }) => JSON.parse(plain(JSON.stringify(entry))));
  if (how === 'in any order') arrived.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { trace, ...(how !== 'not compared' && { arrived }) };
};

/** Where two outcomes differ, the first few places. */
const apart = (its, native, at = '') => {
  if (isDeepStrictEqual(its, native)) return [];
  const isDeep = [its, native].every((value) => value && typeof value == 'object');
  if (!isDeep) return [`${at}: ${JSON.stringify(its)}, natively ${JSON.stringify(native)}`];
  const names = new Set([...Object.keys(its), ...Object.keys(native)]);
  return [...names].flatMap((name) => apart(its[name], native[name], `${at}.${name}`)).slice(0, 4);
};

for (const [number, engine] of engines.entries()) {
  const known = knownOf(engine.id);
  // Two pages, as one waits where the other has something to do; but WebKit's driver has one at a time.
  const pages = engine.id === 'webkit' ? [files] : [0, 1].map((page) => files.filter((_, i) => i % 2 == page));
  describe(engine.name, () => {
    const played = {};
    let replays = 0;
    before(() => {
      for (const [page, files] of pages.entries()) {
        const all = play(engine, `${number}${page}`, files, Object.keys(known.endless));
        all.catch(() => {});
        for (const file of files) played[file] = all;
      }
    });

    after(() => engine.close());

    for (const [file, { programs, wire = {}, tokenless = [] }] of Object.entries(all))
      describe(file, () => {
        for (const name of Object.keys(programs).filter((name) => name.includes(only)))
          test(name, { skip: known.endless[name] }, async (t) => {
            const judge = (traces) => {
              const native = outcome(traces.native, wire[name]);
              if (process.env.TWIN_SHOW) console.log(JSON.stringify(native, null, 1));
              const reasons = known.differences[name] ?? {};
              return variants.flatMap((variant) => {
                const found = apart(outcome(traces[variant], wire[name]), native);
                const log = server.log(traces[variant].run);
                const isCarried = variant === 'live' || variant === 'refused';
                const isMissed = isCarried && log.length && !tokenless.includes(name);
                return [
                  ...(reasons[variant] ? [] : found),
                  reasons[variant] &&
                    !reasons[variant].byChance &&
                    !found.length &&
                    `differs no longer: ${reasons[variant]}`,
                  !isCarried && log.some(({ token }) => token) && 'a token was sent',
                  isMissed && !log.some(({ token }) => token) && 'no token was sent',
                  isMissed && variant === 'refused' && !log.some(({ refused }) => refused) && 'nothing was refused',
                ]
                  .filter(Boolean)
                  .map((what) => `${variant} ${what}`);
              });
            };
            const of = async (run) => (await run).traces[`${file} ${name}`];
            let wrong = judge(await of(played[file]));
            // On a busy machine an engine tells of the same bytes in one event or in two. What is ours comes each time.
            for (let i = 0; wrong.length && i < 2 && replays < 8; i++) {
              t.diagnostic(`once, at least: ${wrong.join('; ')}`);
              wrong = judge(
                await of(play(engine, `${number}${2 + replays++}`, [file], Object.keys(known.endless), name)),
              );
            }
            assert.ok(!wrong.length, `\n${wrong.join('\n')}`);
            // Only now, as what fails after it would pass.
            if (known.bugs[name]) t.todo(Object.values(known.bugs[name])[0]);
          });
      });

    test('no program goes on for ever', async () => {
      const stuck = ({ trace }) => trace.some((entry) => entry?.stuck);
      for (const pages of new Set(Object.values(played)))
        for (const [name, traces] of Object.entries((await pages).traces))
          assert.ok(!Object.values(traces).some(stuck), name);
    });

    test('what a session was put in between is as before, when it is closed', async () => {
      for (const all of Object.values(played)) assert.deepEqual((await all).left, []);
    });

    test('what is listed as different is a program', () => {
      const names = new Set(Object.values(all).flatMap(({ programs }) => Object.keys(programs)));
      const listed = [...Object.keys(known.differences), ...Object.keys(known.endless)];
      assert.deepEqual(
        listed.filter((name) => !names.has(name)),
        [],
      );
    });
  });
}
