// FF-12, FF-14: a stream is sent again where the page has asked for that, up to a limit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, load, play, policy, record, rule, sent, settled, status } from './page.mjs';

const api = 'https://api.test/v1';
const renew = {
  refused(_, it) {
    it.publish({ policy: policy({ version: 2, rules: [rule({ headers: { authorization: 'Bearer second' } })] }) });
    return { outcome: 'retry' };
  },
};
const stream = (parts, fail) => {
  const chunks = parts.map((part) => new TextEncoder().encode(part));
  return new ReadableStream({
    pull(controller) {
      if (chunks.length) controller.enqueue(chunks.shift());
      else if (fail) controller.error(fail);
      else controller.close();
    },
  });
};
const post = (body) => fetch(api, { method: 'POST', body, duplex: 'half' });

for (const [name, options, parts, expected] of [
  ['is sent once by default', {}, ['a', 'b'], [401, ['ab']]],
  ['is sent again where that is asked for', { replay: 4 }, ['ab', 'cd'], [200, ['abcd', 'abcd']]],
  ['that is longer is sent once', { replay: 3 }, ['ab', 'cd', 'e'], [401, ['abcde']]],
  ['that is empty is sent again', { replay: 1 }, [], [200, ['', '']]],
])
  test(`FF-12 a stream ${name}`, async () => {
    play(renew);
    load({ api: [{ url: api, ...options }] }, { stored: record() });
    const bodies = [];
    answer(async ({ request, headers }) => {
      bodies.push(await request.text());
      return status(headers.get('authorization') === 'Bearer second' ? 200 : 401);
    });
    assert.deepEqual([(await post(stream(parts))).status, bodies], expected);
  });

test('FF-13 FF-14 a stream that breaks off, or is in use, is refused in the native words', async () => {
  play(renew);
  load({ api: [{ url: api, replay: 100 }] }, { stored: record() });
  const broken = new RangeError('mine');
  answer(async ({ request }) => {
    await request.text();
    return status(200);
  });
  await assert.rejects(post(stream(['a'], broken)), (error) => error === broken || error.cause === broken);
  const locked = stream(['a']);
  locked.getReader();
  await assert.rejects(post(locked), TypeError);
  assert.equal(sent.length, 1);
});

test('FF-12 a refusal that comes before the stream is through waits for it', async () => {
  play(renew);
  load({ api: [{ url: api, replay: 100 }] }, { stored: record() });
  let source;
  const body = new ReadableStream({ start: (controller) => void (source = controller) });
  answer(({ headers }) => status(headers.get('authorization') === 'Bearer second' ? 200 : 401));
  const sending = post(body);
  await settled();
  assert.equal(sent.length, 1);
  source.enqueue(new TextEncoder().encode('late'));
  source.close();
  assert.equal((await sending).status, 200);
  assert.equal(await sent[1].request.text(), 'late');
});
