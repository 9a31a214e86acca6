// In Node as it is, without the page that the other tests have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, oidc } from '../.cache/test/latchkey.mjs';

test('S100 on a server nobody is signed in, and nothing is wrapped, read or loaded', async () => {
  const native = globalThis.fetch;
  const session = createSession({
    auth: oidc({ issuer: 'https://id.test', clientId: 'shop' }),
    api: ['https://api.test/', '/relative/'],
  });
  assert.equal(globalThis.fetch, native);
  assert.equal((await session.ready).status, 'anonymous');
  assert.equal(await session.guard.requireAnonymous(), true);
  assert.equal(await session.guard.requireLogin('/orders'), '/login');
  assert.equal(await session.guard.check('/orders'), true);
  session.close();
  assert.equal(globalThis.fetch, native);
});
