// XMLHttpRequest: what is sent, in headers and bodies, byte by byte.
import { attempt, ended, factsOf, request } from '../xhr.js';

const bytes = (...list) => new Uint8Array(list);
const every = () => bytes(...Array.from({ length: 256 }, (_, i) => i));
const both = (make, how) => async (tools) => {
  for (const at of [tools.here, tools.there])
    await request(tools, 'POST', at('echo'), { body: await make(), upload: true, ...how });
};

export const programs = {
  'XH-14 a string': both(() => 'é ü 漢字 🦊 \ud800 end'),
  'XH-14 an ArrayBuffer': both(() => every().buffer),
  'XH-14 a typed array with an offset': both(() => new Uint8Array(every().buffer, 3, 7)),
  'XH-14 a DataView': both(() => new DataView(every().buffer, 5, 9)),
  'XH-14 a Blob': both(() => new Blob([every(), 'text'], { type: 'Image/X-Odd; a=B' })),
  'XH-14 a File': both(() => new File(['of a file'], 'a name.txt', { type: 'text/plain' })),
  'XH-14 URLSearchParams': both(() => new URLSearchParams('a=1&b=ü&a=%20 +&c')),
  'XH-14 a FormData': both(
    () => {
      const form = new FormData();
      form.append('ü "q"', 'line\r\nline\nline');
      form.append('file', new File([every()], 'ü".bin', { type: 'application/x' }));
      return form;
    },
    { sizes: false },
  ),
  'XH-14 a Document of HTML and of XML': async (tools) => {
    const parse = (text, type) => new DOMParser().parseFromString(text, type);
    await request(tools, 'POST', tools.here('echo'), { body: parse('<p>ü', 'text/html') });
    await request(tools, 'POST', tools.here('echo'), { body: parse('<a>ü</a>', 'application/xml') });
    await request(tools, 'POST', tools.there('echo'), {
      body: parse('<a/>', 'text/xml'),
      headers: { 'content-type': 'text/x' },
    });
  },
  'XH-14 what becomes a string': async (tools) => {
    for (const body of [5, true, {}, [1, 2], new String('object'), new Date(0), () => {}])
      await request(tools, 'POST', tools.here('echo'), { body, quiet: true });
    let times = 0;
    await request(tools, 'POST', tools.here('echo'), { body: { toString: () => `asked ${++times}` }, quiet: true });
    tools.note(times);
  },
  'XH-14 a stream is a string here': async (tools) => {
    await request(tools, 'POST', tools.here('echo'), { body: new ReadableStream(), quiet: true });
  },
  'XH-14 what cannot be sent': async ({ note, here }) => {
    for (const body of [Symbol('x'), Object.create(null)]) {
      const xhr = new XMLHttpRequest();
      xhr.open('POST', here());
      attempt(note, () => xhr.send(body));
      note(xhr.readyState);
    }
  },
  'XH-14 a body where none is sent': async (tools) => {
    for (const method of ['GET', 'HEAD', 'get'])
      await request(tools, method, tools.here('echo'), { body: 'x', upload: true });
  },
  'XH-14 methods of every case': async (tools) => {
    for (const method of ['get', 'post', 'put', 'delete', 'options', 'patch', 'PATCH', 'PoSt', 'custom', 'PROPFIND'])
      await request(tools, method, tools.here('echo'), { body: 'x', quiet: true });
  },
  'XH-14 a content type of its own': async (tools) => {
    for (const type of [
      'text/x',
      'text/plain;charset=latin1',
      'application/json',
      'text/plain; CHARSET="utf-8"',
      'text/plain;charset=UTF-8',
      'nonsense',
      '',
      'Text/X;a=B',
    ])
      await request(tools, 'POST', tools.here('echo'), { body: 'ü', headers: { 'Content-Type': type }, quiet: true });
    await request(tools, 'POST', tools.here('echo'), {
      body: new Blob(['x'], { type: 'a/b' }),
      headers: { 'content-type': 'text/x' },
      quiet: true,
    });
  },
  'XH-14 a buffer that changes after send': async ({ note, here, refuse }) => {
    for (const make of [(view) => view, (view) => view.buffer]) {
      await refuse();
      const xhr = new XMLHttpRequest();
      const view = bytes(1, 2, 3);
      xhr.open('POST', here('echo'));
      const end = ended(xhr);
      xhr.responseType = 'arraybuffer';
      xhr.send(make(view));
      view.fill(9);
      await end;
      note(xhr.response);
    }
  },
  'XH-14 a form that changes after send': async ({ note, here, refuse }) => {
    const form = new FormData();
    form.append('a', '1');
    const params = new URLSearchParams('a=1');
    for (const body of [form, params]) {
      await refuse();
      const xhr = new XMLHttpRequest();
      xhr.open('POST', here('echo'));
      const end = ended(xhr);
      xhr.send(body);
      body.append('b', '2');
      await end;
      note(xhr.responseText);
    }
  },
  'XH-14 a document that changes after send': async ({ note, here }) => {
    const body = new DOMParser().parseFromString('<a>1</a>', 'text/xml');
    const xhr = new XMLHttpRequest();
    xhr.open('POST', here('echo'));
    const end = ended(xhr);
    xhr.send(body);
    body.documentElement.textContent = '2';
    await end;
    note(xhr.responseText);
  },
  'XH-14 a large body': async (tools) => {
    const large = new Uint8Array(2 << 20).map((_, i) => i * 7);
    await request(tools, 'POST', tools.here(), { body: large, quiet: true });
    await request(tools, 'PUT', tools.there(), { body: new Blob([large]), quiet: true });
  },
  'XH-12 headers more than once': async ({ note, here, there, refuse }) => {
    for (const at of [here, there]) {
      await refuse();
      const xhr = new XMLHttpRequest();
      xhr.open('GET', at());
      for (const [name, value] of [
        ['X-A', '1'],
        ['x-a', '2'],
        ['x-b', ''],
        ['X-A', ' 3 '],
        ['accept', 'a/b'],
        ['Accept', 'c/d'],
      ])
        xhr.setRequestHeader(name, value);
      const end = ended(xhr);
      xhr.send();
      await end;
      note(factsOf(xhr));
    }
  },
  'XH-12 names that no page may set': async (tools) => {
    const headers = {
      Host: 'evil.test',
      Cookie: 'a=b',
      'Content-Length': '5',
      Origin: 'x',
      Referer: 'x',
      'Sec-X': '1',
      'Proxy-X': '1',
      'User-Agent': 'mine',
      'X-HTTP-Method': 'TRACE',
      'X-Fine': '1',
    };
    for (const at of [tools.here, tools.there]) await request(tools, 'GET', at(), { headers, quiet: true });
  },
  'XH-12 what is no header': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here());
    for (const [name, value] of [
      ['a b', '1'],
      ['', '1'],
      ['a', '\u0100'],
      ['é', '1'],
      ['a', 'b\0c'],
      ['a', 'b\nc'],
      ['a', Symbol('x')],
    ])
      attempt(note, () => xhr.setRequestHeader(name, value));
    const end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
  'XH-12 headers at the wrong time': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    attempt(note, () => xhr.setRequestHeader('x-a', '1'));
    xhr.open('GET', here());
    attempt(note, () => xhr.setRequestHeader('x-a', '1'));
    const end = ended(xhr);
    xhr.send();
    attempt(note, () => xhr.setRequestHeader('x-a', '1'));
    xhr.onreadystatechange = () => attempt(note, () => xhr.setRequestHeader('x-a', '1'));
    await end;
    attempt(note, () => xhr.setRequestHeader('x-a', '1'));
  },
  'XH-12 how names are written': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here('names'));
    xhr.setRequestHeader('X-Odd', '1');
    xhr.setRequestHeader('x-EVEN', '1');
    const end = ended(xhr);
    xhr.send();
    await end;
    note(xhr.responseText);
  },
  "XH-12 UM-29 UM-31 the caller's own Authorization": async ({ note, here }) => {
    for (const values of [['Basic eDp5'], ['Basic eDp5', 'Bearer mine'], ['']]) {
      const xhr = new XMLHttpRequest();
      xhr.open('GET', here({ status: 401, h: 'www-authenticate: Bearer' }));
      for (const value of values) xhr.setRequestHeader('AUTHORIZATION', value);
      const end = ended(xhr);
      xhr.send();
      await end;
      note(factsOf(xhr));
    }
  },
  'XH-12 headers of one request are not those of the next': async ({ note, here, refuse }) => {
    const xhr = new XMLHttpRequest();
    for (const name of ['x-a', 'x-b']) {
      await refuse();
      xhr.open('GET', here(name));
      xhr.setRequestHeader(name, '1');
      const end = ended(xhr);
      xhr.send();
      await end;
    }
    note(factsOf(xhr));
  },
  'XH-13 withCredentials': async ({ note, here, there, refuse }) => {
    document.cookie = 'twin-xhr=1; path=/api/';
    for (const at of [here, there])
      for (const withCredentials of [false, true]) {
        await refuse();
        const xhr = new XMLHttpRequest();
        xhr.withCredentials = withCredentials;
        xhr.open('GET', at());
        const end = ended(xhr);
        xhr.send();
        attempt(note, () => (xhr.withCredentials = true));
        await end;
        note(factsOf(xhr));
        attempt(note, () => (xhr.withCredentials = 1));
        note(xhr.withCredentials);
      }
    document.cookie = 'twin-xhr=; path=/api/; max-age=0';
  },
  'UM-30 user and password given to open': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here(), true, 'user', 'pw');
    const end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
  'XH-21 UM-05 user and password in the address': async ({ note, here }) => {
    const { host, pathname } = new URL(here());
    for (const url of [
      `http://user:pw@${host}${pathname}`,
      `http://user@${host}${pathname}`,
      `http://@${host}${pathname}`,
    ]) {
      const xhr = new XMLHttpRequest();
      attempt(note, () => xhr.open('GET', url));
      const end = ended(xhr);
      xhr.send();
      await end;
      note(factsOf(xhr));
    }
  },
  'UM-18 UM-14 UM-15 odd spellings, and a base elsewhere': async (tools) => {
    const { host, pathname } = new URL(tools.here());
    const base = document.createElement('base');
    base.href = tools.there('', 'deep/');
    document.head.append(base);
    for (const url of [
      pathname,
      `//${host}${pathname}`,
      'a',
      '',
      ` \t http:\\\\${host}${pathname} `,
      `HTTP://${host}/x/..${pathname}?#f`,
    ])
      await request(tools, 'GET', url, { quiet: true });
    base.remove();
  },
  'UM-18 the base is that of the time of open': async ({ note, here, there }) => {
    const base = document.createElement('base');
    base.href = there('', 'deep/');
    document.head.append(base);
    const xhr = new XMLHttpRequest();
    xhr.open('GET', 'a');
    base.remove();
    const end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
  'UM-22 addresses that are no server': async (tools) => {
    const url = URL.createObjectURL(new Blob(['blob'], { type: 'text/x' }));
    await request(tools, 'GET', 'data:text/plain,hello');
    const xhr = await request(tools, 'GET', url, {
      prepare: (xhr) => (xhr.responseType = 'arraybuffer'),
      quiet: true,
    }).catch(() => {});
    URL.revokeObjectURL(url);
    await request(tools, 'GET', 'about:blank').catch((error) => tools.note(error));
    await request(tools, 'GET', 'nonsense:x').catch((error) => tools.note(error));
  },
  'UM-27 a refusal of another origin, after a redirect': async (tools) => {
    await request(tools, 'GET', tools.here({ status: 302, to: tools.far({ status: 401 }) }));
  },
  'XH-12 FF-23 what the cache has to ask for again': async (tools) => {
    const at = tools.here({ h: 'cache-control: no-cache', etag: '"a"' });
    await request(tools, 'GET', at, { quiet: true });
    await request(tools, 'GET', at, { quiet: true });
    await request(tools, 'GET', at, { headers: { 'if-none-match': '"a"' }, quiet: true });
  },
};

export const tokenless = ["XH-12 UM-29 UM-31 the caller's own Authorization", 'UM-30 user and password given to open'];
