// Headers, and all other words of a request that arrive at the server.
export const programs = {
  'FF-27 headers in every form': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      await call(at(), { headers: { 'X-Odd': '1', accept: 'a/b' } });
      await call(at(), {
        headers: [
          ['X-Odd', '1'],
          ['accept', 'a/b'],
        ],
      });
      await call(at(), { headers: new Headers({ 'X-Odd': '1' }) });
      await call(at(), { headers: new Map([['X-Odd', '1']]) });
      await call(at(), { headers: new Set([['X-Odd', '1']]) });
      await call(at(), { headers: new URLSearchParams('X-Odd=1') });
      await call(at(), { headers: Object.create({ inherited: '1' }, { 'X-Own': { value: '1', enumerable: true } }) });
    }
  },
  'FF-27 an iterator that can be read once': async ({ call, here }) => {
    const headers = (function* () {
      yield ['x-a', '1'];
      yield (function* () {
        yield 'x-b';
        yield '2';
      })();
    })();
    await call(here(), { headers });
    await call(here(), { headers });
  },
  'FF-27 headers more than once': async ({ call, here, there }) => {
    for (const at of [here, there])
      await call(at(), {
        headers: [
          ['x-a', '1'],
          ['X-A', '2'],
          ['x-b', ''],
          ['x-a', '3'],
        ],
      });
  },
  'FF-27 values that are odd': async ({ call, here, there }) => {
    for (const at of [here, there])
      await call(at(), {
        headers: {
          'x-empty': '',
          'x-space': ' \t a \n',
          'x-latin': 'é\xff',
          'x-null': null,
          'x-number': 5,
          'x-list': [1, 2],
        },
      });
  },
  'FF-27 what is no header': async ({ call, here }) => {
    for (const headers of [
      { 'a b': '1' },
      { '': '1' },
      { a: '\u0100' },
      { é: '1' },
      { a: 'b\0c' },
      { a: 'b\nc' },
      [['a']],
      [['a', 'b', 'c']],
      'text',
      5,
      null,
      [5],
      { a: Symbol('x') },
    ])
      await call(here(), { headers });
  },
  'FF-27 names that no page may set': async ({ call, here, there }) => {
    for (const at of [here, there])
      await call(at(), {
        headers: {
          Host: 'evil.test',
          Cookie: 'a=b',
          'Content-Length': '5',
          Origin: 'https://evil.test',
          Referer: 'https://evil.test',
          'Sec-X': '1',
          'Proxy-X': '1',
          Connection: 'close',
          TE: 'trailers',
          'User-Agent': 'mine',
          'Set-Cookie': 'a=b',
          'X-HTTP-Method': 'TRACE',
          'X-HTTP-Method-Override': 'PUT',
          DNT: '1',
        },
      });
  },
  'FF-27 how names are written': async ({ call, here }) => {
    await call(here('names'), { headers: { 'X-Odd': '1', 'x-EVEN': '2', ACCEPT: '*/*' } });
  },
  'FF-27 what the browser sets by itself': async ({ call, here, there }) => {
    for (const at of [here, there])
      await call(at(), {
        headers: {
          accept: 'text/x',
          'accept-language': 'de',
          'accept-encoding': 'x',
          'content-language': 'de',
          range: 'bytes=0-1',
          'save-data': 'on',
          'if-none-match': '"x"',
          'cache-control': 'no-cache',
          pragma: 'x',
          'upgrade-insecure-requests': '1',
        },
      });
  },
  "FF-28 UM-29 the caller's own Authorization, in every form": async ({ call, here }) => {
    const value = 'Basic eDp5';
    for (const headers of [
      { authorization: value },
      { AUTHORIZATION: value },
      [['Authorization', value]],
      new Headers({ authorization: value }),
      new Map([['aUthorization', value]]),
    ])
      await call(here(), { headers });
    await call(new Request(here(), { headers: { authorization: value } }));
    await call(here(), { headers: { authorization: '' } });
    await call(here(), {
      headers: [
        ['authorization', 'a'],
        ['Authorization', 'b'],
      ],
    });
  },
  'UM-29 a refusal of what the caller sent is theirs': async ({ call, here }) => {
    await call(here({ status: 401, h: 'www-authenticate: Bearer' }), { headers: { authorization: 'Bearer mine' } });
  },
  'FF-21 credentials': async ({ call, here, there }) => {
    document.cookie = 'twin=1; path=/api/';
    for (const credentials of ['omit', 'same-origin', 'include', undefined])
      for (const at of [here, there]) {
        await call(at(), { credentials });
        await call(new Request(at(), { credentials }));
      }
    document.cookie = 'twin=; path=/api/; max-age=0';
  },
  'FF-21 a cookie that an answer sets': async ({ call, here, note, task }) => {
    // A page of WebKit's sees it a little later than the answer.
    const see = async (expected) => {
      for (let i = 0; i < 100 && document.cookie !== expected; i++) await task();
      note(document.cookie);
    };
    await call(here({ h: 'set-cookie: twin-set=1; path=/' }));
    await see('twin-set=1');
    await call(here({ h: 'set-cookie: twin-set=; path=/; max-age=0' }));
    await see('');
    await call(here({ h: 'set-cookie: twin-set=1; path=/' }), { credentials: 'omit' });
    await see('');
  },
  'FF-22 modes': async ({ call, here, there }) => {
    for (const mode of ['cors', 'same-origin', undefined]) {
      await call(here(), { mode });
      await call(new Request(here(), { mode }));
    }
    await call(there(), { mode: 'cors' });
  },
  'FF-22 UM-28 no-cors': async ({ call, here, there }) => {
    await call(here(), { mode: 'no-cors' });
    await call(there(), { mode: 'no-cors' });
    await call(there(), { mode: 'no-cors', method: 'POST', body: 'x', headers: { 'x-a': '1', accept: 'a/b' } });
    await call(new Request(there(), { mode: 'no-cors' }));
    await call(there(), { mode: 'no-cors', method: 'PUT' });
  },
  'FF-23 cache modes': async ({ call, here }) => {
    const at = here({ h: 'cache-control: max-age=600', etag: '"a"' });
    for (const cache of ['default', 'default', 'force-cache', 'no-cache', 'no-store', 'reload', 'default'])
      await call(at, { cache });
    await call(at, { cache: 'only-if-cached', mode: 'same-origin' });
  },
  'FF-23 what the cache has to ask for again': async ({ call, here }) => {
    const at = here({ h: 'cache-control: no-cache', etag: '"a"' });
    await call(at);
    await call(at);
    await call(at, { headers: { 'if-none-match': '"a"' } });
    await call(at, { headers: { 'if-none-match': '"b"' } });
  },
  'FF-23 to another origin': async ({ call, there }) => {
    const at = there({ h: 'cache-control: max-age=600', etag: '"a"' });
    for (const cache of ['default', 'default', 'no-cache']) await call(at, { cache });
  },
  'FF-24 integrity': async ({ call, here, there }) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode('well'));
    const right = 'sha256-' + btoa(String.fromCharCode(...new Uint8Array(digest)));
    for (const at of [here, there]) {
      await call(at(), { integrity: right });
      await call(at(), { integrity: 'sha256-' + btoa('x'.repeat(32)) });
      await call(at(), { integrity: `sha256-${btoa('x'.repeat(32))} ${right}` });
      await call(at(), { integrity: 'nonsense' });
      await call(new Request(at(), { integrity: right }));
    }
  },
  'FF-25 referrers': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      for (const referrer of ['', 'about:client', '/elsewhere?a#b', 'https://other.test/'])
        await call(at(), { referrer });
      for (const referrerPolicy of ['', 'no-referrer', 'origin', 'unsafe-url'])
        await call(at(), { referrerPolicy, referrer: '/elsewhere?a' });
    }
  },
  'FF-25 the referrer of a Request': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      const request = () => new Request(at(), { referrer: '/elsewhere?a', referrerPolicy: 'unsafe-url' });
      await call(request());
      await call(request(), {});
      await call(request(), { method: 'PUT' });
      await call(request(), { referrer: '' });
      await call(request(), { headers: { 'x-a': '1' } });
      await call(request(), { undefinedMember: undefined });
      await call(request(), undefined);
      await call(request(), null);
    }
  },
  'FF-52 ranges': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      await call(at({ body: 'abcdefgh' }), { headers: { range: 'bytes=2-4' } });
      await call(at({ body: 'abcdefgh' }), { headers: { Range: 'bytes=0-0', 'if-range': '"x"' } });
    }
  },
  'FF-55 what needs no leave of another origin natively': async ({ call, there }) => {
    await call(there(), { headers: { accept: 'a/b' } });
    await call(there(), { method: 'POST', body: 'x' });
    await call(there(), { method: 'POST', body: new URLSearchParams('a=b') });
  },
};

/** What carries no token, by its own words. */
export const tokenless = [
  "FF-28 UM-29 the caller's own Authorization, in every form",
  'UM-29 a refusal of what the caller sent is theirs',
  'FF-22 UM-28 no-cors',
];
