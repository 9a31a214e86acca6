// The demo page, as a visitor uses it: by its buttons, by the keyboard, on a phone and in the dark.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { scenes } from './support/scenes.mjs';

const web = fileURLToPath(new URL('../', import.meta.url));
const { demo } = scenes({ static: `${web}demo/page` });

const part = (page, id) => page.locator(`[data-testid="${id}"]`);
const status = (page, wanted) => page.waitForSelector(`body[data-status="${wanted}"]`);
const result = (page, wanted) => page.waitForSelector(`[data-testid="result"][data-code="${wanted}"]`);

async function visit(scene, path) {
  const page = await scene.open(path, { until: 'load' });
  await status(page, 'anonymous');
  return page;
}

async function signIn(page) {
  await part(page, 'login-redirect').click();
  await page.fill('[name=username]', 'alice');
  await page.fill('[name=password]', 'wonderland');
  await page.click('button[value=signin]');
  await status(page, 'authenticated');
}

/** Presses the button, and resolves with the popup that it opens. */
async function popup(page) {
  const [opened] = await Promise.all([page.waitForEvent('popup'), part(page, 'login-popup').click()]);
  await opened.waitForSelector('[name=username]');
  return opened;
}

const sentence = (page, wanted) =>
  page.waitForFunction(
    (wanted) => document.querySelector('[data-testid="sentence"]').textContent.startsWith(wanted),
    wanted,
  );

async function refreshOnce(page) {
  await part(page, 'expire').click();
  await page.waitForFunction(() => /dead/.test(document.querySelector('[data-testid="result"]').textContent));
  await part(page, 'call-api-3').click();
  await page.waitForFunction(() => /All/.test(document.querySelector('[data-testid="result"]').textContent));
}

demo('the demo: by redirect, a call, an expired token, a second tab, logout', {}, async (scene) => {
  const { context, server } = scene;
  const errors = [];
  context.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const page = await visit(scene);
  await signIn(page);
  assert.equal(await part(page, 'user').textContent(), 'alice');
  assert.equal(await part(page, 'name').textContent(), 'Alice Liddell');
  await part(page, 'call-api').click();
  await result(page, '200');
  assert.deepEqual(errors, []);

  await refreshOnce(page);
  assert.equal((await server.refreshes()).length, 1);
  await part(page, 'timeline').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid="list"] tr').length > 4);
  assert.ok((await part(page, 'sentence').textContent()).length > 20, 'says what happened');

  const [other] = await Promise.all([context.waitForEvent('page'), part(page, 'second-tab').click()]);
  await status(other, 'authenticated');
  assert.equal(await part(other, 'user').textContent(), 'alice');
  await part(page, 'logout').click();
  await status(other, 'anonymous');
  await page.waitForURL((url) => url.href.startsWith(server.page));
  await status(page, 'anonymous');
  // All that the console has is what the browser itself says about refused requests.
  assert.deepEqual(
    errors.filter((text) => !/status of 401/.test(text)),
    [],
  );
});

demo('the demo: by popup, closed and answered; silently, declined and served', {}, async (scene) => {
  const { context, server } = scene;
  const page = await visit(scene);
  await part(page, 'login-silent').click();
  await result(page, 'interaction_required');
  await sentence(page, 'The server will not sign anybody in unasked');

  await (await popup(page)).close();
  await result(page, 'popup_closed');
  await sentence(page, 'The popup was closed');

  const window = await popup(page);
  await window.fill('[name=username]', 'alice');
  await window.fill('[name=password]', 'wonderland');
  // Seen by what the popup's page asks for: that page is none, only the session in it.
  const asked = [];
  context.on('request', (request) => request.frame().page() === window && asked.push(new URL(request.url()).pathname));
  await Promise.all([window.waitForEvent('close'), window.click('button[value=signin]')]);
  await status(page, 'authenticated');
  assert.ok(asked.includes('/session.js') && !asked.includes('/timeline.js'), asked.join(' '));
  await sentence(page, 'Signed in with a popup');
  assert.equal(page.url(), server.page);

  // The session ends, and the server still knows who is there.
  await part(page, 'revoke').click();
  await page.waitForFunction(() => /whole/.test(document.querySelector('[data-testid="result"]').textContent));
  await part(page, 'call-api').click();
  await status(page, 'anonymous');
  await part(page, 'login-silent').press('Enter');
  await status(page, 'authenticated');
  await sentence(page, 'Signed in silently');
  assert.equal(await page.locator('iframe').count(), 0);
  const rows = await page.locator('[data-testid="list"] td:nth-child(3)').allTextContents();
  for (const what of ['Sign-in by popup', 'Silent sign-in', 'Not signed in', 'Alice signed in'])
    assert.ok(rows.includes(what), `${what}: ${rows.join(' | ')}`);
});

