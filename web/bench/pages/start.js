// A page that asks its API for something as soon as it can, and tells when what happened.
import { open } from 'library';

const since = (promise) => promise.then(() => performance.now());

/** Resolves with the browser's own record of a request. */
const timingOf = (path) =>
  new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const entry = list.getEntries().find(({ name }) => new URL(name).pathname == path);
      if (entry) resolve(entry);
    }).observe({ type: 'resource', buffered: true });
  });

const script = performance.now();
const library = open();
const opened = performance.now();
const { fetch } = library; // a fetch is called without an object before it
const first = fetch('/api/first').then((response) => response.json());
const ready = since(library.ready());
// Not in this task, so that the runtime loads when the library thinks best.
const runtime = library.runtime && new Promise((resolve) => setTimeout(() => resolve(since(library.runtime()))));

globalThis.measured = (async () => {
  const [{ authorized }, { requestStart }] = await Promise.all([first, timingOf('/api/first')]);
  const { responseEnd } = performance.getEntriesByType('navigation')[0];
  const bundle = await timingOf('/start.js');
  return {
    authorized,
    html: responseEnd,
    bundle: bundle.responseEnd,
    fromCache: !bundle.transferSize,
    script,
    opened,
    requestStart,
    ready: await ready,
    runtime: await runtime,
  };
})();
