// The record of the requests that a server got, with names in place of secrets.
import { Labels } from './labels.mjs';

const dull =
  /^(?:host|connection|user-agent|accept-encoding|accept-language|content-length|sec-.*|authorization|cookie|pragma|cache-control|upgrade-insecure-requests|priority)$/;
const told =
  /^(?:vendure-auth-token|st-.*|front-token|anti-csrf|set-auth-token|access-control-(?:allow-origin|expose-headers)|location|retry-after|content-type)$/;

export class RequestRecord {
  labels = new Labels();
  #entries = [];
  #version = 0;
  #waiting = [];
  #preflights = new Map();

  #changed() {
    this.#version++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  forget() {
    this.#entries = [];
    this.#preflights.clear();
    this.#changed();
  }

  /** A preflight is told of with the request that it was for. */
  preflight(request, path) {
    const { 'access-control-request-method': method, 'access-control-request-headers': asked = '' } = request.headers;
    this.#preflights.set(`${method} ${path}`, asked.split(/ *, */).filter(Boolean));
  }

  begin(request, { pathname, search }, about) {
    const { labels } = this;
    const headers = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (!dull.test(name)) headers[name] = labels.got(name, value) ?? value;
    }
    const asked = `${request.method} ${pathname}`;
    const entry = {
      method: request.method,
      path: pathname,
      search: labels.masked(search),
      ...about,
      headers,
      authorization: labels.authorization(request.headers.authorization),
      cookies: labels.cookies(request.headers.cookie),
      preflight: this.#preflights.get(asked),
      done: false,
    };
    this.#preflights.delete(asked);
    this.#entries.push(entry);
    this.#changed();
    return entry;
  }

  /** What the server has answered; `done` once the client has it, or never will. */
  answered(entry, status, headers) {
    entry.status = status;
    entry.answer = {};
    for (const [name, value] of Object.entries(headers)) {
      if (told.test(name)) entry.answer[name] = this.labels.sent(name, `${value}`) ?? value;
    }
    entry.set = [headers['set-cookie'] ?? []].flat().map((line) => this.labels.setCookie(line));
  }

  end(entry) {
    entry.done = true;
    this.#changed();
  }

  async read(after) {
    while (after !== undefined && this.#version <= after) {
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    const requests = JSON.parse(this.labels.masked(JSON.stringify(this.#entries)));
    return { version: this.#version, requests };
  }
}
