// What tests ask of a test page.

/** One fetch of the page's own. Resolves with what a page sees of the answer. */
export const ask = (page, url, init) =>
  page.evaluate(
    async ([url, init]) => {
      try {
        const response = await fetch(url, init);
        const { status, redirected } = response;
        const text = await response.text();
        return { status, redirected, native: response instanceof Response, text };
      } catch (error) {
        return { error: error.name, code: error.code };
      }
    },
    [url, init],
  );

/** Calls until the answer is 200: the core makes a pause after a failed refresh. */
export const served = (page, url) =>
  page.evaluate(async (url) => {
    while ((await fetch(url)).status !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
  }, url);

export const state = (page) => page.evaluate(() => session.state);
export const events = (page) => page.evaluate(() => globalThis.events);

/** The events of one type that have come so far. */
export const eventsOf = async (page, type) => (await events(page)).filter((event) => event.type === type);

/** Waits until there is an event of that type. */
export const eventOf = async (page, type) => {
  await page.waitForFunction((type) => globalThis.events?.some((event) => event.type === type), type);
  return (await eventsOf(page, type))[0];
};

export const signInByPassword = (page, user = 'alice', password = 'wonderland') =>
  page.evaluate(
    ([user, password]) =>
      session.loginWithCredentials(user, password).then(
        ({ userId }) => ({ userId }),
        ({ name, code, message }) => ({ name, code, message }),
      ),
    [user, password],
  );

/** All that is stored, as text. */
export const stored = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));

/** The key of a password session's record: ARCHITECTURE.md, "The record". */
export const recordKey = (server) => `latchkey/1/${encodeURIComponent(server.endpoints.token)}/demo-password/`;

/** What the context's pages ask the authorization endpoint for, oldest first: in its address, or pushed before. */
export function authorizations(context, server) {
  const all = [];
  context.on('request', (request) => {
    const url = new URL(request.url());
    const asked = new URLSearchParams(request.method() === 'POST' ? (request.postData() ?? '') : url.search);
    if (url.href.startsWith(server.issuer) && asked.has('code_challenge')) all.push(asked);
  });
  return all;
}
