// A sign-in that a third party begins: OP-45. What runs is the recipe of docs/sign-in.md, as it stands there.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import ts from 'typescript';
import { state } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const docs = readFileSync(new URL('../docs/sign-in.md', import.meta.url), 'utf8');
const [, recipe] = /## A sign-in that begins elsewhere[^]*?```ts\n([^]*?)```/.exec(docs);
const own = "import { issuer, session } from './session';";
assert.ok(recipe.includes(own));
const script = recipe.replace(
  own,
  "import '/page.js';\nconst { session } = globalThis;\nconst { issuer } = settings.auth;",
);
const { outputText } = ts.transpileModule(script, {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
});

// Served, not made up on the way: Chromium lets no such page ask a server on loopback.
const folder = mkdtempSync(join(tmpdir(), 'initiate-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(join(import.meta.dirname, 'pages'), folder, { recursive: true });
writeFileSync(join(folder, 'start.html'), `<!doctype html><body><script type="module">${outputText}</script>`);

const { both, demo } = scenes({ static: folder });

const given = { options: { redirect: { exclude: ['/start.html'] } } };

/** Opens the page as a portal would. `asked` has what the server's authorization endpoint was asked for. */
async function begin({ context, server }, parameters) {
  const { authorization, pushed } = server.endpoints;
  const asked = [];
  context.on('request', (request) => {
    // Pushed where the server takes it so (RFC 9126); what follows then has a request_uri only.
    if (request.url() === pushed && request.method() === 'POST') asked.push(new URLSearchParams(request.postData()));
    const url = new URL(request.url());
    const sought = request.method() === 'GET' && request.url().startsWith(authorization);
    if (sought && url.searchParams.has('state')) asked.push(url.searchParams);
  });
  const page = await context.newPage();
  await page.goto(`${server.page}start.html?${new URLSearchParams(parameters)}`);
  return { page, asked };
}

async function signIn(page) {
  await page.fill('[name=username]', 'alice');
  await page.fill('[name=password]', 'wonderland');
  await page.click('button[value=signin]');
  await page.waitForFunction(() => location.pathname !== '/callback' && globalThis.session?.state.isLoggedIn);
}

both('OP-45 the known issuer: signs in, and leads to the page that the portal names', given, async (scene) => {
  const { server } = scene;
  const target = `${server.page}orders?open=1#last`;
  const { page, asked } = await begin(scene, [
    ['iss', server.issuer],
    ['target_link_uri', target],
    ['login_hint', 'alice@example.com'],
  ]);
  await signIn(page);
  assert.equal(page.url(), target);
  assert.equal((await state(page)).userId, 'alice');
  assert.equal(asked[0].get('login_hint'), 'alice@example.com');
});

const refused = [
  ['another issuer', () => [['iss', 'https://id.example.com']]],
  ['the issuer with a slash more', ({ issuer }) => [['iss', `${issuer}/`]]],
  ['no issuer', () => []],
  ['two issuers', ({ issuer }) => ['https://id.example.com', issuer].map((iss) => ['iss', iss])],
  ...['https://evil.example/', '//evil.example/', '/\\evil.example/', 'javascript:alert(1)', 'https://['].map(
    (target) => [`the target ${target}`, ({ issuer }) => Object.entries({ iss: issuer, target_link_uri: target })],
  ),
];

for (const [what, parameters] of refused) {
  demo(`OP-45 refuses ${what}`, given, async (scene) => {
    const { page, asked } = await begin(scene, parameters(scene.server));
    await page.getByText('This link does not work.').waitFor();
    assert.deepEqual(asked, []);
    assert.equal(new URL(page.url()).pathname, '/start.html');
  });
}

demo('OP-45 a target that is the page itself begins no second sign-in', given, async (scene) => {
  const { server } = scene;
  const target = `${server.page}start.html?${new URLSearchParams({ iss: server.issuer })}`;
  const { page, asked } = await begin(scene, { iss: server.issuer, target_link_uri: target });
  await signIn(page);
  assert.equal(page.url(), server.page);
  assert.equal(asked.length, 1);
});
