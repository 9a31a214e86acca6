// What the authorization endpoint sends back, and what else may be in the page's address.
import assert from 'node:assert/strict';

const answer = (change) => ({ answer: (params, grant) => change(params, grant) });
const before = ['authorize'];
const refused = (error) => ({ want: { error }, asks: before });

/** Another sign-in is pending, in another tab, and still works afterwards. */
const keepsOthers = {
  async act(scene) {
    const { page: other, address } = await scene.pending();
    await scene.signIn();
    await finish(scene, other, address);
  },
};

/** Goes on with the sign-in that was pending, and nothing goes wrong with that one. */
async function finish(scene, page, address) {
  scene.as.behaviour = {};
  await page.goto(address);
  await scene.settle(page);
  await scene.check(page, undefined, {}, ['authorize', 'authorize', 'token']);
}

const state = (variant, what, change) => ({
  id: 'OP-49',
  variant,
  what,
  server: answer(change),
  ...refused('state_mismatch'),
  ...keepsOthers,
});

/**
 * An answer that can't be told from a page's own parameters: nobody takes it, and so it stays in the address. Nothing
 * else has its code, and the page that has it is closed.
 */
async function checkLeftAlone(scene, page, want, asks) {
  const { searchParams, pathname } = new URL(page.url());
  const code = searchParams.get('code');
  assert.ok(pathname === '/callback' && code, 'the address is as it was');
  await scene.check(page, undefined, want, asks);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, window.name]));
  assert.ok(!kept.includes(code), 'the code is stored');
  await page.close();
}

const nobodys = (variant, what, change) => ({
  id: 'OP-49',
  variant,
  what,
  server: { answer: (params, grant) => void change(params, grant) },
  want: {},
  asks: before,
  async act(scene) {
    const { page: other, address } = await scene.pending();
    const page = await scene.open();
    await scene.leave(page);
    await checkLeftAlone(scene, page, { user: 'anonymous', stays: true }, before);
    await finish(scene, other, address);
  },
});

const errors = {
  access_denied: 'access_denied',
  login_required: 'interaction_required',
  interaction_required: 'interaction_required',
  temporarily_unavailable: 'server_error',
  server_error: 'server_error',
  invalid_scope: 'server_error',
};

const fails = (params, error) => {
  params.delete('code');
  params.set('error', error);
};

