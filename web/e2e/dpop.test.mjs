// DPoP (RFC 9449) against oidc-provider, which wants a nonce in every proof, as its API does. The demo's server does none.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ask, eventOf, eventsOf, signInByPassword, state } from './support/page.mjs';
import { scenes, settled } from './support/scenes.mjs';
import { startStranger } from './support/stranger.mjs';

const { provider } = scenes();
const auth = { dpop: true };
const bound = { auth };

/** The names and pairs that are stored. */
const keys = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('latchkey', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const all = opening.result.transaction('keys').objectStore('keys').getAllKeys();
          all.onsuccess = () => resolve(all.result.map(String)) ?? opening.result.close();
        };
      }),
  );
const deleteKeys = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('latchkey');
        deleting.onsuccess = resolve;
        deleting.onerror = deleting.onblocked = reject;
      }),
  );
const recordKey = ({ issuer }) => `latchkey/1/${encodeURIComponent(issuer)}/demo/`;
const jkt = (page) =>
  page.evaluate(() => {
    const record = Object.entries(localStorage).find(([key]) => /^latchkey\/1\/.*\/$/.test(key));
    return JSON.parse(record[1]).policy.rules[0].dpop;
  });
const statuses = async (server, at) => (await server.requests(at)).map(({ status }) => status);

async function signedIn(scene) {
  const page = await scene.open();
  await scene.signIn(page);
  return page;
}

/** The server still knows who it is. */
async function signInAgain(page) {
  await page.evaluate(() => void session.loginWithRedirect().catch(() => {}));
  await page.waitForFunction(() => location.pathname !== '/callback' && globalThis.session?.state.isLoggedIn);
}

provider('OA-42 sign-in and requests of every kind, each with a proof of its own', bound, async (scene) => {
  const { server } = scene;
  const page = await signedIn(scene);
  assert.equal((await state(page)).tokenType, 'DPoP');
  assert.deepEqual(await statuses(server, 'token'), [400, 200], 'the server wants its nonce first');

  assert.equal(JSON.parse((await ask(page, `${server.api}me?a=1#b`)).text).sub, 'alice');
  const sent = await page.evaluate(async (url) => {
    const bytes = new Uint8Array(200_000).map((_, i) => i);
    const bodies = [
      'text',
      bytes,
      new Blob([bytes]),
      new URLSearchParams({ a: '1 2' }),
      new Request(url, { method: 'PUT', body: bytes }),
    ];
    const echoes = [];
    for (const body of bodies)
      echoes.push(await (await (body instanceof Request ? fetch(body) : fetch(url, { method: 'POST', body }))).json());
    return echoes.map(({ method, sha256 }) => [method, sha256]);
  }, `${server.api}echo`);
  const sha256 = (of) => createHash('sha256').update(of).digest('hex');
  const bytes = sha256(Uint8Array.from({ length: 200_000 }, (_, i) => i));
  assert.deepEqual(sent, [
    ['POST', sha256('text')],
    ['POST', bytes],
    ['POST', bytes],
    ['POST', sha256('a=1+2')],
    ['PUT', bytes],
  ]);
  const calls = (await server.log()).filter(({ path }) => path.startsWith('/api/'));
  assert.deepEqual(
    calls.map(({ status }) => status),
    [401, 200, 200, 200, 200, 200, 200],
    'a nonce is asked for once, and then known',
  );
  const proofs = (await server.log()).map(({ proof }) => proof).filter(Boolean);
  assert.equal(new Set(proofs).size, proofs.length, 'OA-44');
  assert.equal(proofs.length, 2 + 7);
});