demo('the demo: by password, wrong and right', {}, async (scene) => {
  const page = await visit(scene);
  await part(page, 'scheme').getByText('Password').click();
  await part(page, 'login-form').waitFor();
  await part(page, 'username').fill('alice');
  await part(page, 'password').fill('looking-glass');
  await part(page, 'submit').click();
  await result(page, 'invalid_credentials');
  assert.equal(await part(page, 'password').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'password');
  await part(page, 'password').fill('wonderland');
  await part(page, 'submit').click();
  await status(page, 'authenticated');
  await part(page, 'call-api').click();
  await result(page, '200');
});

demo('the demo: a broken token endpoint keeps the session, a revoked sign-in ends it', {}, async (scene) => {
  const page = await visit(scene);
  await signIn(page);
  await part(page, 'break').selectOption('500');
  await page.waitForFunction(() => /answers 500/.test(document.querySelector('[data-testid="result"]').textContent));
  await part(page, 'expire').click();
  await page.waitForFunction(() => /dead/.test(document.querySelector('[data-testid="result"]').textContent));
  await part(page, 'call-api').click();
  await result(page, '401');
  assert.equal(await page.getAttribute('body', 'data-status'), 'authenticated');
  await part(page, 'mend').click();
  // The core makes a pause after a failure.
  let answer = '';
  while (answer !== '200') {
    await part(page, 'call-api').click();
    await page.waitForSelector('[data-testid="result"]:not([data-code=""])');
    answer = await part(page, 'result').getAttribute('data-code');
  }
  await part(page, 'revoke').click();
  await page.waitForFunction(() =>
    /whole sign-in is dead/.test(document.querySelector('[data-testid="result"]').textContent),
  );
  await part(page, 'call-api').click();
  await status(page, 'anonymous');
});

/** The steps that the page shows, the newest first, as "who: what". */
const steps = (page) =>
  page.$$eval('[data-testid="steps"] li', (all) =>
    all.map((li) => `${li.querySelector('.by').textContent}: ${li.querySelector('strong').textContent}`),
  );
const answered = (page, wanted) =>
  page.waitForFunction(
    (wanted) => new RegExp(wanted).test(document.querySelector('[data-testid="why"]').textContent),
    wanted,
  );

demo('the demo: why somebody was signed out, in every tab and after a reload', {}, async (scene) => {
  const { context } = scene;
  const page = await visit(scene);
  assert.equal(await part(page, 'steps').isVisible(), false);
  await signIn(page);
  await answered(page, '^You have been signed in since');
  const [other] = await Promise.all([context.waitForEvent('page'), part(page, 'second-tab').click()]);
  await status(other, 'authenticated');
  await part(page, 'revoke').click();
  await page.waitForFunction(() =>
    /whole sign-in is dead/.test(document.querySelector('[data-testid="result"]').textContent),
  );
  await part(other, 'call-api').click();
  await status(page, 'anonymous');
  await answered(page, '^You were signed out at .*The server ended the sign-in \\(tab A\\)');
  await answered(other, '^You were signed out at .*The server ended the sign-in \\(this tab\\)');
  assert.equal((await steps(page))[0], 'Tab A: The server ended the sign-in');
  assert.equal((await steps(page)).at(-1), 'This tab: Signed in');
  assert.equal((await steps(other))[0], 'This tab: The server ended the sign-in');
  assert.equal((await steps(other)).at(-1), 'Tab A: Signed in');
  const facts = await other.textContent('[data-testid="steps"] li.ended p');
  assert.match(facts, /found out as a call was refused/);
  assert.match(facts, /invalid_grant/);

  // Somebody signs out by hand: another end, of which both tabs know.
  await part(other, 'login-silent').click();
  await status(other, 'authenticated');
  await part(other, 'logout').click();
  await status(page, 'anonymous');
  await answered(page, 'Signed out by hand');
  await page.reload();
  await answered(page, 'Signed out by hand');
  const all = await steps(page);
  assert.deepEqual(
    all.map((step) => step.replace(/^.*: /, '')).filter((what) => !/token/.test(what)),
    ['Signed out by hand', 'Signed in', 'The server ended the sign-in', 'Signed in'],
  );
});