export const answers = [
  {
    id: 'OP-46',
    what: 'says that the answer is of another issuer',
    server: answer((p) => p.set('iss', 'https://other.example')),
    ...refused('issuer_mismatch'),
  },
  {
    id: 'OP-47',
    what: 'has announced iss, and leaves it out',
    server: answer((p) => p.delete('iss')),
    ...refused('issuer_mismatch'),
  },
  {
    id: 'OP-47',
    variant: 'empty',
    what: 'has announced iss, and leaves it empty',
    server: answer((p) => p.set('iss', '')),
    ...refused('issuer_mismatch'),
  },
  {
    id: 'OP-47',
    variant: 'unannounced',
    what: 'has not announced iss, and leaves it out',
    server: {
      ...answer((p) => p.delete('iss')),
      metadata: (m) => void delete m.authorization_response_iss_parameter_supported,
    },
    want: {},
    asks: ['authorize', 'token'],
  },
  {
    id: 'OP-48',
    what: 'has iss twice',
    server: answer((p, { as }) => p.append('iss', as.issuer)),
    ...refused('state_mismatch'),
  },
  {
    id: 'OP-48',
    variant: 'slash',
    what: 'has iss with a slash more',
    server: answer((p, { as }) => p.set('iss', `${as.issuer}/`)),
    ...refused('issuer_mismatch'),
  },
  state('wrong', 'answers with another state', (p) => p.set('state', 'lk.another')),
  state('foreign', 'answers with a state that is not even like one', (p) => p.set('state', 'another')),
  nobodys('absent', 'answers without state', (p) => p.delete('state')),
  nobodys('empty', 'answers with an empty state', (p) => p.set('state', '')),
  {
    ...nobodys('session', 'answers without state to somebody who is signed in: the session goes on', (p, { nth }) => {
      if (nth > 1) p.delete('state');
    }),
    async act(scene) {
      const page = await scene.open();
      for (let i = 0; i < 2; i++) await scene.leave(page);
      await checkLeftAlone(scene, page, { user: 'alice', stays: true, logins: 1 }, ['authorize', 'token', 'authorize']);
    },
  },
  state('twice', 'answers with the state twice', (p) => p.append('state', p.get('state'))),
  state('both', 'answers with another state too', (p) => p.append('state', 'lk.another')),
  ...Object.entries(errors).map(([error, code]) => ({
    id: 'OP-62',
    variant: error,
    what: `answers ${error}, once and no more`,
    server: answer((p) => fails(p, error)),
    ...refused(code),
    async act(scene) {
      const page = await scene.open();
      const answered = scene.callback();
      await scene.leave(page);
      await scene.check(page);
      const again = await page.evaluate(outcome, await answered);
      assert.equal(again, code, 'the same answer has the same outcome, and asks nothing');
      assert.deepEqual(scene.as.asked(), before);

      function outcome(url) {
        return session.checkOAuthParamsInUrl(url).then(
          () => 'none',
          (error) => error.code,
        );
      }
    },
  })),
  {
    id: 'OP-62',
    variant: 'session',
    what: 'answers access_denied to somebody who is signed in: the session goes on',
    server: answer((p, { nth }) => nth > 1 && fails(p, 'access_denied')),
    want: { error: 'access_denied', user: 'alice', logins: 1 },
    asks: ['authorize', 'token', 'authorize'],
    async act(scene) {
      const page = await scene.open();
      await scene.leave(page);
      await scene.leave(page);
      await scene.check(page);
    },
  },
  {
    id: 'OA-01',
    what: "answers with somebody else's code, and looks at the verifier",
    server: answer((p, { as, ...grant }) => p.set('code', stolen(as, grant))),
    want: { error: 'server_error' },
    asks: ['authorize', 'token'],
  },
  {
    id: 'OA-01',
    variant: 'nonce',
    what: "answers with somebody else's code, and takes any verifier",
    server: { ...answer((p, { as, ...grant }) => p.set('code', stolen(as, grant))), lax: true },
    want: { error: 'id_token_invalid' },
    asks: ['authorize', 'token'],
  },
  {
    id: 'OA-12',
    what: 'answers with a code and an error',
    server: answer((p) => p.set('error', 'access_denied')),
    ...refused('server_error'),
  },
  {
    id: 'OA-12',
    variant: 'twice',
    what: 'answers with the code twice',
    server: answer((p) => p.append('code', p.get('code'))),
    ...refused('state_mismatch'),
  },
  {
    id: 'OA-12',
    variant: 'two',
    what: 'answers with two codes',
    server: answer((p) => p.append('code', 'another')),
    ...refused('state_mismatch'),
  },
  {
    id: 'OA-12',
    variant: 'empty',
    what: 'answers with an empty code',
    server: answer((p) => p.set('code', '')),
    ...refused('server_error'),
  },
  {
    id: 'OA-13',
    what: 'answers with a code and an access token',
    server: answer((p, { as }) => p.set('access_token', as.mint('at'))),
    carried: ['access_token'],
    ...refused('server_error'),
  },
  {
    id: 'OA-13',
    variant: 'id',
    what: 'answers with a code and an id token',
    server: { answer: async (p, grant) => void p.set('id_token', await grant.as.idToken(grant)) },
    carried: ['id_token'],
    ...refused('server_error'),
  },
  {
    id: 'OA-13',
    variant: 'fragment',
    what: 'answers with a code, and an access token in the fragment',
    server: answer(
      (p, { as, redirectUri }) =>
        `${redirectUri}?${p}#access_token=${as.mint('at')}&token_type=Bearer&state=${p.get('state')}`,
    ),
    carried: ['access_token'],
    ...refused('state_mismatch'),
  },
  {
    id: 'OP-25',
    what: 'would answer by form_post: the page is told that this is not for it',
    server: {},
    want: { error: 'config_invalid' },
    asks: [],
    act: (scene) => scene.signIn({ params: { response_mode: 'form_post' } }),
  },
  {
    id: 'OP-25',
    variant: 'uninvited',
    what: 'answers by form_post though nobody has asked for that',
    server: {
      answer(params, { redirectUri }) {
        const fields = [...params].map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
        const html = `<form method="post" action="${redirectUri}">${fields}</form><script>document.forms[0].submit()</script>`;
        return `/OP-25-uninvited/form?${new URLSearchParams({ html })}`;
      },
      instead: {},
      paths: { '/form': 'form' },
    },
    want: {},
    asks: ['authorize', 'form'],
    carried: ['html'],
    async act(scene) {
      scene.as.behaviour.instead.form = ({ send, query }) =>
        send(200, query.get('html'), { 'content-type': 'text/html' });
      const page = await scene.open();
      const posted = scene.context.waitForEvent('response', (r) => r.url().startsWith(`${scene.origin}/callback`));
      void scene.leave(page).catch(() => {});
      await posted;
      await scene.settle(page);
      assert.equal((await page.evaluate(() => session.state)).status, 'anonymous');
      assert.deepEqual(scene.as.asked(), scene.one.asks);
      // The form is this server's own, and the code is in its address.
      scene.as.log = [];
    },
  },
];

/** A code of a sign-in that another browser has begun. */
function stolen(as, grant) {
  const code = as.mint('code');
  as.codes.set(code, { ...grant, as, challenge: 'another', nonce: 'another' });
  return code;
}