provider(
  'OA-42 a nonce that changes in the middle costs one more request, with the same body',
  bound,
  async (scene) => {
    const { server } = scene;
    const page = await signedIn(scene);
    await ask(page, `${server.api}me`);
    await server.reset();
    server.rotateNonce();
    const echoed = await ask(page, `${server.api}echo`, { method: 'POST', body: 'the body' });
    assert.equal(JSON.parse(echoed.text).sha256, createHash('sha256').update('the body').digest('hex'));
    assert.deepEqual(await statuses(server, '/api/echo'), [401, 200]);
    server.rotateNonce();
    const all = await page.evaluate(
      (url) => Promise.all(Array.from({ length: 5 }, async (_, i) => (await fetch(`${url}?${i}`)).status)),
      `${server.api}orders`,
    );
    assert.deepEqual(all, Array(5).fill(200));
    assert.deepEqual(await server.refreshes(), []);
  },
);

provider('OA-42 a token that is over is refreshed, with the key it is bound to', bound, async (scene) => {
  const { server } = scene;
  const page = await signedIn(scene);
  await ask(page, `${server.api}me`);
  const before = await jkt(page);
  await server.expire();
  await server.reset();
  server.rotateNonce();
  assert.equal((await ask(page, `${server.api}echo`, { method: 'POST', body: 'x' })).status, 200);
  assert.equal((await server.refreshes()).filter(({ status }) => status === 200).length, 1);
  assert.equal(await jkt(page), before);
  await eventOf(page, 'refresh');
});

provider('OA-42 userinfo is asked for with a proof, and with the nonce that its server wants', bound, async (scene) => {
  const { server } = scene;
  const page = await signedIn(scene);
  await ask(page, `${server.api}me`); // the API is of the same origin, and its nonce another
  await server.reset();
  assert.equal((await page.evaluate(() => session.getUserInfo())).sub, 'alice');
  const asked = await server.requests('userinfo');
  assert.deepEqual(
    asked.map(({ status, authorization }) => [status, authorization]),
    [
      [401, 'dpop'],
      [200, 'dpop'],
    ],
  );
  assert.notEqual(asked[0].proof, asked[1].proof);
  assert.deepEqual(await server.refreshes(), []);
});

provider('OA-42 after a reload the first request does not wait for the runtime', bound, async (scene) => {
  const { server, delay } = scene;
  const page = await signedIn(scene);
  const wasm = await delay('**/latchkey.wasm');
  await page.reload();
  await settled(page);
  assert.equal((await state(page)).userId, 'alice');
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  await wasm.arrived;
  wasm.go();
  await page.evaluate(() => session.refresh());
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
  assert.deepEqual(await eventsOf(page, 'expired'), []);
});

provider('OA-43 two tabs have one key, and refresh once together', bound, async (scene) => {
  const { server, open } = scene;
  const a = await signedIn(scene);
  const b = await open();
  for (const page of [a, b]) assert.equal((await ask(page, `${server.api}me`)).status, 200);
  await server.expire();
  await server.reset();
  const answers = await Promise.all([a, b].map((page) => ask(page, `${server.api}orders`)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.equal((await server.refreshes()).filter(({ status }) => status === 200).length, 1);
  assert.deepEqual(await keys(a), [recordKey(server)]);
});

provider('OA-43 two tabs that make the key at once make one', bound, async (scene) => {
  const { server, open, context } = scene;
  const pages = [await open(), await open()];
  const asked = [];
  // The request is pushed (RFC 9126), so the address does not show it.
  context.on('request', (request) => {
    const bound = new URLSearchParams(request.postData() ?? '').get('dpop_jkt');
    if (bound) asked.push(bound);
  });
  await context.route(`${server.endpoints.authorization}?**`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '' }),
  );
  await Promise.all(
    pages.map(async (page) => {
      const left = page.waitForURL(`${server.endpoints.authorization}?**`);
      await page.evaluate(() => void session.loginWithRedirect());
      await left;
    }),
  );
  assert.equal(asked.length, 2);
  assert.match(asked[0], /^[\w-]{43}$/);
  assert.equal(asked[0], asked[1]);
});

