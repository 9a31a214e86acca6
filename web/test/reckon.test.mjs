// The event `request`: what a covered request cost, for who listens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReckon } from '../.cache/test/reckon.mjs';

test('a report has what was asked and what came, and no secret', async () => {
  let now = 5000;
  const reports = [];
  const begin = createReckon({ clock: () => now }, (report) => reports.push(report));
  const its = { via: 'fetch', method: 'POST', as: 'user' };
  const one = begin(its, { url: 'https://api.test/v1/a?token=secret#secret' });
  const response = new Response('', { status: 201 });
  const go = async () => {
    one.attempts += 2;
    now += 70;
    return response;
  };
  assert.equal(await one.watch(go), response);
  const two = begin(its, { url: 'https://api.test/v1/b' });
  const broken = new TypeError('mine');
  await assert.rejects(
    two.watch(() => Promise.reject(broken)),
    (error) => error === broken,
  );
  const report = { type: 'request', via: 'fetch', method: 'POST', as: 'user' };
  assert.deepEqual(reports, [
    { ...report, url: 'https://api.test/v1/a', status: 201, attempts: 2, duration: 70 },
    { ...report, url: 'https://api.test/v1/b', status: 0, attempts: 0, duration: 0 },
  ]);
});
