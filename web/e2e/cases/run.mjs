// Runs cases of the table (see index.mjs) in a browser: a fresh context and a fresh issuer each.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { launch } from '../../tools/browser.mjs';
import { settingsFor, startHostile } from '../servers/hostile.mjs';
import { watch } from '../support/oracle.mjs';

/** How many cases run at the same time: much of one is waiting. */
const concurrency = 2;

/** Registers a test for each case, in a suite of that name. Each has servers that no other case uses at that time. */
export function runCases(name, cases) {
  let browser;
  const all = [];
  const idle = [];
  const start = async () => {
    const hostile = await startHostile();
    all.push(hostile);
    return hostile;
  };
  before(async () => {
    browser = await launch();
  });
  after(() => Promise.all([browser, ...all].map((one) => one?.close())));

  const runCase = (one) =>
    test(`${one.key} ${one.what}`, { timeout: 30_000 }, async () => {
      const hostile = idle.pop() ?? (await start());
      const as = hostile.behave(one.key, one.server);
      const context = await browser.newContext();
      context.setDefaultTimeout(10_000);
      const oracle = watch(context, `${as.issuer}/token`, ['code', 'id_token_hint', ...(one.carried ?? [])]);
      try {
        const scene = new Scene({ one, as, context, hostile });
        await scene.configure(one);
        await (one.act ?? signIn)(scene);
        await scene.checkAll(oracle);
      } finally {
        await context.close();
        idle.push(hostile);
      }
    });
  suite(name, { concurrency }, () => cases.forEach(runCase));
}

/** An id token that the server gave may go back to it as a hint of whom a silent check is about. */
function withoutHint(url) {
  const rest = new URL(url);
  if (rest.searchParams.get('prompt') === 'none') rest.searchParams.delete('id_token_hint');
  return rest.href;
}

const signIn = (scene) => scene.signIn();

class Scene {
  /** How often the page was loaded. */
  loads = 0;

  constructor(parts) {
    Object.assign(this, parts);
    this.evil = this.hostile.evil;
    this.origin = this.hostile.page;
    this.issuers = [this.as];
    this.context.on('request', (request) => {
      if (request.isNavigationRequest() && request.url().startsWith(this.origin)) this.loads++;
    });
  }

  /** One more issuer, of no behaviour of its own unless given. */
  another(name, behaviour) {
    const arrived = [...this.evil.arrived];
    const as = this.hostile.behave(`${this.one.key}-${name}`, behaviour);
    this.evil.arrived.push(...arrived);
    this.issuers.push(as);
    return as;
  }

  /** What pages get that load from now on. The app's router goes to a path without loading it. */
  async configure(given = this.one, as = this.as) {
    await this.context.addInitScript(
      (value) => {
        globalThis.settings = value;
        globalThis.more = {
          navigate(path) {
            globalThis.went = path;
            history.replaceState(null, '', path);
          },
        };
      },
      settingsFor(as, given),
    );
  }

  /** A tab with the page, signed in or not, when the session is known. */
  async open(path = '/') {
    const page = await this.context.newPage();
    await page.goto(new URL(path, this.origin).href);
    await this.settle(page);
    return page;
  }

  async settle(page) {
    await page.waitForFunction(() => globalThis.session);
    // The session is known a little before the page is sent where it was.
    await page.evaluate(() => session.ready.then(() => session.checkOAuthParamsInUrl()).catch(() => {}));
  }

  /** Leaves for the server. Resolves with an error's code, or with undefined where the page is back from there. */
  async leave(page, options = { returnTo: '/home' }) {
    const code = await page
      .evaluate(
        (options) =>
          session.loginWithRedirect(options).then(
            () => new Promise(() => {}),
            ({ code }) => code,
          ),
        options,
      )
      .catch(() => {}); // the page that was asked is gone
    if (!code) await this.settle(page);
    return code;
  }

  /** Signs in by redirect, and checks what comes of it. Resolves with the page. */
  async signIn(options) {
    const page = await this.open();
    const code = await this.leave(page, options);
    await this.check(page, code);
    return page;
  }

  /** Signs in with a name and a password. Resolves with an error's code, if there is one. */
  byPassword = (page) =>
    page.evaluate(() =>
      session.loginWithCredentials('alice', 'wonderland').then(
        () => {},
        ({ code }) => code,
      ),
    );

