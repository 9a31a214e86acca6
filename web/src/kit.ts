/**
 * What the second file works with: what the first one has captured, and a few functions over it. Nothing here asks
 * the global object, or a prototype that a script could have changed.
 */
import type { Platform } from './platform';

export const createKit = (platform: Platform) => {
  const { members, types } = platform;
  const { apply, get, getPrototypeOf, setPrototypeOf } = members.Reflect as typeof Reflect;
  const { Uint8Array, crypto, fetch, navigator, performance } = types as typeof globalThis;
  // A member that nobody can change.
  const { toStringTag } = types.Symbol;
  const subtle = get(members.crypto, 'subtle', crypto);

  /** A method that needs no object before it. */
  const bound = (method: Function | undefined, self: unknown): any =>
    method && ((...args: unknown[]) => apply(method, self, args));

  /** Puts a value on private methods, so that using it asks nobody else. Without methods: nothing is inherited. */
  const own = <T extends object>(value: T, methods: object | null = null): T => {
    setPrototypeOf(value, methods);
    return value;
  };

  /** Bytes on private methods: new ones of a length, or a view of a buffer. */
  const bytes = (of: number | ArrayBuffer, at?: number, length?: number): Uint8Array<ArrayBuffer> =>
    own(new Uint8Array(of as ArrayBuffer, at, length), members.Uint8Array);

  /** Puts the bytes that something else made on private methods; undefined for what is not a Uint8Array. */
  const ownBytes = (value: any): Uint8Array<ArrayBuffer> | undefined =>
    // A getter that reads an internal slot: nobody can fake what it says.
    get(members.Uint8Array, toStringTag, value) == 'Uint8Array' ? own(value, members.Uint8Array) : undefined;

  /**
   * To be awaited: `await` asks a promise for its `constructor`, and if that was changed, for `then`. What is no promise of the engine's is
   * somebody's who wraps these functions since before we came (zone.js), and has a `then` of its own.
   */
  const promise = <T>(of: Promise<T>): Promise<T> =>
    getPrototypeOf(of) == types.Promise.prototype ? own(of, members.Promise) : of;

  /** What a fetch answers, and its headers, on private methods. */
  const answerOf = async (fetched: Promise<Response>): Promise<[Response, Headers]> => {
    const response = own(await promise(fetched), members.Response);
    return own([response, own(response.headers, members.Headers)]);
  };

  /** The fetch that was there before any interception. */
  const send = (url: string | URL, init: RequestInit) => answerOf(fetch(url, own(init)));

  return {
    ...platform,
    own,
    bytes,
    ownBytes,
    promise,
    answerOf,
    send,
    now: bound(members.performance.now, performance) as () => number,
    /** Fills the bytes it is given, at most 65,536, and returns them. */
    random: bound(members.crypto.getRandomValues, crypto) as <T>(bytes: T) => T,
    // None of these is there outside a secure context.
    digest: bound(members.SubtleCrypto.digest, subtle),
    importKey: bound(members.SubtleCrypto.importKey, subtle),
    verify: bound(members.SubtleCrypto.verify, subtle),
    request: bound(members.LockManager.request, get(members.navigator, 'locks', navigator)),
    query: bound(members.LockManager.query, get(members.navigator, 'locks', navigator)),
  };
};

export type Kit = ReturnType<typeof createKit>;
