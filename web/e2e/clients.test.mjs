// The HTTP clients that apps have, unchanged, in a page with a session: each does what it does without one (XH-20), with other
// wrappers above and below too (FF-39).
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { build } from 'vite';
import { startResource } from './servers/resource.mjs';
import { scenes } from './support/scenes.mjs';
import { startStranger } from './support/stranger.mjs';

const web = join(import.meta.dirname, '..');
await mkdir(join(web, '.cache'), { recursive: true });
const folder = await mkdtemp(join(web, '.cache/clients-'));
after(() => rm(folder, { recursive: true, force: true }));
await build({
  root: join(import.meta.dirname, 'pages/clients'),
  logLevel: 'error',
  resolve: { alias: { latchkey: join(web, 'dist/latchkey.js') } },
  build: { outDir: folder, emptyOutDir: true, target: 'es2022', minify: false, modulePreload: false },
});
const [resource, stranger] = await Promise.all([startResource(), startStranger()]);
after(async () => {
  await Promise.all([resource.close(), stranger.close()]);
  assert.deepEqual(
    stranger.arrived.filter(({ authorization, headers }) => authorization ?? headers['latchkey-as']),
    [],
    'no foreign origin has seen a token, or a marker',
  );
  assert.ok(stranger.arrived.length > 0, 'it was asked');
});

const { demo } = scenes({ static: folder });
const thing = { id: 7, name: 'Brass padlock' };
const { api } = resource;

/** Registers a test of a page with that plan, signed in. */
const app = (name, { intercept, ...plan }, act) =>
  demo(
    name,
    {
      by: 'password',
      options: { api: [api], ...(intercept && { intercept }) },
      init: (plan) => {
        globalThis.plan = plan;
      },
      arg: plan,
    },
    async (scene) => {
      resource.reset();
      resource.judge = `${scene.server.api}me`;
      const page = await scene.open();
      await page.evaluate(() => session.loginWithCredentials('alice', 'wonderland'));
      await act({ ...scene, page });
    },
  );

/** One request of the page's client: what came of it. */
const send = (page, request) =>
  page.evaluate((request) => client.send(request).catch((error) => client.outcome(error)), request);

/** Starts one whose end `outcome` waits for, and which `controller` can end. */
const start = (page, request) =>
  page.evaluate((request) => {
    globalThis.controller = new AbortController();
    globalThis.outcome = client.send({ ...request, signal: controller.signal }).catch((error) => client.outcome(error));
  }, request);

const counts = (page) => page.evaluate(() => ({ ...client.counts }));
const bodies = (path) => resource.at(path).map(({ body }) => `${body}`);
const statuses = (path) => resource.at(path).map(({ status }) => status);
const refreshes = async ({ server }) => (await server.refreshes()).length;

/** Waits for a refresh that has not ended yet. */
const refreshed = (page) => page.waitForFunction(() => events.includes('refresh'));
const forget = (page) =>
  page.evaluate(() => {
    events.length = 0;
  });

/** It has told of more and more, and of all once. */
const isProgress = (told, total) => {
  assert.ok(told.length > 0, 'progress is told');
  const loaded = told.map(([loaded]) => loaded);
  assert.deepEqual(
    loaded,
    [...loaded].sort((a, b) => a - b),
    'it never goes back',
  );
  assert.equal(loaded.at(-1), total);
};

