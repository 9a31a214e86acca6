// fetch itself, and what other scripts do with it.
export const programs = {
  'FF-36 what fetch looks like': async ({ note }) => {
    const { name, length } = fetch;
    note(typeof fetch, name, length, 'prototype' in fetch, Object.getPrototypeOf(fetch) === Function.prototype);
    note(Object.getOwnPropertyNames(fetch).sort(), Object.isExtensible(fetch));
    const { value, ...descriptor } = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
    note(descriptor, value === fetch, Object.keys(globalThis).includes('fetch'));
  },
  'FF-36 fetch as text': async ({ note }) => {
    note(String(fetch), Function.prototype.toString.call(fetch));
  },
  'FF-36 fetch makes nothing new': async ({ note, here }) => {
    try {
      new fetch(here());
    } catch (error) {
      note(error.constructor === TypeError, error.message);
    }
    try {
      class Mine extends fetch {}
    } catch (error) {
      note(error.constructor === TypeError);
    }
  },
  'FF-37 called in every way': async ({ here, note, see }) => {
    const { fetch: taken } = globalThis;
    for (const call of [
      () => fetch(here()),
      () => window.fetch(here()),
      () => self.fetch(here()),
      () => globalThis.fetch(here()),
      () => taken(here()),
      () => fetch.call(null, here()),
      () => fetch.call(undefined, here()),
      () => fetch.call(window, here()),
      () => fetch.apply(window, [here()]),
      () => fetch.bind(window)(here()),
      () => fetch.bind(null, here())(),
      () => Reflect.apply(fetch, undefined, [here()]),
      () => (0, fetch)(here()),
      () => [here()].map((url) => fetch(url))[0],
    ])
      note(await see(await call()));
  },
  'FF-38 called on what has no fetch': async ({ here, note, settle }) => {
    for (const self of [{}, 5, 'x', document, Object.create(window)]) {
      let promise;
      try {
        promise = fetch.call(self, here());
      } catch (error) {
        note('thrown', error);
        continue;
      }
      note(await settle(promise));
    }
    const api = { fetch };
    note(await settle(api.fetch(here())));
  },
  'FF-39 another wrapper on top': async ({ here, note, see }) => {
    const below = globalThis.fetch;
    const seen = [];
    globalThis.fetch = async function (...args) {
      seen.push(args.length);
      const response = await below.apply(this, args);
      seen.push(response.status);
      return response;
    };
    try {
      note(await see(await fetch(here('echo'), { method: 'POST', body: 'x' })));
      note(seen);
    } finally {
      globalThis.fetch = below;
    }
  },
  'FF-39 a wrapper that sends a Request of its own': async ({ here, note, see }) => {
    const below = globalThis.fetch;
    globalThis.fetch = (input, init) => {
      const request = new Request(input, init);
      request.headers.set('x-trace', '1');
      return below(request);
    };
    try {
      note(await see(await fetch(here('echo'), { method: 'POST', body: 'x' })));
      note(await see(await fetch(new Request(here()))));
    } finally {
      globalThis.fetch = below;
    }
  },
  'FF-39 a wrapper that looks at a copy of the answer': async ({ here, note, see }) => {
    const below = globalThis.fetch;
    globalThis.fetch = async (...args) => {
      const response = await below(...args);
      note(await response.clone().text());
      return response;
    };
    try {
      note(await see(await fetch(here())));
    } finally {
      globalThis.fetch = below;
    }
  },
  'FF-39 a wrapper that answers by itself': async ({ here, note, see }) => {
    const below = globalThis.fetch;
    globalThis.fetch = async () => new Response('made up', { status: 201 });
    try {
      note(await see(await fetch(here())));
    } finally {
      globalThis.fetch = below;
    }
  },
  'FF-39 a wrapper as zone.js has it': async ({ here, note, see, settle }) => {
    const below = globalThis.fetch;
    globalThis.fetch = function () {
      return new Promise((resolve, reject) => {
        below.apply(this, arguments).then(resolve, reject);
      });
    };
    try {
      note(await see(await fetch(here())));
      note(await settle(fetch('http://127.0.0.1:1/')));
      note(await settle(fetch(here(), { signal: AbortSignal.abort('x') })));
    } finally {
      globalThis.fetch = below;
    }
  },
  'FF-39 a property of it that others put there': async ({ note }) => {
    fetch.mine = 1;
    note(fetch.mine, Object.keys(fetch));
    delete fetch.mine;
  },
  'FF-01 what is beside the covered addresses': async ({ beside, far, call }) => {
    for (const at of [beside, far]) {
      await call(at());
      await call(at('echo'), { method: 'POST', body: new URLSearchParams('a=b'), headers: { 'X-Odd': '1' } });
      await call(new Request(at('echo'), { method: 'PUT', body: 'x' }));
    }
  },
  'FF-01 bad arguments beside the covered addresses': async ({ beside, call }) => {
    await call(beside(), 5);
    await call(beside(), { headers: null });
    await call(beside(), { headers: { 'a b': 'c' } });
    await call(beside(), { method: 'A B' });
  },
  'FF-01 headers that can be read once, beside the covered addresses': async ({ beside, call }) => {
    const headers = (function* () {
      yield ['x-a', '1'];
    })();
    await call(beside(), { headers });
  },
  'FF-33 EventSource and an image are not fetch': async ({ here, event, note }) => {
    const source = new EventSource(here({ pieces: 'data: 1\n\n', h: 'content-type: text/event-stream' }));
    note((await event(source, 'message')).data);
    source.close();
  },
};

export const tokenless = [
  'FF-39 a wrapper that answers by itself',
  'FF-01 what is beside the covered addresses',
  'FF-01 bad arguments beside the covered addresses',
  'FF-01 headers that can be read once, beside the covered addresses',
  'FF-33 EventSource and an image are not fetch',
];
