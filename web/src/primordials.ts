// What the page's own code could replace later is captured when this module loads: a script that comes after it
// cannot read a token by patching a method.

export const { apply, get, getPrototypeOf, ownKeys } = Reflect;
export const { create, freeze, getOwnPropertyDescriptors, setPrototypeOf } = Object;
export const { parse, stringify } = JSON;
export const { now } = Date;
export const { Headers, Request, Response, setTimeout, clearTimeout, URL } = globalThis;

const { call, bind } = Function.prototype;
export const startsWith = bind.call(call, ''.startsWith) as unknown as (text: string, start: string) => boolean;

/** A class's members as they are now; the class stays behind them, as some engines tell objects by their chain. */
export const membersOf = (type?: { prototype: object }): any =>
  create(type?.prototype ?? null, getOwnPropertyDescriptors(type?.prototype ?? {}));

const headersMethods = membersOf(Headers);
const nodeMethods = membersOf(globalThis.Node);
const requestMethods = membersOf(Request);
const responseMethods = membersOf(Response);
const urlMethods = membersOf(URL);

/** A member of a Request of anybody's. Throws for what is none. */
export const ofRequest = <Name extends keyof Request>(request: unknown, name: Name): Request[Name] =>
  get(requestMethods, name, request as object);

export const cloneOf = (request: Request): Request => apply(ofRequest(request, 'clone'), request, []);

/** A URL's text. Throws for what is none. */
export const hrefOf = (url: URL): string => get(urlMethods, 'href', url);

export const newHeaders = (from: HeadersInit): Headers => setPrototypeOf(new Headers(from), headersMethods);
export const newResponse = (body: BodyInit): Response => setPrototypeOf(new Response(body), responseMethods);

/** What relative URLs belong to: the document's base, and in a worker its own URL. */
export const baseUrl = (): string => {
  const { document, location } = globalThis;
  return document ? get(nodeMethods, 'baseURI', document) : location?.href;
};