const data = { item: 'Türkette', count: 3, note: '\u2028 "quoted"' };
const clients = [
  {
    name: 'axios',
    by: 'xhr',
    cancelled: 'CanceledError ERR_CANCELED',
    timedOut: 'AxiosError ECONNABORTED',
    refused: 'AxiosError 401',
  },
  {
    name: 'axios',
    by: 'fetch',
    cancelled: 'CanceledError ERR_CANCELED',
    timedOut: 'AxiosError ETIMEDOUT',
    refused: 'AxiosError 401',
    isFetch: true,
  },
  {
    name: 'angular',
    by: 'xhr',
    cancelled: 'unsubscribed',
    timedOut: 'HttpErrorResponse TimeoutError',
    refused: 'HttpErrorResponse 401',
  },
  {
    name: 'angular',
    by: 'fetch',
    cancelled: 'unsubscribed',
    timedOut: 'HttpErrorResponse TimeoutError',
    refused: 'HttpErrorResponse 401',
    isFetch: true,
  },
  { name: 'ky', cancelled: 'AbortError', timedOut: 'TimeoutError', refused: 'HTTPError 401', isFetch: true },
  { name: 'jquery', cancelled: 'abort abort', timedOut: 'timeout timeout', refused: 'error 401' },
  { name: 'superagent', cancelled: 'abort', timedOut: 'ECONNABORTED', refused: '401' },
  { name: 'apollo', cancelled: 'AbortError', refused: 'ServerError 401', isFetch: true, isGraphQL: true },
];

