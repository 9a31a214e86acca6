// The session at the server is watched by its own page in a hidden frame (OpenID Connect Session Management 1.0). What
// that page says is up to the case: `as.says`, asked for each time; `as.over` is the one state that has changed.
import assert from 'node:assert/strict';

const token = ['authorize', 'token'];
const auth = { monitorSession: true };

/** Answers each question with what the server says now; `silent` says nothing. */
const checkPage = `<!doctype html><script>
  addEventListener('message', async ({ data, source, origin }) => {
    const said = await (await fetch('says?' + new URLSearchParams({ data, origin }))).text();
    if (said !== 'silent') source.postMessage(said, origin);
  });
</script>`;

/** `state` is the session state of the next answer. */
const watched = (more) => ({
  paths: { '/check': 'check', '/says': 'says' },
  instead: {
    check: ({ send }) => send(200, checkPage, { 'content-type': 'text/html' }),
    says({ send, as, query }) {
      const changed = as.over && query.get('data').endsWith(` ${as.over}`);
      send(200, changed ? 'changed' : (as.says ?? 'unchanged'), { 'content-type': 'text/plain' });
    },
  },
  metadata(m) {
    m.check_session_iframe = `${m.issuer}/check`;
  },
  answer(params, { nth }) {
    if (params.has('code')) params.set('session_state', `state.${nth}`);
  },
  ...more,
});

/** Signs in. Checks are not what the server is asked for by the sign-in. */
async function signIn(scene) {
  const { as } = scene;
  as.asked = () =>
    as.log
      .map(({ endpoint }) => endpoint)
      .filter((endpoint) => !['discovery', 'jwks', 'check', 'says', 'liar'].includes(endpoint));
  return scene.signIn();
}

