// META: script=/common.sub.js
// META: script=/xhr-common.js
// META: global=window
// XMLHttpRequest Standard, sections 3.1 to 3.4: the object, its states and its event handlers.
test(() => {
  const client = new XMLHttpRequest();
  assert_true(client instanceof XMLHttpRequest);
  assert_true(client instanceof EventTarget);
  assert_equals(Object.getPrototypeOf(client), XMLHttpRequest.prototype);
  assert_equals(Object.prototype.toString.call(client), '[object XMLHttpRequest]');
  assert_array_equals(Reflect.ownKeys(client), []);
  assert_equals(client.constructor, XMLHttpRequest);
  assert_equals(client.upload, client.upload);
  assert_true(client.upload instanceof XMLHttpRequestUpload);
}, 'what one is');
test(() => assert_throws_js(TypeError, () => XMLHttpRequest()), 'it is no function to call');
test(() => {
  assert_equals(XMLHttpRequest.name, 'XMLHttpRequest');
  assert_equals(XMLHttpRequest.length, 0);
  for (const [i, name] of ['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'].entries()) {
    assert_equals(XMLHttpRequest[name], i);
    assert_equals(XMLHttpRequest.prototype[name], i);
    assert_equals(new XMLHttpRequest()[name], i);
  }
}, 'the class');
test(() => {
  const client = new XMLHttpRequest();
  const {
    readyState,
    status,
    statusText,
    response,
    responseText,
    responseType,
    responseURL,
    responseXML,
    timeout,
    withCredentials,
  } = client;
  assert_array_equals(
    [
      readyState,
      status,
      statusText,
      response,
      responseText,
      responseType,
      responseURL,
      responseXML,
      timeout,
      withCredentials,
    ],
    [0, 0, '', '', '', '', '', null, 0, false],
  );
  assert_equals(client.getAllResponseHeaders(), '');
  assert_equals(client.getResponseHeader('x'), null);
}, 'unsent');
promise_test(async () => {
  class Own extends XMLHttpRequest {
    constructor() {
      super();
      this.mine = 1;
    }
    open(method, url) {
      super.open(method, `${url}&own=1`);
    }
  }
  const client = new Own();
  assert_true(client instanceof Own && client instanceof XMLHttpRequest);
  client.open('GET', answer('echo'));
  client.send();
  await ended(client);
  assert_equals(json(client).method, 'GET');
  assert_true(client.responseURL.endsWith('&own=1'));
}, 'a subclass');
test(() => {
  for (const name of [
    'open',
    'send',
    'abort',
    'setRequestHeader',
    'getResponseHeader',
    'getAllResponseHeaders',
    'overrideMimeType',
  ])
    assert_throws_js(TypeError, () => XMLHttpRequest.prototype[name].call({}, 'a', 'b'), name);
  assert_throws_js(TypeError, () => XMLHttpRequest.prototype.readyState);
}, 'its methods are for its kind');
for (const name of [
  'onreadystatechange',
  'onloadstart',
  'onprogress',
  'onabort',
  'onerror',
  'onload',
  'ontimeout',
  'onloadend',
])
  test(() => {
    const client = new XMLHttpRequest();
    const handler = () => {};
    for (const target of name === 'onreadystatechange' ? [client] : [client, client.upload]) {
      assert_equals(target[name], null);
      target[name] = handler;
      assert_equals(target[name], handler);
      target[name] = 7;
      assert_equals(target[name], null);
    }
  }, name);
promise_test(async () => {
  const client = new XMLHttpRequest();
  const selves = [];
  client.onload = function (event) {
    selves.push(this, event.target, event.currentTarget);
  };
  client.open('GET', answer('echo'));
  client.send();
  await ended(client);
  assert_array_equals(selves, [client, client, client]);
}, 'a handler is called on the object itself');