for (const { name, by, cancelled, timedOut, refused, isFetch, isGraphQL } of clients) {
  const called = `${name}${by ? `, ${by}` : ''}`;
  const path = (one) => (isGraphQL ? '/graphql' : one);
  const url = (one) => api.slice(0, -1) + path(one);
  // Angular is by zone.js, which comes before all else.
  const plan = { client: name, by, before: name == 'angular' ? ['zone'] : [] };
  const isGET = ({ body }) => !/mutation/.test(body);
  const given = isGraphQL ? JSON.stringify(data) : data;
  const sent = JSON.stringify(data);
  const get = { url: url('/thing'), method: 'GET' };
  const post = { url: url('/echo'), method: 'POST', data: given };
  const got = { status: 200, data: thing, own: true };
  const echo = { status: 200, data: { length: isGraphQL ? sent.length : Buffer.byteLength(sent) }, own: true };
  /** What was posted, one a time it was sent. */
  const posted = () =>
    resource
      .at(path('/echo'))
      .filter((one) => !isGraphQL || !isGET(one))
      .map(({ body }) => (isGraphQL ? JSON.parse(body).variables.input : `${body}`));

  app(
    `XH-20 ${called}: requests carry the token; a marker and a sign-out are heeded`,
    { ...plan, isEarly: true },
    async (scene) => {
      const { page, server } = scene;
      assert.deepEqual(await send(page, get), got);
      assert.deepEqual(await send(page, post), echo);
      assert.deepEqual(posted(), [sent]);
      assert.deepEqual(await counts(page), { requests: 2, answers: 2 });
      assert.ok(resource.at(path('/thing')).every(({ headers }) => headers.authorization));

      // A marker.
      resource.reset();
      const headers = { 'latchkey-as': 'none' };
      if (isGraphQL) assert.equal(await send(page, { ...get, headers }), refused);
      else assert.deepEqual(await send(page, { ...get, url: url('/open'), headers }), got);
      const foreign = { ...get, url: `${stranger.origin}/thing` };
      await send(page, foreign);
      await send(page, { ...foreign, headers });
      for (const { headers } of resource.arrived) {
        assert.equal(headers.authorization, undefined);
        assert.equal(headers['latchkey-as'], undefined);
        assert.doesNotMatch(headers['access-control-request-headers'] ?? '', /latchkey|authorization/);
      }

      // Nobody is signed in.
      await page.evaluate(() => session.logout({ atServer: false }));
      resource.reset();
      assert.equal(await send(page, get), refused);
      assert.deepEqual(
        resource.at(path('/thing')).map(({ headers }) => headers.authorization),
        [undefined],
      );
    },
  );

  app(`XH-20 ${called}: ten at once over an expiry, one refresh, one answer each`, plan, async (scene) => {
    const { page, server } = scene;
    await server.expire();
    await server.reset();
    resource.reset();
    const all = await page.evaluate(
      ([get, post]) => Promise.all(Array.from({ length: 10 }, (_, i) => client.send(i % 2 ? get : post))),
      [get, post],
    );
    assert.deepEqual(
      all,
      all.map((_, i) => (i % 2 ? got : echo)),
    );
    assert.equal(await refreshes(scene), 1);
    assert.deepEqual(await counts(page), { requests: 10, answers: 10 }, 'its interceptors ran once for each');
    assert.deepEqual(new Set(posted()), new Set([sent]));
    // At most twice each; those that wait for the refresh go once.
    assert.ok(posted().length <= 10);
    if (name == 'angular') assert.equal(await page.evaluate(() => client.isBusy()), false);
  });

  app(`XH-20 ${called}: its own error for what is cancelled; a download over a refusal`, plan, async (scene) => {
    const { page, server, delay, context } = scene;
    await send(page, get);
    await server.expire();
    resource.reset();
    const token = await delay(server.endpoints.token);

    // Cancelled while the refresh is held, and while it waits behind that.
    const before = await counts(page);
    await start(page, post);
    await token.arrived;
    await page.evaluate(() => controller.abort());
    assert.equal(await page.evaluate(() => outcome), cancelled);
    const firsts = resource.at(path('/echo')).length;
    token.go();
    await refreshed(page);
    await context.unroute(server.endpoints.token);
    assert.deepEqual(await send(page, get), { status: 200, data: thing, own: true });
    const times = resource.at(path('/echo')).length - (isGraphQL ? 1 : 0);
    assert.equal(times, firsts, 'nothing is sent again that its caller has given up');
    assert.ok((await counts(page)).requests - before.requests == 2);

    if (isGraphQL) return;

    // Progress, over a refusal.
    for (const expired of [false, true]) {
      if (expired) await server.expire();
      const down = await page.evaluate(async (url) => {
        const told = [];
        const { data } = await client.send({ url, method: 'GET', onDownload: (...one) => told.push(one) });
        return { length: data.length, told };
      }, url('/big'));
      assert.equal(down.length, 600_000);
      isProgress(down.told, 600_000);
    }
  });

  // A fetch tells of no upload, or sends a stream, which HTTP/1.1 has no word for.
  if (!isFetch) {
    app(`XH-20 ${called}: it hears of an upload once, over a refusal too`, plan, async ({ page, server }) => {
      for (const expired of [false, true]) {
        if (expired) await server.expire();
        const told = await page.evaluate(async (url) => {
          const told = [];
          const data = { text: 'x'.repeat(2_000_000) };
          await client.send({ url, method: 'POST', data, onUpload: (...one) => told.push(one) });
          return told;
        }, url('/echo'));
        isProgress(told, 2_000_011);
        assert.equal(told.filter(([loaded]) => loaded == 2_000_011).length, 1);
        assert.deepEqual(new Set(told.map(([, total]) => total)), new Set([2_000_011]));
      }
      assert.deepEqual(statuses('/echo'), [200, 401, 200]);
    });
  }

  if (!timedOut) continue;
  app(
    `XH-20 ${called}: its own error for what takes too long, over a refusal too`,
    plan,
    async ({ page, server, delay, context }) => {
      assert.deepEqual(await send(page, { ...get, timeout: 10_000 }), got);
      assert.equal(await send(page, { ...get, url: url('/slow'), timeout: 600 }), timedOut);
      await server.expire();
      resource.reset();
      const token = await delay(server.endpoints.token);
      // Long enough for the refusal to come.
      const late = send(page, { ...post, timeout: 2_000 });
      await token.arrived;
      assert.equal(await late, timedOut);
      token.go();
      await refreshed(page);
      await context.unroute(server.endpoints.token);
      assert.deepEqual(await send(page, get), got);
      assert.deepEqual(statuses('/echo'), [401], 'it is not sent again');
    },
  );
}

