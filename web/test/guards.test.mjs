import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ann,
  anonymous,
  deferred,
  key,
  load,
  nobody,
  play,
  policy,
  react,
  record,
  rule,
  runtime,
  settled,
  show,
  SessionError,
  started,
  turn,
} from './page.mjs';

const noRuntime = {
  load() {
    throw new SessionError('runtime_failed', 'no');
  },
};
const past = { rules: [rule({ validUntil: 1 })] };
const until = (validUntil) => record({ policy: policy({ rules: [rule({ validUntil })] }) });
/** What a promise has come to so far. */
const pending = async (promise) => {
  let done = false;
  void promise.finally(() => (done = true)).catch(() => {});
  await settled();
  await settled();
  return !done;
};
const ended = { state: anonymous, policy: { ...nobody, version: 2 } };

test('S70 a guard waits for the refresh of a session that is over, and for its end', async (t) => {
  t.after(() => turn());
  for (const [name, published, login, visitor] of [
    ['renewed', { state: ann, policy: policy({ version: 2, rules: [rule({ validUntil: 9e15 })] }) }, true, '/'],
    ['dead', ended, '/login', true],
  ])
    await t.test(name, async () => {
      turn(1000);
      const answer = deferred();
      play({ authorize: () => answer.promise });
      const { guard } = load({}, { stored: until(2000) });
      assert.equal(await guard.requireLogin(), true);
      assert.equal(started.length, 0, 'a good session is known at once');
      turn(2000);
      const answers = [guard.requireLogin('/a'), guard.requireAnonymous(), guard.check('/login')];
      const its = await runtime();
      for (const one of answers) assert.equal(await pending(one), true);
      assert.deepEqual(its.calls[1], ['authorize', { as: 'user', session: 's1', version: 1 }]);
      its.publish(published);
      answer.resolve({ outcome: 'send' });
      react({ recall: () => ({ path: '/' }) });
      assert.deepEqual(await Promise.all(answers), [login, visitor, visitor]);
    });
});

test('S70 a guard waits no longer for a refresh than a request', async (t) => {
  t.after(() => turn());
  turn(1000);
  play({ authorize: () => new Promise(() => {}) });
  const { guard } = load({ timeout: 1 }, { stored: until(2000) });
  turn(2000);
  // The refresh is not over and nobody has said that the session is.
  assert.equal(await guard.requireLogin(), true);
});

test('S70 a guard answers from the state where nobody can refresh', async (t) => {
  t.after(() => turn());
  turn(1000);
  play(noRuntime);
  const { guard } = load({}, { stored: until(2000) });
  turn(2000);
  assert.equal(await guard.requireLogin(), true);
  assert.equal(await guard.requireAnonymous(), '/');
});

test('S70, S71 a guard waits for a logout until it has ended the session here, not for the server', async () => {
  const done = deferred();
  play({ logout: () => done.promise });
  const session = load({}, { stored: record() });
  const first = session.logout();
  const second = session.logout();
  const answers = [session.guard.requireLogin('/a'), session.guard.requireAnonymous()];
  const its = await runtime();
  for (const one of answers) assert.equal(await pending(one), true);
  its.publish(ended);
  assert.deepEqual(await Promise.all(answers), ['/login', true]);
  assert.equal(await pending(first), true);
  done.resolve({});
  await Promise.all([first, second]);
  // Signed in again, and out again.
  its.publish({ state: ann, policy: policy({ version: 3 }) });
  assert.equal(await session.guard.requireLogin(), true);
  react({ logout: () => its.publish({ state: anonymous, policy: { ...nobody, version: 4 } }) });
  void session.logout();
  assert.equal(await session.guard.requireLogin('/a'), '/login');
});

test('VE-06 a logout says whom the page showed when it was asked for', async () => {
  const asked = [];
  play({ logout: (args) => void asked.push(args) });
  const session = load({}, { stored: record() });
  const { state } = session;
  const out = session.logout({ atServer: false });
  const its = await runtime();
  its.publish({ state: { ...ann, userId: 'bob' }, policy: policy({ session: 'another', version: 3 }) });
  await out;
  assert.equal(state.userId, 'ann');
  assert.deepEqual(asked, [{ atServer: false, state }]);
});

test('S71 a logout without the runtime lets guards go too', async () => {
  play(noRuntime);
  const session = load({}, { stored: record() });
  void session.logout();
  assert.equal(await session.guard.requireLogin(), '/login');
});

test('S70 a page from the back/forward cache shows no session that has ended meanwhile', async () => {
  const start = deferred();
  play({ start: () => start.promise });
  const session = load({}, { stored: record() });
  show(true);
  const answers = [session.guard.requireLogin('/a'), session.guard.requireAnonymous(), session.guard.check('/login')];
  const its = await runtime();
  for (const one of answers) assert.equal(await pending(one), true);
  its.publish(ended);
  start.resolve({});
  assert.deepEqual(await Promise.all(answers), ['/login', true, true]);
});

const visitor = { state: anonymous, policy: nobody };
const shop = {
  protected: true,
  public: ['/', '/help', '/p/*/reviews', '/caf\u00e9'],
  exclude: ['/register', '/reset/*'],
};

