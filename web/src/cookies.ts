/**
 * What the cookie of exactly this name has, decoded, or that with `__Host-` before it, which no other host can set.
 * Nothing where there is none, or more than one: nobody can tell which of them is ours (CK-02).
 */
export const cookieOf = ({ document }: typeof globalThis, name: string): string => {
  for (const wanted of [`__Host-${name}=`, `${name}=`]) {
    const [value, another] = (document?.cookie ?? '')
      .split('; ')
      .filter((pair) => pair.startsWith(wanted))
      .map((pair) => pair.slice(wanted.length));
    if (another != null) break;
    if (value != null) {
      try {
        return decodeURIComponent(value);
      } catch {
        return value;
      }
    }
  }
  return '';
};

/**
 * Deletes the cookie of exactly this name: that of this host, and of each domain above, for all paths. Attributes as for
 * one that is set, as browsers refuse to touch `__Host-` without them (CK-09).
 */
export const forgetCookie = ({ document, location }: typeof globalThis, name: string): void => {
  if (!document) return;
  const gone = `${name}=; Max-Age=0; Path=/; SameSite=Lax; Secure`;
  document.cookie = gone;
  for (let domain = `.${location.hostname}`; domain; domain = domain.replace(/^\.[^.]*/, ''))
    document.cookie = `${gone}; Domain=${domain.slice(1)}`;
};