provider('OA-43 a lost key means one clean sign-in', bound, async (scene) => {
  const { server } = scene;
  const page = await signedIn(scene);
  await ask(page, `${server.api}me`);
  await page.goto(`${server.page}page.js`); // a page without a session, so that nothing has the key in memory
  await deleteKeys(page);
  await server.reset();
  await page.goto(server.page);
  await settled(page);
  await eventOf(page, 'expired');
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
  await page.reload();
  await settled(page);
  assert.deepEqual(
    [(await eventsOf(page, 'expired')).length, (await eventsOf(page, 'logout')).length],
    [1, 1],
    'it ends once',
  );
  assert.deepEqual(await server.requests('token'), [], 'nothing is sent for it');

  await signInAgain(page);
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
});

provider(
  'OA-43 where the runtime is not loaded, a request finds that the key is lost, and goes without the token',
  { ...bound, options: { load: 'demand' } },
  async (scene) => {
    const { server } = scene;
    const page = await signedIn(scene);
    await page.goto(`${server.page}page.js`);
    await deleteKeys(page);
    await server.reset();
    await page.goto(server.page);
    await settled(page);
    assert.equal((await state(page)).isLoggedIn, true);
    assert.equal((await ask(page, `${server.api}me`)).status, 401);
    assert.equal((await state(page)).isLoggedIn, false);
    const [{ authorization }] = await server.requests('/api/me');
    assert.equal(authorization, 'none');
    assert.equal((await eventsOf(page, 'expired')).length, 1);
  },
);

provider('OA-43 a logout takes the key along', bound, async (scene) => {
  const { server } = scene;
  const page = await signedIn(scene);
  const before = await jkt(page);
  assert.deepEqual(await keys(page), [recordKey(server)]);
  await page.evaluate(() => session.logout({ atServer: false }));
  assert.deepEqual(await keys(page), []);
  await signInAgain(page);
  assert.notEqual(await jkt(page), before, 'the next session has its own');
  assert.equal((await ask(page, `${server.api}me`)).status, 200);
});

provider('XS-24 the key cannot be exported, wrapped or handed to another origin', bound, async (scene) => {
  const page = await signedIn(scene);
  const tried = await page.evaluate(async () => {
    const opening = indexedDB.open('latchkey', 1);
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const get = opening.result.transaction('keys').objectStore('keys').getAll();
    await new Promise((resolve) => (get.onsuccess = resolve));
    opening.result.close();
    const [{ privateKey }] = get.result;
    const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['wrapKey']);
    const name = (promise) =>
      promise.then(
        () => 'done',
        (error) => error.name,
      );
    return [
      privateKey.extractable,
      await name(crypto.subtle.exportKey('jwk', privateKey)),
      await name(crypto.subtle.exportKey('pkcs8', privateKey)),
      await name(crypto.subtle.wrapKey('jwk', privateKey, wrapping, { name: 'AES-GCM', iv: new Uint8Array(12) })),
      JSON.stringify(privateKey),
    ];
  });
  assert.deepEqual(tried, [false, 'InvalidAccessError', 'InvalidAccessError', 'InvalidAccessError', '{}']);
});

