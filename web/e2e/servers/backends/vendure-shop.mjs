// A small shop in Vendure: two products, a second channel, three people. It is made once, kept as a file, and read into
// memory by every server.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { data, versions } from './install.mjs';
import { hash, isRight } from './password.mjs';

process.env.TZ = 'UTC';
process.env.VENDURE_DISABLE_TELEMETRY = 'true';
const require = createRequire(import.meta.url);
const core = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { parse } = require('graphql');

export const people = {
  alice: { username: 'alice@example.test', password: 'wonderland' },
  bob: { username: 'bob@example.test', password: 'builder-1' },
  superadmin: { username: 'superadmin', password: 'superadmin' },
};
export const second = { code: 'second', token: 'second-channel' };
/** The variants that can be put into a cart. */
export const products = { teapot: '1', hat: '2' };

/** Another way to sign in to the shop than by password: `authenticate(input: { friend: { word } })`. */
class FriendStrategy {
  name = 'friend';
  init(injector) {
    this.users = injector.get(core.ExternalAuthenticationService);
  }
  defineInputType() {
    return parse('input FriendInput { word: String! }');
  }
  async authenticate(context, { word }) {
    const who = /^friend-of-(\w+)$/.exec(word)?.[1];
    if (!who) return 'no friend of ours';
    const found = await this.users.findCustomerUser(context, 'friend', who);
    if (found) return found;
    return this.users.createCustomerAndUser(context, {
      strategy: 'friend',
      externalIdentifier: who,
      emailAddress: `${who}@friends.test`,
      firstName: who,
      lastName: 'Friend',
      verified: true,
    });
  }
}

const initialData = {
  defaultLanguage: core.LanguageCode.en,
  defaultZone: 'Europe',
  countries: [{ name: 'Austria', code: 'AT', zone: 'Europe' }],
  taxRates: [{ name: 'Standard Tax', percentage: 20 }],
  shippingMethods: [{ name: 'Standard', price: 500 }],
  paymentMethods: [],
  collections: [],
  roles: [],
};

const configuration = ({ secure, cookieName, mayCall, database }) => ({
  apiOptions: {
    port: 0,
    hostname: '127.0.0.1',
    adminApiPath: 'admin-api',
    shopApiPath: 'shop-api',
    trustProxy: 'loopback',
    cors: {
      origin: (origin, done) => done(null, mayCall(origin)),
      credentials: true,
      exposedHeaders: ['vendure-auth-token'],
    },
  },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: people.superadmin.username, password: people.superadmin.password },
    cookieOptions: { name: cookieName, secret: 'test-secret', httpOnly: true, sameSite: 'lax', secure, path: '/' },
    requireVerification: false,
    passwordHashingStrategy: { hash, check: isRight },
    shopAuthenticationStrategy: [new core.NativeAuthenticationStrategy(), new FriendStrategy()],
  },
  dbConnectionOptions: { type: 'sqljs', synchronize: !database, database },
  paymentOptions: { paymentMethodHandlers: [] },
  plugins: [],
  logger: new core.DefaultLogger({ level: core.LogLevel.Error }),
});

/** Resolves with the `app`, its `port` and `connection`, and `restore()`, which makes all as it was at first. */
export async function openShop(given) {
  const file = join(data, `shop-${await fingerprint()}.sqlite`);
  // A copy, as what sql.js does with a Buffer is to write into it.
  let snapshot = await readFile(file).then(
    (found) => new Uint8Array(found),
    () => undefined,
  );
  const app = await (snapshot
    ? core.bootstrap(configuration({ ...given, database: snapshot }))
    : populate(() => core.bootstrap(configuration(given)), initialData));
  const connection = app.get(core.TransactionalConnection).rawConnection;
  const { port } = app.getHttpServer().address();
  if (!snapshot) {
    await furnish(port);
    await connection.getRepository(core.Session).clear();
    snapshot = connection.sqljsManager.exportDatabase();
    await mkdir(data, { recursive: true });
    // At once, as another server may be looking for it.
    await writeFile(`${file}.${process.pid}`, snapshot);
    await rename(`${file}.${process.pid}`, file);
  }
  return {
    app,
    port,
    connection,
    async restore() {
      await connection.sqljsManager.loadDatabase(snapshot);
      await app.get(core.ConfigService).authOptions.sessionCacheStrategy.clear();
    },
  };
}

async function fingerprint() {
  const source = await readFile(import.meta.filename);
  return createHash('sha256')
    .update(await versions())
    .update(source)
    .digest('hex')
    .slice(0, 12);
}

/** What populate has nothing for, by the admin API. */
async function furnish(port) {
  let token;
  async function ask(api, query, variables) {
    const answer = await fetch(`http://127.0.0.1:${port}/${api}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    token = answer.headers.get('vendure-auth-token') ?? token;
    const { data: found, errors } = await answer.json();
    if (errors) throw new Error(`furnishing the shop: ${errors[0].message}`);
    return found;
  }
  const admin = (query, variables) => ask('admin-api', query, variables);

  await admin(
    'mutation ($username: String!, $password: String!) { login(username: $username, password: $password) { __typename } }',
    people.superadmin,
  );
  const { zones } = await admin('{ zones { items { id } } }');
  const zone = zones.items[0].id;
  await admin(
    `mutation ($input: CreateChannelInput!) { createChannel(input: $input) { __typename ... on ErrorResult { message } } }`,
    {
      input: {
        ...second,
        defaultLanguageCode: 'en',
        pricesIncludeTax: true,
        defaultCurrencyCode: 'USD',
        defaultTaxZoneId: zone,
        defaultShippingZoneId: zone,
      },
    },
  );
  const { channels } = await admin('{ channels { items { id code } } }');
  const channelId = channels.items.find(({ code }) => code === second.code).id;
  for (const name of Object.keys(products)) {
    const translations = [{ languageCode: 'en', name, slug: name, description: '' }];
    const made = await admin('mutation ($input: CreateProductInput!) { createProduct(input: $input) { id } }', {
      input: { translations },
    });
    const productId = made.createProduct.id;
    const variant = {
      productId,
      sku: name,
      price: 1000,
      stockOnHand: 1000,
      translations: [{ languageCode: 'en', name }],
    };
    const { createProductVariants } = await admin(
      'mutation ($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }',
      { input: [variant] },
    );
    if (createProductVariants[0].id !== products[name]) throw new Error(`furnishing the shop: ${name} has another id`);
    await admin('mutation ($input: AssignProductsToChannelInput!) { assignProductsToChannel(input: $input) { id } }', {
      input: { channelId, productIds: [productId] },
    });
  }
  token = undefined;
  for (const [name, { username, password }] of Object.entries(people)) {
    if (name === 'superadmin') continue;
    await ask(
      'shop-api',
      'mutation ($input: RegisterCustomerInput!) { registerCustomerAccount(input: $input) { __typename ... on ErrorResult { message } } }',
      {
        input: { emailAddress: username, password, firstName: name, lastName: 'Test' },
      },
    );
  }
}
