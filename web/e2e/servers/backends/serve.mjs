// Runs one of the real servers in this process, with a page, a front and a control endpoint, until its parent ends.
import { setClock } from './clock.mjs';
import { selfSigned } from './certificate.mjs';
import { Faults } from './faults.mjs';
import { createFront, listen } from './front.mjs';
import { pages } from './page.mjs';
import { RequestRecord } from './record.mjs';

process.stdin.on('end', () => process.exit()).resume();

/**
 * @param {object} server
 * @param {string[]} server.prefixes the paths that are its own
 * @param {object} [server.switches] what `set` changes, as at the start; a list means one of its entries, first the usual one
 * @param {() => string[]} [server.hides] headers that CORS is not to expose
 * @param {Function} server.start gets options, baseUrl, page, secure, switches, mayCall and label; resolves with `port`, `reset()`,
 *   and perhaps `say` (more for the ready line), `turns` (more controls) and `apply()` (after a change of switches)
 */
export async function serve({ prefixes, switches: own = {}, describe, hides = () => [], start }) {
  const options = JSON.parse(process.argv[2] ?? '{}');
  const tls = options.https ? selfSigned() : undefined;
  const record = new RequestRecord();
  const faults = new Faults();

  const choices = { hide: [[]], ...own };
  const usual = Object.fromEntries(Object.entries(choices).map(([name, [first]]) => [name, first]));
  const switches = structuredClone(usual);
  function set(given) {
    for (const [name, value] of Object.entries(given)) {
      const [first, ...others] = choices[name] ?? [];
      if (first === undefined) throw new Error(`no switch ${name}: there are ${Object.keys(choices).join(', ')}`);
      const isFine = others.length ? [first, ...others].includes(value) : typeof value === typeof first;
      if (!isFine)
        throw new Error(`${name} is ${others.length ? [first, ...others].join(' or ') : `a ${typeof first}`}`);
    }
    Object.assign(switches, given);
  }

  let backend;
  const origins = [...(options.origins ?? [])];
  const mayCall = (origin) => origins.includes(origin);
  const page = pages(options);
  const front = createFront({
    prefixes,
    describe,
    record,
    faults,
    mayCall,
    page,
    port: () => backend.port,
    hidden: () => [...switches.hide, ...hides(switches)],
    secure: !!tls,
  });
  const baseUrl = await listen(front, tls);
  const pageOrigin = await listen(
    (request, response) => page(new URL(request.url, 'http://page').pathname, response),
    tls,
  );
  origins.push(pageOrigin);
  const label = (kind, secret) => record.labels.of(kind, secret);
  backend = await start({ options, baseUrl, page: pageOrigin, secure: !!tls, switches, mayCall, label });

  const turns = {
    async set(given) {
      set(given);
      await backend.apply?.();
      return switches;
    },
    clock: ({ ahead }) => setClock(ahead),
    fault: (given) => faults.set(given),
    forget: () => record.forget(),
    async reset() {
      faults.set({ mode: 'ok' });
      setClock(0);
      Object.assign(switches, structuredClone(usual));
      await backend.apply?.();
      await backend.reset();
      record.forget();
      record.labels.clear();
    },
    ...backend.turns,
  };

  async function answer(request) {
    const url = new URL(request.url, 'http://control');
    const name = url.pathname.slice(1);
    if (name === 'log')
      return record.read(url.searchParams.has('after') ? Number(url.searchParams.get('after')) : undefined);
    if (!Object.hasOwn(turns, name))
      throw new Error(`no control of that name: there are ${Object.keys(turns).join(', ')}`);
    let body = '';
    for await (const chunk of request) body += chunk;
    return turns[name](body ? JSON.parse(body) : {});
  }
  const control = await listen((request, response) => {
    response.setHeader('content-type', 'application/json');
    answer(request).then(
      (found) => response.end(JSON.stringify(found ?? {})),
      (error) => response.writeHead(400).end(error.message),
    );
  });

  await turns.reset();
  const ready = { control, baseUrl, page: `${pageOrigin}/`, ca: tls?.cert, ...backend.say };
  console.log(JSON.stringify({ ready }));
}
