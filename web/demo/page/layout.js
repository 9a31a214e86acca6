// Turns items into bars, marks and links along one axis. Distances tell the order, not the time: a request of
// 3 ms and a person's pause of a minute have to be read in the same picture. Knows no pixels of the other axis,
// so that the same picture can lie (desktop) or stand (phone).
import { grants, isRefresh, stories } from './story.js';
import { took } from './words.js';

export const lanes = [
  { id: 'page', share: 0.27, name: 'This page', note: 'its fetch() calls' },
  { id: 'api', share: 0.28, name: 'API', note: 'what it received' },
  { id: 'token', share: 0.24, name: 'Token endpoint', note: 'sign-in, refresh' },
  { id: 'other', share: 0.21, name: 'Other tabs', note: 'seen by the servers' },
];

const LITTLE = 15;
const GAP = 20;

/** The labels that would do for a bar, longest first. */
function labels(item) {
  const status = item.status || (item.to === null ? '…' : 'no answer');
  if (item.kind === 'call') {
    const said =
      item.to === null ? '…' : item.error ? 'failed' : item.status === 200 ? took(item.to - item.from) : item.status;
    return [`call ${item.call} · ${said}`, `${said}`, `${item.status || '…'}`];
  }
  const short = item.status ? `${item.status}` : '×';
  const what = item.where === 'token' ? (grants[item.grant] ?? 'token') : item.where === 'revoke' ? 'revoke' : '';
  if (item.where !== 'api') {
    const good = item.status === 200 && item.key && item.where === 'token';
    return [`${what} ${good ? `→ key ${item.key}` : `· ${status}`}`, `${what}`, short];
  }
  return [item.key ? `key ${item.key} · ${status}` : `${status}`, short];
}

const laneOf = (item) => (item.kind === 'call' ? 'page' : !item.own ? 'other' : item.where === 'api' ? 'api' : 'token');

/**
 * @param measure the width of a text in pixels
 * @param standing whether time runs down: a bar is then as long as a line is high, whatever its label
 */
export function layout(items, { measure, standing = false, now = Date.now() }) {
  const bars = [];
  const marks = [];
  const breaks = [];
  let x = standing ? 10 : 14;
  let before = null;

  for (const story of stories(items, now)) {
    const nodes = [];
    if (before !== null) {
      const text = `${took(story[0].from - before)} later`;
      const room = standing ? 46 : measure(text) + 24;
      breaks.push({ at: x + room / 2, text });
      x += room;
    }
    const busy = { page: [], token: [], other: [], api: [] };
    const rowOf = new Map();
    for (const item of story) {
      if (item.kind === 'mark') {
        const mark = { item, text: item.remote ? `other tab: ${item.text}` : item.text };
        mark.size = standing ? 26 : measure(mark.text) + 26;
        marks.push(mark);
        nodes.push({ at: item.from, mark });
        continue;
      }
      const to = end(item, story, now);
      const lane = laneOf(item);
      const wanted = labels(item);
      const bar = { item, lane, labels: wanted, least: standing ? 22 : measure(wanted[0]) + 18 };
      // The attempts of a call lie in the call's own row, below it.
      bar.row = (lane === 'api' && rowOf.get(item.call)) ?? free(busy[lane], item.from);
      if (bar.row === false) bar.row = free(busy[lane], item.from);
      busy[lane][bar.row] = to;
      if (item.kind === 'call') rowOf.set(item.call, bar.row);
      bars.push(bar);
      nodes.push({ at: item.from, start: bar }, { at: to, end: bar });
      before = Math.max(before ?? 0, to);
    }
    before = Math.max(before ?? 0, story.at(-1).from);
    // How many lie side by side here: a standing lane divides its breadth among them.
    for (const { start: bar } of nodes) if (bar) bar.beside = busy[bar.lane].length;

    // Ends go before starts of the same moment, so that what follows does not seem to overlap.
    nodes.sort((a, b) => a.at - b.at || (b.end ? 1 : 0) - (a.end ? 1 : 0));
    let at = nodes[0].at;
    let chip = -Infinity;
    let turned = false;
    for (const node of nodes) {
      const step = node.at - at;
      if (step > 0) x += 4 + 8 * Math.log10(1 + step);
      // Room for the lines to and from a refresh.
      if (node.start && (turned || node.start.item.where === 'token')) x += GAP;
      if (!node.mark) turned = node.end?.item.where === 'token';
      at = node.at;
      if (node.start) node.start.a = x;
      if (node.end) x = node.end.b = Math.max(x, node.end.a + node.end.least);
      if (node.mark) {
        x = Math.max(x, chip);
        node.mark.a = x;
        chip = x + node.mark.size;
        if (standing) x = chip;
      }
    }
    x = Math.max(x, chip);
    // Starts that were pushed together by equal moments still need room behind the last one.
    x += standing ? 6 : 8;
  }

  return { bars, marks, breaks, links: links(bars), length: x + 10, rows: rows(bars) };
}

/**
 * When a bar ends. A request that took next to no time is drawn as if it had taken a little more, though not into what
 * came of it: so the refusals of calls made together lie below one another.
 */
function end(item, story, now) {
  if (item.where !== 'api') return Math.max(item.to ?? now, item.from + 1);
  // The answer reaches the page's own code a little later than the browser's books say, or earlier.
  const call = item.call && story.find((other) => other.kind === 'call' && other.call === item.call);
  const answered = call?.to && call.to > item.from ? call.to - 0.01 : Infinity;
  if (item.to - item.from >= LITTLE) return Math.min(item.to, answered);
  const after = story.find(
    (other) =>
      other.kind === 'request' &&
      other.from > item.from &&
      (other.where === 'token' || (item.call && other.call === item.call)),
  );
  const least = Math.min(item.from + LITTLE, after?.from ?? Infinity);
  return Math.min(Math.max(item.to, least, item.from + 0.1), answered);
}

/** The first row that is free at this time. */
function free(ends, from) {
  const row = ends.findIndex((end) => end === undefined || end <= from);
  return row < 0 ? ends.length : row;
}

function rows(bars) {
  const most = { page: 1, api: 1, token: 1, other: 1 };
  for (const { lane, row } of bars) most[lane] = Math.max(most[lane], row + 1);
  return most;
}

/** Refused → refreshed → sent again: a line for each step of the way. */
function links(bars) {
  const found = [];
  const attempts = bars.filter(({ item }) => item.own && item.where === 'api');
  const refreshes = bars.filter(({ item }) => isRefresh(item));
  for (const bar of attempts.filter(({ item }) => item.status === 401)) {
    const again = attempts.find(({ item }) => item.call === bar.item.call && item.from > bar.item.from);
    const call = bars.find(({ item }) => item.kind === 'call' && item.call === bar.item.call)?.item;
    const until = (again?.item.from ?? call?.to ?? bar.item.to) + 50;
    const between = refreshes.find(
      ({ item }) => item.to >= bar.item.to - 50 && item.from <= until && item.from >= bar.item.from - 50,
    );
    if (between) {
      found.push({ kind: 'refused', from: bar, to: between });
      if (again) found.push({ kind: 'again', from: between, to: again });
    } else if (again) found.push({ kind: 'again', from: bar, to: again });
  }
  return found;
}
