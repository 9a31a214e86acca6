// XMLHttpRequest: the answer in each type.
import { attempt, ended, factsOf, request, watch } from '../xhr.js';

const as = (responseType, query, more) => async (tools) => {
  for (const at of [tools.here, tools.there])
    await request(tools, 'GET', at(query), {
      quiet: true,
      prepare(xhr) {
        xhr.responseType = responseType;
        if (more) xhr.overrideMimeType(more);
        const noted = [];
        xhr.addEventListener('readystatechange', () =>
          noted.push([xhr.readyState, xhr.response === null ? null : typeof xhr.response]),
        );
        xhr.addEventListener('loadend', () => {
          tools.note(noted, xhr.response === xhr.response);
          if (xhr.response instanceof Document)
            tools.note(new XMLSerializer().serializeToString(xhr.response), xhr.response.URL, xhr.response.contentType);
          for (const member of ['responseText', 'responseXML']) attempt(tools.note, () => xhr[member] && 'something');
        });
      },
    });
};
const json = { body: '{"a":[1,"é"]}', h: 'content-type: application/json' };
const html = { body: '<!doctype html><title>t</title><p>x', h: 'content-type: text/html' };
const xml = { body: '<a b="c">d</a>', h: 'content-type: application/xml' };

export const programs = {
  'XH-10 as text': as('text', json),
  'XH-10 as nothing in particular': as('', json),
  'XH-10 as JSON': as('json', json),
  'XH-10 as JSON that is none': as('json', { body: '{"a":', h: 'content-type: application/json' }),
  'XH-10 as an ArrayBuffer': as('arraybuffer', json),
  'XH-10 as a Blob': as('blob', json),
  'XH-10 as a Blob of another type': as('blob', json, 'Text/X; charset=latin1'),
  'XH-10 as a document of HTML': as('document', html),
  'XH-10 as a document of XML': as('document', xml),
  'XH-10 as a document that is none': as('document', { body: '<a', h: 'content-type: application/xml' }),
  'XH-10 HTML as nothing in particular': as('', html),
  'XH-10 XML as nothing in particular': as('', xml),
  'XH-10 XML, though the server does not say so': as('', { body: '<a/>' }, 'application/xml'),
  'XH-10 in another set of characters': as('', { body: '\xe9', h: 'content-type: text/plain;charset=latin1' }),
  'XH-10 in a set of characters that the page knows better': as('', { body: '\xe9' }, 'text/plain; charset=iso-8859-1'),
  'XH-10 with a mark of its order of bytes': as('text', { body: '\xef\xbb\xbfa' }),
  'XH-10 an empty body in each type': async (tools) => {
    for (const type of ['', 'text', 'json', 'arraybuffer', 'blob', 'document'])
      await request(tools, 'GET', tools.here({ status: 204, type }), {
        quiet: true,
        prepare: (xhr) => (xhr.responseType = type),
      });
  },
  'XH-10 a failure in each type': async (tools) => {
    for (const type of ['', 'text', 'json', 'arraybuffer', 'blob', 'document'])
      await request(tools, 'GET', 'http://127.0.0.1:1/api/', {
        quiet: true,
        prepare: (xhr) => (xhr.responseType = type),
      });
  },
  'XH-10 types that there are not': async ({ note }) => {
    const xhr = new XMLHttpRequest();
    for (const type of ['nonsense', 'JSON', 'moz-chunked-text', 'stream', null, undefined, 5, 'json', 'nonsense']) {
      attempt(note, () => (xhr.responseType = type));
      note(xhr.responseType);
    }
  },
  'XH-10 types at the wrong time': async ({ note, here, release }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    attempt(note, () => (xhr.responseType = 'json'));
    xhr.onreadystatechange = () => {
      note(xhr.readyState);
      attempt(note, () => (xhr.responseType = 'text'));
      attempt(note, () => xhr.overrideMimeType('text/plain'));
    };
    await end;
    attempt(note, () => (xhr.responseType = 'json'));
  },
  'XH-10 members that are not of that type': async ({ note, here, refuse }) => {
    for (const type of ['json', 'blob', 'document', 'text']) {
      await refuse();
      const xhr = new XMLHttpRequest();
      xhr.responseType = type;
      for (const member of ['responseText', 'responseXML', 'response']) attempt(note, () => xhr[member]);
      xhr.open('GET', here({ type }));
      const end = ended(xhr);
      xhr.send();
      await end;
      for (const member of ['responseText', 'responseXML']) attempt(note, () => xhr[member]);
    }
  },
  'XH-10 the same object each time': async ({ note, here, refuse }) => {
    for (const type of ['json', 'blob', 'arraybuffer', 'document']) {
      await refuse();
      const xhr = new XMLHttpRequest();
      xhr.responseType = type;
      xhr.open('GET', here({ ...json, type }));
      const end = ended(xhr);
      xhr.send();
      await end;
      const { response } = xhr;
      note(type, response === xhr.response, Object.prototype.toString.call(response));
    }
  },
  'XH-10 bytes as text, as it was done': as('', { body: '\x00\x80\xff' }, 'text/plain; charset=x-user-defined'),
  'XH-11 an address after redirects, with a fragment': async (tools) => {
    const { here, there } = tools;
    await request(tools, 'GET', here({ status: 302, to: here('end') }) + '#a', { quiet: true });
    await request(tools, 'GET', here({ status: 302, to: there('end') + '#b' }), { quiet: true });
  },
  'XH-05 a large body': async (tools) => {
    const xhr = await request(tools, 'GET', tools.here({ size: 3 << 20 }), {
      quiet: true,
      prepare: (xhr) => (xhr.responseType = 'arraybuffer'),
    });
    tools.note(xhr.response.byteLength);
  },
  'XH-03 synchronously': async ({ note, here, there, refuse }) => {
    for (const at of [here, there]) {
      const xhr = watch(new XMLHttpRequest(), note, { upload: false });
      xhr.open('POST', at('echo'), false);
      xhr.setRequestHeader('x-a', '1');
      note(xhr.send('body'));
      note(factsOf(xhr));
    }
  },
  'XH-03 synchronously, and it fails': async ({ note }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', 'http://127.0.0.1:1/api/', false);
    attempt(note, () => xhr.send());
    note(factsOf(xhr));
  },
  'XH-03 what a synchronous request may not have': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here(), false);
    attempt(note, () => (xhr.timeout = 5));
    attempt(note, () => (xhr.responseType = 'json'));
    const typed = new XMLHttpRequest();
    typed.responseType = 'json';
    attempt(note, () => typed.open('GET', here(), false));
    const timed = new XMLHttpRequest();
    timed.timeout = 5;
    attempt(note, () => timed.open('GET', here(), false));
    note(typed.readyState, timed.readyState);
  },
};
