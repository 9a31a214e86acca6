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