  /** Begins a sign-in in a tab of its own, which does not get to the server. Resolves with where it would have gone. */
  async pending(options = { returnTo: '/home' }) {
    const page = await this.open();
    const isGoing = (url) => url.href.startsWith(`${this.as.issuer}/authorize?`);
    const stopped = this.context.waitForEvent('requestfailed', (request) => isGoing(new URL(request.url())));
    await this.context.route(isGoing, (route) => route.abort('aborted'));
    void page.evaluate((options) => session.loginWithRedirect(options), options).catch(() => {});
    const address = (await stopped).url();
    await this.context.unroute(isGoing);
    return { page, address };
  }

  /** The next address at which the page gets an answer. */
  callback = async () =>
    (
      await this.context.waitForEvent('request', (request) => request.url().startsWith(`${this.origin}/callback?`))
    ).url();

  /** Is it as the case wants it? `code` is the error of a method, where one has rejected. */
  async check(page, code, want = this.one.want, asks = this.one.asks) {
    const { state, events, went } = await page.evaluate(() => {
      const { state } = session;
      return { state, events: globalThis.events, went: globalThis.went };
    });
    const errors = events.filter(({ type }) => type === 'error').map((event) => event.code);
    if (code) errors.push(code);
    const asked = this.as.asked();
    assert.deepEqual(errors, want.error ? [want.error] : [], 'the errors that the page hears of');
    assert.equal(state.userId, want.user ?? (want.error ? 'anonymous' : 'alice'));
    if (!want.error && !want.stays) assert.equal(went, '/home');
    for (const [name, value] of Object.entries(want.claims ?? {})) assert.deepEqual(state.claims?.[name], value, name);
    for (const [name, value] of Object.entries(want.state ?? {})) assert.deepEqual(state[name], value, name);
    const signedIn = events.filter(({ type }) => type === 'login').length;
    assert.equal(signedIn, state.isLoggedIn ? (want.logins ?? 1) : (want.logins ?? 0), 'logins that the page hears of');
    assert.deepEqual(asked, asks, 'what the server is asked for');
    await this.checkApi(page, state.isLoggedIn && !want.noToken);
  }

  /** Does the page's own request carry a token of this server's, or none at all? */
  async checkApi(page, signedIn, as = this.as) {
    const { length } = as.log;
    const status = await page.evaluate(async (url) => (await fetch(url)).status, `${as.issuer}/api/me`);
    // This one does not count; others may have come meanwhile.
    const mine = as.log.findIndex(({ endpoint }, i) => i >= length && endpoint === 'api');
    const [entry] = as.log.splice(mine, 1);
    assert.equal(status, signedIn ? 200 : 401);
    if (!signedIn) assert.equal(entry.headers.authorization, undefined, 'nobody is signed in');
  }

  /** What holds after every case. */
  async checkAll(oracle) {
    const { one, evil, context } = this;
    const secrets = this.issuers.flatMap((as) => [...as.secrets]);
    const holds = (text) => secrets.some((secret) => text.includes(secret));
    for (const page of context.pages()) {
      const seen = await page.evaluate(() => ({
        history: navigation.entries().map(({ url }) => url),
        // The browser itself keeps the address that a page was loaded from; the code in it is used up.
        timing: performance
          .getEntries()
          .filter(({ entryType }) => entryType !== 'navigation')
          .map(({ name }) => name),
        document: [document.URL, document.referrer, document.title, document.documentElement.outerHTML],
        window: [window.name],
        storage: [JSON.stringify([{ ...localStorage }, { ...sessionStorage }])],
        signedIn: [globalThis.session?.state.isLoggedIn ? 'yes' : ''],
      }));
      if (seen.signedIn[0]) delete seen.storage;
      for (const [where, texts] of Object.entries(seen)) assert.ok(!texts.some(holds), `a secret is in ${where}`);
    }
    for (const as of this.issuers)
      for (const { endpoint, url } of as.log)
        if (endpoint !== 'logout') assert.ok(!holds(withoutHint(url)), `a secret is in an address of ${endpoint}`);
    assert.deepEqual(evil.log(), one.evil ?? [], 'what reaches the other origin');
    for (const { url, headers, body } of evil.arrived)
      assert.ok(!holds(url + JSON.stringify(headers) + body), 'a secret reaches the other origin');
    const reads = { discovery: [0, this.loads], jwks: [0, this.loads], ...one.reads };
    for (const [endpoint, count] of Object.entries(reads)) {
      const [least, most] = [count].flat().length > 1 ? count : [count, count];
      const were = this.as.requests(endpoint).length;
      assert.ok(least <= were && were <= most, `${were} requests for ${endpoint}, and not ${least} to ${most}`);
    }
    for (const secret of secrets) oracle.secrets.add(secret);
    await oracle.check();
  }
}
