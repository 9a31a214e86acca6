// Draws a layout as SVG, lying or standing. Attributes and classes only, so that a strict style-src holds.
import { lanes } from './layout.js';
import { row as tell, worked } from './story.js';

const ROW = 28;
const BAR = 22;
const PAD = 9;
const STRIP = 44;

const svg = (name, attributes = {}, ...children) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

export function tone(item) {
  const { status, error, to, where } = item;
  if (to === null) return 'waiting';
  if (error || !status || !worked(item)) return status === 401 ? 'refused' : 'failed';
  return where === 'token' ? 'renewed' : 'served';
}

/**
 * @param seen ids that have been drawn before: the others come in gently
 * @returns the sizes of the lanes along the other axis, for their names
 */
export function draw(root, plan, { standing, breadth, room, measure, seen, signedIn }) {
  const lane = {};
  let edge = standing ? 8 : STRIP;
  for (const { id, share } of lanes) {
    const size = standing ? (breadth - 8) * share : PAD * 2 + plan.rows[id] * ROW - (ROW - BAR);
    lane[id] = { edge, size };
    edge += size;
  }
  const across = standing ? breadth : edge;
  const along = Math.max(plan.length, room);
  const box = (a, b, c, d) =>
    standing ? { x: c, y: a, width: d - c, height: b - a } : { x: a, y: c, width: b - a, height: d - c };
  const line = (a1, c1, a2, c2) => (standing ? { x1: c1, y1: a1, x2: c2, y2: a2 } : { x1: a1, y1: c1, x2: a2, y2: c2 });
  const point = (a, c) => (standing ? `${c} ${a}` : `${a} ${c}`);

  root.setAttribute('width', standing ? across : along);
  root.setAttribute('height', standing ? along : across);
  root.replaceChildren();

  lanes.forEach(({ id }, i) => {
    const { edge, size } = lane[id];
    root.append(svg('rect', { class: i % 2 ? 'lane' : 'lane odd', ...box(0, along, edge, edge + size) }));
  });

  for (const { at, text } of plan.breaks) {
    root.append(svg('line', { class: 'cut', ...line(at, standing ? 0 : 30, at, across) }));
    const label = svg(
      'text',
      { class: 'pause', 'text-anchor': 'middle', x: standing ? across / 2 : at, y: standing ? at : 22 },
      text,
    );
    if (standing) {
      const width = measure(text) + 16;
      root.append(svg('rect', { class: 'gap', x: (across - width) / 2, y: at - 10, width, height: 20 }));
      label.setAttribute('y', at + 4);
    }
    root.append(label);
  }

  for (const { from, to, on } of rail(plan, along, signedIn)) {
    root.append(
      svg('rect', {
        class: on ? 'rail on' : 'rail',
        ...(standing ? box(from, to, 0, 3) : box(from, to, STRIP - 3, STRIP)),
      }),
    );
  }

  const spot = ({ a, b, lane: id, row, beside }) => {
    const { edge, size } = lane[id];
    if (!standing) return { a, b, c: edge + PAD + row * ROW, d: edge + PAD + row * ROW + BAR };
    const each = (size - 6) / beside;
    return { a, b, c: edge + 3 + row * each, d: edge + 3 + (row + 1) * each - 2 };
  };

  for (const { item, a } of plan.marks) {
    root.append(
      svg('line', {
        class: `rule ${item.remote ? 'remote' : ''}`,
        ...(standing ? line(a + 12, 8, a + 12, across) : line(a + 1, STRIP - 12, a + 1, across)),
      }),
    );
  }

  for (const { kind, from, to } of plan.links) {
    const start = spot(from);
    const end = spot(to);
    const [a1, a2] = [start.b, Math.max(end.a, start.b)];
    const [c1, c2] = [(start.c + start.d) / 2, (end.c + end.d) / 2];
    const bend = (a1 + a2) / 2;
    root.append(
      svg('path', {
        class: `link ${kind}`,
        d: `M${point(a1, c1)}C${point(bend, c1)} ${point(bend, c2)} ${point(a2, c2)}`,
      }),
    );
  }

  for (const bar of plan.bars) {
    const { a, b, c, d } = spot(bar);
    const place = box(a, b, c, d);
    const fits = bar.labels.find((text) => measure(text) <= place.width - 4) ?? '';
    const fresh = !seen.has(bar.item.id);
    seen.add(bar.item.id);
    root.append(
      svg(
        'g',
        { class: `bar ${tone(bar.item)} ${bar.lane} ${fresh ? 'fresh' : ''}` },
        svg('title', {}, tell(bar.item).filter(Boolean).join(' · ')),
        svg('rect', { rx: 5, ...place }),
        svg('text', { x: place.x + place.width / 2, y: place.y + place.height / 2 + 4, 'text-anchor': 'middle' }, fits),
      ),
    );
  }

  for (const { item, a, text } of plan.marks) {
    const width = measure(text) + 16;
    const x = standing ? Math.max(6, across - width - 6) : a;
    const y = standing ? a + 2 : 6;
    const fresh = !seen.has(item.id);
    seen.add(item.id);
    root.append(
      svg(
        'g',
        { class: `mark ${item.what} ${item.remote ? 'remote' : ''} ${fresh ? 'fresh' : ''}` },
        svg('title', {}, tell(item).filter(Boolean).join(' · ')),
        svg('rect', { x, y, width, height: 21, rx: 10.5 }),
        svg('text', { x: x + width / 2, y: y + 15, 'text-anchor': 'middle' }, text),
      ),
    );
  }
  return lanes.map(({ id }) => lane[id].size);
}

/** Where somebody was signed in, as stretches along the axis. */
function rail({ marks }, along, signedIn) {
  const turns = marks.filter(({ item }) => ['login', 'logout', 'expired'].includes(item.what));
  const stretches = [];
  let on = turns.length ? turns[0].item.what !== 'login' : signedIn;
  let from = 0;
  for (const { item, a } of turns) {
    stretches.push({ from, to: a, on });
    from = a;
    on = item.what === 'login';
  }
  stretches.push({ from, to: along, on });
  return stretches.filter((stretch) => stretch.to > stretch.from);
}
