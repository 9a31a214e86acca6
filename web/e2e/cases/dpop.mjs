// Tokens that are bound to a key (RFC 9449). What a server that does all right asks is in ../dpop.test.mjs.
import assert from 'node:assert/strict';

const token = ['authorize', 'token'];
const bound = { auth: { dpop: true } };

const ask = (page, as) => page.evaluate(async (url) => (await fetch(url)).status, `${as.issuer}/api/me?x=1`);
const jtis = (as) =>
  as.log
    .filter(({ headers }) => headers.dpop)
    .map(({ headers }) => JSON.parse(Buffer.from(headers.dpop.split('.')[1], 'base64url')).jti);

export const dpop = [
  {
    id: 'OA-42',
    what: 'takes a token with a proof only: for each request its own, without the query',
    server: { dpop: true },
    want: { state: { tokenType: 'DPoP' } },
    asks: token,
    ...bound,
    async act(scene) {
      const page = await scene.signIn();
      assert.equal(await ask(page, scene.as), 200);
      assert.equal((await page.evaluate(() => session.getUserInfo())).sub, 'alice');
      assert.equal(await page.evaluate(() => session.refresh().then(({ userId }) => userId)), 'alice');
    },
  },
  {
    id: 'OA-42',
    variant: 'nonce',
    what: 'wants a nonce, of its own at either endpoint, and changes it',
    server: { dpop: true, nonce: ({ at, nth }) => `${at}-${nth >> 2}` },
    want: {},
    asks: token,
    ...bound,
    async act(scene) {
      const page = await scene.open();
      assert.equal(await scene.leave(page), undefined);
      for (let i = 0; i < 5; i++) assert.equal(await ask(page, scene.as), 200);
    },
  },
  {
    id: 'OA-42',
    variant: 'for-ever',
    what: 'wants another nonce each time: it is asked twice, and no more',
    server: { dpop: true, nonce: ({ at, nth }) => `${at}-${nth}` },
    want: { error: 'server_error' },
    asks: ['authorize', 'token', 'token'],
    ...bound,
  },
  {
    id: 'OA-42',
    variant: 'bearer',
    what: 'answers with a bearer token in spite of the proof',
    server: { dpop: true, tokens: (body) => void (body.token_type = 'Bearer') },
    want: { error: 'server_error' },
    asks: token,
    ...bound,
  },
  {
    id: 'OA-43',
    what: 'signs in, and the key is lost: nobody sends a token that is worth nothing',
    server: { dpop: true },
    want: {},
    asks: token,
    ...bound,
    async act(scene) {
      const page = await scene.signIn();
      await page.evaluate(async () => {
        for (const { name } of await indexedDB.databases())
          await new Promise((resolve) => (indexedDB.deleteDatabase(name).onsuccess = resolve));
      });
      await page.reload();
      await scene.settle(page);
      assert.equal(await ask(page, scene.as), 401);
      assert.equal(await scene.leave(page), undefined);
      assert.equal(await ask(page, scene.as), 200);
    },
  },
  {
    id: 'OA-44',
    what: 'refuses, and is asked again: with a proof that it has not seen',
    server: { dpop: true },
    want: {},
    asks: token,
    ...bound,
    async act(scene) {
      const page = await scene.signIn();
      scene.as.expire();
      assert.equal(await ask(page, scene.as), 200);
      assert.deepEqual(scene.as.asked(), [...token, 'api', 'token', 'api']);
      const all = jtis(scene.as);
      assert.equal(all.length, 4);
      assert.equal(new Set(all).size, 4);
    },
  },
];
