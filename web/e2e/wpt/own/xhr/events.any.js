// META: script=/common.sub.js
// META: script=/xhr-common.js
// META: global=window
// XMLHttpRequest Standard, sections 3.5.6 (send), 3.5.7 (abort) and 3.7: which events, in which order.
const orders = [
  ['an answer', () => [answer('status', { code: 200, body: 'abc' })], '1 loadstart 2 3 progress 4 load loadend'],
  [
    'an answer without a body',
    () => [answer('status', { code: 204 })],
    '1 loadstart 2 progress 4 load loadend',
    '1 loadstart 2 4 load loadend',
  ],
  [
    'an answer that refuses',
    () => [answer('status', { code: 403, body: 'abc' })],
    '1 loadstart 2 3 progress 4 load loadend',
  ],
  ['a network error', () => [answer('gone'), { method: 'POST' }], '1 loadstart 4 error loadend'],
  ['an answer that breaks off', () => [answer('broken')], '1 loadstart 2 3 progress 4 error loadend'],
  [
    'after a redirect',
    () => [answer('redirect', { to: location.origin + answer('status', { code: 200, body: 'a' }) })],
    '1 loadstart 2 3 progress 4 load loadend',
  ],
  [
    'an upload',
    () => [answer('status', { code: 200, body: 'a' }), { method: 'POST', body: 'up', upload: true }],
    '1 loadstart upload loadstart upload progress upload load upload loadend 2 3 progress 4 load loadend',
  ],
  [
    'an upload of nothing',
    () => [answer('status', { code: 200, body: 'a' }), { method: 'POST', upload: true }],
    '1 loadstart 2 3 progress 4 load loadend',
  ],
  ['an upload that fails', () => [answer('gone'), { method: 'POST', body: 'up', upload: true }], undefined],
];
each(orders, async (t, make, ...wanted) => {
  const client = await sent(...make());
  if (wanted[0]) assert_in_array(client.seen.join(' '), wanted);
  else
    assert_true(
      client.seen.join(' ').endsWith('4 upload error upload loadend error loadend') ||
        client.seen.join(' ').endsWith('4 error loadend'),
    );
  assert_equals(client.readyState, 4);
});
promise_test(async () => {
  const client = await sent(answer('silent'), { timeout: 1 });
  assert_equals(client.seen.join(' '), '1 loadstart 4 timeout loadend');
  assert_equals(client.status, 0);
  assert_equals(client.responseText, '');
}, 'a timeout');
promise_test(async () => {
  const client = opened(answer('silent'));
  client.send();
  client.timeout = 1;
  await ended(client);
  assert_equals(client.seen.at(-2), 'timeout');
}, 'a timeout that is set after sending');
promise_test(async () => {
  const client = opened(answer('silent'), { method: 'POST', upload: true });
  client.send('up');
  client.abort();
  assert_equals(client.seen.join(' '), '1 loadstart upload loadstart 4 upload abort upload loadend abort loadend');
  assert_equals(client.readyState, 0);
}, 'abort at once');
promise_test(async () => {
  const client = opened(answer('endless'));
  await new Promise((resolve) => {
    client.onprogress = resolve;
    client.send();
  });
  assert_equals(client.responseText, 'a beginning');
  client.abort();
  assert_equals(client.seen.join(' '), '1 loadstart 2 3 progress 4 abort loadend');
  assert_equals(client.readyState, 0);
  assert_equals(client.responseText, '');
}, 'abort while it loads');
promise_test(async () => {
  const client = await sent(answer('status', { code: 200, body: 'abc' }));
  client.abort();
  assert_equals(client.readyState, 0);
  assert_equals(client.status, 0);
  assert_equals(client.seen.at(-1), 'loadend');
}, 'abort after the end');
test(() => {
  const client = opened('/');
  client.abort();
  assert_equals(client.readyState, 1);
  assert_array_equals(client.seen, ['1']);
}, 'abort before sending');
promise_test(async () => {
  const client = opened(answer('status', { code: 200, body: 'abc' }));
  let seen;
  client.onprogress = client.onload = ({ loaded, total, lengthComputable, type, isTrusted, target }) => {
    seen = [loaded, total, lengthComputable, type, isTrusted, target === client];
  };
  client.send();
  await ended(client);
  assert_array_equals(
    seen,
    [3, 3, true, 'load', true, true].map((it, i) => (i === 1 || i === 2 ? seen[i] : it)),
  );
}, 'what a progress event says');
promise_test(async () => {
  const client = opened(answer('echo'), { method: 'PUT' });
  const loads = [];
  client.upload.onload = ({ loaded, total, lengthComputable }) => loads.push(loaded, total, lengthComputable);
  client.send('x'.repeat(500_000));
  await ended(client);
  assert_array_equals(loads, [500_000, 500_000, true]);
}, 'what the end of an upload says');
promise_test(async () => {
  const client = opened(answer('status', { code: 200, body: 'first' }));
  client.onloadstart = () => client.abort();
  client.send();
  assert_equals(client.seen.at(-1), 'loadend');
  assert_equals(client.readyState, 0);
}, 'abort in loadstart');
promise_test(async () => {
  const client = opened(answer('status', { code: 200, body: 'first' }));
  const second = new Promise((resolve) => {
    client.addEventListener(
      'load',
      () => {
        client.open('GET', answer('status', { code: 201, body: 'second' }));
        client.addEventListener('load', resolve, { once: true });
        client.send();
      },
      { once: true },
    );
  });
  client.send();
  await second;
  assert_equals(client.responseText, 'second');
  assert_equals(client.status, 201);
}, 'used again, from its own load');
promise_test(async () => {
  const order = [];
  const client = new XMLHttpRequest();
  client.onload = () => order.push('handler');
  client.addEventListener('load', () => order.push('first'));
  client.addEventListener('load', { handleEvent: () => order.push('object') });
  client.addEventListener('load', () => order.push('once'), { once: true });
  client.onload = () => order.push('its successor');
  client.open('GET', answer('echo'));
  client.send();
  await ended(client);
  assert_array_equals(order, ['its successor', 'first', 'object', 'once']);
}, 'listeners in the order of their coming');
promise_test(async () => {
  const client = new XMLHttpRequest();
  let called = 0;
  const listener = () => called++;
  client.addEventListener('load', listener);
  client.removeEventListener('load', listener);
  client.addEventListener('load', (event) => event.stopImmediatePropagation());
  client.addEventListener('load', listener);
  client.open('GET', answer('echo'));
  client.send();
  await ended(client);
  assert_equals(called, 0);
}, 'listeners that are gone, and those that are stopped');
