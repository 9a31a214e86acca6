// The figures as tables, and the bars that they have to clear.
import { libraries, visited } from './libraries.mjs';

const table = (title, columns, rows) => {
  const lines = [[title, ...columns], ...rows];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => `${line[i] ?? ''}`.length)));
  const print = (line) =>
    console.log(widths.map((width, i) => `${line[i] ?? ''}`[i ? 'padStart' : 'padEnd'](width)).join('  '));
  console.log();
  print(lines[0]);
  print(widths.map((width) => '─'.repeat(width)));
  lines.slice(1).forEach(print);
};

const spread = ({ median, p95 }, digits) => `${median.toFixed(digits)} / ${p95.toFixed(digits)}`;
const each = (names, cell) => names.map((library) => cell(library) ?? '–');

export function printTables({ sizes, start, requests, heap, expiry, validation }) {
  table(
    'bytes',
    ['raw', 'gzip', 'brotli'],
    Object.entries(sizes).map(([name, { raw, gzip, brotli }]) => [name, raw, gzip, brotli]),
  );
  const said = {
    html: 'page there',
    bundle: 'bundle there',
    script: 'script runs',
    opened: 'library set up',
    requestStart: 'first request leaves',
  };
  for (const [visit, times] of Object.entries(start))
    table(
      `${visit}: ms from navigation start, p50 / p95`,
      visited,
      Object.keys(times.latchkey)
        .filter((figure) => figure != 'behindOidc')
        .map((figure) => [
          said[figure] ?? (figure == 'runtime' ? 'runtime up' : figure),
          ...each(visited, (library) => times[library][figure] && spread(times[library][figure], 1)),
        ]),
    );
  const added = (what, cell, digits = 1, from = 'median', to = 'p95') => [
    what,
    ...each(libraries, (library) => {
      const figure = cell(requests[library]);
      return figure && `${figure[from].toFixed(digits)} / ${figure[to].toFixed(digits)}`;
    }),
  ];
  table('µs added to a request, p50 / p95 of blocks', libraries, [
    added('fetch stubbed, GET', ({ get }) => get.added),
    added('  in blocks of 10, p50 / p99', ({ get }) => get.small.added, 1, 'median', 'p99'),
    added('  without what it does without a token', ({ get }) => get.token),
    added('    in blocks of 10, p50 / p99', ({ get }) => get.small.token, 1, 'median', 'p99'),
    added('  its createFetcher', ({ fetcher }) => fetcher?.added),
    added('fetch stubbed, POST with headers and body', ({ post }) => post.added),
    added('  without what it does without a token', ({ post }) => post.token),
    added('XMLHttpRequest stubbed', ({ xhr }) => xhr?.added),
    added('  in blocks of 10, p50 / p99', ({ xhr }) => xhr?.small.added, 1, 'median', 'p99'),
    added('  without what it does without a token', ({ xhr }) => xhr?.token),
    added('    in blocks of 10, p50 / p99', ({ xhr }) => xhr?.small.token, 1, 'median', 'p99'),
    added('uncovered, fetch', ({ uncovered }) => uncovered?.added, 2),
    added('uncovered, XMLHttpRequest, until sent', ({ uncoveredXHR }) => uncoveredXHR?.added, 2),
    added('uncovered, XMLHttpRequest, to its end', ({ uncoveredXHRToItsEnd: its }) => its?.added, 2),
    added('real calls, beside a bare fetch', ({ real }) => real.added, 0),
    [
      '  95 % interval of the median',
      ...each(libraries, (library) => requests[library].real.added.interval.map((n) => n.toFixed(0)).join(' … ')),
    ],
    added('  a literal header, in the same page', ({ real }) => real.literal, 0),
    ['  bare fetch beside them', ...each(libraries, (library) => requests[library].real.bare.toFixed(0))],
  ]);
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  table(`memory over ${heap.latchkey.points.at(-1)[0]} requests, after collection`, visited, [
    ['JavaScript heap at the start', ...each(visited, (library) => kB(heap[library].start))],
    ['growth', ...each(visited, (library) => kB(heap[library].growth))],
    ['bytes per request (slope)', ...each(visited, (library) => heap[library].bytesPerRequest.toFixed(2))],
    ['trend', ...each(visited, (library) => (heap[library].trend ? 'yes' : 'none'))],
    [
      'wasm memory, start → end',
      ...each(visited, (library) => {
        const { start, end } = heap[library].wasm;
        return start && `${kB(start)} → ${kB(end)}`;
      }),
    ],
  ]);
  table(
    `${expiry.count} at once over an expiry`,
    ['latchkey'],
    [
      ['refreshes', expiry.refreshes],
      ['lost', expiry.lost],
      ['peak of extra memory', kB(expiry.peak)],
      ['from the new token to the last answer', `${expiry.milliseconds.toFixed(0)} ms`],
    ],
  );
  table(
    'an id token validated, ms',
    ['p50 / p95'],
    Object.entries(validation).map(([alg, times]) => [alg, spread(times, 1)]),
  );
}