for (const by of ['xhr', 'fetch']) {
  const plan = { client: 'angular', by, before: ['zone'] };
  app(
    `XH-20 FF-42 angular, ${by}: the app is stable after a request that was refused and sent again`,
    plan,
    async (scene) => {
      const { page, server, delay, context } = scene;
      const url = `${api}thing`;
      for (const end of ['answered', 'cancelled', 'failed']) {
        await forget(page);
        await server.expire();
        const token = await delay(server.endpoints.token);
        await start(page, { url, method: 'GET' });
        await token.arrived;
        await page.evaluate(() => {
          globalThis.stable = undefined;
          client.stable().then((yes) => {
            globalThis.stable = yes;
          });
        });
        assert.equal(await page.evaluate(() => stable), undefined, 'it is not while the request is under way');
        if (end == 'cancelled') await page.evaluate(() => controller.abort());
        if (end == 'failed') await context.route(url, (route) => route.abort('connectionreset'));
        token.go();
        const outcome = await page.evaluate(() => outcome);
        if (end == 'answered') assert.equal(outcome.status, 200);
        if (end == 'cancelled') assert.equal(outcome, 'unsubscribed');
        if (end == 'failed') assert.match(outcome, /^HttpErrorResponse/);
        await page.waitForFunction(() => globalThis.stable === true && !client.isBusy());
        await refreshed(page);
        await context.unroute(server.endpoints.token);
      }
    },
  );
}

app('XH-20 tus: an upload in parts goes on over a refusal, and tells of it once', { client: 'tus' }, async (scene) => {
  const { page, server, delay, context } = scene;
  const url = `${api}files`;
  const bytes = (size) => Buffer.from(new Uint8Array(size).map((_, i) => i % 251));
  const size = 900_000;
  const upload = (more) => send(page, { url, size, chunkSize: 300_000, ...more });

  const first = await upload();
  isProgress(first.progress, size);
  assert.deepEqual(await counts(page), { requests: 4, answers: 4 });
  // The token ends before it is created, and once more between two parts.
  await server.expire();
  await server.reset();
  let times = 0;
  await page.exposeFunction('expire', () => times++ || server.expire());
  const second = await page.evaluate(
    ([url, size]) => client.send({ url, size, chunkSize: 300_000, onCreated: () => expire() }),
    [url, size],
  );
  isProgress(second.progress, size);
  assert.equal(times, 1);
  assert.equal(await refreshes(scene), 2);
  assert.deepEqual(await counts(page), { requests: 8, answers: 8 });
  assert.deepEqual(
    resource.uploads().map((one) => one.equals(bytes(size))),
    [true, true],
  );

  // Aborted while the refresh is held.
  resource.reset();
  await forget(page);
  await server.expire();
  const token = await delay(server.endpoints.token);
  await start(page, { url, size, chunkSize: 300_000 });
  await token.arrived;
  await page.evaluate(() => controller.abort());
  assert.equal(await page.evaluate(() => outcome), 'aborted');
  token.go();
  await refreshed(page);
  await context.unroute(server.endpoints.token);
  assert.deepEqual(statuses('/files'), [401]);

  const marked = await upload({ headers: { 'latchkey-as': 'none' } });
  assert.equal(marked, 'Error 401');
  assert.equal(resource.arrived.at(-1).headers.authorization, undefined);
  assert.ok(resource.arrived.every(({ headers }) => !headers['latchkey-as']));
  await send(page, { url: `${stranger.origin}/files`, size: 10 });
  await page.evaluate(() => session.logout({ atServer: false }));
  assert.equal(await upload(), 'Error 401');
  assert.equal(resource.arrived.at(-1).headers.authorization, undefined);
});

