import {
  type Init,
  isReady,
  isRefused,
  keepBody,
  type Made,
  marks,
  nameOf,
  type Plane,
  queue,
  secondFile,
} from './covered';
import { type Sending, sending, whose } from './covered';
import type { Extra, HeaderRecord, SendOptions } from './covered';
import type { Hit, Match } from './match';
import type { Rule } from './policy';
import {
  apply,
  assign,
  Bare,
  cloneOf,
  exec,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  Headers,
  hrefOf,
  newHeaders,
  ofRequest,
  ownKeys,
  platform,
  Request,
} from './platform';

/**
 * Every member of a caller's init, read once: own, inherited, accessors, and those that no browser
 * has heard of yet.
 */
const snapshot = (init: unknown): Init => {
  const copy: Init = new Bare();
  let value;
  for (let at = init as object | null; at && at != Object.prototype; at = getPrototypeOf(at)) {
    for (const key of ownKeys(at))
      // What is undefined is no member.
      if (!(key in copy) && (value = (init as Init)[key]) !== undefined) copy[key] = value;
  }
  return copy;
};

/** Whether headers hold our marker; looks without using up an iterator. */
const isMarked = (headers: unknown): boolean => {
  let found = false;
  if (headers instanceof Headers) newHeaders(headers).forEach((_, name) => (found ||= marks.test(name)));
  // What can be read once only is taken for marked, and sent as a copy.
  else if (!Array.isArray(headers) && Symbol.iterator in Object(headers)) found = true;
  else
    for (const name in headers as Record<string, string | string[]>) {
      const value = (headers as Record<string, string | string[]>)[name];
      found ||= marks.test(name) || marks.test(`${value?.[0]}`);
    }
  return found;
};

const plainName = /^[a-z\d-]+$/i;
const plainValue = /^[!-~]([ -~]*[!-~])?$/;
/**
 * Reads headers of the usual kind, an object with texts in it: a Headers costs more than all else that is done to a request. False where they are
 * of any other, and nobody has been asked for a value then.
 */
const readPlain = (given: any, headers: HeaderRecord): boolean => {
  if (getPrototypeOf(Object(given)) != Object.prototype || Symbol.iterator in given) return false;
  for (const key of ownKeys(given)) {
    const { value, enumerable } = getOwnPropertyDescriptor(given, key)!;
    if (!enumerable || typeof key + typeof value != 'stringstring') return false;
    const name = (key as string).toLowerCase();
    if (!apply(exec, plainName, [key]) || !apply(exec, plainValue, [value]) || name in headers) return false;
    headers[name] = value;
  }
  return true;
};

const brand = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    // Not of that class.
  }
};

/**
 * Wraps a fetch. What `api` does not cover is the native call with the same arguments, at once;
 * what it does cover differs from it by the headers of its rule.
 */
