// XMLHttpRequest: what it is, and what is told in which order.
import { attempt, ended, factsOf, request, watch } from '../xhr.js';

export const programs = {
  'XH-01 the class': async ({ note }) => {
    const xhr = new XMLHttpRequest();
    note(xhr instanceof XMLHttpRequest, xhr instanceof EventTarget, xhr.constructor === XMLHttpRequest);
    note(Object.prototype.toString.call(xhr), String(xhr), Object.getOwnPropertyNames(xhr));
    note(XMLHttpRequest.name, XMLHttpRequest.length, Object.getPrototypeOf(XMLHttpRequest).name);
    for (const name of ['UNSENT', 'OPENED', 'HEADERS_RECEIVED', 'LOADING', 'DONE'])
      note(name, XMLHttpRequest[name], xhr[name], XMLHttpRequest.prototype[name]);
    note(
      Object.getPrototypeOf(xhr) === XMLHttpRequest.prototype,
      xhr.upload instanceof XMLHttpRequestUpload,
      xhr.upload === xhr.upload,
    );
    attempt(note, () => XMLHttpRequest());
    for (const property in xhr) note(property, typeof xhr[property]);
  },
  'XH-01 its members, one by one': async ({ note }) => {
    const { prototype } = XMLHttpRequest;
    for (const [name, { value, get, set, ...rest }] of Object.entries(
      Object.getOwnPropertyDescriptors(prototype),
    ).sort())
      note(
        name,
        rest,
        typeof value,
        [value, get, set].map(
          (it) => typeof it == 'function' && name != 'constructor' && [it.name, it.length, 'prototype' in it],
        ),
      );
  },
  'XH-01 its methods make nothing new, and need a request': async ({ note }) => {
    const { prototype } = XMLHttpRequest;
    for (const name of [
      'open',
      'send',
      'abort',
      'setRequestHeader',
      'getResponseHeader',
      'getAllResponseHeaders',
      'overrideMimeType',
    ]) {
      attempt(note, () => new prototype[name]());
      for (const self of [{}, undefined, prototype, Object.create(prototype), new EventTarget()])
        attempt(note, () => prototype[name].call(self, 'GET', '/'));
    }
    for (const name of ['readyState', 'status', 'response', 'timeout', 'onload', 'upload'])
      attempt(note, () => prototype[name]);
  },
  'XH-01 its methods with too few arguments': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    attempt(note, () => xhr.open());
    attempt(note, () => xhr.open('GET'));
    xhr.open('GET', here());
    attempt(note, () => xhr.setRequestHeader());
    attempt(note, () => xhr.setRequestHeader('a'));
    attempt(note, () => xhr.getResponseHeader());
    attempt(note, () => xhr.overrideMimeType());
  },
  'XH-02 what open refuses': async ({ note, here }) => {
    for (const [method, url] of [
      ['A B', here()],
      ['', here()],
      ['CONNECT', here()],
      ['TRACE', here()],
      ['track', here()],
      ['GET', 'http://['],
      ['GET', 'http://a b/'],
    ]) {
      const xhr = watch(new XMLHttpRequest(), note);
      attempt(note, () => xhr.open(method, url));
      note(xhr.readyState);
    }
  },
  'XH-02 a request that was refused by open goes on as it was': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('first'));
    attempt(note, () => xhr.open('A B', here('second')));
    const end = ended(xhr);
    xhr.send();
    attempt(note, () => xhr.open('GET', 'http://['));
    await end;
    note(factsOf(xhr));
  },
  'XH-02 what open is given in odd forms': async ({ note, here }) => {
    for (const args of [
      ['get', new URL(here('a'))],
      [{ toString: () => 'post' }, here('b')],
      ['PUT', { toString: () => here('c') }],
      ['patch', here('d')],
      ['GET', here('e'), undefined],
      ['GET', here('f'), true, undefined, undefined],
      ['GET', here('g'), 1, null, null],
    ]) {
      const xhr = new XMLHttpRequest();
      attempt(note, () => xhr.open(...args));
      const end = ended(xhr);
      xhr.send();
      await end;
      note(factsOf(xhr));
    }
  },
  'XH-02 arguments are read once, in their order': async ({ note, here }) => {
    const read = [];
    const said = (name, value) => ({ toString: () => (read.push(name), value) });
    const xhr = new XMLHttpRequest();
    xhr.open(said('method', 'GET'), said('url', here(`n=${read.length}`)));
    note(read);
    const end = ended(xhr);
    xhr.setRequestHeader(said('name', 'x-a'), said('value', '1'));
    xhr.send();
    await end;
    note(read, xhr.status);
  },
  'XH-02 what open converts may throw': async ({ note, here, name }) => {
    const mine = name(new Error('mine'), 'the error');
    const throwing = {
      toString() {
        throw mine;
      },
    };
    const xhr = new XMLHttpRequest();
    attempt(note, () => xhr.open(throwing, here()));
    attempt(note, () => xhr.open('GET', throwing));
    attempt(note, () => xhr.open('GET', Symbol('x')));
    attempt(note, () => xhr.open('GET', here(), true, throwing));
    note(xhr.readyState);
  },
  'XH-04 XH-05 a GET': async (tools) => {
    for (const at of [tools.here, tools.there]) await request(tools, 'GET', at());
  },
  'XH-04 XH-05 a POST, with its upload': async (tools) => {
    for (const at of [tools.here, tools.there])
      await request(tools, 'POST', at('echo'), { body: 'twelve bytes', upload: true });
  },
  'XH-04 XH-05 a POST, without listeners to its upload': async (tools) => {
    for (const at of [tools.here, tools.there]) await request(tools, 'POST', at('echo'), { body: 'twelve bytes' });
  },
  'XH-04 XH-05 a POST without a body': async (tools) => {
    for (const body of [undefined, null, '']) await request(tools, 'POST', tools.here('echo'), { body, upload: true });
  },
  'XH-04 XH-05 an answer without a body': async (tools) => {
    await request(tools, 'GET', tools.here('body='));
    await request(tools, 'GET', tools.here('status=204'));
    await request(tools, 'HEAD', tools.here());
  },
  'XH-04 XH-05 a body whose length is said': async (tools) => {
    await request(tools, 'GET', tools.here({ body: 'abcdef', h: 'content-length: 6' }));
    await request(tools, 'GET', tools.there({ body: 'abcdef', h: 'content-length: 6' }));
  },
  'XH-05 a body that is compressed': async (tools) => {
    await request(tools, 'GET', tools.here({ body: 'abc'.repeat(50), gzip: '' }));
  },
  'XH-04 a body in pieces': async ({ note, here, release, event }) => {
    const xhr = new XMLHttpRequest();
    const seen = (length) =>
      new Promise((resolve) => {
        xhr.addEventListener('progress', function look() {
          if (xhr.responseText.length < length) return;
          xhr.removeEventListener('progress', look);
          resolve();
        });
      });
    xhr.open('GET', here('pieces=abc,def'));
    const first = seen(3);
    const end = ended(xhr);
    xhr.send();
    await first;
    note(xhr.readyState, xhr.responseText);
    const second = seen(6);
    release('piece 1');
    await second;
    note(xhr.readyState, xhr.responseText);
    release('end');
    await end;
    note(factsOf(xhr));
  },
  'XH-05 no server': async (tools) => {
    await request(tools, 'GET', 'http://127.0.0.1:1/api/');
    await request(tools, 'POST', 'http://127.0.0.1:1/api/', { body: 'x', upload: true });
  },
  'XH-05 the connection breaks': async (tools) => {
    await request(tools, 'POST', tools.here('drop'), { body: 'x', upload: true });
    await request(tools, 'GET', tools.here('drop'));
  },
  'XH-05 the connection breaks within the body': async ({ note, here, release }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', here('pieces=abc&break'));
    const first = new Promise((resolve) => xhr.addEventListener('progress', resolve, { once: true }));
    const end = ended(xhr);
    xhr.send();
    await first;
    watch(xhr, note);
    release('end');
    await end;
    note(factsOf(xhr));
  },
  'XH-05 another origin that allows nothing': async (tools) => {
    await request(tools, 'GET', tools.there('closed'));
    await request(tools, 'POST', tools.far('closed'), { body: 'x', upload: true });
  },
  'XH-05 FF-20 redirects': async (tools) => {
    const { here, there, beside, far } = tools;
    for (const to of [here('end'), beside('end'), there('end'), far('end')])
      for (const status of [302, 307])
        await request(tools, 'POST', here({ status, to }), { body: 'x', upload: true, progress: false });
    await request(tools, 'GET', here({ status: 302, to: 'http://[' }));
  },
  'XH-11 FF-29 statuses': async (tools) => {
    for (const status of [201, 204, 304, 400, 403, 404, 419, 500, 503, 999])
      await request(tools, 'GET', tools.here({ status, reason: 'Very Odd' }), { quiet: true });
  },
  'XH-06 handlers and listeners, in the order in which they were put': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.addEventListener('load', () => note('first'));
    xhr.onload = () => note('onload');
    xhr.addEventListener('load', () => note('second'));
    xhr.onload = () => note('another onload, in its place');
    xhr.onloadend = () => note('onloadend');
    xhr.onreadystatechange = () => note('onreadystatechange', xhr.readyState);
    xhr.addEventListener('readystatechange', () => note('readystatechange', xhr.readyState));
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
    note(typeof xhr.onload, xhr.onerror);
  },
  'XH-06 once, capture, passive, signal, objects, twice and taken out': async ({ note, here, refuse }) => {
    const controller = new AbortController();
    const xhr = new XMLHttpRequest();
    const twice = () => note('twice');
    const object = {
      handleEvent(event) {
        note('an object', this === object, event.type);
      },
    };
    xhr.addEventListener('load', () => note('once'), { once: true });
    xhr.addEventListener('load', () => note('capture'), true);
    xhr.addEventListener('load', () => note('passive'), { passive: true });
    xhr.addEventListener('load', () => note('by a signal'), { signal: controller.signal });
    xhr.addEventListener('load', object);
    xhr.addEventListener('load', twice);
    xhr.addEventListener('load', twice);
    xhr.addEventListener('load', twice, true);
    xhr.addEventListener('load', null);
    const out = () => note('taken out');
    xhr.addEventListener('load', () => xhr.removeEventListener('load', out));
    xhr.addEventListener('load', out);
    for (let i = 0; i < 2; i++) {
      await refuse();
      xhr.open('GET', here({ i }));
      const end = ended(xhr);
      xhr.send();
      await end;
      controller.abort();
      xhr.removeEventListener('load', twice);
    }
  },
  'XH-06 a handler that is put on while it happens': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.onreadystatechange = () => {
      note(xhr.readyState);
      if (xhr.readyState == 4) xhr.onload = () => note('onload, put on late');
      if (xhr.readyState == 2) xhr.onreadystatechange = () => note('another', xhr.readyState);
    };
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
  },
  'XH-06 a handler that stops the others': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.addEventListener('load', (event) => {
      note('first');
      event.stopImmediatePropagation();
      event.preventDefault();
      note(event.defaultPrevented);
    });
    xhr.addEventListener('load', () => note('never'));
    xhr.onloadend = () => note('loadend');
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
  },
  'XH-06 a handler that throws': async ({ note, here, name, task }) => {
    const xhr = new XMLHttpRequest();
    const mine = name(new Error('mine'), 'the error');
    xhr.onload = () => {
      throw mine;
    };
    xhr.addEventListener('load', () => note('the next'));
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
    await task();
  },
  'XH-06 what is no handler': async ({ note }) => {
    const xhr = new XMLHttpRequest();
    for (const value of [5, 'text', {}, undefined, null, () => {}]) {
      xhr.onload = value;
      note(typeof xhr.onload, xhr.onload === value);
    }
  },
  'XH-07 whose event it is': async ({ note, here, name }) => {
    const xhr = name(new XMLHttpRequest(), 'the request');
    name(xhr.upload, 'its upload');
    for (const [target, type] of [
      [xhr, 'readystatechange'],
      [xhr, 'loadstart'],
      [xhr, 'load'],
      [xhr, 'loadend'],
      [xhr.upload, 'loadstart'],
      [xhr.upload, 'load'],
      [xhr.upload, 'loadend'],
    ])
      target[`on${type}`] = function (event) {
        note(
          event,
          event.currentTarget === target,
          this === target,
          event.srcElement === target,
          event.composedPath().length,
          event.eventPhase,
        );
      };
    xhr.open('POST', here());
    const end = ended(xhr);
    xhr.send('x');
    await end;
  },
  'XH-07 events of the page’s own': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.dispatchEvent(new Event('load'));
    xhr.dispatchEvent(new ProgressEvent('progress', { loaded: 1, total: 2 }));
    xhr.addEventListener('mine', (event) => note(event));
    xhr.dispatchEvent(new CustomEvent('mine'));
    xhr.open('GET', here());
    xhr.dispatchEvent(new Event('readystatechange'));
    xhr.dispatchEvent(new Event('loadend'));
    const end = ended(xhr);
    xhr.send();
    xhr.dispatchEvent(new Event('abort'));
    await end;
  },
  'XH-05 microtasks between the listeners': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    for (const type of ['readystatechange', 'load', 'loadend'])
      for (const which of ['first', 'second'])
        xhr.addEventListener(type, () => {
          note(`${which} ${type} ${xhr.readyState}`);
          Promise.resolve().then(() => note(`a microtask of the ${which} ${type}`));
        });
    xhr.open('GET', here());
    const end = ended(xhr);
    note('before send');
    xhr.send();
    note('after send');
    await end;
  },
  'XH-05 send returns before anything is told but loadstart': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { upload: true });
    xhr.open('POST', here());
    const end = ended(xhr);
    note('before send');
    note(xhr.send('x'));
    note('after send', xhr.readyState);
    Promise.resolve().then(() => note('a microtask'));
    await end;
  },
  'XH-19 what a page hangs on it': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    const own = { a: 1 };
    xhr.mine = own;
    Object.defineProperty(xhr, 'hidden', { value: 5 });
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
    note(xhr.mine === own, xhr.hidden, Object.keys(xhr), Object.getOwnPropertyNames(xhr), Object.isExtensible(xhr));
  },
  'XH-19 a request that is frozen': async ({ note, here }) => {
    const xhr = Object.freeze(watch(new XMLHttpRequest(), note));
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
  'XH-11 what is said of the answer': async ({ note, here, there }) => {
    for (const at of [here, there]) {
      const xhr = new XMLHttpRequest();
      note(factsOf(xhr), xhr.getResponseHeader('x-seen'));
      xhr.open(
        'GET',
        at({ h: ['x-odd: a', 'X-ODD-2: b, c', 'x-empty: ', 'set-cookie: a=b; max-age=0'] }) + '#fragment',
      );
      note(factsOf(xhr), xhr.getResponseHeader('x-seen'));
      const end = ended(xhr);
      xhr.send();
      note(factsOf(xhr));
      await end;
      note(factsOf(xhr));
      for (const name of [
        'x-seen',
        'X-Seen',
        'x-odd',
        'X-Odd-2',
        'x-empty',
        'set-cookie',
        'nothing',
        '',
        'a b',
        'www-authenticate',
        'x-refused',
      ])
        attempt(note, () => xhr.getResponseHeader(name));
      note(xhr.getAllResponseHeaders());
    }
  },
  'XH-11 headers as soon as they are there': async ({ note, here, release }) => {
    const xhr = new XMLHttpRequest();
    xhr.onreadystatechange = () => {
      note(
        xhr.readyState,
        xhr.status,
        xhr.statusText,
        xhr.responseURL,
        xhr.getResponseHeader('x-seen'),
        xhr.responseText.length > 0,
      );
    };
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    await end;
  },
};

// Chromium asks once more by itself where it has used the connection before.
export const wire = {
  'XH-05 the connection breaks': 'not compared',
  'XH-05 another origin that allows nothing': 'in any order',
};
export const tokenless = ['XH-05 another origin that allows nothing'];
