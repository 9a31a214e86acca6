/** The answer to an XMLHttpRequest, as far as the second file asks for it. */
import type { Answer } from './covered';
import type { Platform } from './platform';

export class Reply implements Answer {
  readonly status: number;
  readonly url: string;
  /** It may have been: whoever cares compares the origin. */
  readonly redirected = true;
  readonly type: ResponseType;
  readonly headers: Pick<Headers, 'get'>;
  readonly #body: () => Promise<Uint8Array>;

  constructor({ members, types, startsWith }: Platform, xhr: XMLHttpRequest, done: Promise<void>) {
    const { apply, get } = members.Reflect as typeof Reflect;
    const { TextEncoder, Uint8Array, location } = types as typeof globalThis;
    const read = (name: keyof XMLHttpRequest): any => get(members.XMLHttpRequest, name, xhr);
    this.status = read('status');
    this.url = read('responseURL');
    this.type = startsWith(this.url, location.origin + '/') ? 'basic' : 'cors';
    this.headers = { get: (name) => apply(members.XMLHttpRequest.getResponseHeader, xhr, [name]) };
    this.#body = async () => {
      await done;
      const type = read('responseType');
      const response = read('response');
      if (type == 'arraybuffer') return new Uint8Array(response);
      if (type == 'blob') return new Uint8Array(await response.arrayBuffer());
      const text =
        type == 'json' ? (members.JSON as typeof JSON).stringify(response) : type == 'document' ? '' : response;
      return new TextEncoder().encode(text);
    };
  }

  clone() {
    return {
      body: {
        getReader: () => ({
          read: async () => ({ done: true as const, value: (await this.#body()) as any }),
          cancel: async () => {},
        }),
      },
    };
  }

  /** Whether it is one, and nobody's imitation. */
  static is(value: object): value is Reply {
    return #body in value;
  }
}
