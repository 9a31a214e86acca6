// What the page's own code could replace later is captured when this module loads, which is with the first file: a
// script that comes after it cannot read a token by patching a method. The second file, the runtime, comes later; it
// is handed all that it uses as `platform`, and asks the global object for nothing.
import { SessionError } from './errors';

/** The version of this file, put in by the build. */
declare const __VERSION__: string;

export const { apply, construct, defineProperty, get, getPrototypeOf, ownKeys, setPrototypeOf } = Reflect;
export const { assign, create, freeze, getOwnPropertyDescriptor } = Object;
export const { parse, stringify } = JSON;
export const { now } = Date;
export const { Blob, Headers, Request, Response, URL, URLSearchParams, fetch, open, setTimeout, clearTimeout } =
  globalThis;
export const { addEventListener, removeEventListener } = EventTarget.prototype;
/** Listens before the page does, wherever it does; or no more. */
export const listen = (to: EventTarget, type: string, fn: (event: Event) => void, how = addEventListener) =>
  apply(how, to, [type, fn, true]);

/** Makes objects that inherit nothing, as `create(null)` does, in a tenth of its time: those are dictionaries. */
export const Bare = function () {} as unknown as new () => any;
Bare.prototype = freeze(create(null));

/** Of regular expressions, where much depends on what they say: their `test` asks for an `exec` that a script may have replaced. */
export const { exec } = RegExp.prototype;

const { startsWith: starts } = '';
export const startsWith = (text: string, start: string): boolean => apply(starts, text, [start]);

/** Built-ins by name; undefined where the browser has none. */
const types: Record<string, any> = create(null);
/**
 * For those whose methods are used, a private copy of these. The original stays behind them, as some engines tell objects
 * by their chain.
 */
export const members: Record<string, any> = create(null);
/** `name`, or `name:member` with a copy of that, or `name:` with a copy of all; a class's are those of its instances. */
const keep = (from: any, names: string) => {
  for (const entry of names.split(' ')) {
    const [name, list] = entry.split(':') as [string, string?];
    const type = (types[name] = from?.[name]);
    if (list === undefined) continue;
    const offers = type?.prototype ?? type ?? {};
    const copy: PropertyDescriptorMap = {};
    for (const one of [getPrototypeOf(offers), offers])
      // By name where there are many: the browser makes a function of each member it is asked for, which takes its time.
      for (const member of list ? [list] : ownKeys(one)) {
        const descriptor = getOwnPropertyDescriptor(one, member);
        if (descriptor) copy[member as string] = descriptor;
      }
    members[name] = create(offers, copy);
  }
};
keep(
  globalThis,
  'AbortController Blob BroadcastChannel Date Event MessageEvent ProgressEvent Proxy RegExp Set String Symbol WritableStream addEventListener clearTimeout document ' +
    'fetch location setTimeout DataView: Headers: JSON: LockManager: Map: ReadableStream: Reflect: Request: Response: ' +
    'Storage: SubtleCrypto: TextDecoder: TextEncoder: URL: Uint8Array: WebAssembly: crypto: navigator:locks performance:now ' +
    'Node:baseURI EventTarget: XMLHttpRequest:',
);
// Promise is the engine's own, as which all that is awaited comes: the global one may be zone.js'.
keep({ __proto__: types.WebAssembly, Promise: (async () => {})().constructor }, 'Instance: Memory: Promise:');

/** A member of a Request of anybody's. Throws for what is none. */
export const ofRequest = <Name extends keyof Request>(request: unknown, name: Name): Request[Name] =>
  get(members.Request, name, request as object);

export const cloneOf = (request: Request): Request => apply(ofRequest(request, 'clone'), request, []);

/** A URL's text. Throws for what is none. */
export const hrefOf = (url: URL): string => get(members.URL, 'href', url);

const own = <T extends object>(value: T, name: string): T => (setPrototypeOf(value, members[name]), value);
export const newHeaders = (from: HeadersInit): Headers => own(new Headers(from), 'Headers');
/** For the other files. */
export const platform = {
  version: __VERSION__,
  SessionError,
  types,
  members,
  clock: now,
  newHeaders,
  startsWith,
  freeze,
};

export type Platform = typeof platform;

export const newResponse = (body: BodyInit): Response => own(new Response(body), 'Response');

/** What relative URLs belong to: the document's base, and in a worker its own URL. */
export const baseUrl = (): string => {
  const { document } = globalThis;
  return document ? get(members.Node, 'baseURI', document) : globalThis.location?.href;
};
