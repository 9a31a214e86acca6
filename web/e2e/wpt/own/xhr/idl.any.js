// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: global=window
// XMLHttpRequest Standard: the interfaces.
idl_test(['xhr'], ['dom', 'html', 'fetch', 'streams'], (idls) => {
  idls.add_objects({
    XMLHttpRequest: ['new XMLHttpRequest()'],
    XMLHttpRequestUpload: ['(new XMLHttpRequest()).upload'],
    FormData: ['new FormData()'],
    ProgressEvent: ['new ProgressEvent("type")'],
  });
});