app(
  'FF-33 events: the first one is there while the answer goes on, over a refusal too',
  { client: 'events' },
  async (scene) => {
    const { page, server, delay, context } = scene;
    const listen = (more) =>
      page.evaluate(
        (request) => {
          globalThis.told = [];
          globalThis.controller = new AbortController();
          globalThis.ended = client.send({ ...request, told, signal: controller.signal }).then(
            () => 'ended',
            (error) => client.outcome(error),
          );
        },
        { url: `${api}events`, ...more },
      );
    const has = (...wanted) => page.waitForFunction((wanted) => `${told}` === wanted, `${wanted}`);
    for (const expired of [false, true]) {
      if (expired) await server.expire();
      for (const more of [{}, { method: 'POST', data: { since: 1 } }]) {
        resource.reset();
        await listen(more);
        // The server has nothing more to say, and has not ended.
        await has('open 200', 'first');
        const [stream] = resource.events;
        stream.write('data: second\n\n');
        await has('open 200', 'first', 'second');
        stream.end('data: third\n\n');
        assert.equal(await page.evaluate(() => ended), 'ended');
        await has('open 200', 'first', 'second', 'third', 'closed');
        if (more.data) assert.deepEqual(new Set(bodies('/events')), new Set(['{"since":1}']));
      }
    }
    // Left while it goes on: the server sees that.
    resource.reset();
    await listen();
    await has('open 200', 'first');
    const gone = new Promise((resolve) => resource.events[0].once('close', resolve));
    await page.evaluate(() => controller.abort());
    assert.equal(await page.evaluate(() => ended), 'ended');
    await gone;

    // Left while the refresh is held.
    resource.reset();
    await forget(page);
    await server.expire();
    const token = await delay(server.endpoints.token);
    await listen();
    await token.arrived;
    await page.evaluate(() => controller.abort());
    assert.equal(await page.evaluate(() => ended), 'ended');
    token.go();
    await refreshed(page);
    await context.unroute(server.endpoints.token);
    assert.deepEqual(statuses('/events'), [401]);
    assert.deepEqual(await page.evaluate(() => told), []);

    await listen({ headers: { 'latchkey-as': 'none' } });
    assert.equal(await page.evaluate(() => ended), 'Error 401');
    await listen({ url: `${stranger.origin}/events` });
    await page.evaluate(() => ended);
    await page.evaluate(() => session.logout({ atServer: false }));
    await listen();
    assert.equal(await page.evaluate(() => ended), 'Error 401');
    assert.ok(resource.arrived.every(({ headers }) => !headers['latchkey-as']));
  },
);

for (const [client, by] of [['axios', 'fetch'], ['ky'], ['apollo'], ['events']]) {
  app(
    `XH-20 ${client}: where nothing is wrapped it takes session.fetch`,
    { client, by, intercept: 'none' },
    async ({ page, server }) => {
      const paths = { apollo: 'graphql', events: 'events' };
      const url = `${api}${paths[client] ?? 'thing'}`;
      for (const expired of [false, true]) {
        if (expired) await server.expire();
        resource.reset();
        const listens = resource.listens();
        const ended = page.evaluate(
          (request) =>
            client.send({ ...request, told: [] }).then(
              (answer) => answer?.status,
              (error) => client.outcome(error),
            ),
          { url, method: 'GET' },
        );
        if (client == 'events') (await listens).end();
        assert.equal(await ended, client == 'events' ? undefined : 200);
        assert.deepEqual(statuses(`/${url.slice(api.length)}`), expired ? [401, 200] : [200]);
      }
      assert.deepEqual(await page.evaluate(() => isAsBefore()), []);
    },
  );
}

const orders = [
  [['zone'], []],
  [[], ['zone']],
  [['reporter'], []],
  [['msw'], []],
  [[], ['msw']],
  [['msw'], ['reporter', 'zone']],
  [['reporter', 'msw', 'zone'], []],
  [[], ['zone', 'msw', 'reporter']],
];

