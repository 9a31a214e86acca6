// Giving up: before, during and after, with whose reason, and what is seen in which order.
export const programs = {
  'FF-03 a signal that was aborted before': async ({ call, here, name }) => {
    await call(here(), { signal: AbortSignal.abort() });
    await call(here(), { signal: AbortSignal.abort(undefined) });
    await call(here(), { signal: AbortSignal.abort(null) });
    await call(here(), { signal: AbortSignal.abort('text') });
    await call(here(), { signal: AbortSignal.abort(name({}, 'the reason')) });
    await call(here(), {
      signal: AbortSignal.abort(name(new DOMException('mine', 'QuotaExceededError'), 'the exception')),
    });
  },
  'FF-03 it is rejected before the next microtask': async ({ here, note, task }) => {
    fetch(here(), { signal: AbortSignal.abort('a') }).catch((reason) => note(reason));
    Promise.resolve().then(() => note('the next microtask'));
    note('synchronously after');
    await task();
    const controller = new AbortController();
    controller.abort('b');
    (async () => {
      try {
        await fetch(here(), { signal: controller.signal });
      } catch (reason) {
        note(reason);
      }
    })();
    await null;
    note('after one await');
    await task();
  },
  'FF-03 a Request is used by it, a stream is cancelled by it': async ({ here, h2, note, settle, name }) => {
    const reason = name(new Error('mine'), 'the reason');
    const request = new Request(here(), { method: 'POST', body: 'x', signal: AbortSignal.abort(reason) });
    const answer = fetch(request);
    note(request.bodyUsed);
    note(await settle(answer));
    note(request.bodyUsed);
    const body = new ReadableStream({
      cancel(why) {
        note('cancelled', why);
      },
    });
    const next = fetch(h2(), { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort(reason) });
    note('synchronously after', body.locked);
    note(await settle(next));
  },
  'FF-04 given up right after the call': async ({ here, note, settle, name, task }) => {
    const controller = new AbortController();
    const answer = settle(fetch(here(), { signal: controller.signal }));
    controller.abort(name(new Error('mine'), 'the reason'));
    Promise.resolve().then(() => note('the next microtask'));
    note(await answer);
    await task();
  },
  'FF-04 given up one microtask after the call': async ({ here, note, settle, name }) => {
    const controller = new AbortController();
    const answer = settle(fetch(here(), { signal: controller.signal }));
    await null;
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer);
  },
  'FF-04 given up while it is not known yet with which token': async ({
    here,
    note,
    settle,
    name,
    holdUp,
    arrived,
    release,
  }) => {
    await holdUp('gate');
    const controller = new AbortController();
    const answer = settle(fetch(here('hold=gate'), { signal: controller.signal }));
    await arrived('gate');
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer);
    release('gate');
    note(await (await fetch(here())).text());
  },
  'FF-05 given up while the server thinks': async ({ here, there, note, settle, name, arrived, closed }) => {
    for (const [at, gate] of [
      [here, 'a'],
      [there, 'b'],
    ]) {
      const controller = new AbortController();
      const answer = settle(fetch(at({ hold: gate }), { signal: controller.signal }));
      await arrived(gate);
      controller.abort(name(new Error('mine'), 'the reason'));
      note(await answer);
      await closed(gate);
    }
  },
  'FF-05 given up without a reason': async ({ here, note, settle, arrived, closed }) => {
    const controller = new AbortController();
    const answer = settle(fetch(here('hold=a'), { method: 'POST', body: 'x', signal: controller.signal }));
    await arrived('a');
    controller.abort();
    const { rejected } = await answer;
    note(rejected, rejected === controller.signal.reason);
    await closed('a');
  },
  'FF-05 given up at the very first attempt': async ({ here, note, settle, name, arrived, closed }) => {
    const controller = new AbortController();
    const answer = settle(fetch(here('first=a'), { signal: controller.signal }));
    await arrived('a');
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer);
    await closed('a');
  },
  'FF-05 given up after the headers, before the body is read': async ({ here, note, settle, name }) => {
    const controller = new AbortController();
    const response = await fetch(here('pieces=a,b'), { signal: controller.signal });
    note(response);
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await settle(response.text()), response.bodyUsed);
    note(await settle(response.text()));
  },
  'FF-05 given up while the body is read': async ({ here, note, settle, name }) => {
    const controller = new AbortController();
    const response = await fetch(here('pieces=abc,def'), { signal: controller.signal });
    const reader = response.body.getReader();
    const { value } = await reader.read();
    note(value);
    const next = settle(reader.read());
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await next, await settle(reader.closed));
  },
  'FF-05 given up while a copy of the body is read': async ({ here, note, settle, name }) => {
    const controller = new AbortController();
    const response = await fetch(here('pieces=abc,def'), { signal: controller.signal });
    const copy = response.clone();
    const texts = [settle(response.text()), settle(copy.text())];
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await Promise.all(texts));
  },
  'FF-05 given up after all is done': async ({ call, here, note, settle }) => {
    const controller = new AbortController();
    const response = await fetch(here(), { signal: controller.signal });
    note(await response.text());
    controller.abort('late');
    note(await settle(response.text()));
    note(response);
  },
  'FF-05 given up with the body not read but there': async ({ here, note, settle }) => {
    const controller = new AbortController();
    const response = await fetch(here(), { signal: controller.signal });
    controller.abort('late');
    const { fulfilled, rejected } = await settle(response.text());
    note(typeof fulfilled, rejected);
  },
  'FF-05 the same Request is given up and sent again': async ({ here, note, settle, see, arrived, closed }) => {
    const controller = new AbortController();
    const request = new Request(here('hold=a'), { signal: controller.signal });
    const answer = settle(fetch(request));
    await arrived('a');
    controller.abort('first');
    note(await answer);
    await closed('a');
    note(await settle(fetch(request)));
    note(await see(await fetch(new Request(here(), { signal: null }))));
  },
  'FF-06 AbortSignal.timeout': async ({ here, note, settle, closed }) => {
    const { rejected } = await settle(fetch(here('hold=a'), { signal: AbortSignal.timeout(50) }));
    note(rejected);
  },
  'FF-06 AbortSignal.timeout that has passed': async ({ call, here, event }) => {
    const signal = AbortSignal.timeout(0);
    if (!signal.aborted) await event(signal, 'abort');
    await call(here(), { signal });
  },
  'FF-06 AbortSignal.timeout while the body comes': async ({ here, note, settle, event }) => {
    const signal = AbortSignal.timeout(300);
    const { fulfilled: response, rejected } = await settle(fetch(here('pieces=a,b'), { signal }));
    note(rejected, response && (await settle(response.text())));
  },
  'FF-06 AbortSignal.any': async ({ here, note, settle, name, arrived, closed }) => {
    const one = new AbortController();
    const two = new AbortController();
    const signal = AbortSignal.any([one.signal, two.signal, AbortSignal.timeout(60_000)]);
    const answer = settle(fetch(here('hold=a'), { signal }));
    await arrived('a');
    two.abort(name({ mine: true }, 'the second reason'));
    one.abort('too late');
    note(await answer);
    await closed('a');
  },
  'FF-06 AbortSignal.any of one that is aborted': async ({ call, here, name }) => {
    const signal = AbortSignal.any([new AbortController().signal, AbortSignal.abort(name({}, 'the reason'))]);
    await call(here(), { signal });
  },
  'FF-06 reasons of every kind': async ({ here, note, settle, name, arrived, closed }) => {
    let i = 0;
    for (const reason of [
      undefined,
      null,
      0,
      '',
      false,
      5n,
      Symbol('x'),
      name({}, 'an object'),
      name(() => {}, 'a function'),
    ]) {
      const controller = new AbortController();
      const gate = `gate${i++}`;
      const answer = settle(fetch(here({ hold: gate }), { signal: controller.signal }));
      await arrived(gate);
      controller.abort(reason);
      note(await answer);
      await closed(gate);
    }
  },
  'FF-06 an abort and its listeners, in their order': async ({ here, note, settle, arrived, task, closed }) => {
    const controller = new AbortController();
    const { signal } = controller;
    signal.addEventListener('abort', () => note('a listener from before'));
    const answer = fetch(here('hold=a'), { signal }).catch((reason) => note('rejected', reason));
    signal.addEventListener('abort', () => note('a listener from after'));
    signal.onabort = () => note('onabort');
    await arrived('a');
    controller.abort('mine');
    note('synchronously after');
    Promise.resolve().then(() => note('a microtask'));
    await answer;
    await closed('a');
    await task();
  },
  'FF-07 a signal that is for one of two': async ({ here, note, settle, see, arrived, release, closed }) => {
    const controller = new AbortController();
    const one = settle(fetch(here('hold=a'), { signal: controller.signal }));
    const two = settle(fetch(here('hold=b')));
    await arrived('a');
    await arrived('b');
    controller.abort('one');
    note(await one);
    await closed('a');
    release('b');
    note(await see((await two).fulfilled));
  },
  'FF-08 one signal for many': async ({ here, note, settle, arrived, closed }) => {
    const controller = new AbortController();
    const answers = Array.from({ length: 4 }, (_, i) =>
      settle(fetch(here({ hold: `g${i}` }), { signal: controller.signal })),
    );
    for (let i = 0; i < 4; i++) await arrived(`g${i}`);
    controller.abort('all');
    note(await Promise.all(answers));
    for (let i = 0; i < 4; i++) await closed(`g${i}`);
  },
  'FF-08 one signal for many, one after the other': async ({ here, note, settle }) => {
    const controller = new AbortController();
    for (let i = 0; i < 20; i++) await (await fetch(here(), { signal: controller.signal })).text();
    controller.abort('after');
    note(await settle(fetch(here(), { signal: controller.signal })));
  },
  'FF-05 an upload is given up': async ({ here, note, settle, name, arrived, closed }) => {
    const controller = new AbortController();
    const request = new Request(here('hold=a'), {
      method: 'POST',
      body: new Blob([new Uint8Array(1 << 20)]),
      signal: controller.signal,
    });
    const answer = settle(fetch(request));
    await arrived('a');
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer, request.bodyUsed);
    await closed('a');
  },
  'FF-06 a signal whose reason the page has hidden': async ({ here, note, settle, name, arrived, closed }) => {
    const controller = new AbortController();
    Object.defineProperty(controller.signal, 'reason', { value: 'a lie' });
    Object.defineProperty(controller.signal, 'aborted', { value: false });
    const answer = settle(fetch(here('hold=a'), { signal: controller.signal }));
    await arrived('a');
    controller.abort(name(new Error('mine'), 'the reason'));
    note(await answer);
    await closed('a');
    note(await settle(fetch(here(), { signal: controller.signal })));
  },
};

// Whether what is given up at once leaves the browser at all is a matter of luck, natively too.
export const wire = {
  'FF-04 given up right after the call': 'not compared',
  'FF-04 given up one microtask after the call': 'not compared',
  'FF-04 given up while it is not known yet with which token': 'not compared',
  'FF-05 given up at the very first attempt': 'not compared',
  'FF-06 AbortSignal.timeout': 'not compared',
  'FF-07 a signal that is for one of two': 'in any order',
  'FF-08 one signal for many': 'in any order',
};
export const tokenless = ['FF-04 given up right after the call', 'FF-04 given up one microtask after the call'];