provider('ST-23 what is no key of ours, or one that can be exported, is replaced', bound, async (scene) => {
  const { server, open } = scene;
  const page = await open();
  for (const planted of ['extractable', 'rubbish', 'secret']) {
    await page.evaluate(
      async ([name, planted]) => {
        const curve = { name: 'ECDSA', namedCurve: 'P-256' };
        const value = {
          extractable: () => crypto.subtle.generateKey(curve, true, ['sign']),
          rubbish: () => 'key',
          secret: () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']),
        };
        const pair = await value[planted]();
        const opening = indexedDB.open('latchkey', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
        await new Promise((resolve) => (opening.onsuccess = resolve));
        const put = opening.result.transaction('keys', 'readwrite').objectStore('keys').put(pair, name);
        await new Promise((resolve) => (put.onsuccess = resolve));
        opening.result.close();
      },
      [recordKey(server), planted],
    );
    await page.reload();
    await settled(page);
    if (planted === 'extractable') await scene.signIn(page);
    else {
      await signInAgain(page);
    }
    assert.equal((await ask(page, `${server.api}me`)).status, 200, planted);
    const extractable = await page.evaluate(async () => {
      const opening = indexedDB.open('latchkey', 1);
      await new Promise((resolve) => (opening.onsuccess = resolve));
      const get = opening.result.transaction('keys').objectStore('keys').getAll();
      await new Promise((resolve) => (get.onsuccess = resolve));
      opening.result.close();
      return get.result.map(({ privateKey }) => privateKey.extractable);
    });
    assert.deepEqual(extractable, [false], planted);
    await page.evaluate(() => session.logout({ atServer: false }));
  }
});

const noDatabase = () =>
  Object.defineProperty(globalThis, 'indexedDB', {
    get() {
      throw new DOMException('blocked', 'SecurityError');
    },
  });

provider(
  'ST-23 without IndexedDB the key lives as long as the page, and a reload is a clean sign-in',
  { ...bound, init: noDatabase },
  async (scene) => {
    const { server } = scene;
    const page = await scene.open();
    await scene.submit(page);
    // It stays at the callback's page: to go on would be another page load.
    await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    await server.expire();
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    await page.reload();
    await settled(page);
    await eventOf(page, 'expired');
    assert.equal((await state(page)).isLoggedIn, false);
    await page.reload();
    await settled(page);
    assert.equal((await eventsOf(page, 'expired')).length, 1);
  },
);

provider(
  "OA-43 storage 'session': each tab has a key of its own, and takes only that along",
  { ...bound, options: { storage: 'session' } },
  async (scene) => {
    const { server, open } = scene;
    const a = await signedIn(scene);
    const b = await open();
    await signInAgain(b);
    assert.equal((await keys(a)).length, 2);
    await a.evaluate(() => session.logout({ atServer: false, revoke: false }));
    assert.equal((await keys(a)).length, 1);
    await b.reload();
    await settled(b);
    assert.equal((await ask(b, `${server.api}me`)).status, 200);
  },
);

provider(
  "OA-43 storage 'memory': the key is nowhere else",
  { ...bound, options: { storage: 'memory' } },
  async (scene) => {
    const { server } = scene;
    const page = await scene.open();
    await scene.submit(page);
    await page.waitForFunction(() => globalThis.session?.state.isLoggedIn);
    assert.equal((await ask(page, `${server.api}me`)).status, 200);
    assert.deepEqual(await keys(page), []);
  },
);

provider(
  'OA-38 a server that answers with a bearer token in spite of the proof is refused, and told apart',
  { by: 'password', auth },
  async ({ open }) => {
    const page = await open(); // the password grant there knows nothing of DPoP
    const { code, message } = await signInByPassword(page);
    assert.equal(code, 'server_error');
    assert.match(message, /token_type is Bearer although/);
  },
);

provider('UM-24 a proof follows no redirect, and over one to another origin the token does not go', bound, async (scene) => {
  const { server, context } = scene;
  const stranger = await startStranger();
  try {
    const page = await signedIn(scene);
    await ask(page, `${server.api}me`);
    await context.route(`${server.api}moved`, (route) =>
      route.fulfill({
        status: 307,
        headers: { location: `${stranger.origin}/taken`, 'access-control-allow-origin': new URL(server.page).origin },
      }),
    );
    assert.equal((await ask(page, `${server.api}moved`)).error, 'TypeError');
    assert.deepEqual(stranger.arrived, [], 'a proof would go along, so that no redirect is followed');
    await ask(page, `${server.api}moved`, { redirect: 'follow' });
    assert.deepEqual(
      stranger.arrived.map(({ authorization, headers }) => [authorization, typeof headers.dpop]),
      [[undefined, 'string']],
      'where the page says so the proof goes, and is good for nothing there',
    );
  } finally {
    await stranger.close();
  }
});
