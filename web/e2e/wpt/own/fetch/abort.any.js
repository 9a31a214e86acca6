// META: script=/common.sub.js
// Fetch Standard, sections 4 (abort) and 5.6; DOM Standard, AbortSignal.
promise_test(async (t) => {
  const going = fetch(answer('echo'), { signal: AbortSignal.abort() });
  await promise_rejects_dom(t, 'AbortError', going);
}, 'a signal that is aborted already');
each(
  [new Error('own'), 'text', 0, { an: 'object' }].map((reason) => [`the reason itself: ${String(reason)}`, reason]),
  async (t, reason) => {
    await promise_rejects_exactly(t, reason, fetch(answer('silent'), { signal: AbortSignal.abort(reason) }));
    const controller = new AbortController();
    const going = fetch(answer('silent'), { signal: controller.signal });
    controller.abort(reason);
    await promise_rejects_exactly(t, reason, going);
  },
);
promise_test(async (t) => {
  const url = answer('note', { key: key() });
  await promise_rejects_dom(t, 'AbortError', fetch(url, { method: 'POST', signal: AbortSignal.abort() }));
  assert_equals(await (await fetch(url.replace('note', 'count'))).text(), '0');
}, 'nothing is sent then');
promise_test(async (t) => {
  const request = new Request(answer('echo'), { method: 'POST', body: 'x', signal: AbortSignal.abort() });
  await promise_rejects_dom(t, 'AbortError', fetch(request));
}, "a Request's signal");
promise_test(async (t) => {
  const request = new Request(answer('echo'), { signal: AbortSignal.abort() });
  assert_equals((await fetch(request, { signal: null })).status, 200);
  assert_equals((await fetch(request, { signal: new AbortController().signal })).status, 200);
}, "init's signal takes its place, null too");
promise_test(async (t) => {
  const controller = new AbortController();
  const response = await fetch(answer('endless'), { signal: controller.signal });
  const reading = response.text();
  controller.abort();
  await promise_rejects_dom(t, 'AbortError', reading);
}, 'while the body is read');
promise_test(async (t) => {
  const controller = new AbortController();
  const response = await fetch(answer('endless'), { signal: controller.signal });
  const reader = response.body.getReader();
  await reader.read();
  controller.abort(new RangeError('own'));
  await promise_rejects_js(t, RangeError, reader.read());
}, 'while its stream is read');
promise_test(async () => {
  const controller = new AbortController();
  const response = await fetch(answer('status', { code: 200, body: 'abc' }), { signal: controller.signal });
  const text = await response.text();
  controller.abort();
  assert_equals(text, 'abc');
}, 'after the body was read');
promise_test(async (t) => {
  const controller = new AbortController();
  const order = [];
  const going = fetch(answer('silent'), { signal: controller.signal }).catch(() => order.push('rejected'));
  controller.signal.addEventListener('abort', () => order.push('event'));
  controller.abort();
  order.push('after');
  await going;
  assert_array_equals(order, ['event', 'after', 'rejected']);
}, 'the event comes first, the rejection in a task of its own');
promise_test(async (t) => {
  const controller = new AbortController();
  const going = Array.from({ length: 5 }, () => fetch(answer('silent'), { signal: controller.signal }));
  controller.abort();
  for (const one of going) await promise_rejects_dom(t, 'AbortError', one);
}, 'one signal for five');
promise_test(async (t) => {
  const going = fetch(answer('silent'), { signal: AbortSignal.timeout(1) });
  await promise_rejects_dom(t, 'TimeoutError', going);
}, 'a signal by time');
promise_test(async (t) => {
  const any = new AbortController();
  const going = fetch(answer('silent'), { signal: AbortSignal.any([any.signal, new AbortController().signal]) });
  any.abort(7);
  await promise_rejects_exactly(t, 7, going);
}, 'a signal of several');
