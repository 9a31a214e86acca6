/**
 * What the Go program may ask of the browser: `host` of ARCHITECTURE.md, "The bridge". Flat functions over
 * the kit. What goes to Go inherits nothing, so that no getter of the page's is asked about it.
 *
 * An operation that fails tells its name only: a browser's own words may quote a header or a value.
 */
import { cookieOf, forgetCookie } from './cookies';
import type { Prover } from './dpop';
import type { Kit } from './kit';
import { createWindows } from './windows';

type Take = () => Promise<void> | undefined;

export interface Area {
  getItem(key: string): unknown;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface HostOptions {
  version: string;
  /** The configuration as JSON, and in it the key of the record. */
  config: string;
  key: string;
  /** Where the record is kept, and where what must outlive a redirect. */
  storage: Area;
  pending: Area;
  /** What the page is shown. */
  state(): { readonly isAgent: boolean; readonly isLoggedIn: boolean };
  /** Whether signs of life are wanted of whoever is signed in, and not only of an agent. */
  idle?: boolean;
  /** Whether requests have carried what was published last. */
  used(): boolean;
  /** What makes proofs (RFC 9449). */
  prover(): Prover;
  navigate?(path: string): void;
  publish(json: string): void;
  /** The program is up. What it throws, the program sees. */
  ready(version: string): void;
  done(id: number, ok: boolean, json: string): void;
}

/** The one callback into Go: see ARCHITECTURE.md for the kinds. */
type Enter = (kind: number, id: number, a?: unknown, b?: unknown) => void;

export interface Host {
  /** What Go gets. */
  host: object;
  /** Calls into Go; does nothing before `ready` and after `close`. */
  enter: Enter;
  /** Takes every listener away, gives up what is under way and lets go of every lock. */
  close(): void;
}

// The last of those that wait for a lock of this page's own, by its name.
const lines = { __proto__: null } as unknown as Record<string, Promise<void>>;

export const createHost = (kit: Kit, options: HostOptions): Host => {
  const {
    own,
    bytes,
    ownBytes,
    promise,
    clock,
    send,
    random,
    digest,
    importKey,
    verify,
    request,
    query,
    startsWith,
    types,
    members,
  } = kit;
  const {
    AbortController,
    BroadcastChannel,
    Promise,
    URL,
    Uint8Array,
    WritableStream,
    addEventListener,
    document,
    location,
    navigator,
    performance,
  } = types as typeof globalThis;

  // Where the browser has no locks, or refuses them, tabs cannot wait for one another, but the sessions of one page
  // can: each waits for the one before it.
  const queue = (name: string, take: Take): Promise<void> =>
    (lines[name] = (async (before) => {
      await before;
      await take();
    })(lines[name]));

  const prove: Prover['prove'] = async (...of) => {
    const proof = await promise(options.prover().prove(...of));
    if (!proof) throw own({ name: 'KeyError' });
    return proof;
  };

  // The answer whole, as [status, flat list of headers, body].
  const exchange = async (
    { signal }: AbortController,
    method: string,
    url: string,
    list: string[],
    body: string,
    maxBytes: number,
    keepalive: boolean,
    key: string,
    credentials: boolean,
    last: number,
  ): Promise<unknown[]> => {
    const headers = own<Record<string, string>>({});
    for (let i = 0; i < list.length; i += 2) headers[list[i]!] = list[i + 1]!;
    // Not without a proof where one is asked for: the key may be another by now.
    const proof = key ? await prove(own({ dpop: key, headers }), method, url) : undefined;
    if (proof) headers.dpop = proof.headers.dpop!;
    const left = last - clock();
    // So long is none: the clock was set back.
    if (last && (left < 0 || left > 60_000)) throw own({ name: 'LateError' });
    const answer = await promise(
      send(url, {
        method,
        headers,
        body: body || undefined,
        keepalive,
        signal,
        // A token endpoint needs none of the page's cookies, which only the app's own backend does. Neither must hand a
        // secret on to where it redirects, and nothing of them may stay in a cache.
        credentials: credentials ? 'include' : 'omit',
        redirect: 'error',
        cache: 'no-store',
        // The page's address may hold an authorization code, which a server of the same origin would log. The Origin
        // header, which servers check, is sent all the same.
        referrerPolicy: 'no-referrer',
      }),
    );
    const response = answer[0];
    proof?.learn(response, true);
    const flat = own<string[]>([]);
    answer[1].forEach((value, name) => {
      flat[flat.length] = name;
      flat[flat.length] = value;
    });
    const chunks = own<Uint8Array[]>([]);
    let size = 0;
    if (response.body) {
      // Not by a reader: each of its promises is resolved with an object, which is asked for `then`.
      const sink = new WritableStream(
        own({
          write(value: unknown): void {
            const chunk = (chunks[chunks.length] = ownBytes(value)!);
            if ((size += chunk.length) > maxBytes) throw own({ name: 'TooLargeError' });
          },
        }),
      );
      await promise(own(response.body, members.ReadableStream).pipeTo(sink));
    }
    const whole = bytes(size);
    for (let i = 0, at = 0; i < chunks.length; at += chunks[i++]!.length) whole.set(chunks[i]!, at);
    return own([response.status, flat, whole]);
  };

  // By the names of JOSE.
  const algorithms: Record<string, string> = own({
    RS256: 'RSASSA-PKCS1-v1_5',
    PS256: 'RSA-PSS',
    ES256: 'ECDSA',
    EdDSA: 'Ed25519',
  });

  /** Whether a signature is good. The core has checked what is in the key. */
  const verified = async (
    _: unknown,
    alg: string,
    jwk: string,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean> => {
    // Each algorithm takes what is its own of these.
    const algorithm = own({ name: algorithms[alg], hash: 'SHA-256', namedCurve: 'P-256', saltLength: 32 });
    const parsed = own(members.JSON.parse(jwk));
    const imported = await promise(importKey('jwk', parsed, algorithm, false, ['verify']));
    return promise(verify(algorithm, imported, signature, data));
  };

  const { key } = options;
  const windows = createWindows(kit);
  const areas: Record<string, any> = own({ storage: options.storage, pending: options.pending });
  // By number: the operations under way, and the locks held.
  const open: Record<number, AbortController> = own({});
  const held: Record<number, () => void> = own({});
  let locks = 0;
  const listening = new AbortController();
  let entered: Enter | undefined;
  const enter: Enter = (kind, id, a, b) => entered?.(kind, id, a, b);

  /** Resolves with the function that lets go of it; never, when it was given up. */
  const lock = ({ signal }: AbortController, name: string, steal: boolean): Promise<() => void> =>
    new Promise(async (resolve) => {
      const id = ++locks;
      let taken = false;
      const take: Take = () => {
        // Given up, but already next in line; or stolen by another script, which cannot be helped.
        if (taken || signal.aborted) return;
        taken = true;
        return promise(
          new Promise((free) => {
            held[id] = free;
            resolve(
              own((): void => {
                delete held[id];
                free();
              }),
            );
          }),
        );
      };
      try {
        // A lock that is stolen can't be waited for.
        await promise(request(name, own(steal ? { steal } : { signal }), take));
      } catch {
        await (steal ? take() : promise(queue(name, take)));
      }
    });

  /** Who holds what, as the browser knows it; nothing where it has no locks. */
  const names = async (): Promise<string[]> => {
    const all = own<string[]>([]);
    const { held = [] } = own((await promise(query())) as LockManagerSnapshot);
    for (let i = 0; i < held.length; i++) all[i] = held[i]!.name!;
    return all;
  };

  const settle: Enter = (kind, id, a) => {
    if (open[id]) {
      delete open[id];
      enter(kind, id, a);
    }
  };

  /** What `begin` begins. */
  const operations = own<Record<string, (controller: AbortController, ...args: any[]) => Promise<unknown>>>({
    ...windows,
    fetch: exchange,
    lock,
    held: names,
    digest: async (_, name: string, data: Uint8Array) => bytes(await promise(digest(name, data))),
    verify: verified,
    key: () => options.prover().key(),
    drop: () => options.prover().drop(),
    // A storage of the page's own may answer at once, or by a promise of its own making.
    get: async (_, area: string, key: string) => areas[area].getItem(key),
    set: async (_, area: string, key: string, value: string) => {
      const set: any = areas[area].setItem(key, value);
      // Some keep nothing, and do not say so (ST-19).
      if (!set && areas[area].getItem(key) === null) throw { name: 'QuotaExceededError' };
      return set;
    },
    remove: async (_, area: string, key: string) => areas[area].removeItem(key),
  });

  let channel: BroadcastChannel | undefined;
  const join = (): void => {
    try {
      channel = new BroadcastChannel(key);
      channel.onmessage = ({ data }) => enter(5, 0, data);
    } catch {
      // Not there, or refused with the storage: there is no other tab to tell.
    }
  };
  join();

  /** The page is being left, or is in the back/forward cache. */
  let left = false;
  const visible = (): boolean => !left && document.visibilityState == 'visible';
  const heard = (event: any): void => {
    const { type } = event;
    if (type == 'storage') {
      // Without a key: the whole area was cleared.
      for (const part of ['', '/agent', '/client'])
        if (event.key === key + part || (event.key === null && !part)) enter(4, 0, 'touched');
      return;
    }
    if (type[0] == 'o') return enter(4, 0, type);
    if (type == 'pageshow' && !event.persisted) return;
    if (startsWith(type, 'page')) {
      left = type == 'pagehide';
      // A note would throw a page out of the back/forward cache; it looks for itself when it comes back.
      channel?.close();
      channel = undefined;
      if (!left) join();
    }
    enter(4, 0, type == 'pagehide' ? 'left' : visible() ? 'resumed' : 'hidden');
  };
  // Some are told to the document, and do not bubble.
  for (const type of ['visibilitychange', 'resume', 'pagehide', 'pageshow', 'online', 'offline', 'storage']) {
    addEventListener(type, heard, { signal: listening.signal, capture: true });
  }

  // Whoever does nothing is signed out.
  let active = 0;
  const sign = (event: Event): void => {
    const at = clock();
    const { isAgent, isLoggedIn } = options.state();
    // A clock may be set back.
    if (!(isAgent || (options.idle && isLoggedIn)) || !event.isTrusted || (at >= active && at < active + 1000)) return;
    active = at;
    enter(4, 0, 'active');
  };
  for (const type of ['pointerdown', 'keydown', 'popstate']) {
    addEventListener(type, sign, { signal: listening.signal, capture: true });
  }

  const parse = (raw: string): URL => own(new URL(raw, location.href), members.URL);

  return {
    enter,
    close() {
      entered = undefined;
      listening.abort();
      channel?.close();
      for (const id in open) open[id]!.abort();
      for (const id in held) held[id]!();
    },
    host: own({
      ...options,
      ready(callback: Enter, version: string) {
        options.ready(version);
        entered = callback;
      },
      // Go has no use for the promise, which never rejects.
      async begin(id: number, op: string, a: any, b: any, c: any, d: any, e: any, f: any, g: any, h: any, i: any) {
        const controller = (open[id] = new AbortController());
        let kind = 0;
        let value;
        try {
          value = await promise(operations[op]!(controller, a, b, c, d, e, f, g, h, i));
        } catch (error: any) {
          kind = 1;
          try {
            // The number is what older engines have.
            value = error.code == 22 ? 'QuotaExceededError' : error.name;
          } catch {}
        }
        settle(kind, id, value);
      },
      // An operation given up ends at once, also where the browser has no way to stop it; what comes later is dropped.
      abort(id: number) {
        open[id]?.abort();
        settle(1, id, 'AbortError');
      },
      random: (n: number) => random(new Uint8Array(n)),
      visible,
      online: () => !left && navigator?.onLine !== false,
      // No other document has begun at that moment.
      page: `${performance.timeOrigin}`,
      href: () => location.href,
      cookie: (name: string) => cookieOf(types as typeof globalThis, name),
      forget: (name: string) => forgetCookie(types as typeof globalThis, name),
      assign(raw: string) {
        const url = parse(raw);
        // An address may come from a server's metadata: javascript: would run in the page.
        if (url.protocol != 'https:' && url.protocol != 'http:') throw 0;
        location.assign(url);
      },
      sameOrigin(raw: string) {
        try {
          const url = parse(raw);
          const path = url.pathname + url.search + url.hash;
          // blob: has our origin and is no page of ours; "//" in front would be a host to whoever reads it next.
          if (
            url.origin == location.origin &&
            url.protocol == location.protocol &&
            !(url.username + url.password) &&
            path[1] != '/'
          ) {
            return path;
          }
        } catch {}
      },
      post: (note: string) => channel?.postMessage(note),
    }),
  };
};
