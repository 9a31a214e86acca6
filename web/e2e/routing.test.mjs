// The recipes of docs/routing.md, each as it stands there, in a small app with that router.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { build } from 'vite';
import { scenes, settled } from './support/scenes.mjs';

const web = join(import.meta.dirname, '..');
await mkdir(join(web, '.cache'), { recursive: true });
// Below web, where the routers' packages are found.
const folder = await mkdtemp(join(web, '.cache/routing-'));
after(() => rm(folder, { recursive: true, force: true }));
await cp(join(import.meta.dirname, 'pages/routing'), folder, { recursive: true });

const routers = { angular: 'Angular', react: 'React Router', vue: 'Vue Router', history: 'Without a router' };
const doc = await readFile(join(web, 'docs/routing.md'), 'utf8');
for (const [app, heading] of Object.entries(routers)) {
  const [, recipe] = doc.split(`\n## ${heading}\n`)[1].match(/^```javascript\n([^]*?)^```$/m);
  await writeFile(join(folder, app, 'guard.js'), recipe);
}
await build({
  root: folder,
  logLevel: 'error',
  resolve: { alias: { latchkey: join(web, 'dist/latchkey.js') } },
  build: { target: 'es2022' },
});

const { demo } = scenes({ static: join(folder, 'dist'), redirects: ['/callback', '/shop/callback'] });

/** Waits until the page with that title is shown, at that path below /shop; the routers write its root in two ways. */
const shows = (page, title, path) =>
  page.waitForFunction(
    ([title, path]) =>
      document.querySelector('h1')?.textContent === title &&
      location.href.slice(location.origin.length).replace(/^\/shop\/?/, '/') === path,
    [title, path],
  );
const go = (page, path) => page.evaluate((path) => go(path), path);
const signIn = (page) => page.click('text=Sign in');

for (const app of Object.keys(routers)) {
  const init = (app) => {
    globalThis.app = app;
  };
  const given = { by: 'password', init, arg: app };
  // What React Router tells a guard of a page has no fragment.
  const wanted = `/orders/7?page=2${app === 'react' ? '' : '#top'}`;
  const order = (page) => shows(page, 'Order 7', wanted);
  const home = (page) => shows(page, 'Home', '/');
  const login = (page) => shows(page, 'Login', '/login');
  const deep = `shop${wanted}`;

  demo(`S69, S70 ${app}: a deep link leads to the login page, then to the page wanted, once`, given, async (scene) => {
    const page = await scene.open(deep);
    await login(page);
    const [pending] = await page.evaluate(() =>
      Object.keys(localStorage)
        .filter((key) => key.endsWith('/pending'))
        .map((key) => JSON.parse(localStorage[key])),
    );
    assert.equal(pending.page, wanted, 'without the prefix');
    // The login page itself is not remembered.
    await page.reload();
    await settled(page);
    await login(page);
    await signIn(page);
    await order(page);
    await go(page, '/login');
    await home(page);
  });

  demo(`S70 ${app}: whoever is signed in is led home from the login page, and sees all`, given, async ({ open }) => {
    const page = await open('shop/login');
    await login(page);
    await signIn(page);
    await home(page);
    await home(await open('shop/login'));
    await order(await open(deep));
  });

  demo(`S70, S71, S76 ${app}: the logout page signs out, and no way leads back`, given, async ({ open }) => {
    const page = await open(deep);
    await login(page);
    await signIn(page);
    await order(page);
    for (let twice = 2; twice--;) {
      await go(page, '/logout');
      await login(page);
      assert.equal(await page.evaluate(() => session.state.isLoggedIn), false);
      await go(page, '/help');
      await shows(page, 'Help', '/help');
    }
    // Whoever comes next begins at home.
    await go(page, '/login');
    await login(page);
    await signIn(page);
    await home(page);
    await go(page, wanted);
    await order(page);
    await go(page, '/logout');
    await login(page);
    await go(page, '/help');
    await shows(page, 'Help', '/help');
    // By the back button, past the login page.
    await page.evaluate(() => history.go(-2));
    await login(page);
  });

  const auth = { redirectUri: '/shop/callback' };
  demo(
    `S69 ${app}: a sign-in by redirect comes back to the page wanted`,
    { init, arg: app, auth },
    async ({ open }) => {
      const page = await open(deep);
      await login(page);
      await signIn(page);
      await page.fill('[name=username]', 'alice');
      await page.fill('[name=password]', 'wonderland');
      await page.click('button[value=signin]');
      await order(page);
    },
  );
}
