// What a page does, or others do to it, with a server that does nothing wrong: answers that nobody asked for, two tabs,
// targets, configuration.
import assert from 'node:assert/strict';

const token = ['authorize', 'token'];
const honest = { server: {}, want: {}, asks: token };

/** Hands an answer to the session. Resolves with the code of an error, if there is one. */
const deal = (page, url) =>
  page.evaluate(
    (url) =>
      session.checkOAuthParamsInUrl(url).then(
        () => {},
        ({ code }) => code,
      ),
    url,
  );

/** What becomes of an address that no sign-in has led to. */
const uninvited = (id, variant, what, path, more) => ({
  id,
  variant,
  what,
  server: {},
  want: { error: 'state_mismatch', ...more?.want },
  asks: [],
  async act(scene) {
    const page = await scene.open(path);
    await scene.check(page);
    assert.equal(page.url(), `${scene.origin}${more?.cleaned ?? '/callback'}`);
  },
});

/** Signs in, and then opens the same answer again. */
const again = (variant, what, reopen, silent) => ({
  id: 'OA-03',
  variant,
  what,
  ...honest,
  async act(scene) {
    const page = await scene.open();
    const answered = scene.callback();
    await scene.leave(page);
    const tab = await reopen(scene, page, await answered);
    await scene.settle(tab);
    const { state, errors } = await tab.evaluate(() => ({
      state: session.state,
      errors: globalThis.events.filter(({ type }) => type === 'error').length,
    }));
    assert.equal(state.userId, 'alice');
    assert.deepEqual(scene.as.asked(), token, 'one token request');
    await scene.checkApi(tab, true);
    if (silent) assert.equal(errors, 0, 'the same outcome');
  },
});

const inSameTab = async (_scene, page, url) => {
  await page.goto(url);
  return page;
};
const inAnotherTab = async (scene, _page, url) => {
  const tab = await scene.context.newPage();
  await tab.goto(url);
  return tab;
};

/** Where a sign-in may not lead. */
const targets = [
  'https://evil.test/',
  '//evil.test',
  '///evil.test',
  '/\\evil.test',
  '\\\\evil.test',
  '/\t/evil.test',
  'https:evil.test',
  'javascript:alert(1)',
  'data:text/html,x',
  'blob:https://evil.test/1',
  'http://user@evil.test/',
  '/\r\n/evil.test',
];

const config = (id, variant, what, change) => ({
  id,
  variant,
  what,
  server: {},
  want: {},
  asks: [],
  async act(scene) {
    const page = await scene.open();
    const code = await page.evaluate((change) => {
      const { auth, options } = globalThis.settings;
      try {
        latchkey.createSession({ ...options, auth: latchkey.oidc({ ...auth, ...change }), intercept: 'none' }).close();
      } catch (error) {
        return error.code;
      }
    }, change);
    assert.equal(code, 'config_invalid');
    assert.deepEqual(
      scene.as.log.filter(({ endpoint }) => endpoint !== 'discovery'),
      [],
    );
  },
});

