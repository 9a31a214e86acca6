// A refresh that fails: only what the server calls a dead session ends one.
import assert from 'node:assert/strict';
import { ask, eventOf, eventsOf, served, signInByPassword, state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { both, demo } = scenes();

const short = { by: 'password', options: { timeout: 700 } };

const keepsTheSession = (kind) => async (scene) => {
  const { open, server, breakToken } = scene;
  const page = await open();
  await signInByPassword(page);
  await server.expire();
  const mend = await breakToken(kind);
  const refused = await ask(page, `${server.api}me`);
  assert.deepEqual([refused.status, refused.native, JSON.parse(refused.text).error], [401, true, 'invalid_token']);
  assert.equal((await state(page)).userId, 'alice');
  await mend();
  await served(page, `${server.api}me`);
  assert.equal((await state(page)).userId, 'alice');
  for (const type of ['expired', 'logout']) assert.deepEqual(await eventsOf(page, type), []);
};

for (const kind of ['network', '500', '503', '429', 'html', 'empty', 'truncated', 'null', 'hang']) {
  both(`RR-21 RR-22 FF-31 a refresh that meets ${kind} keeps the session`, short, keepsTheSession(kind));
}
demo('RR-22 FF-31 a refresh that meets 32 MB keeps the session', short, keepsTheSession('huge'));

const codes = {
  network: 'network_error',
  500: 'server_error',
  429: 'rate_limited',
  html: 'server_error',
  hang: 'timeout',
};

for (const [kind, code] of Object.entries(codes)) {
  both(`a refresh that the page asks for rejects with ${code} where it meets ${kind}`, short, async (scene) => {
    const { open, breakToken } = scene;
    const page = await open();
    await signInByPassword(page);
    const mend = await breakToken(kind);
    const said = await page.evaluate(() =>
      session.refresh().then(
        () => ({ code: 'none' }),
        ({ name, code, retryAfter }) => ({ name, code, retryAfter }),
      ),
    );
    assert.deepEqual([said.name, said.code], ['SessionError', code]);
    if (kind === '429') assert.equal(said.retryAfter, 1);
    assert.equal((await state(page)).isLoggedIn, true);
    await mend();
  });
}

both('RR-20 invalid_grant ends the session once, in every tab', { by: 'password' }, async ({ open, server }) => {
  const page = await open();
  await signInByPassword(page);
  const other = await open();
  await server.revoke();
  await server.expire();
  await server.reset();
  const answers = await page.evaluate(
    (url) => Promise.all(Array.from({ length: 5 }, async () => (await fetch(url)).status)),
    `${server.api}me`,
  );
  assert.deepEqual(answers, Array(5).fill(401));
  for (const tab of [page, other]) {
    const { reason, remote, previousUserId } = await eventOf(tab, 'logout');
    assert.deepEqual([reason, remote, previousUserId], ['expired', tab === other, 'alice']);
    assert.equal((await eventOf(tab, 'expired')).remote, tab === other);
    assert.equal((await state(tab)).status, 'anonymous');
    assert.equal((await ask(tab, `${server.api}me`)).status, 401);
    assert.equal((await eventsOf(tab, 'expired')).length, 1);
    assert.equal((await eventsOf(tab, 'logout')).length, 1);
  }
  assert.equal((await server.refreshes()).length, 1);
});

both('RR-32 a logout wins over a refresh that is under way', { by: 'password' }, async (scene) => {
  const { open, server, delay } = scene;
  const page = await open();
  await signInByPassword(page);
  const token = await delay(server.endpoints.token);
  const outcome = page.evaluate(() =>
    session.refresh().then(
      () => 'refreshed',
      ({ code }) => code,
    ),
  );
  await token.arrived;
  await page.evaluate(() => void session.logout({ atServer: false }));
  await eventOf(page, 'logout');
  token.go();
  assert.notEqual(await outcome, 'refreshed');
  assert.equal((await state(page)).status, 'anonymous');
  assert.equal((await ask(page, `${server.api}me`)).status, 401);
});
