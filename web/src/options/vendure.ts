import { take } from './check';
import type { Reader } from './scheme';

const vendureOptions = 'scheme* url* tokenMethod:bearer|cookie authTokenHeader channelToken';
/** What is in a body of GraphQL that may get a visitor of Vendure a session. */
const making = 'mutation|active|order|eligible';

export const readVendure: Reader = (given, server, prefix) => {
  const auth = take(given, vendureOptions, 'auth');
  const { tokenMethod = 'bearer', authTokenHeader = 'vendure-auth-token', channelToken } = auth;
  const url = server('auth.url', auth.url);
  prefix('auth.issuer', url);
  const header = authTokenHeader.toLowerCase();
  return {
    ...auth,
    issuer: url,
    url,
    flow: 'password',
    tokenMethod,
    authTokenHeader: header,
    making,
    headers: channelToken && { 'vendure-token': channelToken },
    visitors: [
      {
        as: 'user',
        single: making,
        ...(tokenMethod == 'cookie' ? { credentials: 'include' } : { capture: [header] }),
      },
    ],
  };
};
