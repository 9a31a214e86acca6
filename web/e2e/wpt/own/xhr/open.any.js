// META: script=/common.sub.js
// META: script=/xhr-common.js
// META: global=window
// XMLHttpRequest Standard, section 3.5.1 (open) and 3.5.2 (setRequestHeader).
const throwing = (entries) => {
  for (const [name, error, act] of entries)
    test(() => (typeof error === 'string' ? assert_throws_dom(error, act) : assert_throws_js(error, act)), name);
};
throwing([
  ['a method that is none', 'SyntaxError', () => new XMLHttpRequest().open('a b', '/')],
  ['no method', 'SyntaxError', () => new XMLHttpRequest().open('', '/')],
  ...['TRACE', 'track', 'Connect'].map((method) => [
    `the method ${method}`,
    'SecurityError',
    () => new XMLHttpRequest().open(method, '/'),
  ]),
  ['a URL that is none', 'SyntaxError', () => new XMLHttpRequest().open('GET', 'http://')],
  ['one argument', TypeError, () => new XMLHttpRequest().open('GET')],
  ['a header before it is opened', 'InvalidStateError', () => new XMLHttpRequest().setRequestHeader('a', 'b')],
  ['sending before it is opened', 'InvalidStateError', () => new XMLHttpRequest().send()],
  ['a header whose name is none', 'SyntaxError', () => opened('/').setRequestHeader('a b', 'c')],
  ['a header whose value is none', 'SyntaxError', () => opened('/').setRequestHeader('a', 'b\nc')],
  ['a header beyond bytes', TypeError, () => opened('/').setRequestHeader('a', '\u0100')],
  [
    'synchronous, with a timeout',
    'InvalidAccessError',
    () => {
      const client = new XMLHttpRequest();
      client.timeout = 1;
      client.open('GET', '/', false);
    },
  ],
  [
    'synchronous, with a type',
    'InvalidAccessError',
    () => {
      const client = new XMLHttpRequest();
      client.responseType = 'json';
      client.open('GET', '/', false);
    },
  ],
]);
for (const method of ['get', 'Post', 'PATCH', 'x-own'])
  promise_test(async () => {
    const client = await sent(answer('echo'), { method: method === 'x-own' ? 'REPORT' : method });
    assert_equals(json(client).method, method === 'x-own' ? 'REPORT' : method.toUpperCase());
  }, `the method ${method}`);
promise_test(async () => {
  const client = await sent({ toString: () => answer('echo') });
  assert_equals(json(client).method, 'GET');
}, 'a URL is converted');
promise_test(async () => {
  const client = await sent(new URL(answer('status', { code: 200 }), location) + '#part');
  assert_equals(client.responseURL, location.origin + answer('status', { code: 200 }));
}, 'its answer has a URL without a fragment');
test(() => {
  const client = new XMLHttpRequest();
  const states = [];
  client.onreadystatechange = () => states.push(client.readyState);
  client.open('GET', '/');
  client.open('GET', '/');
  assert_array_equals(states, [1]);
}, 'opening twice is told once');
promise_test(async () => {
  const client = opened(answer('silent'));
  client.send();
  client.open('GET', answer('echo'));
  const end = ended(client);
  client.send();
  await end;
  assert_equals(json(client).method, 'GET');
  assert_false(client.seen.includes('abort'));
}, 'opening ends what is under way, in silence');
promise_test(async () => {
  const client = opened(answer('echo'), { method: 'POST' });
  client.setRequestHeader('x-a', '1');
  client.setRequestHeader('X-A', ' 2 ');
  client.setRequestHeader('host', 'evil');
  client.setRequestHeader('sec-x', 'evil');
  const end = ended(client);
  client.send();
  await end;
  const { headers } = json(client);
  assert_equals(headers['x-a'], '1, 2');
  assert_not_equals(headers.host, 'evil');
  assert_equals(headers['sec-x'], undefined);
  assert_equals(headers.accept, '*/*');
}, 'headers');
promise_test(async () => {
  const client = await sent(answer('echo'), { headers: { 'x-once': '1' } });
  client.open('GET', answer('echo'));
  const end = ended(client);
  client.send();
  await end;
  assert_equals(json(client).headers['x-once'], undefined);
}, 'opening again forgets the headers');
promise_test(async () => {
  const client = opened(answer('silent'));
  client.send();
  assert_throws_dom('InvalidStateError', () => client.send());
  assert_throws_dom('InvalidStateError', () => client.setRequestHeader('a', 'b'));
  assert_throws_dom('InvalidStateError', () => (client.withCredentials = true));
  client.abort();
}, 'what cannot be done after sending');
