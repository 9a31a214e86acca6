// Claims of SuperTokens that a page validates, on the real supertokens-node: S87, and S89 for what their age is. The
// same through supertokens-website is in supertokens-oracle.test.mjs.
import assert from 'node:assert/strict';
import { startSuperTokens } from './servers/supertokens.mjs';
import { backends } from './support/backends.mjs';
import { ask, signInByPassword, state } from './support/page.mjs';

const alice = ['alice', 'wonderland'];
const verifiedAt = '/api/claims/verified';
const rolesAt = '/api/claims/roles';

const story = backends(
  () => startSuperTokens({ https: true }),
  'cookies',
  ({ baseUrl }) => ({
    protocol: 'supertokens',
    login: { url: `${baseUrl}/api/login`, username: 'user' },
    refresh: `${baseUrl}/auth/session/refresh`,
    logout: `${baseUrl}/auth/signout`,
    claims: [
      { id: 'verified', hasValue: true, maxAge: 300, maxAgeIfWrong: 10, refresh: baseUrl + verifiedAt },
      { id: 'roles', includes: 'admin', refresh: baseUrl + rolesAt, method: 'PUT' },
    ],
  }),
);

/** What does not hold; a rejection is its code. */
const invalid = (page, claims) =>
  page.evaluate((claims) => session.validateClaims(claims).catch(({ code, message }) => ({ code, message })), claims);
const errorsOf = (page) =>
  page.evaluate(() => globalThis.events.filter(({ type }) => type === 'error').map(({ code }) => code));
const wrong = {
  verified: { id: 'verified', reason: { message: 'wrong value', expectedValue: true, actualValue: false } },
  roles: { id: 'roles', reason: { message: 'wrong value', expectedToInclude: 'admin', actualValue: ['user'] } },
};