/** Each bar of the project: its value in this run, and whether it is cleared. */
export function barsOf({ sizes, start, requests, heap, expiry, validation }) {
  const atMost = (name, value, bar, unit) => ({ name, value, bar, unit, pass: value <= bar });
  /** Where two medians of one run are compared: missed when it is sure that it is, as `behind` has the differences in pairs. */
  const atMostAsSure = (name, value, bar, unit, behind) => ({
    ...atMost(name, value, bar, unit),
    behind,
    pass: behind.interval[0] <= 0,
  });
  const size = (file, bar) => atMost(`${file}, brotli`, sizes[file].brotli, bar, 'bytes');
  const reload = (visit) =>
    atMostAsSure(
      `first request, ${visit}, against oidc-client-ts`,
      start[visit].latchkey.requestStart.median,
      start[visit]['oidc-client-ts'].requestStart.median,
      'ms',
      start[visit].latchkey.behindOidc,
    );
  const ours = requests.latchkey;
  /** Against all that stands between the page's call and the network's answer there. */
  const below = (kind, what, names) =>
    names.map((name) =>
      atMost(
        `${what}, own work, p50, against ${name}`,
        ours[kind].added.median,
        requests[name][kind].added.median,
        'µs',
      ),
    );
  return [
    size('latchkey.min.js', 8_000),
    size('latchkey.wasm', 820_000),
    ...Object.keys(start)
      .filter((visit) => visit.startsWith('reload'))
      .map(reload),
    atMost('uncovered fetch', ours.uncovered.added.median, 1, 'µs'),
    atMost('uncovered XMLHttpRequest', ours.uncoveredXHR.added.median, 1, 'µs'),
    atMost('fetch, own work, GET, p50', ours.get.added.median, 8, 'µs'),
    atMost('fetch, own work, GET, p99 of blocks of 10', ours.get.small.added.p99, 40, 'µs'),
    atMost('fetch, own work, POST, p50', ours.post.added.median, 10, 'µs'),
    ...below('get', 'fetch', ['auth0-spa-js', 'angular-oauth2-oidc', 'axios', 'supertokens-website']),
    atMost('XMLHttpRequest, own work, p50', ours.xhr.added.median, 20, 'µs'),
    ...below('xhr', 'XMLHttpRequest', ['angular-oauth2-oidc', 'axios', 'supertokens-website']),
    atMostAsSure(
      'real calls, against twice what a literal header adds',
      ours.real.added.median,
      2 * ours.real.literal.median,
      'µs',
      ours.real.overTwice,
    ),
    atMost(`refreshes of ${expiry.count} at once`, expiry.refreshes, 1, ''),
    atMost(`lost of ${expiry.count} at once`, expiry.lost, 0, ''),
    atMost(`peak of extra memory of ${expiry.count} at once`, expiry.peak / 1e6, 100, 'MB'),
    atMost(`heap over ${heap.latchkey.points.at(-1)[0]} requests`, heap.latchkey.growth / 1e6, 1, 'MB'),
    {
      name: 'its slope',
      value: heap.latchkey.bytesPerRequest,
      unit: 'bytes/request',
      pass: !heap.latchkey.trend,
    },
    atMost(
      'ID token validation in Chromium, slowest algorithm, p50',
      Math.max(...Object.values(validation).map(({ median }) => median)),
      10,
      'ms',
    ),
  ];
}

export function printBars(bars) {
  const figure = (value) => (Number.isInteger(value) ? `${value}` : value.toFixed(2));
  table(
    'bar',
    ['measured', 'at most', 'unit', 'result'],
    bars.map(({ name, value, bar, unit, pass }) => [
      name,
      figure(value),
      bar === undefined ? 'no trend' : figure(bar),
      unit,
      pass ? 'PASS' : 'over',
    ]),
  );
  for (const { name, unit, behind } of bars)
    if (behind)
      console.log(
        `${name}: ${figure(behind.median)} ${unit} more, in pairs; ` +
          `95 % interval ${behind.interval.map(figure).join(' … ')}`,
      );
}