/** Waits for another question, with that state. */
async function questioned({ as }, state) {
  const { length } = as.requests('says');
  for (;;) {
    // One that is about an earlier state may still have been on its way.
    const found = as.requests('says').find(({ query }, i) => i >= length && query.get('data') === `app ${state}`);
    if (found) return found.query;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const logouts = (page) =>
  page.evaluate(() => events.filter(({ type }) => type === 'logout').map(({ reason, remote }) => [reason, remote]));

/** How many frames there are for the server's page. */
const watching = (page) => page.evaluate(() => document.querySelectorAll('iframe[src$="/check"]').length);

const checkSession = (variant, what, act, server) => ({
  id: 'OP-43',
  variant,
  what,
  server: watched(server),
  auth,
  want: {},
  asks: token,
  act,
});

export const checkSessions = [
  checkSession(
    undefined,
    'says that its session has changed, and knows nobody any more: the session ends',
    async (scene) => {
      const { as } = scene;
      const page = await signIn(scene);
      const other = await scene.open();
      const query = await questioned(scene, 'state.1');
      assert.equal(query.get('origin'), scene.origin);
      as.behaviour = { ...as.behaviour, nobody: true };
      as.says = 'changed';
      for (const tab of [page, other]) await tab.waitForFunction(() => session.state.status === 'anonymous');
      const heard = [await logouts(page), await logouts(other)].map(([[reason, remote]]) => `${reason} ${remote}`);
      assert.deepEqual(heard.sort(), ['revoked false', 'revoked true'], 'one tab has found out');
      const asked = as.requests('authorize');
      assert.deepEqual([asked.length, asked[1].query.get('prompt')], [2, 'none']);
      for (const tab of [page, other]) {
        await tab.waitForFunction(() => !document.querySelector('iframe'));
        await scene.checkApi(tab, false);
      }
    },
  ),
  checkSession('same', 'says that its session has changed, and knows the same person: it goes on', async (scene) => {
    const { as } = scene;
    const page = await signIn(scene);
    await questioned(scene, 'state.1');
    as.over = 'state.1';
    await page.waitForFunction(() => events.some(({ type }) => type === 'refresh'));
    await questioned(scene, 'state.2');
    assert.deepEqual(await logouts(page), []);
    assert.ok(as.requests('authorize')[1].query.get('id_token_hint'));
    await scene.checkApi(page, true);
    // What is stored is watched after a reload too.
    await page.reload();
    await questioned(scene, 'state.2');
  }),
  checkSession(
    'other',
    'says that its session has changed, and knows somebody else: the session ends',
    async (scene) => {
      const page = await signIn(scene);
      await questioned(scene, 'state.1');
      scene.as.user = 'mallory';
      scene.as.says = 'changed';
      await page.waitForFunction(() => session.state.status === 'anonymous');
      assert.deepEqual(await logouts(page), [['revoked', false]]);
    },
  ),
  checkSession('error', 'says error: it is not asked any more, and the session goes on', async (scene) => {
    const page = await signIn(scene);
    await questioned(scene, 'state.1');
    scene.as.says = 'error';
    await page.waitForFunction(() => !document.querySelector('iframe'));
    await scene.checkApi(page, true);
  }),
  checkSession('strangers', 'is silent, and others say that its session has changed', async (scene) => {
    scene.as.says = 'silent';
    const page = await signIn(scene);
    await page.waitForFunction(() => document.querySelector('iframe[src$="/check"]'));
    // From the page itself, by an event that a script has made, and from another frame of that very origin.
    await page.evaluate(async (url) => {
      const { contentWindow: source } = document.querySelector('iframe[src$="/check"]');
      const { origin } = new URL(url);
      for (const data of ['unchanged', 'changed', 'error']) {
        postMessage(data, '*');
        dispatchEvent(new MessageEvent('message', { data, origin, source }));
      }
      const stranger = document.createElement('iframe');
      const heard = new Promise((resolve) =>
        addEventListener('message', ({ source }) => source === stranger.contentWindow && resolve()),
      );
      stranger.src = url;
      document.body.append(stranger);
      await heard;
      stranger.remove();
    }, `${scene.as.issuer}/stranger`);
    assert.equal(await watching(page), 1, 'it is waited for still');
    assert.equal(scene.as.requests('authorize').length, 1);
    assert.deepEqual(await logouts(page), []);
    // Nobody answers, and so the watch ends by itself.
    await page.waitForFunction(() => !document.querySelector('iframe'), null, { timeout: 15_000 });
    await scene.checkApi(page, true);
  }),
  checkSession(
    'none',
    'has no session state: there is no frame',
    async (scene) => {
      const page = await signIn(scene);
      await scene.checkApi(page, true);
      assert.deepEqual(scene.as.requests('check'), []);
    },
    { answer() {} },
  ),
  checkSession(
    'elsewhere',
    'has its page on another origin than its metadata say, which says that the session has changed',
    async (scene) => {
      const page = await signIn(scene);
      await page.evaluate(
        (origin) =>
          new Promise((resolve) => {
            let heard = 0;
            addEventListener('message', (event) => event.origin === origin && ++heard === 3 && resolve());
          }),
        new URL(scene.as.elsewhere).origin,
      );
      assert.equal(await watching(page), 1, 'it is waited for still');
      assert.equal(scene.as.requests('authorize').length, 1);
      await scene.checkApi(page, true);
    },
    {
      paths: { '/check': 'check', '/liar': 'liar' },
      instead: {
        check: ({ response, as }) => response.writeHead(302, { location: `${as.elsewhere}/liar` }).end(),
        liar: ({ send }) =>
          send(200, `<!doctype html><script>setInterval(() => parent.postMessage('changed', '*'), 50)</script>`, {
            'content-type': 'text/html',
          }),
      },
    },
  ),
  checkSession('hidden', 'is not asked while nobody sees the page', async (scene) => {
    const page = await signIn(scene);
    await questioned(scene, 'state.1');
    const seen = (visible) =>
      page.evaluate((visible) => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, value: visible });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      }, visible);
    await seen('hidden');
    await page.waitForFunction(() => !document.querySelector('iframe'));
    await seen('visible');
    await questioned(scene, 'state.1');
    await scene.checkApi(page, true);
  }),
];

// A page of the server's own origin that is not the one that was asked.
const { server } = checkSessions.find(({ variant }) => variant === 'strangers');
server.paths['/stranger'] = 'stranger';
server.instead.stranger = ({ send }) =>
  send(
    200,
    `<!doctype html><script>for (const said of ['unchanged', 'changed']) parent.postMessage(said, '*')</script>`,
    {
      'content-type': 'text/html',
    },
  );
