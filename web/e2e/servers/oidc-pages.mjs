// The provider's pages: plain, nothing from another host, and the same field and button names as the demo server's.

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

const page = (title, body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>${title}</title><h1>${title}</h1>${body}`;

export function plainPage(ctx, text) {
  ctx.type = 'html';
  ctx.body = page('oidc-provider', `<p>${escape(text)}</p>`);
}

/** Asks before signing out, unless the page has shown by an id token that it is its user's wish. */
export function signOutPage(ctx, form) {
  const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
  const go = '<script>document.querySelector("button").click()</script>';
  ctx.body = page('Sign out?', form + button + (ctx.oidc.entities.IdTokenHint ? go : ''));
}

/** Handles /interaction/…: the sign-in form; consent is given without asking. */
export function interactions(provider, users) {
  return async (req, res) => {
    try {
      const details = await provider.interactionDetails(req, res);
      if (details.prompt.name === 'consent') return await consent(provider, details, req, res);
      const hint = details.params.login_hint ?? '';
      if (req.method !== 'POST') return form(res, 200, hint);
      const sent = new URLSearchParams(await text(req));
      const name = sent.get('username');
      if (sent.get('action') === 'cancel') {
        return await provider.interactionFinished(req, res, { error: 'access_denied' });
      }
      if (!Object.hasOwn(users, name) || users[name].password !== sent.get('password')) {
        return form(res, 403, name, '<p role="alert">Wrong user name or password.</p>');
      }
      await provider.interactionFinished(req, res, { login: { accountId: name } });
    } catch (error) {
      res.writeHead(400, { 'content-type': 'text/plain' }).end(error.name);
    }
  };
}

async function consent(provider, { prompt, params, session, grantId }, req, res) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {}))
    grant.addResourceScope(resource, scopes.join(' '));
  const result = { consent: { grantId: await grant.save() } };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
}

function form(res, status, name, problem = '') {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(
    page(
      'Sign in',
      `${problem}<form method="post">
<label>User name <input name="username" value="${escape(name)}"></label>
<label>Password <input name="password" type="password"></label>
<button name="action" value="signin">Sign in</button> <button name="action" value="cancel">Cancel</button>
</form>`,
    ),
  );
}

async function text(req) {
  let body = '';
  for await (const chunk of req) body += chunk;
  return body;
}
