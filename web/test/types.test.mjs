import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { declarations } from '../tools/declarations.mjs';
import { complaints } from './consumer.mjs';

const web = join(import.meta.dirname, '..');
const text = declarations();

test('docs/api.d.ts is the public API', () => {
  const committed = readFileSync(join(web, 'docs/api.d.ts'), 'utf8');
  assert.equal(text, committed, 'the API has changed: node tools/declarations.mjs > docs/api.d.ts');
});

const page = `import { createSession, isSessionError, oidc, SessionError, type Session } from 'latchkey';
export const session: Session = createSession({
  auth: oidc({ issuer: 'https://id.example.com', clientId: 'shop', scope: 'openid offline_access' }),
  api: ['https://api.example.com/', { url: '/api/', as: 'user', except: ['public'] }],
  storage: sessionStorage,
});
export const grant = oidc({ issuer: 'https://id.example.com', clientId: 'shop', flow: 'password' });
session.subscribe(({ userId }) => console.log(userId));
session.on('error', ({ error }) => console.log(error?.oauth?.error));
export const run = async () => {
  await session.ready;
  const { fetch: ours, guard } = session;
  await fetch('/api/a', { as: 'none' });
  await ours(new URL('https://api.example.com/'), { as: 'user', method: 'POST' });
  const where: true | string = await guard.requireLogin('/a');
  try {
    await session.loginWithCredentials('ann', where === true ? 'a' : 'b');
  } catch (error) {
    if (isSessionError(error)) console.log(error.code === 'rate_limited' && error.retryAfter! + 1, error instanceof SessionError);
  }
};
`;

test('the declarations compile, and so does a page that uses them', () =>
  assert.deepEqual(complaints('consumer', { 'page.ts': page }), []));

test('the declarations refuse what createSession refuses', () => {
  const wrong = [
    ["clientId: 'shop'", 'clientId: 1'],
    ['issuer:', 'isuer:'],
    ['storage: sessionStorage', "storage: 'disk'"],
    ['api: [', 'apis: ['],
    ["on('error'", "on('errors'"],
    ["as: 'none'", "as: 'nobody'"],
  ];
  const files = wrong.map(([from, to], i) => {
    assert.ok(page.includes(from));
    return [`page${i}.ts`, page.replace(from, to)];
  });
  const found = complaints('consumer', Object.fromEntries(files));
  for (const [i, [, to]] of wrong.entries())
    assert.ok(
      found.some((text) => text.startsWith(`page${i}.ts:`)),
      to,
    );
});
