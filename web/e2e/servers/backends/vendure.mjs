// The real Vendure with its shop and admin API, on a database in memory.
import './clock.mjs';
import { createRequire } from 'node:module';
import { serve } from './serve.mjs';
import { openShop, people, products, second } from './vendure-shop.mjs';

const require = createRequire(import.meta.url);
const core = require('@vendure/core');
const { Kind, parse } = require('graphql');

/** The fields that a query asks for, for the record: their names only, as arguments have passwords. */
function describe(body, url) {
  try {
    const { query = url.searchParams.get('query'), operationName } = body ? JSON.parse(body) : {};
    const { definitions } = parse(query);
    const operations = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    const found = operations.find(({ name }) => !operationName || name?.value === operationName) ?? operations[0];
    return { fields: found.selectionSet.selections.map(({ name }) => name?.value) };
  } catch {
    return { fields: [] };
  }
}

const methods = { both: ['bearer', 'cookie'], bearer: 'bearer', cookie: 'cookie' };
const header = 'vendure-auth-token';

await serve({
  prefixes: ['/shop-api', '/admin-api'],
  switches: {
    tokenMethod: ['both', 'bearer', 'cookie'],
    sessionDuration: [31_536_000],
    requireVerification: [false],
  },
  describe,
  // Vendure exposes the header by itself, where it was started with bearer tokens.
  hides: ({ tokenMethod }) => (tokenMethod === 'cookie' ? [header] : []),
  async start({ options, baseUrl, secure, switches, mayCall, label }) {
    const cookieName = options.cookieName ?? (secure ? '__Host-session' : 'session');
    const mail = [];
    const shop = await openShop({ secure, cookieName, mayCall });
    const { app, connection } = shop;
    const { authOptions } = app.get(core.ConfigService);
    const sessions = app.get(core.SessionService);
    const bus = app.get(core.EventBus);
    const post = (kind) => (event) => {
      const method = event.user.getNativeAuthenticationMethod();
      const token = kind === 'reset' ? method.passwordResetToken : method.verificationToken;
      if (token) mail.push({ kind, to: event.user.identifier, token });
    };
    bus.ofType(core.AccountRegistrationEvent).subscribe(post('verify'));
    bus.ofType(core.PasswordResetEvent).subscribe(post('reset'));

    const all = () => connection.getRepository(core.Session).find();
    const rows = async ({ user, anonymous }) => {
      const found = [];
      for (const session of await all()) {
        const full = session instanceof core.AuthenticatedSession ? await withUser(session) : session;
        if (user && full.user?.identifier !== (people[user]?.username ?? user)) continue;
        if (anonymous !== undefined && anonymous === !!full.user) continue;
        found.push(full);
      }
      return found;
    };
    const withUser = ({ id }) =>
      connection.getRepository(core.AuthenticatedSession).findOne({ where: { id }, relations: { user: true } });

    return {
      port: shop.port,
      say: {
        shop: `${baseUrl}/shop-api`,
        admin: `${baseUrl}/admin-api`,
        people,
        products,
        channels: { second },
        cookieName,
      },
      apply() {
        authOptions.tokenMethod = methods[switches.tokenMethod];
        authOptions.requireVerification = switches.requireVerification;
        sessions.sessionDurationInMs = switches.sessionDuration * 1000;
      },
      async reset() {
        await shop.restore();
        mail.length = 0;
      },
      turns: {
        async expire(given) {
          const past = new Date(0);
          for (const { id } of await rows(given))
            await connection.getRepository(core.Session).update(id, { expires: past });
          await authOptions.sessionCacheStrategy.clear();
        },
        async revoke(given) {
          for (const { id } of await rows(given)) await connection.getRepository(core.Session).delete(id);
          await authOptions.sessionCacheStrategy.clear();
        },
        mail: () => mail,
        sessions: async () =>
          (await rows({})).map(({ user, token, activeOrderId, expires }) => ({
            user: user?.identifier ?? null,
            token: label('session', token),
            order: activeOrderId ?? null,
            expires,
          })),
        async orders() {
          const found = await connection.getRepository(core.Order).find({ relations: { lines: true, customer: true } });
          return found.map(({ id, code, state, active, customer, lines }) => ({
            id,
            code,
            state,
            active,
            customer: customer?.emailAddress ?? null,
            quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
          }));
        },
      },
    };
  },
});
