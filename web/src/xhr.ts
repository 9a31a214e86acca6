/** Puts the session between the page and its XMLHttpRequests: the object stays the browser's own (XH-01). */
import {
  type HeaderRecord,
  isReady,
  isRefused,
  keepBody,
  type Made,
  marks,
  nameOf,
  type Plane,
  queue,
} from './covered';
import { secondFile, type SendOptions, type Sending, sending, whose } from './covered';
import type { Hit, Match } from './match';
import type { Reckon } from './reckon';
import {
  apply,
  construct,
  create,
  defineProperty,
  get,
  getOwnPropertyDescriptor,
  listen,
  members,
  platform,
  removeEventListener,
  now,
} from './platform';
import type { Rule } from './policy';

export const methods = ['open', 'setRequestHeader', 'send', 'abort'] as const;
export type NativeMethods = Pick<XMLHttpRequest, (typeof methods)[number]>;

/** What the page has asked of an object since it last called `open`. */
export interface Asked {
  readonly args: IArguments;
  readonly hit: Hit | undefined;
  readonly isSync: boolean;
  readonly headers: HeaderRecord;
  /** Cookies go with it because of its rule; the object may go elsewhere next. */
  lent?: boolean;
  /** Events that the page has not been told of yet, each with its state; undefined where it hears of all at once. */
  quiet?: [Event, number][];
  /** Hears an event before the page does. */
  hear?(event: Event): void;
  /** When it was sent, in milliseconds since the epoch: what is asked of it from then on the browser answers. */
  sent?: number;
  /** What it costs, where somebody listens for that. */
  note?: ReturnType<Reckon>;
  /** Its upload, once the page has asked for that. */
  upload?: XMLHttpRequestUpload;
  /** It is sent again: the page has heard of the upload. */
  again?: boolean;
  /** Ends what goes on here, where the second file has it: the page has called `open`, or else `abort`. */
  end?(aborted?: boolean): void;
}

/** What the second file needs of an XMLHttpRequest. */
export interface Exchange {
  readonly xhr: XMLHttpRequest;
  readonly native: NativeMethods;
  readonly asked: Asked;
  /** Whether it was sent, and refused. */
  readonly refused: boolean;
  /** Hears all events before the page does, those that are kept from it too. */
  hear(listener: (event: Event) => void): void;
  /** Whether the page still waits for it. */
  isCurrent(): boolean;
}

/** All that an object may tell. */
const events = 'readystatechange loadstart progress abort error load timeout loadend'.split(' ');

const read = (xhr: XMLHttpRequest, name: keyof XMLHttpRequest): any => get(members.XMLHttpRequest, name, xhr);