export const createFetch = (native: typeof fetch, plane: Plane, match: Match, options: SendOptions): typeof fetch => {
  /** Goes on in the second file. Without it, or when it takes too long, the request stays as the page wrote it. */
  const proceed = async (it: Sending<Response>): Promise<Response> => {
    const how = await secondFile(it.signal, options.timeout).catch(() => {});
    if (!how && it.signal?.aborted) throw it.signal.reason;
    return how ? how.proceed(platform, it) : (it.response ?? it.call());
  };

  /** Reads what is to be sent, which throws where the native fetch would; returns what sends it. */
  const prepare = (
    self: unknown,
    args: IArguments,
    target: unknown,
    hit: Hit | undefined,
    request: Request | undefined,
  ): (() => Promise<Response>) => {
    const init = snapshot(args[1]);
    // The caller's headers by name, in lower case, without a prototype: the browser then reads them
    // through no method that a page could replace.
    const headers: HeaderRecord = new Bare();
    const given = init.headers === undefined ? request && ofRequest(request, 'headers') : init.headers;
    // What is no headers, null too, is refused here as it is there.
    if (given !== undefined && !readPlain(given, headers)) {
      for (const name in headers) delete headers[name];
      newHeaders(given as HeadersInit).forEach((value, name) => {
        headers[name] = value;
      });
    }
    const userId = headers['latchkey-user-id'];
    const as = whose(plane, hit, headers, init.as);
    delete init.as;
    // Without members, an init leaves a Request's referrer alone; with headers it would reset it.
    if (request && !ownKeys(init).length) {
      init.referrer = ofRequest(request, 'referrer');
      init.referrerPolicy = ofRequest(request, 'referrerPolicy');
    }
    /** A member of what is sent. */
    const member = (name: keyof Request): any => init[name] ?? (request && ofRequest(request, name));
    const call = (target: unknown, rule?: Rule, proof?: Extra): Promise<Response> => {
      if (note) note.attempts++;
      const sent = {
        ...init,
        headers: assign(new Bare(), headers, rule?.headers, proof?.headers),
      } as Init;
      // A Request says 'same-origin' by itself, so that only another word is its maker's.
      if (rule?.credentials && init.credentials === undefined && member('credentials') != 'omit')
        sent.credentials = rule.credentials;
      return apply(native, self, [target, sent]);
    };
    const { policy, held, last } = plane;
    const name = hit && nameOf(as, hit, policy);
    const rule = hit && policy.rules[name!];
    const method = member('method');
    const note = hit && plane.reckon?.({ via: 'fetch', method: `${method ?? 'GET'}`, as: name! }, hit);
    const told = (go: () => Promise<Response>) => (note ? () => note.watch(go) : go);
    if (!hit || member('mode') == 'no-cors' || 'authorization' in headers || !(held || rule))
      return told(() => call(target));

    const signal = init.signal === null ? null : (member('signal') as AbortSignal | undefined);
    // The native fetch says best what an aborted signal means.
    if (signal?.aborted) return told(() => call(target, rule));

    const made: Made = {
      plane,
      hit,
      as,
      headers,
      init,
      method,
      userId,
      policy,
      held,
      ahead: last,
      body: keepBody(init.body),
    };
    /** A Request to send next time, where its body is used up by the first. */
    const spareOf = (wanted: boolean, from: Request | undefined) =>
      wanted && from && init.body == null && !/^(GET|HEAD)$/i.test(method) ? brand(() => cloneOf(from)) : undefined;
    /** All that the second file goes by. */
    const whole = (): Sending<Response> => {
      const it = sending(made, options) as Sending<Response>;
      // Put on it one by one: what is spread is copied.
      it.signal = signal;
      it.request = request;
      it.target = target;
      it.call = (rule, proof) => call(it.target, rule, proof);
      it.keep = (wanted) => {
        it.spare = spareOf(wanted, it.request);
      };
      return it;
    };
    if (rule && isReady(made, rule))
      return told(async () => {
        rule.used = true;
        const spare = spareOf((hit.retries ?? options.retries) > 0, request);
        const response = await call(target, rule);
        if (rule.capture || isRefused(hit, rule, response)) {
          const it = whole();
          it.spare = spare;
          it.response = response;
          return proceed(it);
        }
        spare?.body?.cancel().catch(() => {});
        return response;
      });
    const it = whole();
    // As the native call would, this marks the caller's Request as used.
    if (request && init.body == null) it.target = it.request = new Request(request);
    queue(plane, it);
    return told(() => proceed(it).finally(it.leave));
  };

  // A method, as it has no prototype and cannot be constructed; the native one takes one argument.
  return {
    fetch(this: unknown, input: RequestInfo | URL): Promise<Response> {
      const args = arguments;
      let target: unknown = input;
      let request: Request | undefined;
      let hit: Hit | undefined;
      let marked;
      if (!plane.closed && args.length) {
        try {
          let raw = input as string | undefined;
          if (typeof input != 'string') {
            raw = brand(() => ofRequest(input, 'url'));
            if (raw !== undefined) request = input as Request;
            // Converted once: it must not answer differently when it is sent.
            else raw = brand(() => hrefOf(input as URL)) ?? (target = args[0] = `${input as object}`);
          }
          hit = match(raw!);
          marked = !hit && isMarked(args[1]?.headers ?? (request && ofRequest(request, 'headers')));
        } catch {
          // The native fetch has its own words for this.
        }
      }
      let go = () => apply(native, this, args) as Promise<Response>;
      try {
        if (hit || marked) go = prepare(this, args, request ?? hit?.url ?? target, hit, request);
      } catch {
        // And for that.
      }
      return go();
    },
  }.fetch;
};
