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

export function printTables({ sizes, start, requests, heap }) {
  table(
    'bytes',
    ['raw', 'gzip', 'brotli'],
    Object.entries(sizes).map(([name, { raw, gzip, brotli }]) => [name, raw, gzip, brotli]),
  );
  const said = { html: 'page there', bundle: 'bundle there', script: 'script runs', requestStart: 'first request leaves' };
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
      ...each(({ [0]: _, ...rest }, wasm = rest) => wasm && undefined),
    ],
  ]);
}
