// What a page may pass to fetch, and in which order and how often it is asked for what.
export const programs = {
  'FF-02 no argument': async ({ call }) => {
    await call();
  },
  'FF-02 what cannot be an address': async ({ call }) => {
    for (const input of ['http://[', 'http://a b/', 'https://:80', 'http://']) await call(input);
  },
  'FF-02 a symbol': async ({ call, here }) => {
    await call(Symbol('x'));
    await call(here(), { method: Symbol('x') });
  },
  'FF-02 methods that there are not': async ({ call, here }) => {
    for (const method of ['', 'A B', 'GET ', 'CONNECT', 'trace', 'TRACK', 'é', null, 5]) await call(here(), { method });
  },
  'FF-02 a body where none may be': async ({ call, here }) => {
    for (const method of ['GET', 'HEAD', 'get', undefined]) await call(here(), { method, body: 'x' });
    await call(here(), { body: '' });
    await call(here(), { method: 'GET', body: null });
  },
  'FF-02 words that no member knows': async ({ call, here }) => {
    for (const name of ['mode', 'credentials', 'cache', 'redirect', 'referrerPolicy', 'priority', 'duplex'])
      await call(here(), { [name]: 'nonsense' });
  },
  'FF-02 a mode that no page may ask for': async ({ call, here }) => {
    await call(here(), { mode: 'navigate' });
  },
  'FF-02 a cache mode that wants the same origin': async ({ call, here, there }) => {
    await call(there(), { cache: 'only-if-cached' });
    await call(here(), { cache: 'only-if-cached', mode: 'cors' });
    await call(here(), { cache: 'only-if-cached', mode: 'same-origin' });
  },
  'FF-02 another origin where only the same is wanted': async ({ call, there }) => {
    await call(there(), { mode: 'same-origin' });
  },
  'FF-02 a referrer that is no address': async ({ call, here }) => {
    await call(here(), { referrer: 'http://[' });
  },
  'FF-02 a window that is not null': async ({ call, here }) => {
    await call(here(), { window: 'x' });
    await call(here(), { window: globalThis });
  },
  'FF-02 a signal that is none': async ({ call, here }) => {
    for (const signal of [{}, 'x', 0, new EventTarget()]) await call(here(), { signal });
  },
  'FF-02 errors come before an abort': async ({ call, here }) => {
    const signal = AbortSignal.abort('stop');
    await call('http://[', { signal });
    await call(here(), { signal, method: 'A B' });
    await call(here(), { signal, headers: { 'a b': 'c' } });
    await call(here(), { signal, body: 'x' });
  },
  'FF-02 an init that is no object': async ({ call, here }) => {
    for (const init of [null, undefined]) await call(here(), init);
    for (const init of [5, 'text', true, Symbol('x'), 5n]) await call(here(), init);
  },
  'FF-02 an init that is an odd object': async ({ call, here }) => {
    await call(here(), () => {});
    await call(here(), []);
    await call(here(), Object.create(null));
    await call(here(), new Date(0));
    await call(
      here(),
      Object.assign(() => {}, { method: 'PUT' }),
    );
  },
  'FF-02 never thrown, always rejected': ({ here, note, settle }) => {
    const thrown = new Error('mine');
    const given = [
      [],
      ['http://['],
      [Symbol('x')],
      [here(), { method: '' }],
      [here(), 5],
      [here(), { headers: 5 }],
      [
        {
          toString() {
            throw thrown;
          },
        },
      ],
      [
        here(),
        {
          get body() {
            throw thrown;
          },
        },
      ],
    ];
    const promises = given.map((args) => {
      try {
        return fetch(...args);
      } catch (error) {
        note({ thrown: error });
      }
    });
    return Promise.all(
      promises.map(async (promise, i) => note(i, promise instanceof Promise, await settle(promise))),
    ).then(() => {});
  },
  "FF-02 what the page's own code throws": async ({ call, here, name }) => {
    const mine = name(new RangeError('mine'), 'the error');
    const throwing = (members) =>
      Object.fromEntries(members.map((member) => [member, undefined])) &&
      Object.defineProperties(
        {},
        Object.fromEntries(
          members.map((member) => [
            member,
            {
              enumerable: true,
              get() {
                throw mine;
              },
            },
          ]),
        ),
      );
    await call({
      toString() {
        throw mine;
      },
    });
    for (const member of ['method', 'headers', 'body', 'signal', 'mode', 'priority', 'window'])
      await call(here(), throwing([member]));
    await call(here(), { headers: throwing(['a']) });
    await call(here(), {
      headers: {
        a: {
          toString() {
            throw mine;
          },
        },
      },
    });
    await call(here(), {
      headers: {
        [Symbol.iterator]() {
          throw mine;
        },
      },
    });
    await call(here(), {
      method: 'POST',
      body: {
        toString() {
          throw mine;
        },
      },
    });
  },
  'UM-19 an address in every form': async ({ call, here, there, note, task }) => {
    for (const at of [here, there]) {
      await call(new URL(at('a=1')));
      await call(new String(at('a=2')));
      await call({ toString: () => at('a=3') });
      await call({ valueOf: () => at('a=4'), toString: null }).catch(() => note('none'));
      await call([at('a=5')]);
      await call(new Request(at('a=6')));
      await call(Object.assign(() => {}, { toString: () => at('a=7') }));
      await call({ [Symbol.toPrimitive]: (hint) => note(hint) && at('a=8') });
    }
    await task();
  },
  'UM-19 an address that answers otherwise each time': async ({ call, here, note }) => {
    let times = 0;
    await call({ toString: () => here(`times=${++times}`) });
    note(times);
    await call({ toString: () => here(`times=${++times}`) }, { method: 'PUT', body: 'x' });
    note(times);
  },
  'UM-19 numbers, nothing and null are addresses': async ({ call }) => {
    const base = document.createElement('base');
    for (const input of [undefined, null, 0, 5n, false]) await call(input);
    base.remove();
  },
  'UM-18 beside a base elsewhere': async ({ call, there, here }) => {
    const base = document.createElement('base');
    base.href = there('', 'deep/');
    document.head.append(base);
    await call('a?b=1');
    await call('../a');
    await call('?c');
    await call('');
    await call('//' + new URL(here()).host + new URL(here('x')).pathname);
    base.remove();
    await call(new URL(here()).pathname);
  },
  'UM-10 UM-13 UM-14 UM-15 odd spellings of an address': async ({ call, here }) => {
    const { host, pathname } = new URL(here());
    for (const spelling of [
      `//${host}${pathname}?1`,
      `HTTP://${host}${pathname}?2`,
      `http:\\\\${host}${pathname.replaceAll('/', '\\')}?3`,
      ` \t\n http://${host}${pathname}?4 \n`,
      `ht\ttp://${host}/a\npi${pathname.slice(4)}?5`,
      `http:${pathname}?6`,
      `http:/${pathname}?7`,
      `http://${host}/x/..${pathname}?8`,
      `http://${host}/x/%2e%2e${pathname}a/./b?9`,
      `http://${host}${pathname}é/ü%20 ?ö=ß&10`,
      `http://${host}${pathname}?a|b"c'd<e>f#g`,
      `http://0x7f.1:${host.split(':')[1]}${pathname}?11`,
      `http://127.1:${host.split(':')[1]}${pathname}?12`,
    ])
      await call(spelling);
  },
  'UM-04 UM-05 user and password in the address': async ({ call, here }) => {
    const { host, pathname } = new URL(here());
    await call(`http://user:pw@${host}${pathname}`);
    await call(`http://user@${host}${pathname}`);
    await call(`http://${host}@127.0.0.1:1${pathname}`);
    await call(`http://@${host}${pathname}`);
  },
  'UM-22 addresses that are no server': async ({ call, settle, note }) => {
    await call('data:text/plain,hello');
    await call('about:blank');
    await call('nonsense:x');
    const url = URL.createObjectURL(new Blob(['blob'], { type: 'text/x' }));
    const { fulfilled } = await settle(fetch(url));
    note(fulfilled.type, fulfilled.status, [...fulfilled.headers], await fulfilled.text());
    URL.revokeObjectURL(url);
  },
  'UM-22 a fragment is not sent, and is not in the answer': async ({ call, here }) => {
    await call(here('a') + '#fragment');
    await call(new Request(here('b') + '#fragment'));
  },
  'UM-21 members that change are read as often as natively': async ({ call, here, note }) => {
    const counts = {};
    const values = { method: ['PUT', 'GET'], body: ['first', 'second'], cache: ['no-store', 'reload'] };
    const init = {};
    for (const [member, list] of Object.entries(values))
      Object.defineProperty(init, member, {
        enumerable: true,
        get() {
          counts[member] = (counts[member] ?? -1) + 1;
          return list[counts[member]];
        },
      });
    await call(here('echo'), init);
    note(counts);
  },
  'UM-21 members in the order in which they are read': async ({ call, here, note }) => {
    const read = [];
    const init = {};
    for (const member of ['signal', 'redirect', 'method', 'mode', 'headers', 'credentials', 'cache', 'body', 'future'])
      Object.defineProperty(init, member, {
        enumerable: true,
        get() {
          read.push(member);
          return { method: 'POST', body: 'x' }[member];
        },
      });
    await call(here(), init);
    note(read);
  },
  'UM-21 headers that are read as often as natively': async ({ call, here, note }) => {
    const read = [];
    await call(here(), {
      headers: {
        get a() {
          read.push('a');
          return read.length;
        },
        b: {
          toString() {
            read.push('b');
            return 'x';
          },
        },
      },
    });
    note(read);
    await call(here(), {
      get headers() {
        read.push('headers');
        return { c: read.length };
      },
    });
    note(read);
  },
  'FF-41 an init that is a proxy': async ({ call, here, note }) => {
    const read = [];
    const init = new Proxy(
      { method: 'PUT', body: 'x' },
      {
        get(target, member) {
          read.push(String(member));
          return target[member];
        },
      },
    );
    await call(here('echo'), init);
    note(read.includes('method'), new Set(read).size == read.length);
  },
  'FF-41 an init that is a proxy of nothing': async ({ call, here }) => {
    const init = new Proxy({}, { get: (_, member) => ({ method: 'PUT', body: 'x' })[member] });
    await call(here('echo'), init);
  },
  'FF-26 an init with members inherited, hidden and of a class': async ({ call, here }) => {
    class Init {
      #method = 'PATCH';
      get method() {
        return this.#method;
      }
    }
    class More extends Init {
      get body() {
        return 'of a class';
      }
    }
    await call(here('echo'), new More());
    await call(here('echo'), Object.create({ method: 'PUT', body: 'inherited' }));
    await call(here('echo'), Object.defineProperty({ body: 'hidden' }, 'method', { value: 'POST' }));
    await call(here('echo'), Object.freeze({ method: 'POST', body: 'frozen' }));
  },
  'FF-26 members that Object.prototype has': async ({ call, here }) => {
    Object.prototype.method = 'PUT';
    try {
      await call(here('echo'), { body: 'x' });
      await call(here('echo'));
      await call(here('echo'), {});
    } finally {
      delete Object.prototype.method;
    }
  },
  'FF-26 members that no browser knows': async ({ call, here, note }) => {
    const read = [];
    const init = {
      method: 'POST',
      body: 'x',
      future: 'value',
      [Symbol('future')]: 1,
      get later() {
        read.push('later');
      },
    };
    await call(here('echo'), init);
    note(Object.keys(init), read);
  },
  'FF-26 the init is left as it is': async ({ call, here, note }) => {
    const headers = { 'x-a': '1' };
    const init = { method: 'POST', body: 'x', headers };
    await call(here('echo'), init);
    note(init.headers === headers, init, headers);
    const of = new Headers({ 'x-a': '1' });
    await call(here('echo'), { headers: of });
    note(of);
  },
  'FF-26 members that are undefined': async ({ call, here }) => {
    await call(here('echo'), {
      method: undefined,
      headers: undefined,
      body: undefined,
      mode: undefined,
      credentials: undefined,
      cache: undefined,
      redirect: undefined,
      referrer: undefined,
      referrerPolicy: undefined,
      integrity: undefined,
      keepalive: undefined,
      signal: undefined,
      window: undefined,
      priority: undefined,
    });
  },
  'FF-26 members that are null': async ({ call, here }) => {
    for (const member of [
      'method',
      'body',
      'mode',
      'credentials',
      'cache',
      'redirect',
      'referrer',
      'referrerPolicy',
      'integrity',
      'keepalive',
      'signal',
      'window',
      'priority',
      'duplex',
    ])
      await call(here(`member=${member}`), { [member]: null });
  },
  'FF-26 priority, fetch later and the rest of what Chromium knows': async ({ call, here }) => {
    for (const priority of ['high', 'low', 'auto']) await call(here(), { priority });
    await call(here(), { attributionReporting: { eventSourceEligible: false, triggerEligible: false } });
    await call(here(), { browsingTopics: false });
    await call(here(), { targetAddressSpace: 'loopback' });
    await call(here(), { privateToken: undefined });
    await call(here(), { sharedStorageWritable: false });
  },
  'FF-47 methods of every case': async ({ call, here }) => {
    for (const method of [
      'get',
      'post',
      'put',
      'delete',
      'head',
      'options',
      'patch',
      'PATCH',
      'PoSt',
      'PROPFIND',
      'custom',
      'Custom',
      '!#$%',
    ])
      await call(here(), { method });
  },
  'FF-47 methods of every case, to another origin': async ({ call, there }) => {
    for (const method of ['get', 'post', 'put', 'delete', 'head', 'options', 'patch', 'PATCH', 'PROPFIND', 'custom'])
      await call(there(), { method });
  },
  'FF-01 more arguments than there are': async ({ call, here }) => {
    await call(here(), {}, 'third', 'fourth');
  },
};

/** What cannot be read is left to the browser, as it is. */
export const tokenless = ["FF-02 what the page's own code throws"];
