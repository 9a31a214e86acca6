// The answer: the browser's own object, and its body as it comes.
export const programs = {
  'FF-29 the answer as an object': async ({ here, there, note, refuse }) => {
    for (const at of [here, there]) {
      await refuse();
      const response = await fetch(at('a=b') + '#c');
      note(response, response instanceof Response, response.constructor === Response, Object.isFrozen(response));
      note(
        response.headers === response.headers,
        response.body === response.body,
        response.body instanceof ReadableStream,
      );
      note(response.headers instanceof Headers, JSON.stringify(response), String(response));
      for (const change of [() => response.headers.set('a', 'b'), () => response.headers.delete('x-seen')])
        try {
          change();
          note('changed');
        } catch (error) {
          note(error);
        }
    }
  },
  'FF-29 properties that the page hangs on it': async ({ here, note }) => {
    const response = await fetch(here());
    response.mine = 1;
    Object.defineProperty(response, 'status', { value: 5 });
    note(response.mine, response.status, Object.keys(response), Object.isExtensible(response));
  },
  'FF-29 copies': async ({ here, note, settle, see }) => {
    const response = await fetch(here());
    const copy = response.clone();
    note(copy === response, copy);
    note(await see(copy), response.bodyUsed);
    note(await see(response));
    try {
      response.clone();
    } catch (error) {
      note(error);
    }
    note(await settle(response.text()));
  },
  'FF-29 its body in every form': async ({ here, note }) => {
    for (const read of ['text', 'json', 'arrayBuffer', 'blob', 'bytes']) {
      const response = await fetch(here({ body: '{"a":"é"}', h: 'content-type: application/json' }));
      note(read, await response[read]());
    }
    const form = await fetch(here({ body: 'a=b&c=d', h: 'content-type: application/x-www-form-urlencoded' }));
    note([...(await form.formData())]);
  },
  'FF-29 a body that is not what it is read as': async ({ here, note, settle }) => {
    note(await settle((await fetch(here('body=nonsense'))).json()));
    note(await settle((await fetch(here('body=nonsense'))).formData()));
  },
  'FF-29 read twice': async ({ here, note, settle }) => {
    const response = await fetch(here());
    note(await Promise.all([settle(response.text()), settle(response.json()), settle(response.blob())]));
  },
  'FF-29 statuses of every kind': async ({ call, here }) => {
    for (const status of [
      200, 201, 204, 205, 206, 299, 300, 304, 400, 403, 404, 409, 419, 422, 429, 440, 498, 500, 503, 599, 999,
    ])
      await call(here({ status }));
  },
  'FF-49 FF-50 refusals that are not of the token': async ({ call, here, there }) => {
    for (const at of [here, there])
      for (const [status, challenge] of [
        [401, 'Bearer error="insufficient_scope", scope="more"'],
        [401, 'Bearer error="invalid_request"'],
        [403, 'Bearer error="insufficient_scope"'],
        [407, 'Basic'],
        [419, 'x'],
      ])
        await call(at({ status, h: `www-authenticate: ${challenge}` }));
  },
  'FF-29 what stands beside the status': async ({ call, here }) => {
    await call(here({ status: 200, reason: 'Very Well' }));
    await call(here({ status: 404, reason: 'Caf\xe9' }));
  },
  'FF-29 headers of the answer': async ({ call, here, there }) => {
    const h = [
      'x-odd: a',
      'X-ODD-2: b, c',
      'x-empty: ',
      'set-cookie: twin-h=1; max-age=0',
      'link: </a>; rel=preload; as=fetch',
      'server-timing: a;dur=1',
      'content-language: de',
    ];
    await call(here({ h }));
    await call(there({ h }));
  },
  'FF-47 HEAD': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      await call(at(), { method: 'HEAD' });
      await call(at({ status: 404 }), { method: 'HEAD' });
    }
  },
  'FF-56 a body that is compressed': async ({ call, here }) => {
    await call(here({ gzip: '', body: 'compressed '.repeat(20) }));
    await call(here({ gzip: '', body: '' }));
  },
  'FF-33 a body in pieces, as they come': async ({ here, there, note, release }) => {
    for (const at of [here]) {
      const response = await fetch(at('pieces=one,two,three'));
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      note(decoder.decode((await reader.read()).value));
      release('piece 1');
      note(decoder.decode((await reader.read()).value));
      release('piece 2');
      note(decoder.decode((await reader.read()).value));
      release('end');
      note(await reader.read());
      note(await reader.closed);
    }
  },
  'FF-33 events of a server': async ({ there, note, release }) => {
    const response = await fetch(there({ pieces: 'data: 1\n\n,data: 2\n\n', h: 'content-type: text/event-stream' }));
    note(response.headers.get('content-type'));
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      note(chunk);
      release(text.includes('2') ? 'end' : 'piece 1');
    }
  },
  'FF-33 a large body': async ({ here, there, note }) => {
    for (const at of [here, there]) {
      const response = await fetch(at({ size: 5 << 20 }));
      note((await response.arrayBuffer()).byteLength);
    }
  },
  'FF-33 a body of bytes': async ({ here, note }) => {
    const response = await fetch(here('body=abcdef'));
    const reader = response.body.getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(4));
    note(value);
    note((await reader.read(new Uint8Array(4))).value);
  },
  'FF-33 a body that is left': async ({ here, note, settle }) => {
    const response = await fetch(here('pieces=a,b'));
    note(await settle(response.body.cancel('enough')), response.bodyUsed);
  },
  'FF-33 a body that is split': async ({ here, note, release }) => {
    const response = await fetch(here('pieces=a,b'));
    const [one, two] = response.body.tee();
    note(response.bodyUsed, response.body.locked);
    release('piece 1');
    release('end');
    note(await new Response(one).text(), await new Response(two).text());
  },
  'FF-33 a body that is passed on': async ({ here, note }) => {
    const response = await fetch(here('body=first'));
    const next = await fetch(here('echo'), { method: 'POST', body: await response.blob() });
    note(await next.text());
  },
  'FF-20 redirects that are followed': async ({ call, here, there, beside }) => {
    for (const status of [301, 302, 303, 307, 308]) {
      await call(here({ status, to: here('echo') }), { method: 'POST', body: 'x' });
      await call(there({ status, to: there('end') }), { method: 'PUT', body: 'y' });
      await call(here({ status, to: beside('end') }));
    }
  },
  'FF-20 redirects that are an error, or for the page to follow': async ({ call, here, there }) => {
    for (const redirect of ['error', 'manual'])
      for (const at of [here, there]) {
        await call(at({ status: 302, to: at('end') }), { redirect });
        await call(at(), { redirect });
        await call(new Request(at({ status: 307, to: at('end') }), { method: 'POST', body: 'x', redirect }));
      }
  },
  'FF-20 redirects with nowhere to go': async ({ call, here, beside }) => {
    await call(here({ status: 302 }));
    await call(here({ status: 302, to: 'http://[' }));
    await call(here({ status: 302, to: 'data:text/plain,x' }));
    await call(here({ status: 304, to: beside() }));
  },
  'FF-53 a loop of redirects': async ({ call, here }) => {
    await call(here({ status: 302, to: '?' + new URL(here({ status: 302, to: '' })).search.slice(1) }), {
      redirect: 'follow',
    });
  },
  'FF-20 a redirect takes its fragment along': async ({ call, here }) => {
    await call(here({ status: 302, to: here('end') }) + '#kept');
    await call(here({ status: 302, to: here('end') + '#new' }) + '#lost');
  },
  'UM-24 UM-27 redirects to other origins': async ({ call, here, there, far }) => {
    for (const status of [301, 302, 303, 307, 308]) {
      await call(here({ status, to: far('end') }));
      await call(there({ status, to: far('echo') }), { method: 'POST', body: 'x' });
      await call(here({ status, to: there('end') }));
    }
    await call(here({ status: 302, to: far({ status: 401 }) }));
  },
  'UM-25 a redirect within the origin, out of what is covered': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      const outside = new URL('/outside', at()).href;
      await call(at({ status: 307, to: outside }));
      await call(at({ status: 302, to: outside }), { method: 'POST', body: 'x' });
    }
  },
  'UM-26 there and back': async ({ call, here, far }) => {
    await call(here({ status: 302, to: far({ status: 302, to: here('end') }) }));
  },
  'FF-43 two leave in their order': async ({ here, note, arrived, release, see }) => {
    const one = fetch(here('hold=a'));
    const two = fetch(here('hold=b'));
    one.then(() => note('one'));
    two.then(() => note('two'));
    await arrived('a');
    await arrived('b');
    release('b');
    await two;
    release('a');
    await one;
  },
  'FF-32 ten at once': async ({ here, note, see }) => {
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => fetch(here({ i }))));
    for (const answer of answers) note(await see(answer));
  },
  'FF-32 ten at once, with bodies': async ({ there, note, see }) => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => fetch(there({ i, echo: '' }), { method: 'POST', body: new FormData() })),
    );
    for (const answer of answers) note((await see(answer))[0]);
  },
};

export const wire = {
  'FF-43 two leave in their order': 'in any order',
  'FF-32 ten at once': 'in any order',
  'FF-32 ten at once, with bodies': 'in any order',
};
