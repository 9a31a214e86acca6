/**
 * What an answer's body says of an error, looked at in a copy, as the body is the caller's: no more than is needed to
 * know, and never more than 64 KiB.
 */
const enough = 1 << 16;

/** What is longer by its own account is no refusal of GraphQL's: a copy costs more than all else that is done to an answer. */
export const short = 8192;

/** How an answer to GraphQL begins that has errors: servers write them first. */
export const failing = /^\s*\{\s*"errors"/;

/** A body as text; undefined where it breaks off, is too much, or begins in another way. It never rejects. */
export const textOf = async (
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, 'read'>,
  { TextDecoder }: typeof globalThis,
  beginning?: RegExp,
): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length <= enough) {
      const { done, value } = await reader.read();
      text += decoder.decode(value, { stream: !done });
      if (beginning && text.length > 32 && !beginning.test(text)) return;
      if (done) return text;
    }
  } catch {
    // The caller's own reading tells them.
  }
};
