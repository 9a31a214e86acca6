// What is sent: each kind of body, byte by byte, and as it was when the page called.
const bytes = (...list) => new Uint8Array(list);
const post = (body, more) => ({ method: 'POST', body, ...more });
const form = (entries) => {
  const data = new FormData();
  for (const entry of entries) data.append(...entry);
  return data;
};
const every = () => bytes(...Array.from({ length: 256 }, (_, i) => i));

/** A stream of those chunks, which notes what is done to it. */
const stream = (chunks, note = () => {}) =>
  new ReadableStream({
    pull(controller) {
      if (chunks.length) controller.enqueue(chunks.shift());
      else controller.close();
    },
    cancel(reason) {
      note('cancelled', reason);
    },
  });

/** Sends a body to the page's own origin and to another one. */
const both =
  (make, more) =>
  async ({ call, here, there }) => {
    for (const at of [here, there]) await call(at('echo'), post(await make(), more));
  };

export const programs = {
  'FF-10 a string': both(() => 'plain text'),
  'FF-10 an empty string': both(() => ''),
  'FF-10 a string beyond Latin-1, and half a character': both(() => 'é ü 漢字 🦊 \ud800 end'),
  'FF-10 a String object': both(() => new String('object')),
  'FF-10 a number, true and an object': async ({ call, here }) => {
    for (const body of [5, 0, true, false, {}, [1, 2], new Date(0), () => {}, 5n]) await call(here('echo'), post(body));
  },
  'FF-10 an object with a toString': async ({ call, here, note }) => {
    let times = 0;
    await call(here('echo'), post({ toString: () => `asked ${++times}` }));
    note(times);
  },
  'FF-10 an ArrayBuffer': both(() => every().buffer),
  'FF-10 an empty ArrayBuffer': both(() => new ArrayBuffer(0)),
  'FF-10 a typed array': both(() => every()),
  'FF-10 views with an offset': async ({ call, here }) => {
    const { buffer } = every();
    for (const View of [Uint8Array, Int8Array, Uint8ClampedArray])
      await call(here('echo'), post(new View(buffer, 3, 7)));
    for (const View of [Uint16Array, Float32Array, BigInt64Array])
      await call(here('echo'), post(new View(buffer, 8, 2)));
    await call(here('echo'), post(new DataView(buffer, 5, 9)));
  },
  'FF-10 a shared or resizable buffer': async ({ call, here }) => {
    const resizable = new ArrayBuffer(4, { maxByteLength: 8 });
    await call(here('echo'), post(resizable));
    await call(here('echo'), post(new Uint8Array(resizable)));
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    await call(here('echo'), post(new Uint8Array(buffer, 0, 4)));
  },
  'FF-10 a detached buffer': async ({ call, here }) => {
    const view = bytes(1, 2, 3);
    structuredClone(view, { transfer: [view.buffer] });
    await call(here('echo'), post(view));
    await call(here('echo'), post(view.buffer));
  },
  'FF-10 a Blob': both(() => new Blob([every(), 'text'], { type: 'Image/X-Odd; a=B' })),
  'FF-10 a Blob without a type': both(() => new Blob(['text'])),
  'FF-10 a part of a Blob': both(() => new Blob([every()]).slice(100, 110, 'text/x')),
  'FF-10 a File': both(() => new File(['of a file'], 'a name.txt', { type: 'text/plain' })),
  'FF-10 URLSearchParams': both(() => new URLSearchParams('a=1&b=ü&a=%20 +&c')),
  'FF-10 a FormData with text': both(() =>
    form([
      ['a', '1'],
      ['a', '2'],
      ['ü "q"', 'line\r\nline\nline\rend'],
    ]),
  ),
  'FF-10 a FormData with files': both(() =>
    form([
      ['file', new File([every()], 'ü"\n.bin', { type: 'application/x' })],
      ['blob', new Blob(['blob'])],
      ['named', new Blob(['blob']), 'other.txt'],
      ['empty', new File([], '')],
    ]),
  ),
  'FF-10 a FormData of a form element': both(() => {
    const element = document.createElement('form');
    element.innerHTML = '<input name=a value=1><input type=checkbox name=b checked><textarea name=c>x\ny</textarea>';
    return new FormData(element);
  }),
  'FF-10 an empty FormData': both(() => new FormData()),
  'FF-10 a content type of its own': async ({ call, here }) => {
    const headers = { 'Content-Type': 'Application/X; q="Ü"' };
    await call(here('echo'), post('x', { headers: { 'content-type': 'text/x' } }));
    await call(here('echo'), post(bytes(1), { headers: [['CONTENT-TYPE', 'text/x']] }));
    await call(here('echo'), post(new URLSearchParams('a=b'), { headers: new Headers({ 'content-type': '' }) }));
    await call(
      here('echo'),
      post(form([['a', 'b']]), { headers: { 'content-type': 'multipart/form-data; boundary=mine' } }),
    );
    await call(here('echo'), post('x', { headers }));
    await call(here('echo'), { method: 'POST', headers: { 'content-type': 'text/x' } });
  },
  'FF-10 a large body': async ({ call, here, there }) => {
    const large = new Uint8Array(3 << 20).map((_, i) => i * 7);
    await call(here(), post(large));
    await call(there(), post(new Blob([large, large])));
  },
  'FF-10 no body, null and undefined': async ({ call, here }) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) await call(here('echo'), { method });
    for (const body of [null, undefined]) await call(here('echo'), post(body));
  },
  'FF-10 a body with methods that rarely have one': async ({ call, here }) => {
    for (const method of ['DELETE', 'OPTIONS', 'PATCH', 'patch', 'PROPFIND'])
      await call(here('echo'), { method, body: 'x' });
  },
  'FF-11 a buffer that changes after the call': async ({ refuse, here, see, note }) => {
    for (const make of [(view) => view, (view) => view.buffer, (view) => new DataView(view.buffer)]) {
      await refuse();
      const view = bytes(1, 2, 3);
      const answer = fetch(here('echo'), post(make(view)));
      view.fill(9);
      note(await see(await answer));
    }
  },
  'FF-11 a form that changes after the call': async ({ refuse, here, see, note }) => {
    await refuse();
    const data = form([['a', '1']]);
    const answer = fetch(here('echo'), post(data));
    data.set('a', '2');
    data.append('b', '3');
    note(await see(await answer));
    await refuse();
    const params = new URLSearchParams('a=1');
    const next = fetch(here('echo'), post(params));
    params.set('a', '2');
    note(await see(await next));
  },
  'FF-11 a buffer that goes away after the call': async ({ here, see, note }) => {
    const view = bytes(1, 2, 3);
    const answer = fetch(here('echo'), post(view));
    structuredClone(view, { transfer: [view.buffer] });
    note(view.length, await see(await answer));
  },
  'FF-11 headers that change after the call': async ({ here, see, note }) => {
    const headers = new Headers({ 'x-a': '1' });
    const init = post('x', { headers });
    const answer = fetch(here('echo'), init);
    headers.set('x-a', '2');
    init.body = 'y';
    init.method = 'PUT';
    note(await see(await answer));
  },
  'FF-12 a stream of bytes': async ({ call, h2, note }) => {
    await call(h2('echo'), post(stream([bytes(1, 2), bytes(3)], note), { duplex: 'half' }));
  },
  'FF-12 a stream over HTTP/1.1': async ({ call, here, note }) => {
    await call(here('echo'), post(stream([bytes(1, 2)], note), { duplex: 'half' }));
  },
  'FF-12 an empty stream': async ({ call, h2 }) => {
    await call(h2('echo'), post(stream([]), { duplex: 'half' }));
  },
  'FF-12 a stream is used once the call was made': async ({ h2, note, settle, see, name }) => {
    const body = name(stream([bytes(1)]), 'the stream');
    const answer = fetch(h2('echo'), post(body, { duplex: 'half' }));
    note(body.locked);
    note(await settle(fetch(h2('echo'), post(body, { duplex: 'half' }))));
    note(await see(await answer));
  },
  'FF-13 a stream without duplex': async ({ call, h2, note }) => {
    const body = stream([bytes(1)], note);
    await call(h2('echo'), post(body));
    note(body.locked);
  },
  'FF-13 duplex in full': async ({ call, h2 }) => {
    await call(h2('echo'), post(stream([bytes(1)]), { duplex: 'full' }));
  },
  'FF-13 duplex with what is no stream': async ({ call, here }) => {
    await call(here('echo'), post('x', { duplex: 'half' }));
    await call(here('echo'), { duplex: 'half' });
  },
  'FF-13 a locked stream': async ({ call, h2, note }) => {
    const body = stream([bytes(1)], note);
    body.getReader();
    await call(h2('echo'), post(body, { duplex: 'half' }));
  },
  'FF-13 a disturbed stream': async ({ call, h2 }) => {
    const body = stream([bytes(1), bytes(2)]);
    const reader = body.getReader();
    await reader.read();
    reader.releaseLock();
    await call(h2('echo'), post(body, { duplex: 'half' }));
  },
  'FF-13 a stream with keepalive': async ({ call, h2 }) => {
    await call(h2('echo'), post(stream([bytes(1)]), { duplex: 'half', keepalive: true }));
  },
  'FF-14 a stream that fails': async ({ call, h2, name, note }) => {
    const mine = name(new Error('mine'), 'the error');
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (pulled++) controller.error(mine);
        else controller.enqueue(bytes(1));
      },
    });
    await call(h2('echo'), post(body, { duplex: 'half' }));
    note(body.locked);
  },
  'FF-14 a stream of what are no bytes': async ({ call, h2, note }) => {
    await call(h2('echo'), post(stream(['text'], note), { duplex: 'half' }));
  },
  'FF-14 a stream that never ends is left when the caller gives up': async ({ h2, note, settle, name, arrived }) => {
    const controller = new AbortController();
    let pulled;
    const first = new Promise((resolve) => (pulled = resolve));
    let cancelled;
    const end = new Promise((resolve) => (cancelled = resolve));
    const body = new ReadableStream({
      pull(stream) {
        stream.enqueue(bytes(1));
        pulled();
        return new Promise(() => {});
      },
      cancel(reason) {
        note('cancelled', reason);
        cancelled();
      },
    });
    const answer = settle(fetch(h2('hold=a'), post(body, { duplex: 'half', signal: controller.signal })));
    await first;
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer);
    await end;
  },
  'FF-18 an idempotency key': async ({ call, here }) => {
    await call(here('echo'), post('x', { headers: { 'Idempotency-Key': 'abc' } }));
  },
  'FF-19 keepalive': async ({ call, here, there }) => {
    await call(here('echo'), post('x', { keepalive: true }));
    await call(there('echo'), post(new Blob(['x']), { keepalive: true }));
    await call(here(), { keepalive: true });
    await call(new Request(here('echo'), post('x', { keepalive: true })));
  },
  'FF-19 more than keepalive may be': async ({ call, here }) => {
    await call(here(), post('x'.repeat(65_537), { keepalive: true }));
  },
};

// Whether what is given up so soon arrives is a matter of luck, natively too.
export const wire = { 'FF-14 a stream that never ends is left when the caller gives up': 'not compared' };
export const tokenless = ['FF-14 a stream that never ends is left when the caller gives up'];