for (const [before, after] of orders) {
  const order = [...before, 'session', ...after].join(', ');
  for (const by of ['fetch', 'xhr']) {
    const plan = { client: 'platform', by, before, after };
    app(`FF-39 ${by} with ${order}: one answer, one refresh; close takes back what is ours`, plan, async (scene) => {
      const { page, server } = scene;
      const get = { url: `${api}thing`, method: 'GET' };
      const post = { url: `${api}echo`, method: 'POST', data };
      const got = { status: 200, data: thing, own: true };
      assert.deepEqual(await send(page, get), got);
      await server.expire();
      await server.reset();
      resource.reset();
      const all = await page.evaluate(
        ([get, post]) => Promise.all(Array.from({ length: 4 }, (_, i) => client.send(i % 2 ? get : post))),
        [get, post],
      );
      assert.deepEqual(
        all.map(({ status, own }) => status == 200 && own),
        Array(4).fill(true),
      );
      assert.equal(await refreshes(scene), 1);
      assert.deepEqual(new Set(bodies('/echo')), new Set([JSON.stringify(data)]));
      // Who is above sees what the page sees; who is below what is sent.
      const seen = async (name) =>
        (await page.evaluate((name) => wrapped[name].notes, name))
          .filter((note) => note.by == by && note.url.startsWith(api))
          .map(({ status }) => status)
          .sort();
      const times = all.length + 1;
      for (const name of [...before, ...after].filter((name) => name != 'zone')) {
        const its = await seen(name);
        // MSW puts a Proxy before each XMLHttpRequest, so it is above wherever it came.
        if (after.includes(name) || (name == 'msw' && by == 'xhr')) assert.deepEqual(its, Array(times).fill(200), name);
        else {
          assert.equal(its.filter((status) => status == 200).length, times, name);
          // What was refused is not read to its end.
          assert.ok(its.length > times && its.every((status) => [200, 401, undefined].includes(status)), name);
        }
      }
      // Cancelled while the refresh is held.
      await forget(page);
      await server.expire();
      resource.reset();
      const token = await scene.delay(server.endpoints.token);
      await start(page, post);
      await token.arrived;
      await page.evaluate(() => controller.abort());
      assert.equal(await page.evaluate(() => outcome), by == 'xhr' ? 'abort' : 'AbortError');
      token.go();
      await refreshed(page);
      assert.deepEqual(await send(page, get), got);
      assert.deepEqual(statuses('/echo'), [401]);

      const headers = { 'latchkey-as': 'none' };
      await send(page, { ...get, url: `${stranger.origin}/thing`, headers });
      assert.deepEqual(await send(page, { ...get, url: `${api}open`, headers }), got);
      assert.equal(resource.at('/open')[0].headers.authorization, undefined);

      // What somebody has put above stays, and passes everything on.
      await page.evaluate(() => session.close());
      const changed = (await page.evaluate(() => isAsBefore())).filter((name) => (name == 'fetch') == (by == 'fetch'));
      if (!after.length) assert.deepEqual(changed, []);
      resource.reset();
      assert.deepEqual(await send(page, { ...get, url: `${api}open` }), got);
      assert.deepEqual(
        resource.at('/open').map(({ headers }) => headers.authorization),
        [undefined],
      );
      if (after.includes('reporter')) {
        const were = (await seen('reporter')).length;
        await send(page, { ...get, url: `${api}open` });
        assert.equal((await seen('reporter')).length, were + 1, 'it is still there');
      }
    });
  }
}

app(
  'FF-39 a wrapper that goes takes nothing of ours along',
  { client: 'platform', by: 'xhr', after: ['reporter'] },
  async (scene) => {
    const { page } = scene;
    const get = { url: `${api}thing`, method: 'GET' };
    await page.evaluate(() => wrapped.reporter.unwrap());
    assert.deepEqual(await page.evaluate(() => isOurs()), []);
    assert.equal((await send(page, get)).status, 200);
    await page.evaluate(() => session.close());
    assert.deepEqual(await page.evaluate(() => isAsBefore()), []);
  },
);
