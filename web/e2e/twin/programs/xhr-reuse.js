// XMLHttpRequest: used again, made a class of, changed by others, and many at once.
import { attempt, ended, factsOf, request, watch } from '../xhr.js';

const send = async (xhr, url, body, method = body === undefined ? 'GET' : 'POST') => {
  xhr.open(method, url);
  const end = ended(xhr);
  xhr.send(body);
  await end;
  return xhr;
};

export const programs = {
  'XH-16 one after the other': async ({ note, here, refuse }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    for (let i = 0; i < 3; i++) {
      await refuse();
      note(factsOf(await send(xhr, here({ i, echo: '' }), i ? `body ${i}` : undefined)));
    }
  },
  'XH-16 opened again after it is done': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    xhr.responseType = 'json';
    await send(xhr, here({ body: '[1]' }));
    note(xhr.response);
    xhr.open('POST', here());
    note(factsOf(xhr));
    xhr.open('PUT', here());
    note(xhr.readyState);
  },
  'XH-16 opened again while it is under way': async ({ note, here, arrived, closed, refuse }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('hold=a'));
    xhr.send();
    await arrived('a');
    note('opens again');
    await refuse();
    note(factsOf(await send(xhr, here('second'))));
    await closed('a');
  },
  'XH-16 opened again right after send': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    xhr.open('GET', here('first'));
    xhr.send();
    note('opens again');
    note(factsOf(await send(xhr, here('second'))));
  },
  'XH-16 opened again within load': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    const second = new Promise((resolve) => {
      xhr.onload = () => {
        xhr.onload = resolve;
        xhr.open('POST', here('second'));
        xhr.send('x');
      };
    });
    xhr.open('GET', here('first'));
    xhr.send();
    await second;
    note(factsOf(xhr));
  },
  'XH-16 opened again within loadend': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    const second = new Promise((resolve) => {
      xhr.onloadend = () => {
        xhr.onloadend = resolve;
        xhr.open('GET', here('second'));
        xhr.send();
      };
    });
    xhr.open('GET', here('first'));
    xhr.send();
    await second;
    note(factsOf(xhr));
  },
  'XH-16 opened again within readystatechange 4': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    const second = new Promise((resolve) => {
      xhr.onreadystatechange = () => {
        if (xhr.readyState != 4) return;
        xhr.onreadystatechange = null;
        xhr.open('GET', here('second'));
        // WebKit tells of the load of the first too.
        xhr.onload = () => xhr.readyState == 4 && resolve();
        xhr.send();
      };
    });
    xhr.open('GET', here('first'));
    xhr.send();
    await second;
    note(factsOf(xhr));
  },
  'XH-16 opened again within readystatechange 2': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    const second = new Promise((resolve) => {
      xhr.onreadystatechange = () => {
        if (xhr.readyState != 2) return;
        xhr.onreadystatechange = null;
        xhr.open('GET', here('second'));
        // WebKit tells of the load of the first too.
        xhr.onload = () => xhr.readyState == 4 && resolve();
        xhr.send();
      };
    });
    xhr.open('GET', here('first'));
    xhr.send();
    await second;
    note(factsOf(xhr));
  },
  'XH-16 opened again within error': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    const second = new Promise((resolve) => {
      xhr.onerror = () => {
        xhr.open('GET', here('second'));
        xhr.onload = resolve;
        xhr.send();
      };
    });
    xhr.open('GET', 'http://127.0.0.1:1/api/');
    xhr.send();
    await second;
    note(factsOf(xhr));
  },
  'XH-16 opened in handlers of open': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    let times = 0;
    xhr.onreadystatechange = () => {
      note(xhr.readyState, ++times);
      if (times == 1) xhr.open('GET', here('inner'));
    };
    xhr.open('GET', here('outer'));
    const end = ended(xhr);
    xhr.send();
    await end;
    note(factsOf(xhr));
  },
  'XH-16 sent twice, and before open': async ({ note, here }) => {
    const xhr = watch(new XMLHttpRequest(), note);
    attempt(note, () => xhr.send());
    xhr.open('GET', here());
    const end = ended(xhr);
    xhr.send();
    attempt(note, () => xhr.send());
    await end;
    attempt(note, () => xhr.send());
    note(factsOf(xhr));
  },
  'XH-16 sent within readystatechange 1': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.onreadystatechange = () => {
      note(xhr.readyState);
      if (xhr.readyState == 1) xhr.send();
    };
    const end = ended(xhr);
    xhr.open('GET', here());
    await end;
    note(factsOf(xhr));
  },
  'XH-16 from what is covered to what is not, and back': async ({ note, here, beside, far, refuse }) => {
    const xhr = watch(new XMLHttpRequest(), note, { reused: true });
    for (const url of [here('1'), beside('2'), here('3'), far('4'), here('5')]) {
      await refuse();
      note(factsOf(await send(xhr, url)));
    }
  },
  'XH-18 a subclass': async ({ note, here, refuse }) => {
    class Mine extends XMLHttpRequest {
      #url;
      constructor() {
        super();
        this.addEventListener('load', () => note('of the subclass'));
      }
      open(method, url, ...rest) {
        this.#url = url;
        note('open', method, rest.length);
        super.open(method, url, ...rest);
      }
      send(body) {
        note('send', this.#url, body);
        super.send(body);
      }
      get status() {
        return super.status + 1;
      }
    }
    const xhr = new Mine();
    note(xhr instanceof Mine, xhr instanceof XMLHttpRequest, Object.prototype.toString.call(xhr));
    await send(xhr, here('echo'), 'x');
    note(factsOf(xhr));
  },
  'XH-18 a subclass as it was made before classes': async ({ note, here }) => {
    function Mine() {
      const xhr = new XMLHttpRequest();
      Object.setPrototypeOf(xhr, Mine.prototype);
      return xhr;
    }
    Mine.prototype = Object.create(XMLHttpRequest.prototype, { mine: { value: () => 'mine' } });
    const xhr = await send(new Mine(), here());
    note(xhr.mine(), factsOf(xhr));
    note(Reflect.construct(XMLHttpRequest, [], Mine) instanceof Mine);
  },
  'XH-18 a proxy': async ({ note, here }) => {
    const proxy = new Proxy(new XMLHttpRequest(), {});
    attempt(note, () => proxy.open('GET', here()));
    attempt(note, () => proxy.readyState);
  },
  'XH-18 of a frame': async ({ note, here, frame }) => {
    const other = await frame();
    const xhr = new other.XMLHttpRequest();
    watch(xhr, note);
    await send(xhr, here());
    note(factsOf(xhr), xhr instanceof XMLHttpRequest);
    const mixed = new other.XMLHttpRequest();
    XMLHttpRequest.prototype.open.call(mixed, 'GET', here('mixed'));
    const end = ended(mixed);
    XMLHttpRequest.prototype.send.call(mixed);
    await end;
    note(factsOf(mixed));
  },
  'FF-39 methods that others wrap': async ({ note, here, refuse }) => {
    const { prototype } = XMLHttpRequest;
    const { open, send: below } = prototype;
    prototype.open = function (...args) {
      note('open', args.length);
      return open.apply(this, args);
    };
    prototype.send = function (...args) {
      note('send', args.length);
      this.setRequestHeader('x-trace', '1');
      this.addEventListener('load', () => note('load, of the wrapper', this.status));
      return below.apply(this, args);
    };
    try {
      const xhr = watch(new XMLHttpRequest(), note);
      await send(xhr, here('echo'), 'x');
      note(factsOf(xhr));
    } finally {
      Object.assign(prototype, { open, send: below });
    }
  },
  'FF-39 methods that a page has put on the object': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    xhr.open = function (...args) {
      note('own open');
      return XMLHttpRequest.prototype.open.apply(this, args);
    };
    xhr.setRequestHeader = () => note('own setRequestHeader');
    Object.defineProperty(xhr, 'status', { get: () => 5 });
    Object.defineProperty(xhr, 'readyState', { get: () => 7 });
    await send(xhr, here());
    note(xhr.status, xhr.readyState, xhr.responseText);
  },
  'FF-39 a class that others put in its place': async ({ note, here }) => {
    const below = globalThis.XMLHttpRequest;
    globalThis.XMLHttpRequest = function () {
      const xhr = new below();
      note('made');
      return xhr;
    };
    globalThis.XMLHttpRequest.prototype = below.prototype;
    try {
      const xhr = new XMLHttpRequest();
      watch(xhr, note);
      await send(xhr, here());
      note(factsOf(xhr));
    } finally {
      globalThis.XMLHttpRequest = below;
    }
  },
  'XH-17 ten at once': async ({ note, here }) => {
    const all = await Promise.all(Array.from({ length: 10 }, (_, i) => send(new XMLHttpRequest(), here({ i }))));
    for (const xhr of all) note(factsOf(xhr));
  },
  'XH-17 with fetch at once': async ({ note, here }) => {
    const [xhr, response] = await Promise.all([send(new XMLHttpRequest(), here('xhr')), fetch(here('fetch'))]);
    note(factsOf(xhr), response.status, await response.text());
  },
  'XH-15 no more leave is asked for than natively': async (tools) => {
    await request(tools, 'POST', tools.there(), { body: 'x' });
    await request(tools, 'POST', tools.there('upload'), { body: 'x', upload: true });
  },
  'XH-05 its upload as a target': async ({ note, here, name }) => {
    const xhr = new XMLHttpRequest();
    const upload = name(xhr.upload, 'the upload');
    upload.onprogress = (event) => note(event);
    upload.onload = null;
    upload.addEventListener('loadend', (event) => note(event), { once: true });
    await send(xhr, here('1'), 'some bytes');
    await send(xhr, here('2'), 'more bytes');
    note(xhr.upload === upload, Object.getOwnPropertyNames(upload));
  },
  'XH-05 listeners to the upload that come late': async ({ note, here, arrived, release }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', here('hold=a'));
    const end = ended(xhr);
    xhr.send('x');
    watch(xhr, note, { upload: true });
    await arrived('a');
    release('a');
    await end;
  },
  'XH-05 an upload in full': async ({ note, here }) => {
    const xhr = new XMLHttpRequest();
    let last = 0;
    let isMore = true;
    let total;
    xhr.upload.onprogress = (event) => {
      isMore &&= event.loaded >= last;
      last = event.loaded;
      total = event.total;
    };
    xhr.upload.onload = () => note('load', last, total, isMore);
    xhr.open('POST', here());
    const end = ended(xhr);
    xhr.send(new Uint8Array(2 << 20));
    await end;
    note(xhr.status);
  },
};

export const wire = {
  'XH-16 opened again right after send': 'not compared',
  'XH-17 ten at once': 'in any order',
  'XH-17 with fetch at once': 'in any order',
  'XH-15 no more leave is asked for than natively': 'with preflights',
};
/** A frame has an XMLHttpRequest of its own. */
export const tokenless = ['XH-18 of a frame', 'XH-18 a proxy'];