test('guard.check: a visitor sees all but what is protected', async () => {
  play({ start: (_, its) => its.publish(visitor) });
  for (const [redirect, path, want] of [
    [{}, '/orders', true],
    [{}, '/login', true],
    [{}, '/logout', '/'],
    [{ homePath: '/home' }, '/logout/', '/home'],
    [shop, '/orders', '/login'],
    [shop, '/orders/7?page=2#top', '/login'],
    [shop, '/login', true],
    [shop, '/login/', true],
    [shop, '/login?x=1#y', true],
    [shop, 'https://app.test/login', true],
    [shop, '/login/help', '/login'],
    [shop, '/Login', '/login'],
    [shop, '/logout', '/login'],
    [shop, '/register', true],
    [shop, '/register/more', '/login'],
    [shop, '/reset/6f1', true],
    [shop, '/reset', '/login'],
    [shop, '/reset/', '/login'],
    [shop, '/', true],
    [shop, '/?x=1', true],
    [shop, 'https://app.test', true],
    [shop, '//', '/login'],
    [shop, '/help', true],
    [shop, '/help/of/any/kind', true],
    [shop, '/helpers', '/login'],
    [shop, '/help/../orders', '/login'],
    [shop, '/help/%2e%2e/orders', '/login'],
    [shop, '/help\\..\\orders', '/login'],
    [shop, '/orders?/help', '/login'],
    [shop, '/orders#/help', '/login'],
    [shop, '/p/7/reviews', true],
    [shop, '/p/7/reviews/1', true],
    [shop, '/p/7', '/login'],
    [shop, '/p//reviews', '/login'],
    [shop, '/caf%C3%A9', true],
    [{ ...shop, prefix: '/shop/*' }, '/shop/en', true],
    [{ ...shop, prefix: '/shop/*' }, '/shop/en/help', true],
    [{ ...shop, prefix: '/shop/*' }, '/shop/en/login', true],
    [{ ...shop, prefix: '/shop/*' }, '/shop/en/orders', '/login'],
    [{ ...shop, prefix: '/shop/*' }, '/shop/en/en/help', '/login'],
    [{ ...shop, prefix: '/shop/*' }, '/shop', '/login'],
    [{ ...shop, prefix: '/shop/*' }, '/help', true],
    [{ ...shop, prefix: '/shop/*' }, '/orders', '/login'],
  ]) {
    const { guard } = load({ redirect, navigate() {} });
    assert.equal(await guard.check(path), want, `${JSON.stringify(redirect)} ${path}`);
  }
});

test('guard.check without a path is about the page that is shown, which is remembered', async () => {
  play();
  const { guard } = load({ redirect: shop }, { at: 'https://app.test/orders?page=2#top' });
  assert.equal(await guard.check(), '/login');
  assert.deepEqual(started[0].calls[1], ['remember', { path: 'https://app.test/orders?page=2#top' }]);
  const other = load({ redirect: shop }, { at: 'https://app.test/help' });
  assert.equal(await other.guard.check(), true);
});

test('guard.check needs no runtime to show a page', async () => {
  play();
  for (const redirect of [{}, shop]) {
    const { guard } = load({ redirect });
    for (const path of ['/help', '/login', '/register']) assert.equal(await guard.check(path), true);
    const signedIn = load({ redirect }, { stored: record() });
    for (const path of ['/help', '/register', '/orders']) assert.equal(await signedIn.guard.check(path), true);
  }
  assert.equal(started.length, 0);
});

test('S69 guard.check leads whoever is signed in from the login page to the page wanted, once, then home', async () => {
  const wanted = ['/orders?page=2'];
  play({ recall: () => ({ path: wanted.pop() ?? '/home' }) });
  const { guard } = load({ redirect: { homePath: '/home' } }, { stored: record() });
  assert.equal(await guard.check('/login'), '/orders?page=2');
  assert.equal(await guard.check('/login'), '/home');
  play(noRuntime);
  const without = load({ redirect: { homePath: '/home' } }, { stored: record() });
  assert.equal(await without.guard.check('/login'), '/home');
});

test('S71 guard.check signs out on the logout page, once', async () => {
  for (const [redirect, to] of [
    [{}, '/'],
    [shop, '/login'],
  ]) {
    play({ logout: (_, its) => its.publish(ended) });
    const session = load({ redirect }, { stored: record() });
    assert.deepEqual(await Promise.all([session.guard.check('/logout'), session.guard.check('/logout')]), [to, to]);
    assert.equal(session.state.isLoggedIn, false);
    assert.equal(await session.guard.check('/logout'), to);
    const logouts = started[0].calls.filter(([name]) => name == 'logout');
    assert.ok(logouts.length <= 2 && logouts.length > 0);
  }
});

test('a closed session has no answers', async () => {
  play();
  const session = load();
  session.close();
  await assert.rejects(session.guard.check('/'), { code: 'closed' });
});

test('patterns are read as the core reads them', async () => {
  play();
  const cases = JSON.parse(readFileSync(new URL('../../core/navigation/testdata/patterns.json', import.meta.url)));
  for (const { pattern, path, rest } of cases) {
    if (!pattern || /\/\//.test(path)) continue;
    // As a prefix: what is left of it is the only page that is open.
    const open = new URL(rest ?? path, 'https://app.test').pathname;
    const { guard } = load({ redirect: { protected: true, public: [open], prefix: pattern }, navigate() {} });
    assert.equal(await guard.check(path), true, `${pattern} ${path}`);
    const other = load({
      redirect: { protected: true, public: [open.replace(/\/?$/, '/x')], prefix: pattern },
      navigate() {},
    });
    assert.equal(await other.guard.check(path), '/login', `${pattern} ${path}`);
  }
});
