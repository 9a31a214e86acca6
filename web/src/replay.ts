/**
 * A body that is a stream, kept as it goes so that it can be sent again. Where it is more than `most` bytes or breaks off, nothing
 * is kept, and the rest passes by.
 */
export const keepStream = (
  stream: ReadableStream<Uint8Array>,
  most: number,
  { Blob }: typeof globalThis,
): [now: ReadableStream<Uint8Array>, again: Promise<Blob | undefined>] => {
  const [now, other] = stream.tee();
  const collect = async () => {
    const reader = other.getReader();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return new Blob(parts);
        parts.push(value as Uint8Array<ArrayBuffer>);
        if ((size += value.length) > most) return void reader.cancel().catch(() => {});
      }
    } catch {
      // Who sends it hears of that.
    }
  };
  return [now, collect()];
};