/** Replaces the methods that matter; returns what puts back those that are still ours. */
export const wrapXHR = (plane: Plane, match: Match, options: SendOptions): (() => void) => {
  const Native = globalThis.XMLHttpRequest;
  const proto = Native?.prototype;
  if (!proto) return () => {};
  const was = proto.constructor;
  const native = {} as Record<(typeof methods)[number], (...args: any[]) => any>;
  for (const name of methods) native[name] = proto[name];

  /** Writes on an object what nobody else can read. */
  class Slip extends (function (xhr: object) {
    return xhr;
  } as unknown as new (xhr: object) => object) {
    #asked: Asked | undefined;
    // Whatever the page has called a method of ours on, nothing too.
    static of = (xhr: object) => (#asked in Object(xhr) ? (xhr as Slip).#asked : undefined);
    static on = (xhr: object, asked: any) => {
      ((#asked in Object(xhr) ? xhr : new Slip(xhr)) as Slip).#asked = asked;
    };
  }

  const set = (xhr: XMLHttpRequest, headers: HeaderRecord | undefined) => {
    for (const name in headers) apply(native.setRequestHeader, xhr, [name, headers[name]!]);
  };

  const ours = {
    open(this: XMLHttpRequest, method: string, url: string | URL) {
      const args = arguments;
      let hit: Hit | undefined;
      const [, , async, user, password] = args;
      const isSync = args.length > 2 && !async;
      if (!plane.closed && args.length > 1) {
        try {
          // Converted once, in the platform's order.
          args[0] = `${method}`;
          args[1] = `${url as string}`;
          hit = match(args[1]);
          // Somebody else's credentials (UM-30).
          if ((user ?? password) != null) hit = undefined;
        } catch {
          // The native method has its own words for this.
        }
      }
      if (hit) args[1] = hit.url;
      if (late) tune(this);
      let before = Slip.of(this);
      /** What was under way is over once the browser has opened it anew, and before the page hears of that. */
      const leave = () => {
        asked.hear = undefined;
        before?.end?.();
        if (before?.lent) this.withCredentials = false;
        before = undefined;
      };
      const asked: Asked = { args, hit, isSync, headers: create(null), upload: before?.upload, hear: before && leave };
      if (!hit && asked.upload) tune(asked.upload, removeEventListener);
      Slip.on(this, asked);
      try {
        apply(native.open, this, args);
      } catch (error) {
        Slip.on(this, before);
        throw error;
      }
      if (before) leave();
    },
    setRequestHeader(this: XMLHttpRequest, name: string, value: string) {
      const asked = Slip.of(this);
      if (!asked || arguments.length < 2) return apply(native.setRequestHeader, this, arguments);
      name = `${name}`;
      value = `${value}`;
      if (!marks.test(name)) apply(native.setRequestHeader, nowOf(this, asked), [name, value]);
      const { headers } = asked;
      name = name.toLowerCase();
      value = value.trim();
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    },
    // The native one has no argument that it needs.
    send(this: XMLHttpRequest, body: unknown = undefined) {
      const asked = Slip.of(this);
      const { hit, headers, sent } = asked ?? {};
      if (!hit || sent || plane.closed) return apply(native.send, nowOf(this, asked), arguments);
      asked!.sent = now();
      const [method] = asked!.args;
      const own = { ...headers };
      const userId = own['latchkey-user-id'];
      const as = whose(plane, hit, headers!);
      for (const name in headers) if (!(name in own)) set(this, { [name]: headers[name]! });
      const { policy, held, last } = plane;
      const name = nameOf(as, hit, policy);
      const rule = policy.rules[name];
      asked!.note = plane.reckon?.({ via: 'xhr', method, as: name }, hit, this);
      if ('authorization' in headers! || !(held || rule)) return apply(native.send, this, arguments);
      // A document as it is now.
      const init = {
        body: /^(GET|HEAD)$/i.test(method) ? undefined : ((body as Node | undefined)?.cloneNode?.(true) ?? body),
      };
      const made: Made = {
        plane,
        hit,
        as,
        headers: headers!,
        init,
        method,
        userId,
        policy,
        held,
        ahead: last,
        body: keepBody(init.body),
      };
      const ready = rule && isReady(made, rule);
      // One that the page waits for cannot wait for anybody (XH-03).
      if (!ready && !asked!.isSync) {
        const it = sending(made, options) as Sending;
        queue(plane, it);
        return proceed(this, asked!, it);
      }
      if (ready) {
        rule.used = true;
        set(this, rule.headers);
        if (rule.credentials && !read(this, 'withCredentials')) asked!.lent = this.withCredentials = true;
        if (!asked!.isSync) heed(this, asked!, made, rule);
      }
      apply(native.send, this, arguments);
    },
    abort(this: XMLHttpRequest) {
      const { end } = Slip.of(this) ?? {};
      if (end) end(true);
      else apply(native.abort, this, []);
    },
  };

  /** One that waits is still open for the browser, but not for the page: another says so in the browser's words. */
  const nowOf = (xhr: XMLHttpRequest, asked: Asked | undefined) => (asked?.end ? new Native() : xhr);

  /** Looks at the status of its answer before the page does. */
  const heed = (xhr: XMLHttpRequest, asked: Asked, made: Made, rule: Rule) => {
    asked.hear = (event) => {
      const state = read(xhr, 'readyState');
      if (state < 2 || event.type == 'loadstart') return;
      asked.hear = undefined;
      const url = read(xhr, 'responseURL');
      const status = read(xhr, 'status');
      if (state > 2 || !(rule.capture || isRefused(made.hit, rule, { status, url, redirected: true }))) return;
      asked.quiet = [[event, state]];
      event.stopImmediatePropagation();
      proceed(xhr, asked, sending(made, options) as Sending, true);
    };
  };

  /** Goes on in the second file. */
  const proceed = (xhr: XMLHttpRequest, asked: Asked, it: Sending, refused = false) => {
    const isCurrent = () => Slip.of(xhr) == asked;
    let over: boolean | undefined;
    let listener: ((event: Event) => void) | undefined;
    asked.end = (aborted) => {
      over ??= !!aborted;
    };
    asked.hear = (event) => {
      listener?.(event);
      if (asked.quiet) {
        event.stopImmediatePropagation();
        asked.quiet.push([event, read(xhr, 'readyState')]);
      }
    };
    secondFile(null, options.timeout).then(
      (file) => {
        file.exchange(platform, it, {
          xhr,
          native: native as unknown as NativeMethods,
          asked,
          refused,
          isCurrent,
          hear(it) {
            listener = it;
          },
        });
        if (over != null) asked.end!(over);
      },
      () => {
        // Without it, the request stays as the page wrote it.
        const { quiet } = asked;
        asked.end = asked.quiet = undefined;
        if (over != null) return;
        if (!refused) return apply(native.send, xhr, [it.init.body]);
        for (const [event] of quiet!)
          xhr.dispatchEvent(new (event.constructor as typeof ProgressEvent)(event.type, event as any));
      },
    );
  };

  /** Before all listeners of the page's, as those of an object that is no node are called in the order in which they came. */
  const hear = function (this: XMLHttpRequest, event: Event) {
    Slip.of(this)?.hear?.(event);
  };
  const tune = (to: EventTarget, how?: typeof removeEventListener) => {
    for (const type of events) listen(to, type, hear as any, how);
  };
  let late = false;
  const Wrapped = new Proxy(Native, {
    construct(of, args, by) {
      const xhr = construct(of, args, by);
      try {
        // Throws for somebody's stand-in, behind which is a real one. A listener that it refuses zone.js would take for put, there too.
        read(xhr, 'readyState');
        tune(xhr);
      } catch {
        late = true;
      }
      return xhr;
    },
  });
  const upload = getOwnPropertyDescriptor(proto, 'upload')!;
  // As a getter of an object, so that it has a getter's name.
  const { get: getUpload } = getOwnPropertyDescriptor(
    {
      get upload() {
        const its = apply(upload.get!, this, []);
        let asked = Slip.of(this);
        if (!asked) Slip.on(this, (asked = { headers: {} } as Asked));
        asked!.upload = its;
        Slip.on(its, { hear: (event: Event) => Slip.of(this)!.again && event.stopImmediatePropagation() });
        // What is listened to makes the browser ask other servers first (XH-15), so only where it may be covered.
        if (!asked!.args || asked!.hit) tune(its);
        return its;
      },
    },
    'upload',
  )!;
  defineProperty(proto, 'upload', { ...upload, get: getUpload });
  Object.assign(proto, ours, { constructor: Wrapped });
  globalThis.XMLHttpRequest = Wrapped;
  return () => {
    if (globalThis.XMLHttpRequest == Wrapped) globalThis.XMLHttpRequest = Native;
    if (proto.constructor == Wrapped) proto.constructor = was;
    if (getOwnPropertyDescriptor(proto, 'upload')!.get == getUpload) defineProperty(proto, 'upload', upload);
    for (const name of methods) if (proto[name] == ours[name]) (proto as any)[name] = native[name];
  };
};
