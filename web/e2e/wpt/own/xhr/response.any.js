// META: script=/common.sub.js
// META: script=/xhr-common.js
// META: global=window
// XMLHttpRequest Standard, section 3.6: status, headers and body of an answer.
const of = (values) => answer('status', { code: 200, ...values });
each(
  [200, 204, 206, 304, 400, 404, 410, 503].map((code) => [`status ${code}`, code]),
  async (t, code) => {
    const client = await sent(of({ code, text: 'So It Is' }));
    assert_equals(client.status, code);
    assert_equals(client.statusText, 'So It Is');
  },
);
promise_test(async () => {
  const client = await sent(of({ fields: '{"x-b":"2","X-A":["1","one"],"set-cookie":"none=1"}' }));
  assert_equals(client.getResponseHeader('x-a'), '1, one');
  assert_equals(client.getResponseHeader('X-B'), '2');
  assert_equals(client.getResponseHeader('set-cookie'), null);
  assert_equals(client.getResponseHeader('x-none'), null);
  const all = client.getAllResponseHeaders();
  assert_true(all.includes('x-a: 1, one\r\nx-b: 2\r\n'));
  assert_false(all.includes('set-cookie'));
}, 'headers');
const types = {
  '': (it) => assert_equals(it, '{"a":1}'),
  text: (it) => assert_equals(it, '{"a":1}'),
  json: (it) => assert_equals(it.a, 1),
  arraybuffer: (it) => assert_equals(it.byteLength, 7),
  blob: (it) => assert_equals(it.type, 'text/plain'),
};
each(
  Object.entries(types).map(([responseType, check]) => [
    `responseType ${JSON.stringify(responseType)}`,
    responseType,
    check,
  ]),
  async (t, responseType, check) => {
    const client = await sent(of({ body: '{"a":1}' }), { responseType });
    assert_equals(client.responseType, responseType);
    check(client.response);
    if (responseType !== 'json') assert_equals(client.response, client.response);
    if (!/^(text)?$/.test(responseType)) assert_throws_dom('InvalidStateError', () => client.responseText);
    if (responseType) assert_throws_dom('InvalidStateError', () => client.responseXML);
  },
);
promise_test(async () => {
  const client = await sent(of({ body: '<a>b</a>', fields: '{"content-type":"text/xml"}' }));
  assert_equals(client.responseXML.documentElement.textContent, 'b');
  assert_equals(client.responseText, '<a>b</a>');
}, 'XML');
promise_test(async () => {
  const client = await sent(of({ body: '<p>b', fields: '{"content-type":"text/html"}' }), { responseType: 'document' });
  assert_equals(client.response.querySelector('p').textContent, 'b');
  assert_equals(client.responseXML, client.response);
}, 'a document');
promise_test(async () => {
  const client = await sent(of({ body: '{' }), { responseType: 'json' });
  assert_equals(client.response, null);
}, 'JSON that is none');
promise_test(async () => {
  const client = opened(of({ body: 'abc' }), { responseType: 'blob' });
  client.overrideMimeType('own/type');
  client.send();
  await ended(client);
  assert_equals(client.response.type, 'own/type');
  assert_throws_dom('InvalidStateError', () => client.overrideMimeType('x/y'));
}, 'another type than it says');
promise_test(async () => {
  const client = await sent(of({ body: 'a' }));
  assert_throws_dom('InvalidStateError', () => (client.responseType = 'json'));
}, 'its type is fixed when it is done');
test(() => {
  const client = new XMLHttpRequest();
  client.responseType = 'none';
  assert_equals(client.responseType, '');
}, 'a type that is none is ignored');
promise_test(async () => {
  const client = await sent(answer('gone'), { method: 'POST', body: 'x', responseType: 'json' });
  assert_array_equals([client.status, client.statusText, client.response, client.responseURL], [0, '', null, '']);
  assert_equals(client.getAllResponseHeaders(), '');
}, 'a network error leaves nothing');
promise_test(async () => {
  const client = await sent(answer('redirect', { code: 307, to: location.origin + answer('echo') }), {
    method: 'POST',
    body: 'kept',
  });
  assert_equals(client.responseURL, location.origin + answer('echo'));
  assert_equals(json(client).body, 'kept');
}, 'after a redirect');
promise_test(async () => {
  const states = [];
  const client = opened(of({ body: 'abc' }));
  client.onreadystatechange = () => states.push([client.readyState, client.status, client.responseText]);
  client.send();
  await ended(client);
  assert_equals(JSON.stringify(states.at(-1)), '[4,200,"abc"]');
  assert_equals(JSON.stringify(states.find(([state]) => state === 2)), '[2,200,""]');
}, 'what is there in each state');
