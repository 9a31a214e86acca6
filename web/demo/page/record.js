// What happened, as a list of items. Three sources tell it:
//
// - the page itself: its calls, its session's events, what one pressed;
// - the browser: when each request of this page left and when its answer was there;
// - the server's log: which grant, which token, and what other tabs sent.
//
// A request in the log that this page's browser does not know of was another tab's. An item is one of
//
//   { kind: 'call', id, from, to, call, path, status, error }             one fetch() of this page
//   { kind: 'request', id, from, to, where, path, status, grant, key, own, call }
//   { kind: 'mark', id, from, to, what, remote, text, way, code }         an event, or a switch that was pressed
//
// Times are milliseconds since the epoch; `to` is null while it lasts. A key is the number of a token in the
// order of appearance: tokens themselves never come here.

const KEPT = 160;
// The log may be quicker than the browser's own timing: so long is waited before a request counts as another tab's.
const GRACE = 700;
const SLACK = 150;

/** The page's clock, fine enough to tell which of two things of one millisecond was first. */
export const now = () => performance.timeOrigin + performance.now();

export class Recorder {
  #items = [];
  #hits = [];
  #keys = [];
  #next = 1;
  #calls = 0;
  #heard = new Set();
  #latest;
  #since;
  #left = Infinity;
  #loaded;
  #listeners = new Set();
  #place;
  #store;

  /** @param place says where a request went, by its path: 'api', 'token', 'revoke', …, or null for what is not drawn. */
  constructor(place, store, loaded = now()) {
    this.#place = place;
    this.#store = store;
    this.#loaded = loaded;
    this.#latest = loaded;
    try {
      const { items, keys, next, calls, latest, left } = JSON.parse(store?.getItem('latchkey-demo-timeline') ?? '');
      // What was under way when the page was left never got its answer here.
      this.#items = items.filter((item) => item.to !== null);
      this.#keys = keys;
      this.#next = next;
      this.#calls = calls;
      this.#latest = latest;
      this.#left = left ?? Infinity;
    } catch {
      // Nothing was kept, or it is not ours.
    }
    // The log is told from its beginning: what is older than this was drawn already, or before this tab's time.
    this.#since = this.#latest;
  }

  get items() {
    return this.#items;
  }

  subscribe(listener) {
    this.#listeners.add(listener);
  }

  clear() {
    this.#items = this.#items.filter((item) => item.to === null);
    this.#hits = [];
    this.#changed();
  }

  mark(what, { remote = false, text = what, at = now(), ...more } = {}) {
    this.#add({ kind: 'mark', from: at, to: at, what, remote, text, ...more });
  }

  /** Starts a call of the page; the returned function ends it. */
  call(path, at = now()) {
    const item = this.#add({ kind: 'call', from: at, to: null, call: ++this.#calls, path, status: null, error: null });
    return {
      number: item.call,
      end: (status, error = null, to = now()) => {
        Object.assign(item, { to, status, error });
        this.#changed();
      },
    };
  }

  /** A request of this page, from the browser's resource timing. */
  sent({ url, from, to, status }) {
    const { pathname, searchParams } = new URL(url);
    const where = this.#place(pathname);
    if (!where) return;
    const request = { kind: 'request', from, to, where, path: pathname, status, grant: null, key: null, own: true };
    request.call = Number(searchParams.get('call')) || null;
    const early = this.#hits.find((hit) => fits(request, hit));
    if (early) {
      clearTimeout(early.timer);
      this.#hits.splice(this.#hits.indexOf(early), 1);
      this.#learn(request, early);
    } else {
      const late = this.#items.find((item) => item.hit && fits(request, item.hit));
      if (late) {
        Object.assign(late, request, { grant: late.grant, key: late.key, call: request.call ?? late.call, hit: null });
        return this.#changed();
      }
    }
    this.#add(request);
  }

  /** A line of the server's log: it comes when the request arrives there, and again when it is answered. */
  logged(hit) {
    const where = this.#place(hit.path);
    if (!where || !hit.done) return;
    const name = `${hit.id}@${hit.at}`;
    if (this.#heard.has(name)) return;
    this.#heard.add(name);
    const own = this.#items.find((item) => item.own && !item.known && fits(item, hit));
    if (own) {
      this.#learn(own, hit);
      this.#changed();
    } else if (hit.at > this.#since) {
      const { at, path, status, ms } = hit;
      const request = { kind: 'request', from: at, to: at + ms, where, path, status, own: true, call: null, hit };
      const waiting = { ...hit };
      this.#hits.push(waiting);
      waiting.timer = setTimeout(() => {
        this.#hits.splice(this.#hits.indexOf(waiting), 1);
        // What was sent while this page was being left is most likely its own: the browser had nobody to tell.
        const call = this.#refusedCall(request);
        request.call = call?.call ?? null;
        request.own = Boolean(call) || (at > this.#left && at < this.#loaded);
        this.#learn(request, hit);
        this.#add(request);
      }, GRACE);
    }
  }

  /**
   * The call of this page that a refusal in the log belongs to, if one can be meant. A browser reports a request when its
   * body was read, and nobody reads the body of a refusal that is followed by another try.
   */
  #refusedCall({ where, path, status, from }) {
    if (where !== 'api' || status !== 401) return undefined;
    const refused = new Set(
      this.#items.filter((item) => item.kind === 'request' && item.status === 401).map((item) => item.call),
    );
    return this.#items.find(
      (item) =>
        item.kind === 'call' &&
        item.path === path &&
        from >= item.from - 5 &&
        from <= (item.to ?? Infinity) &&
        !refused.has(item.call),
    );
  }

  /** The page is being left: called from pagehide. */
  leave(at = now()) {
    this.#left = at - 2000;
    this.#keep();
  }

  #learn(request, hit) {
    request.known = true;
    request.grant = hit.grantType || null;
    const token = hit.issued || hit.tokenId;
    request.key = token ? this.#key(token) : null;
    this.#latest = Math.max(this.#latest, hit.at);
    request.status ||= hit.status;
  }

  #key(token) {
    if (!this.#keys.includes(token)) this.#keys.push(token);
    return this.#keys.indexOf(token) + 1;
  }

  #add(item) {
    item.id = this.#next++;
    this.#items.push(item);
    this.#items.sort((a, b) => a.from - b.from || a.id - b.id);
    if (this.#items.length > KEPT) this.#items.splice(0, this.#items.length - KEPT);
    this.#changed();
    return item;
  }

  #changed() {
    this.#keep();
    for (const listener of this.#listeners) listener(this.#items);
  }

  #keep() {
    const kept = {
      items: this.#items,
      keys: this.#keys,
      next: this.#next,
      calls: this.#calls,
      latest: this.#latest,
      left: this.#left,
    };
    try {
      this.#store?.setItem('latchkey-demo-timeline', JSON.stringify(kept));
    } catch {
      // Full or blocked: the timeline is then lost with the page, which is all.
    }
  }
}

/** Whether a line of the log can be this request's. */
function fits(request, hit) {
  return (
    request.path === hit.path &&
    (!request.status || !hit.status || request.status === hit.status) &&
    hit.at >= request.from - SLACK &&
    hit.at <= request.to + SLACK
  );
}
