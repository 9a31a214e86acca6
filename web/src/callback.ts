const own = /[?&](code|state|iss|session_state|scope|error|error_description|error_uri)(=[^&]*)?(?=&|$)/g;
const page = (url: string) => url.replace(/[?#].*/s, '');

/**
 * Looks for a redirect callback in the address bar. Takes its parameters away there, and nothing else, before any
 * other script can run; returns the address as it was.
 */
export const takeCallback = (redirectUri: string): string | undefined => {
  const { history, location } = globalThis;
  const { href, search, pathname, hash } = location;
  const params = new URLSearchParams(search);
  const state = params.get('state');
  if (
    !history ||
    !state ||
    !(params.has('code') || params.has('error')) ||
    !(page(href) == page(redirectUri) || state.startsWith('lk.'))
  )
    return;
  history.replaceState(history.state, '', pathname + search.replace(own, '').replace(/^&/, '?') + hash);
  return href;
};