/** Run in the page: what is wrong with its markup, in words. */
const faultsOf = () => {
  const wrong = [];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const text = (ids) =>
    ids
      .split(/\s+/)
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' ');
  const nameOf = (element) =>
    (element.getAttribute('aria-label') ?? text(element.getAttribute('aria-labelledby') ?? '')).trim() ||
    [...(element.labels ?? [])]
      .map((label) => label.textContent)
      .join(' ')
      .trim() ||
    element.textContent.trim();
  for (const element of document.querySelectorAll(
    'a, button, input, select, summary, progress, [role=region], [tabindex]',
  )) {
    if (visible(element) && !nameOf(element)) wrong.push(`no name: ${element.outerHTML.slice(0, 80)}`);
  }
  for (const element of document.querySelectorAll('svg, img')) {
    if (visible(element) && !element.closest('[aria-hidden=true]') && !element.getAttribute('alt'))
      wrong.push('a picture without words');
  }
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) wrong.push('an id is there twice');
  for (const name of ['aria-labelledby', 'aria-describedby', 'for', 'aria-controls']) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      for (const id of element.getAttribute(name).split(' '))
        if (!document.getElementById(id)) wrong.push(`${name} leads nowhere: ${id}`);
    }
  }
  if (!document.documentElement.lang || !document.title) wrong.push('no language or title');
  if (document.querySelectorAll('main').length !== 1) wrong.push('not one main');
  if (document.scrollingElement.scrollWidth > innerWidth) wrong.push('wider than the screen');
  for (const element of document.querySelectorAll('button, select, summary')) {
    const { width, height } = element.getBoundingClientRect();
    if (visible(element) && (width < 24 || height < 24)) wrong.push(`too small to hit: ${nameOf(element)}`);
  }
  return wrong;
};

/** Goes through the page by Tab, and tells what was met, in words that can be compared with the order of the markup. */
async function tabThrough(page) {
  await page.evaluate(() => {
    document.activeElement.blur();
    scrollTo(0, 0);
  });
  const met = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (element === document.body) return null;
      const style = getComputedStyle(element);
      const seen =
        (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) ||
        style.boxShadow !== 'none' ||
        Boolean(element.closest('label, .switch'));
      return {
        place: [...document.querySelectorAll('*')].indexOf(element),
        seen,
        what: element.outerHTML.slice(0, 70),
      };
    });
    if (!now || met.some(({ place }) => place === now.place)) return met;
    met.push(now);
  }
}

const looks = [
  ['desktop', { width: 1280, height: 860 }, false],
  ['phone', { width: 390, height: 844 }, true],
];

for (const [name, viewport, mobile] of looks) {
  demo(`the demo on a ${name}: every control has a name and its turn, nothing sticks out`, {}, async (scene) => {
    const page = await visit(scene);
    await page.setViewportSize(viewport);
    const screens = `${web}.cache/screens`;
    await mkdir(screens, { recursive: true });
    const shoot = async (what) => {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.screenshot({ path: `${screens}/${what}-${name}-${colorScheme}.png`, fullPage: mobile });
      }
    };
    const check = async () => {
      assert.deepEqual(await page.evaluate(faultsOf), []);
      const met = await tabThrough(page);
      const places = met.map(({ place }) => place);
      assert.ok(met.length >= 8, `${met.length} stops`);
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
        'in the order of the page',
      );
      assert.deepEqual(
        met.filter(({ seen }) => !seen).map(({ what }) => what),
        [],
        'one sees where one is',
      );
    };
    await check();
    await shoot('visitor');
    await signIn(page);
    await part(page, 'call-api').click();
    await result(page, '200');
    await refreshOnce(page);
    await part(page, 'timeline').waitFor();
    await page.waitForFunction(() => document.querySelectorAll('[data-testid="list"] tr').length > 4);
    await check();
    // Open from the start where there is room for it.
    const list = part(page, 'details');
    if (mobile) await list.locator('summary').press('Enter');
    await list.locator('table').waitFor();
    assert.deepEqual(await page.evaluate(faultsOf), []);
    await list.locator('summary').press('Enter');
    await list.locator('table').waitFor({ state: 'hidden' });
    await shoot('story');

    // Several tabs, a refresh that fails, and an end.
    const [other] = await Promise.all([scene.context.waitForEvent('page'), part(page, 'second-tab').click()]);
    await status(other, 'authenticated');
    await refreshOnce(other);
    await other.close();
    await part(page, 'break').selectOption('500');
    await part(page, 'expire').click();
    await page.waitForFunction(() => /dead/.test(document.querySelector('[data-testid="result"]').textContent));
    await part(page, 'call-api').click();
    await result(page, '401');
    await page.waitForSelector('[data-testid="steps"] .failed');
    await part(page, 'mend').click();
    await part(page, 'revoke').click();
    await page.waitForFunction(() => /whole/.test(document.querySelector('[data-testid="result"]').textContent));
    const [third] = await Promise.all([scene.context.waitForEvent('page'), part(page, 'second-tab').click()]);
    await status(third, 'authenticated');
    while (await page.evaluate(() => document.body.dataset.status === 'authenticated')) {
      await part(third, 'call-api').click();
      await third.waitForSelector('[data-testid="result"]:not([data-code=""])');
    }
    await third.close();
    await answered(page, 'The server ended the sign-in');
    assert.deepEqual(await page.evaluate(faultsOf), []);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.locator('.history').screenshot({ path: `${screens}/history-${name}-${colorScheme}.png` });
    }
  });
}
