import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Recorder } from './record.js';

const place = (path) => ({ '/token': 'token', '/revoke': 'revoke' })[path] ?? (path.startsWith('/api/') ? 'api' : null);
const store = () => {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
};
const hit = (id, at, path, status, more = {}) => ({ id, at, path, status, method: 'GET', done: true, ms: 2, ...more });
const sent = (from, to, path, status) => ({ url: `https://api.test${path}`, from, to, status });
const requests = (recorder) => recorder.items.filter(({ kind }) => kind === 'request');

test('a request that the browser and the log know of is one item, whichever comes first', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  for (const order of ['browser first', 'log first', 'log long before']) {
    const recorder = new Recorder(place, store(), 0);
    const browser = () => recorder.sent(sent(100, 120, '/token', 200));
    const log = () => recorder.logged(hit(1, 105, '/token', 200, { grantType: 'refresh_token', issued: 'aa' }));
    if (order === 'browser first') (browser(), log());
    else {
      log();
      if (order === 'log long before') mock.timers.tick(1000);
      browser();
    }
    mock.timers.tick(1000);
    const [request, ...more] = requests(recorder);
    assert.deepEqual(more, [], order);
    assert.deepEqual([request.own, request.grant, request.key, request.to], [true, 'refresh_token', 1, 120], order);
  }
  mock.timers.reset();
});

test('a request that only the log knows of is another tab’s', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const recorder = new Recorder(place, store(), 0);
  recorder.logged(hit(1, 100, '/api/me', 200, { done: false }));
  recorder.logged(hit(1, 100, '/api/me', 200));
  assert.deepEqual(requests(recorder), []);
  mock.timers.tick(1000);
  assert.deepEqual(
    requests(recorder).map(({ own, from, to }) => ({ own, from, to })),
    [{ own: false, from: 100, to: 102 }],
  );
  mock.timers.reset();
});

test('refusals whose bodies nobody read belong to the calls under way, one each', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const recorder = new Recorder(place, store(), 0);
  const calls = [recorder.call('/api/me', 100), recorder.call('/api/me', 101)];
  recorder.logged(hit(1, 103, '/api/me', 401, { tokenId: 'aa' }));
  recorder.logged(hit(2, 104, '/api/me', 401, { tokenId: 'aa' }));
  calls.forEach((call) => call.end(200, null, 150));
  recorder.logged(hit(3, 105, '/api/me', 401, { tokenId: 'aa' }));
  mock.timers.tick(1000);
  mock.timers.reset();
  assert.deepEqual(
    requests(recorder).map(({ own, call }) => ({ own, call })),
    [
      { own: true, call: 1 },
      { own: true, call: 2 },
      { own: false, call: null },
    ],
  );
});

test('what a reload interrupts is neither lost nor told twice', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const kept = store();
  const before = new Recorder(place, kept, 0);
  before.call('/api/me', 90);
  before.sent(sent(100, 120, '/token', 200));
  before.logged(hit(1, 105, '/token', 200, { issued: 'aa' }));
  before.leave(3000);

  const after = new Recorder(place, kept, 3300);
  after.logged(hit(1, 105, '/token', 200, { issued: 'aa' }));
  after.logged(hit(2, 2900, '/revoke', 200, { method: 'POST' }));
  mock.timers.tick(1000);
  assert.deepEqual(
    after.items.map(({ kind, where, own }) => ({ kind, where, own })),
    ['token', 'revoke'].map((where) => ({ kind: 'request', where, own: true })),
  );
  mock.timers.reset();
});

test('what was kept by somebody else does no harm', () => {
  for (const rubbish of ['', 'null', '{}', '[1]', '{"items":5}']) {
    assert.deepEqual(new Recorder(place, { getItem: () => rubbish, setItem() {} }).items, []);
  }
});
