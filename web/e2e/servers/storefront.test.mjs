// The storefront's middleware, asked by a client that is not ours: what the browser tests rely on.
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, beforeEach, test } from 'node:test';
import { startStorefront } from './storefront.mjs';

let server;
before(async () => {
  server = await startStorefront();
});
beforeEach(() => server.reset());
after(() => server?.close());

/** A device: what it asks goes with the cookies that it was given. */
const device = () => {
  const jar = new Map();
  const ask = (method, path, body, headers = { 'x-requested-with': 'XMLHttpRequest' }) =>
    new Promise((resolve, reject) => {
      const cookie = [...jar].map((pair) => pair.join('=')).join('; ');
      const asking = request(`${server.baseUrl}/sapcc/${path}`, {
        method,
        headers: { ...headers, cookie },
        rejectUnauthorized: false,
      });
      asking.on('error', reject);
      asking.on('response', (answer) => {
        for (const one of answer.headers['set-cookie'] ?? []) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(one);
          assert.match(one, /Path=\/; Secure; SameSite=Strict$/);
          if (value) jar.set(name, value);
          else jar.delete(name);
        }
        answer.resume().on('end', () => resolve(answer.statusCode));
      });
      asking.end(body && JSON.stringify(body));
    });
  const signIn = (user) => ask('POST', 'OAuthUserAuthorization', user ?? server.people.alice);
  return { jar, ask, signIn, renew: () => ask('POST', 'OAuthUserTokenRefresh') };
};
const me = ['GET', 'customer/users/{user}'];

test('RR-42 two devices share what they were given, and the second refresh of it is refused', async () => {
  const [first, second] = [device(), device()];
  assert.deepEqual([await first.signIn(), await second.signIn()], [200, 200]);
  assert.deepEqual([...first.jar], [...second.jar]);
  assert.deepEqual([...first.jar.keys()], ['vsf-sap-token', 'vsf-sap-user']);
  assert.deepEqual([await first.renew(), await first.ask(...me), await second.ask(...me)], [200, 200, 401]);
  assert.deepEqual([await second.renew(), [...second.jar]], [401, []]);
  assert.equal(await first.ask(...me), 200);
});

test('it refuses a second sign-in, a wrong password, and what shows no header', async () => {
  const { signIn, ask } = device();
  assert.equal(await signIn({ username: 'alice', password: 'no-such-word' }), 401);
  assert.equal(await ask('POST', 'OAuthUserAuthorization', server.people.alice, {}), 403);
  assert.deepEqual([await signIn(), await signIn(server.people.bob)], [200, 403]);
  assert.equal(await ask('POST', 'OAuthUserRevoke'), 200);
  assert.deepEqual([await ask('GET', 'getUser'), await signIn(server.people.bob)], [401, 200]);
});

test('S50 each mode takes its own token, and that of the application is replaced where it is over', async () => {
  const { signIn, ask } = device();
  const kinds = async (...modes) => {
    await server.forget();
    for (const mode of modes) assert.equal(await ask('GET', `${mode}/products/search`), 200, mode);
    return (await server.occ.log()).filter(({ path }) => /search/.test(path)).map(({ kind, status }) => [kind, status]);
  };
  assert.equal(await ask('GET', 'customer/products/search'), 401);
  assert.deepEqual(await kinds('application', 'customerOrApplication', 'none'), [
    ['client', 200],
    ['client', 200],
    ['none', 200],
  ]);
  await server.occ.revoke({ kind: 'client' });
  assert.deepEqual((await kinds('application')).at(-1), ['client', 200]);
  await signIn();
  assert.deepEqual(await kinds('customer', 'customerOrApplication'), [
    ['customer', 200],
    ['customer', 200],
  ]);
});

test('RR-05 a token endpoint that is away is no end', async () => {
  const { signIn, renew, jar } = device();
  await signIn();
  await server.occ.fault({ endpoint: 'token', mode: '503', grantType: 'refresh_token', count: 1 });
  assert.deepEqual([await renew(), jar.size, await renew()], [503, 2, 200]);
});
