import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layout } from './layout.js';

const measure = (text) => text.length * 7;
const items = () => {
  let id = 0;
  const item = (more) => ({ id: ++id, own: true, ...more });
  const three = (make) => [1, 2, 3].map((n) => item(make(n)));
  return [
    item({ kind: 'mark', what: 'expire', text: 'token expired', from: 0, to: 0 }),
    ...three((call) => ({ kind: 'call', call, from: 300 + call, to: 400 + call, status: 200 })),
    ...three((call) => ({
      kind: 'request',
      where: 'api',
      call,
      from: 305 + call,
      to: 306 + call,
      status: 401,
      key: 1,
    })),
    item({ kind: 'request', where: 'token', grant: 'refresh_token', from: 320, to: 340, status: 200, key: 2 }),
    ...three((call) => ({
      kind: 'request',
      where: 'api',
      call,
      from: 350 + call,
      to: 399 + call,
      status: 200,
      key: 2,
    })),
    item({ kind: 'request', where: 'api', call: null, from: 60_000, to: 60_001, status: 200, own: false }),
  ];
};

for (const standing of [false, true]) {
  test(`bars of a lane do not overlap, ${standing ? 'standing' : 'lying'}`, () => {
    const { bars, length } = layout(items(), { measure, standing });
    for (const bar of bars) {
      assert.ok(bar.b - bar.a > bar.least - 0.001, bar.labels[0]);
      assert.ok(bar.b < length);
      for (const other of bars) {
        if (other === bar || other.lane !== bar.lane || other.row !== bar.row) continue;
        assert.ok(other.a >= bar.b || other.b <= bar.a, `${other.labels[0]} lies on ${bar.labels[0]}`);
      }
    }
  });
}

test('attempts lie in the row of their call and within it', () => {
  const { bars } = layout(items(), { measure });
  const calls = bars.filter(({ item }) => item.kind === 'call');
  for (const call of calls) {
    const attempts = bars.filter(({ lane, item }) => lane === 'api' && item.call === call.item.call);
    assert.equal(attempts.length, 2);
    for (const attempt of attempts) {
      assert.equal(attempt.row, call.row);
      assert.ok(attempt.a >= call.a && attempt.b <= call.b);
    }
  }
});

test('three refusals lead to one refresh and from there to three more tries', () => {
  const { links } = layout(items(), { measure });
  assert.deepEqual(
    ['refused', 'again'].map((kind) => links.filter((link) => link.kind === kind).length),
    [3, 3],
  );
  assert.equal(new Set(links.filter(({ kind }) => kind === 'refused').map(({ to }) => to)).size, 1);
});

test('a long pause is written, not drawn', () => {
  const { breaks, length } = layout(items(), { measure });
  assert.deepEqual(
    breaks.map(({ text }) => text),
    ['60 s later'],
  );
  assert.ok(length < 1200, `${length}`);
});
