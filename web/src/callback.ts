/** What belongs to an answer, in the query or in the fragment. */
const own =
  /[?&#](code|(access|id)_token|token_type|expires_in|(session_)?state|iss|scope|error(_description|_uri)?)(=[^&]*)?(?=&|$)/g;

/**
 * Looks for an answer of the server in the address bar: a redirect callback, or the way back from a logout page. Takes its
 * parameters away there, and nothing else, before any other script can run; returns the address as it was.
 */
export const takeCallback = (redirectUri: string): string | undefined => {
  const { history, location } = globalThis;
  if (!history) return;
  const { href, search, pathname, hash, origin } = location;
  let state = '';
  const clean = (part: string) => {
    const its = new URLSearchParams(part.slice(1)).get('state');
    if (
      !its ||
      !(
        its.startsWith('lk.') ||
        (part == search && redirectUri.split('?')[0] == origin + pathname && /[?&](code|error)=/.test(part))
      )
    )
      return part;
    state = its;
    return part.replace(own, '').replace(/^&/, part[0]!);
  };
  const bar = origin + pathname + clean(search) + clean(hash);
  if (!state) return;
  history.replaceState(history.state, '', bar);
  // Begun by another page of ours, which waits for it.
  if (/^lk\.[ps]\./.test(state)) {
    const message = [state, href];
    (opener ?? parent).postMessage(message, origin);
    new BroadcastChannel(state).postMessage(message);
    setTimeout(close, 999);
    return '';
  }
  return href;
};
