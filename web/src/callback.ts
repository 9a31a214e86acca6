const own = /[?&](code|(session_)?state|iss|scope|error(_description|_uri)?)(=[^&]*)?(?=&|$)/g;

/**
 * Looks for a redirect callback in the address bar. Takes its parameters away there, and nothing else, before any
 * other script can run; returns the address as it was.
 */
export const takeCallback = (redirectUri: string): string | undefined => {
  const { history, location } = globalThis;
  if (!history) return;
  const { href, search, pathname, hash, origin } = location;
  const params = new URLSearchParams(search);
  const state = params.get('state');
  if (
    !state ||
    !(params.has('code') || params.has('error')) ||
    !(redirectUri.split('?')[0] == origin + pathname || state.startsWith('lk.'))
  )
    return;
  history.replaceState(history.state, '', pathname + search.replace(own, '').replace(/^&/, '?') + hash);
  // Begun by another page of ours, which waits for it.
  if (/^lk\.[ps]\./.test(state)) {
    const message = [state, href];
    (globalThis.opener ?? globalThis.parent).postMessage(message, origin);
    new BroadcastChannel(state).postMessage(message);
    setTimeout(close, 999);
    return '';
  }
  return href;
};
