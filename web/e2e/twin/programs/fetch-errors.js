// What fails, whose error that is, and in which order all that is seen.
export const programs = {
  'FF-34 no server': async ({ call }) => {
    await call('http://127.0.0.1:1/api/');
    await call('https://nowhere.invalid/');
  },
  'FF-34 the connection breaks before an answer': async ({ call, here, there }) => {
    for (const at of [here, there]) {
      await call(at('drop'), { method: 'POST', body: 'x' });
      await call(at('drop'), { method: 'PUT' });
    }
  },
  'FF-34 the connection breaks within the body': async ({ here, note, settle, release }) => {
    const response = await fetch(here('pieces=a,b&break'));
    note(response);
    const text = settle(response.text());
    release('piece 1');
    release('end');
    note(await text, response.bodyUsed);
  },
  'FF-34 another origin that allows nothing': async ({ call, there, far }) => {
    await call(there('closed'));
    await call(far('closed'));
    await call(there('closed'), { method: 'PUT' });
    await call(there('closed'), { mode: 'no-cors' });
  },
  'FF-34 a port that no browser asks': async ({ call }) => {
    await call('http://127.0.0.1:25/');
  },
  'FF-48 a refusal that asks for a password': async ({ call, here, there }) => {
    for (const at of [there])
      await call(at({ status: 401, h: 'www-authenticate: Basic realm="x"' }), { credentials: 'omit' });
  },
  'FF-42 the promise': async ({ here, note }) => {
    const promise = fetch(here());
    note(
      promise instanceof Promise,
      Object.getPrototypeOf(promise) === Promise.prototype,
      promise.constructor === Promise,
      Object.getOwnPropertyNames(promise),
    );
    await (await promise).text();
  },
  'FF-42 each failure that nobody takes is told once': async ({ here, note, task, event }) => {
    const told = event(globalThis, 'unhandledrejection');
    const failed = fetch('http://127.0.0.1:1/');
    const { promise } = await told;
    note(promise === failed);
    await task();
  },
  'FF-42 each wrong argument that nobody takes is told once': async ({ here, task, note, event }) => {
    for (const make of [
      () => fetch('http://['),
      () => fetch(here(), { method: 'A B' }),
      () => fetch(here(), { signal: AbortSignal.abort('x') }),
    ]) {
      const told = event(globalThis, 'unhandledrejection');
      const failed = make();
      note((await told).promise === failed);
      await task();
    }
  },
  'FF-42 an abort that nobody takes is told once': async ({ here, task, note, event, arrived, closed }) => {
    const controller = new AbortController();
    const told = event(globalThis, 'unhandledrejection');
    const failed = fetch(here('hold=a'), { signal: controller.signal });
    await arrived('a');
    controller.abort('x');
    note((await told).promise === failed);
    await closed('a');
    await task();
  },
  'FF-42 a promise whose class the page has changed': async ({ here, note }) => {
    const { then } = Promise.prototype;
    const seen = [];
    Promise.prototype.then = function (...args) {
      seen.push('then');
      return then.apply(this, args);
    };
    let promise;
    try {
      promise = fetch(here());
    } finally {
      Promise.prototype.then = then;
    }
    note(seen, await (await promise).text());
  },
  'FF-42 what is seen in which order': async ({ here, note, task }) => {
    const answer = fetch(here()).then((response) => {
      note('headers');
      return response.text().then(() => note('body'));
    });
    note('synchronously after');
    Promise.resolve()
      .then(() => note('a microtask'))
      .then(() => note('another'));
    queueMicrotask(() => note('a queued one'));
    await answer;
    note('after');
  },
  'FF-42 wrong arguments and microtasks': async ({ here, note, task }) => {
    fetch('http://[').catch(() => note('the address'));
    Promise.resolve().then(() => note('a microtask'));
    await task();
    fetch(here(), { method: 'A B' }).catch(() => note('the method'));
    Promise.resolve().then(() => note('a microtask'));
    await task();
  },
  'FF-42 two answers at once are told in the order of their calls': async ({ here, note }) => {
    const order = [];
    const signal = AbortSignal.abort('x');
    const failed = [0, 1, 2].map((i) => fetch(here(), { signal }).catch(() => order.push(i)));
    await Promise.all(failed);
    note(order);
  },
  'FF-42 then, catch and finally': async ({ here, note, settle }) => {
    await fetch(here())
      .finally(() => note('finally'))
      .then((response) => response.text())
      .then((text) => note(text));
    await fetch('http://127.0.0.1:1/')
      .finally(() => note('finally'))
      .catch((error) => note(error));
  },
  'FF-35 the stack says who has called': async ({ here, note, settle }) => {
    const caller = async () => fetch('http://[');
    const { rejected } = await settle(caller());
    note(rejected.stack.includes('caller'));
  },
};

export const wire = {
  // Chromium asks once more by itself where it has used the connection before.
  'FF-34 the connection breaks before an answer': 'not compared',
  'FF-34 another origin that allows nothing': 'in any order',
};
export const tokenless = [
  'FF-42 wrong arguments and microtasks',
  // It asks for leave first, and gets none.
  'FF-34 another origin that allows nothing',
];