for (const tokenTransferMethod of ['cookie', 'header'])
  story(
    `S87 all are looked at again, then all are tested (${tokenTransferMethod})`,
    { auth: () => ({ tokenTransferMethod }) },
    async ({ server, open, asked, api }) => {
      const page = await open();
      const other = await open();
      await signInByPassword(page, ...alice);
      assert.deepEqual(await invalid(page), [wrong.verified, wrong.roles]);
      assert.deepEqual([(await asked(verifiedAt, 'GET')).length, (await asked(rolesAt, 'PUT')).length], [1, 1]);
      const { claims } = await state(page);
      assert.deepEqual([claims.verified.v, claims.roles.v], [false, ['user']]);
      await other.waitForFunction(() => session.state.claims?.roles);
      assert.deepEqual(await invalid(other), [wrong.verified, wrong.roles]);
      assert.equal((await asked(verifiedAt)).length, 1, 'what is new is not asked for again');

      // A page's own list, which is refreshed as the options say.
      await server.facts({ verified: true, roles: ['user', 'admin'] });
      assert.deepEqual(await invalid(page, [{ id: 'roles', excludes: 'admin' }]), []);
      assert.deepEqual(await invalid(page, [{ id: 'roles', includesAny: ['admin', 'owner'] }]), [
        {
          id: 'roles',
          reason: {
            message: 'wrong value',
            expectedToIncludeAtLeastOneOf: ['admin', 'owner'],
            actualValue: ['user'],
          },
        },
      ]);
      assert.deepEqual(await invalid(page, [{ id: 'nowhere', hasValue: 'x' }]), [
        { id: 'nowhere', reason: { message: 'value does not exist', expectedValue: 'x' } },
      ]);

      // A wrong one is asked for again by maxAgeIfWrong, and all of them by maxAge: by the server's clock.
      const later = async (seconds) => {
        await server.clock(seconds);
        // An answer tells what time it is there.
        const body = JSON.stringify({ seconds });
        await ask(page, `${api}/payload`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      };
      await later(30);
      assert.deepEqual(await invalid(page), [wrong.roles], 'roles have no age');
      assert.deepEqual([(await asked(verifiedAt)).length, (await asked(rolesAt)).length], [2, 1]);
      await later(400);
      await server.facts({ verified: false });
      assert.deepEqual(await invalid(page, [{ id: 'verified', hasValue: true }]), [wrong.verified]);
      assert.equal((await asked(verifiedAt)).length, 3);
      assert.deepEqual(await errorsOf(page), []);
    },
  );

story('S87 concurrent validations are one refresh, in two tabs', {}, async ({ server, open, asked }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  const other = await open();
  await server.facts({ verified: true, roles: ['admin'] });
  const five = (tab) => tab.evaluate(() => Promise.all(Array.from({ length: 5 }, () => session.validateClaims())));
  assert.deepEqual(await Promise.all([five(page), five(other)]), Array(2).fill(Array(5).fill([])));
  assert.deepEqual([(await asked(verifiedAt)).length, (await asked(rolesAt)).length], [1, 1]);
});

story(
  'S87 an endpoint that knows of more than one claim is asked once',
  {
    auth: ({ baseUrl }) => ({
      claims: ['verified', 'roles'].map((id) => ({ id, refresh: `${baseUrl}/api/both-claims` })),
    }),
  },
  async ({ open, asked }) => {
    const page = await open();
    await signInByPassword(page, ...alice);
    assert.deepEqual(await invalid(page), [], 'those without a test are for the calls');
    assert.equal((await asked('/api/both-claims')).length, 1);
    assert.deepEqual(await invalid(page, [{ id: 'roles', includes: 'user' }]), []);
    assert.equal((await asked('/api/both-claims')).length, 1);
  },
);

for (const [name, fault] of [
  ['says 500', { mode: '500' }],
  ['breaks off', { mode: 'drop-before' }],
])
  story(`S87 an endpoint that ${name} is no end`, {}, async ({ server, open, asked }) => {
    const page = await open();
    await signInByPassword(page, ...alice);
    await server.fault({ ...fault, path: verifiedAt });
    const missing = {
      id: 'verified',
      reason: { message: 'value does not exist', expectedValue: true },
    };
    const all = await page.evaluate(() => Promise.all([1, 2, 3].map(() => session.validateClaims())));
    assert.deepEqual(all, Array(3).fill([missing, wrong.roles]));
    // A browser sends what broke off once more by itself.
    if (fault.mode === '500') assert.equal((await asked(verifiedAt)).length, 1, 'those that wait have the same answer');
    assert.equal((await state(page)).isLoggedIn, true);
    assert.deepEqual(await errorsOf(page), [fault.mode === '500' ? 'server_error' : 'network_error']);
    await server.fault({ mode: 'ok' });
    await server.facts({ verified: true, roles: ['admin'] });
    assert.deepEqual(await invalid(page), [wrong.roles]);
  });

const never = { auth: ({ baseUrl }) => ({ claims: [{ id: 'never', refresh: baseUrl + verifiedAt }] }) };
story('S87 a refusal on the way has the session refreshed', never, async ({ server, open, asked }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  await server.expire();
  const [{ reason }] = await invalid(page, [{ id: 'never', hasValue: 1 }]);
  assert.equal(reason.message, 'value does not exist');
  assert.equal((await asked('/auth/session/refresh', 'POST')).filter(({ status }) => status === 200).length, 1);
  assert.deepEqual(
    (await asked(verifiedAt)).map(({ status }) => status),
    [401, 200],
  );

  await server.expire();
  await server.revoke({ user: 'alice' });
  assert.equal((await invalid(page, [{ id: 'never', hasValue: 1 }])).code, 'session_expired');
  assert.equal((await state(page)).isLoggedIn, false);
  assert.equal((await invalid(page)).code, 'session_expired', 'of nobody');
});

story(
  'S89 S87 a clock that is hours off makes no claim too old, and none young',
  {},
  async ({ server, open, asked }) => {
    for (const [off, user] of [
      [7200, alice],
      [-7200, ['bob', 'builder']],
    ]) {
      await server.clock(off);
      await server.facts({ verified: true });
      const page = await open();
      await signInByPassword(page, ...user);
      await server.forget();
      assert.deepEqual(await invalid(page), [wrong.roles]);
      assert.deepEqual(await invalid(page), [wrong.roles]);
      assert.deepEqual([(await asked(verifiedAt)).length, (await asked(rolesAt)).length], [1, 1]);
      await page.close();
    }
  },
);

story('S87 what is wrong with a claim is said', {}, async ({ open }) => {
  const page = await open();
  await signInByPassword(page, ...alice);
  for (const [claim, name] of [
    [{ id: 'a', hasValue: 1, maxAge: 6.9 }, /^claims\[0\]\.maxAge must be at least 7$/],
    [{ id: 'a', hasValue: 1, maxAgeIfWrong: 1 }, /^claims\[0\]\.maxAgeIfWrong must be at least 7$/],
    [{ id: 'a' }, /^claims\[0\] needs a test/],
    [{ hasValue: 1 }, /^claims\[0\]\.id is required$/],
    [{ id: 'a', hasValue: 1, includes: 2 }, /^claims\[0\] must have one test: hasValue or includes$/],
    [{ id: 'a', includesAll: 'x' }, /^claims\[0\]\.includesAll must be array$/],
    [{ id: 'a', includes: ['x'] }, /^claims\[0\]\.includes must be one value$/],
    [{ id: 'a', hasValue: 1, refresh: 'https://evil.test/' }, /^claims\[0\]\.refresh is no option$/],
    [null, /^claims\[0\]/],
  ]) {
    const { code, message } = await invalid(page, [claim]);
    assert.equal(code, 'config_invalid', message);
    assert.match(message, name);
  }
});

story(
  'S87 a maxAge in the options that is less than clocks may be off is told',
  {
    auth: () => ({ claims: [{ id: 'verified', hasValue: true, maxAge: 6 }] }),
  },
  async ({ open }) => {
    const page = await open();
    const ready = await page.evaluate(() => session.ready.then(String, ({ code, message }) => [code, message]));
    assert.deepEqual(ready, ['config_invalid', 'auth.claims[0].maxAge must be at least 7']);
  },
);
