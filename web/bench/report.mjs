// The figures as tables, and the bars that they have to clear.
import { libraries } from './libraries.mjs';

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
const each = (cell) => libraries.map((library) => cell(library) ?? '–');

export function printTables({ sizes, start, requests, heap, validation }) {
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
      libraries,
      Object.keys(times.latchkey)
        .filter((figure) => figure != 'behindOidc')
        .map((figure) => [
          said[figure] ?? (figure == 'runtime' ? 'runtime up' : figure),
          ...each((library) => times[library][figure] && spread(times[library][figure], 1)),
        ]),
    );
  const added = (what, kind, digits) => [what, ...each((library) => spread(requests[library][kind].added, digits))];
  table('µs added to a request, p50 / p95', libraries, [
    added('own work, GET (fetch stubbed)', 'get', 1),
    added('own work, POST with headers and body', 'post', 1),
    added('real calls, in pairs with bare fetch', 'pairs', 0),
    [
      '  95 % interval of the median',
      ...each((library) => requests[library].pairs.added.interval.map((n) => n.toFixed(0)).join(' … ')),
    ],
    ['  bare fetch beside them', ...each((library) => requests[library].pairs.bare.toFixed(0))],
  ]);
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  table('memory over 20,000 requests, after collection', libraries, [
    ['JavaScript heap at the start', ...each((library) => kB(heap[library].start))],
    ['growth', ...each((library) => kB(heap[library].growth))],
    ['bytes per request (slope)', ...each((library) => heap[library].bytesPerRequest.toFixed(2))],
    ['trend', ...each((library) => (heap[library].trend ? 'yes' : 'none'))],
    [
      'wasm memory, start → end',
      ...each((library) => {
        const { start, end } = heap[library].wasm;
        return start && `${kB(start)} → ${kB(end)}`;
      }),
    ],
  ]);
  table(
    'an id token validated, ms',
    ['p50 / p95'],
    Object.entries(validation).map(([alg, times]) => [alg, spread(times, 1)]),
  );
}

/** Each bar of the project: its value in this run, and whether it is cleared. */
export function barsOf({ sizes, start, requests, heap, validation }) {
  const atMost = (name, value, bar, unit, more) => ({ name, value, bar, unit, pass: value <= bar, ...more });
  const size = (file, bar) => atMost(`${file}, brotli`, sizes[file].brotli, bar, 'bytes', { size: true });
  const reload = (visit) =>
    atMost(
      `first request, ${visit}, against oidc-client-ts`,
      start[visit].latchkey.requestStart.median,
      start[visit]['oidc-client-ts'].requestStart.median,
      'ms',
      { behind: start[visit].latchkey.behindOidc },
    );
  return [
    size('latchkey.min.js', 6_000),
    size('latchkey.wasm', 820_000),
    ...Object.keys(start)
      .filter((visit) => visit.startsWith('reload'))
      .map(reload),
    atMost('own work, GET, p50', requests.latchkey.get.added.median, 10, 'µs'),
    atMost('own work, POST, p50', requests.latchkey.post.added.median, 10, 'µs'),
    atMost(
      'ID token validation in Chromium, slowest algorithm, p50',
      Math.max(...Object.values(validation).map(({ median }) => median)),
      10,
      'ms',
    ),
    {
      name: 'heap over 20,000 requests',
      value: heap.latchkey.bytesPerRequest,
      unit: 'bytes/request',
      pass: !heap.latchkey.trend,
    },
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
  for (const { name, behind } of bars)
    if (behind)
      console.log(
        `${name}: ${figure(behind.median)} ms later, round by round; ` +
          `95 % interval ${behind.interval.map(figure).join(' … ')}`,
      );
}
