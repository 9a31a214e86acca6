/** Which record a server means: its own, of the session that it calls `sid`. */
export interface Meant {
  readonly iss: string;
  readonly sid: string;
}

/** What a key of a record begins with, whoever's it is. */
export const keyOf = (...parts: string[]): string => ['latchkey/1', ...parts.map(encodeURIComponent)].join('/');

/**
 * What has to be stored at `key` instead of `text` to end that session: a record of nobody that counts one generation
 * further, as core/persist/codec.go writes it. Undefined where `text` is anything but the record of the session that
 * is meant; what cannot be read is not ours to mend.
 */
export const tombstone = (
  key: string,
  text: string | null,
  { iss, sid }: Meant,
  at = Date.now(),
): { generation: number; text: string } | undefined => {
  try {
    const { format, issuer, client, context, session, generation: last, tokens } = JSON.parse(text!);
    const generation = last + 1;
    if (
      format === 1 &&
      issuer === iss &&
      [client, context, session].every((part) => typeof part == 'string') &&
      key == keyOf(issuer, client, context) &&
      session &&
      last > 0 &&
      Number.isSafeInteger(generation) &&
      tokens.claims.sid === sid
    ) {
      const state = {
        status: 'anonymous',
        isLoggedIn: false,
        userId: 'anonymous',
        isEmulated: false,
        isAgent: false,
        claims: null,
        scope: [],
        expiresAt: null,
        tokenType: null,
      };
      const policy = { format, session: '', version: generation, rules: [] };
      return {
        generation,
        text: JSON.stringify({
          format,
          issuer,
          client,
          context,
          session: '',
          generation,
          ended: 'revoked',
          // For whoever asks why they were signed out: no tab did it.
          why: { at, tab: '', what: 'ended', trigger: 'server', reason: 'revoked', generation },
          state,
          policy,
        }),
      };
    }
  } catch {
    // Not ours, whatever it is.
  }
};
