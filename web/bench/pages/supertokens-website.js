import * as SuperTokens from 'supertokens-website';
import { byXHR } from './xhr.js';

export const open = () => {
  SuperTokens.init({ apiDomain: location.origin, tokenTransferMethod: 'header' });
  return {
    ready: () => SuperTokens.doesSessionExist(),
    fetch: globalThis.fetch,
    xhr: byXHR,
    selective: true,
    // The wrapped fetch keeps what it finds in the answer's headers.
    signIn: () => fetch('/supertokens', { method: 'POST' }),
  };
};
