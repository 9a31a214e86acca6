// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: global=window
// Fetch Standard, sections 5.1 to 5.6: the interfaces, and the method of the global object.
idl_test(['fetch'], ['dom', 'streams', 'html', 'referrer-policy'], (idls) => {
  idls.add_objects({
    Headers: ['new Headers()'],
    Request: ['new Request("about:blank")'],
    Response: ['new Response()'],
    Window: ['self'],
  });
});
