import * as SuperTokens from 'supertokens-website';

export const open = () => {
  SuperTokens.init({ apiDomain: location.origin, tokenTransferMethod: 'header' });
  return {
    ready: () => SuperTokens.doesSessionExist(),
    fetch: globalThis.fetch,
    // The wrapped fetch keeps what it finds in the answer's headers.
    signIn: () => fetch('/supertokens', { method: 'POST' }),
  };
};
