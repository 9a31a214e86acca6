// What is a Request: sent, sent again, used, changed, and of odd makes.
const bytes = (...list) => new Uint8Array(list);

export const programs = {
  'FF-09 a Request with each kind of body': async ({ call, here, there, note }) => {
    const form = new FormData();
    form.append('a', new File(['x'], 'x.txt'));
    for (const at of [here, there])
      for (const body of [
        'text',
        bytes(1, 2),
        bytes(1, 2).buffer,
        new Blob(['b'], { type: 'a/b' }),
        new URLSearchParams('a=b'),
        form,
        '',
      ]) {
        const request = new Request(at('echo'), { method: 'POST', body });
        note(request);
        await call(request);
        note(request.bodyUsed);
      }
  },
  'FF-09 a Request with a large body': async ({ call, here, note }) => {
    const request = new Request(here(), { method: 'PUT', body: new Uint8Array(2 << 20).map((_, i) => i * 3) });
    await call(request);
    note(request.bodyUsed);
  },
  'FF-09 a Request without a body': async ({ call, here, note }) => {
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'put', 'patch']) {
      const request = new Request(here(), { method });
      await call(request);
      note(request.bodyUsed, request.body);
      await call(request);
    }
  },
  'FF-09 a Request of a stream': async ({ call, h2, note }) => {
    const body = new Blob(['streamed']).stream();
    const request = new Request(h2('echo'), { method: 'POST', body, duplex: 'half' });
    note(request.duplex, body.locked);
    await call(request);
    note(request.bodyUsed, body.locked);
  },
  'FF-09 a Request is used at once': async ({ here, note, see, settle }) => {
    const request = new Request(here('echo'), { method: 'POST', body: 'x' });
    const answer = fetch(request);
    note(request.bodyUsed);
    note(await settle(fetch(request)));
    note(await see(await answer));
  },
  'FF-09 a Request that was used before': async ({ call, here, note }) => {
    const request = new Request(here('echo'), { method: 'POST', body: 'x' });
    note(await request.text());
    await call(request);
    await call(request, { body: 'y' });
  },
  'FF-09 a Request whose body is locked': async ({ call, here, note }) => {
    const request = new Request(here('echo'), { method: 'POST', body: 'x' });
    const reader = request.body.getReader();
    await call(request);
    await call(request, { body: 'y' });
    reader.releaseLock();
    await call(request);
    note(request.bodyUsed);
  },
  'FF-09 a Request and a body of the init': async ({ call, here, note }) => {
    const request = new Request(here('echo'), { method: 'POST', body: 'x', headers: { 'x-a': '1' } });
    await call(request, { body: 'instead' });
    note(request.bodyUsed);
    await call(request);
    note(request.bodyUsed);
  },
  'FF-09 a Request that was cloned before': async ({ call, here, note }) => {
    const request = new Request(here('echo'), { method: 'POST', body: 'x' });
    const clone = request.clone();
    await call(request);
    note(request.bodyUsed, clone.bodyUsed);
    await call(clone);
    note(clone.bodyUsed);
  },
  'FF-09 one Request sent many times': async ({ call, here, note }) => {
    const request = new Request(here());
    for (let i = 0; i < 4; i++) await call(request);
    note(request);
  },
  'FF-09 one Request sent twice at once': async ({ here, note, see }) => {
    const request = new Request(here());
    const [one, two] = await Promise.all([fetch(request), fetch(request)]);
    note(one === two, await see(one), await see(two));
  },
  'FF-09 members of the init over those of a Request': async ({ call, here }) => {
    const request = () =>
      new Request(here('echo'), {
        method: 'POST',
        body: 'x',
        headers: { 'x-a': '1', 'content-type': 'a/b' },
        credentials: 'omit',
        cache: 'no-store',
      });
    await call(request(), { method: 'PUT' });
    await call(request(), { headers: { 'x-b': '2' } });
    await call(request(), { headers: {} });
    await call(request(), { headers: undefined });
    await call(request(), { method: 'GET' });
    await call(request(), { body: null });
    await call(request(), { body: undefined });
    await call(request(), { credentials: 'include', cache: 'reload' });
    await call(request(), { keepalive: true });
    await call(request(), { redirect: 'error', integrity: '', mode: 'same-origin' });
  },
  'FF-09 a Request of a Request': async ({ call, here, note }) => {
    const first = new Request(here('echo'), { method: 'POST', body: 'x', headers: { 'x-a': '1' } });
    const second = new Request(first, { method: 'PUT' });
    note(first.bodyUsed, second.bodyUsed);
    await call(second);
    note(first.bodyUsed, second.bodyUsed);
    await call(first);
  },
  'FF-19 a Request with keepalive and a body': async ({ call, here, there, note }) => {
    for (const at of [here, there]) {
      const request = new Request(at('echo'), { method: 'POST', body: 'x', keepalive: true });
      await call(request);
      note(request.bodyUsed);
    }
  },
  'FF-07 the signal of a Request, of the init, and null': async ({ call, here, name }) => {
    const one = AbortSignal.abort(name(new Error('one'), 'one'));
    const two = AbortSignal.abort(name(new Error('two'), 'two'));
    const request = () => new Request(here(), { signal: one });
    await call(request());
    await call(request(), { signal: two });
    await call(request(), { signal: null });
    await call(request(), { signal: undefined });
    await call(new Request(here()), { signal: two });
    await call(new Request(request()));
    await call(new Request(request(), { signal: null }));
  },
  'UM-20 a Request with a url of its own': async ({ call, here, far }) => {
    const request = new Request(here('true'));
    Object.defineProperty(request, 'url', { value: far('false') });
    Object.defineProperty(request, 'method', { value: 'PUT' });
    Object.defineProperty(request, 'headers', { value: new Headers({ 'x-a': '1' }) });
    await call(request);
  },
  'UM-20 what is no Request but looks like one': async ({ call, here }) => {
    await call({ url: here('a'), method: 'PUT', toString: () => here('b') });
    await call(Object.create(Request.prototype, { toString: { value: () => here('c') } }));
  },
  'FF-41 a subclass of Request': async ({ call, here, note }) => {
    class Mine extends Request {
      constructor(input, init) {
        super(input, { ...init, headers: { ...init?.headers, 'x-mine': '1' } });
      }
      get url() {
        note('asked for its url');
        return 'https://elsewhere.test/';
      }
    }
    await call(new Mine(here('echo'), { method: 'POST', body: 'x' }));
    await call(new Mine(here()));
  },
  'FF-41 a proxy around a Request': async ({ call, here }) => {
    await call(new Proxy(new Request(here()), {}));
    await call(new Proxy(new URL(here()), {}));
  },
  'FF-41 a Request and a URL of a frame': async ({ call, here, frame, note }) => {
    const other = await frame();
    const request = new other.Request(here('echo'), { method: 'POST', body: 'x' });
    await call(request);
    note(request.bodyUsed);
    await call(new other.URL(here()));
    await call(here('echo'), { method: 'POST', body: new other.Blob(['y']) });
    await call(here('echo'), { method: 'POST', body: new other.Uint8Array([1, 2]) });
    await call(here('echo'), { method: 'POST', body: new other.FormData() });
    await call(here('echo'), { method: 'POST', body: new other.URLSearchParams('a=b') });
    await call(here(), { headers: new other.Headers({ 'x-a': '1' }) });
    await call(here(), { signal: new other.AbortController().signal });
  },
  'FF-40 the fetch of a frame': async ({ here, frame, note, see }) => {
    const other = await frame();
    const answer = await other.fetch(here());
    note(answer instanceof Response, answer instanceof other.Response, await answer.text());
  },
};

/** A frame has a fetch of its own. */
export const tokenless = ['FF-40 the fetch of a frame'];
