import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { ann, anonymous, latchkey, load, play, record, sent, settled, started, visit } from './page.mjs';

const shop = 'https://shop.test';
const issuer = `${shop}/session`;
const csrf = { header: 'x-requested-with', value: 'XMLHttpRequest' };
const rule = { as: 'user', credentials: 'include', refused: { status: [401] }, csrf };
const anyone = { ...ann, tokenType: null };
const stored = (more) =>
  record({
    issuer,
    client: 'cookies',
    state: anyone,
    policy: { format: 1, session: 's1', version: 1, rules: [rule] },
    ...more,
  });
const live = stored();
const over = stored({
  session: '',
  ended: 'user',
  state: anonymous,
  policy: { format: 1, session: '', version: 2, rules: [] },
});

/** A page whose session is in cookies. */
const page = ({ cookie, stored, auth, api = [shop], ...options }) => {
  visit('https://app.test/');
  Object.assign(globalThis, { document: { cookie } });
  if (stored) localStorage.setItem(`latchkey/1/${encodeURIComponent(issuer)}/cookies/`, JSON.stringify(stored));
  const scheme = latchkey.cookies({ session: issuer, csrf: {}, ...auth });
  return load({ auth: scheme, api, ...options }, { keep: true });
};

beforeEach(() => play());
afterEach(() => delete globalThis.document);

for (const [name, cookie, stored, user] of [
  ['nobody, without a record or a marker', 'other=1', undefined, 'anonymous'],
  ['nobody, with one that says so', 'user=anonymous; other=1', undefined, 'anonymous'],
  ['nobody, with one that says nothing', 'user=; other=1', undefined, 'anonymous'],
  ['nobody, after a logout', 'superuser=ann', over, 'anonymous'],
  ['nobody, with the marker of another name', 'user2=ann', undefined, 'anonymous'],
  ['somebody, with both', 'other=1; user=ann', live, 'ann'],
  ['who may be there: a marker alone', 'other=1; user=ann', undefined],
  ['who may be there again: a marker after an end', 'user=ann', over],
  ['who may have gone: a record alone', 'other=1', live],
])
  test(`CK-05 a page shows at once ${name}`, async () => {
    const { state } = page({ cookie, stored, auth: { marker: 'user' } });
    await settled();
    assert.deepEqual([state.status == 'restoring', started.length], user ? [false, 0] : [true, 1]);
    if (user) assert.equal(state.userId, user);
  });

test('CK-05 cookies that cannot be read are none', async () => {
  const sealed = {
    get cookie() {
      throw new DOMException('sealed', 'SecurityError');
    },
  };
  page({ cookie: '', auth: { marker: 'user' } });
  globalThis.document = sealed;
  visit('https://app.test/');
  const scheme = latchkey.cookies({ session: issuer, marker: 'user' });
  assert.equal(load({ auth: scheme, api: [shop] }, { keep: true }).state.status, 'anonymous');
});

test('S50 what the backend does as itself travels as all does, and its refusal is the caller’s', async () => {
  const application = { url: `${shop}/catalog`, as: 'client' };
  const either = { url: `${shop}/cart`, as: 'user-or-client' };
  const none = { url: `${shop}/stores`, as: 'none' };
  page({ cookie: '', stored: live, api: [shop, application, either, none] });
  for (const path of ['me', 'catalog', 'cart', 'stores'])
    await fetch(`${shop}/${path}`, { method: 'POST', body: path });
  assert.deepEqual(
    sent.map(({ args: [, init] }) => [init.credentials, init.headers['x-requested-with']]),
    [...Array(3).fill(['include', 'XMLHttpRequest']), [undefined, undefined]],
  );
});

test('CK-02 the name of a marker is a name, whatever is in it', async () => {
  page({ auth: { marker: 'a.b+' }, cookie: 'axbb=c1; a.b+=anonymous', load: 'demand' });
  await settled();
  assert.equal(started.length, 0, 'another cookie is no marker');
  page({ auth: { marker: 'a.b+' }, cookie: 'axbb=c1; a.b+=c1', load: 'demand' });
  await settled();
  assert.equal(started.length, 1);
});