export const pages = [
  uninvited('OA-02', '', 'a code and a state that somebody else has got', '/callback?code=stolen-code&state=lk.stolen'),
  uninvited('OA-02', 'foreign', 'a code and a state that are not like ours', '/callback?code=stolen-code&state=stolen'),
  uninvited('OA-02', 'elsewhere', 'a code and a state on any page', '/shop?a=1&code=stolen-code&state=lk.stolen', {
    cleaned: '/shop?a=1',
  }),
  again('', 'the same answer is opened in another tab: nobody asks for tokens again', inAnotherTab),
  again('bookmark', 'the same answer is opened in the same tab: nobody asks for tokens again', inSameTab),
  again('same', 'the same answer is opened in another tab: no error either', inAnotherTab, true),
  {
    id: 'OA-03',
    variant: 'reload',
    what: 'the page is loaded again, and the person goes back: nothing is asked for',
    ...honest,
    async act(scene) {
      const page = await scene.open();
      await scene.leave(page);
      await page.reload();
      await scene.settle(page);
      await page.goBack();
      await scene.settle(page);
      const { state, events } = await page.evaluate(() => ({ state: session.state, events: globalThis.events }));
      assert.equal(state.userId, 'alice');
      assert.deepEqual(
        events.filter(({ type }) => type === 'error'),
        [],
      );
      assert.deepEqual(scene.as.asked(), token);
    },
  },
  {
    id: 'OA-04',
    what: 'two sign-ins are pending in two tabs: both come back',
    ...honest,
    asks: [...token, ...token],
    async act(scene) {
      const first = await scene.pending({ returnTo: '/home' });
      const second = await scene.pending({ returnTo: '/home' });
      for (const { page, address } of [first, second]) {
        await page.goto(address);
        await scene.settle(page);
        assert.equal(await page.evaluate(() => globalThis.went), '/home');
      }
      for (const { page } of [first, second]) assert.equal((await page.evaluate(() => session.state)).userId, 'alice');
      assert.deepEqual(scene.as.asked(), scene.one.asks);
    },
  },
  {
    id: 'OA-05',
    what: 'the answer comes in another tab, and the first is gone',
    ...honest,
    async act(scene) {
      const { page, address } = await scene.pending();
      await page.close();
      const other = await scene.context.newPage();
      await other.goto(address);
      await scene.settle(other);
      await scene.check(other);
    },
  },
  {
    id: 'OA-05',
    variant: 'session',
    what: 'the answer comes in another tab, which does not share what is stored',
    server: {},
    options: { storage: 'session' },
    want: { error: 'state_mismatch' },
    asks: ['authorize'],
    async act(scene) {
      const { address } = await scene.pending();
      const other = await scene.context.newPage();
      await other.goto(address);
      await scene.settle(other);
      await scene.check(other);
    },
  },
  {
    id: 'OA-07',
    what: 'state, code challenge and verifier are long, and never the same',
    ...honest,
    want: { logins: 2 },
    asks: [...token, ...token],
    async act(scene) {
      const page = await scene.open();
      for (let i = 0; i < 2; i++) await scene.leave(page);
      await scene.check(page);
      const asked = scene.as.requests('authorize').map(({ query }) => query);
      const redeemed = scene.as.requests('token').map(({ form }) => form);
      const all = [
        ...asked.flatMap((query) => ['state', 'nonce', 'code_challenge'].map((name) => query.get(name))),
        ...redeemed.map((form) => form.get('code_verifier')),
      ];
      assert.ok(all.every((value) => /[\w-]{43,}$/.test(value)));
      assert.equal(new Set(all).size, all.length);
    },
  },
  {
    id: 'OA-09',
    what: 'states that an object has by itself are none of ours',
    ...honest,
    asks: [],
    async act(scene) {
      const page = await scene.open();
      for (const state of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'lk.__proto__'])
        assert.equal(await deal(page, `${scene.origin}/callback?code=a-code&state=${state}`), 'state_mismatch', state);
      assert.deepEqual(scene.as.asked(), []);
    },
  },
  {
    id: 'OA-10',
    what: 'sends the person on to an honest server, for its code (mix-up)',
    server: {},
    want: { error: 'issuer_mismatch' },
    asks: ['authorize'],
    async act(scene) {
      const { as } = scene;
      const honest = scene.another('honest');
      as.behaviour.answer = (_params, { asked }) => `${honest.issuer}/authorize?${asked}`;
      await scene.signIn();
      assert.deepEqual(honest.asked(), ['authorize'], 'nobody redeems the code');
      assert.deepEqual(as.requests('token'), []);
    },
  },
  {
    id: 'OA-11',
    what: 'is one of two issuers of the same page: its answer is nothing to the other',
    server: {},
    want: { error: 'state_mismatch' },
    asks: ['authorize'],
    async act(scene) {
      const { address } = await scene.pending();
      const other = scene.another('other');
      await scene.configure({}, other);
      const page = await scene.context.newPage();
      await page.goto(address);
      await scene.settle(page);
      const { errors, user } = await page.evaluate(() => ({
        user: session.state.userId,
        errors: globalThis.events.map(({ type, code }) => type === 'error' && code).filter(Boolean),
      }));
      assert.deepEqual([errors, user], [['state_mismatch'], 'anonymous']);
      assert.deepEqual([...scene.as.asked(), ...other.asked()], ['authorize']);
    },
  },
  {
    id: 'OA-14',
    what: 'an access token in the fragment, which nobody has asked for: it is not used, and does not stay',
    server: {},
    want: { user: 'anonymous', stays: true },
    asks: [],
    carried: ['access_token'],
    async act(scene) {
      const stolen = scene.as.accessToken({ sub: 'mallory' }).access_token;
      const page = await scene.open(`/#access_token=${stolen}&token_type=Bearer&expires_in=300&state=lk.stolen`);
      await scene.check(page);
      assert.ok(page.url() === `${scene.origin}/`, 'the address is clean');
    },
  },
  {
    id: 'OA-14',
    variant: 'callback',
    what: 'an access token in the fragment of the page where answers come',
    server: {},
    want: { user: 'anonymous', stays: true },
    asks: [],
    carried: ['access_token'],
    async act(scene) {
      const stolen = scene.as.accessToken({ sub: 'mallory' }).access_token;
      const page = await scene.open(
        `/callback#access_token=${stolen}&token_type=Bearer&expires_in=300&state=lk.stolen`,
      );
      await scene.check(page);
      assert.ok(page.url() === `${scene.origin}/callback`, 'the address is clean');
    },
  },
  {
    id: 'OA-15',
    what: 'tokens by the address are off unless they are asked for',
    server: {},
    want: { error: 'config_invalid' },
    asks: [],
    act: (scene) => scene.signIn({ params: { response_type: 'token' } }),
  },
  {
    id: 'OA-16',
    what: 'the password grant is off unless it is asked for',
    ...honest,
    asks: [],
    async act(scene) {
      const page = await scene.open();
      assert.equal(await scene.byPassword(page), 'config_invalid');
      assert.deepEqual(scene.as.log, []);
    },
  },
  {
    id: 'OA-16',
    variant: 'kept',
    what: 'a password is kept nowhere',
    server: {},
    auth: { flow: 'password' },
    want: { stays: true },
    asks: ['token'],
    async act(scene) {
      const page = await scene.open();
      await scene.byPassword(page);
      await scene.check(page);
      const stored = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, window.name]),
      );
      assert.ok(!stored.includes('wonderland'));
    },
  },
  {
    id: 'OA-17',
    what: "a client's secret is none in a page: the console says so, once, and without it",
    server: {},
    auth: { clientSecret: 'a-secret-of-the-client' },
    want: {},
    asks: [],
    async act(scene) {
      const said = [];
      scene.context.on('console', (message) => said.push([message.type(), message.text()]));
      const warned = scene.context.waitForEvent('console');
      const page = await scene.open();
      await warned;
      await page.evaluate(() => session.refresh().catch(() => {}));
      assert.equal(said.length, 1);
      assert.equal(said[0][0], 'warning');
      assert.ok(!said[0][1].includes('a-secret-of-the-client'));
    },
  },
  config('OA-18', '', 'a redirect URI with a fragment', { redirectUri: '/callback#here' }),
  config('OA-18', 'origin', 'a redirect URI on another origin', { redirectUri: 'https://other.example/callback' }),
  config('OA-36', '', 'an issuer by http', { issuer: 'http://id.example' }),
  {
    id: 'OA-19',
    what: "adds its own parameters: all of the answer's go before any request, and nothing else does",
    server: {
      answer(params) {
        params.set('session_state', 'a-session-state');
        params.set('promocode', 'SPRING');
        params.delete('code');
        params.set('error', 'access_denied');
      },
    },
    auth: (as) => ({ redirectUri: `${as.page}/callback?q=%20a+b&code-of-conduct=1` }),
    want: { error: 'access_denied' },
    asks: ['authorize'],
    async act(scene) {
      // What the page does first, in its order.
      await scene.context.addInitScript(() => {
        globalThis.order = [];
        for (const [owner, name] of [
          [History.prototype, 'replaceState'],
          [globalThis, 'fetch'],
        ]) {
          const own = owner[name];
          owner[name] = function (...args) {
            order.push(name);
            return own.apply(this, args);
          };
        }
      });
      const page = await scene.signIn();
      const url = new URL(page.url());
      assert.equal(url.pathname + url.search, '/callback?q=%20a+b&code-of-conduct=1&promocode=SPRING');
      assert.equal((await page.evaluate(() => order))[0], 'replaceState');
    },
  },
  {
    id: 'OA-20',
    what: "the page loads somebody else's picture before the address is clean",
    server: {
      page: (path, html, { evil }) =>
        path === '/callback' ? html.replace('<script', `<img src="${evil}/picture" alt="" /><script`) : html,
    },
    want: {},
    asks: token,
    evil: ['GET /picture'],
    async act(scene) {
      await scene.signIn();
      assert.equal(scene.evil.arrived[0].headers.referer, `${scene.origin}/`);
    },
  },
  {
    id: 'OA-21',
    what: 'the page wanted is on another origin',
    ...honest,
    asks: [],
    async act(scene) {
      const page = await scene.open();
      for (const target of targets)
        assert.equal(await scene.leave(page, { returnTo: target }), 'config_invalid', target);
      assert.deepEqual(scene.as.log, []);
    },
  },
  {
    id: 'OA-22',
    what: 'somebody has changed the page wanted in storage',
    ...honest,
    async act(scene) {
      for (const target of ['https://evil.test/', '//evil.test', 'javascript:alert(1)']) {
        const { page, address } = await scene.pending();
        await page.evaluate((target) => {
          const changed = JSON.stringify(target);
          for (const [key, value] of Object.entries({ ...localStorage }))
            localStorage.setItem(
              key,
              value.replace('"returnTo":"/home"', () => `"returnTo":${changed}`),
            );
        }, target);
        await page.goto(address);
        await scene.settle(page);
        const { went, user } = await page.evaluate(() => ({ went: globalThis.went, user: session.state.userId }));
        assert.deepEqual([went, user], ['/', 'alice'], target);
      }
    },
  },
  {
    id: 'OA-23',
    what: 'tokens are in no address, whatever a session does',
    ...honest,
    async act(scene) {
      const page = await scene.signIn();
      await page.evaluate(() => session.refresh());
      await scene.checkApi(page, true);
      await page.evaluate(() => session.logout({ atServer: false }));
      assert.deepEqual(scene.as.asked(), [...token, 'token', 'revoke', 'revoke']);
    },
  },
  {
    id: 'OA-24',
    what: 'has markup in its error: it is text, and leads nowhere',
    server: {},
    want: { error: 'access_denied' },
    asks: [],
    async act(scene) {
      const { page, address } = await scene.pending();
      const fields = { error_description: '<img src=x onerror=alert(1)>', error_uri: 'javascript:alert(1)' };
      const state = new URL(address).searchParams.get('state');
      const answer = `${scene.origin}/callback?${new URLSearchParams({ error: 'access_denied', state, iss: scene.as.issuer, ...fields })}`;
      const oauth = await page.evaluate(
        (url) => session.checkOAuthParamsInUrl(url).catch(({ oauth }) => oauth),
        answer,
      );
      assert.deepEqual({ ...oauth }, { error: 'access_denied', ...fields });
      assert.equal(await page.locator('img').count(), 0);
      assert.equal(page.url(), `${scene.origin}/`);
    },
  },
  {
    id: 'OA-33',
    what: "has set cookies: they stay out of the runtime's requests",
    ...honest,
    async act(scene) {
      await scene.context.addCookies([{ name: 'sid', value: 'a-cookie', url: scene.as.issuer }]);
      const page = await scene.signIn();
      await page.evaluate(() => session.refresh());
      const withCookie = scene.as.log.filter(({ headers }) => headers.cookie).map(({ endpoint }) => endpoint);
      assert.deepEqual(withCookie, ['authorize']);
    },
  },
  {
    id: 'OA-34',
    what: 'has its token endpoint below what the page calls its API',
    server: {},
    options: (as) => ({ api: [`${as.issuer}/`] }),
    want: {},
    asks: token,
    async act(scene) {
      const page = await scene.signIn();
      await page.evaluate(() => session.refresh());
      await page.evaluate(() => session.logout({ atServer: false }));
      const carried = scene.as.log.filter(({ headers }) => headers.authorization).map(({ endpoint }) => endpoint);
      assert.deepEqual(carried, []);
    },
  },
];
