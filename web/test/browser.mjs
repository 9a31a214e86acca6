// As much of a page as the data plane touches. Import it before the bundle, which captures what is here.
class Storage {
  #values = new Map();
  getItem(key) {
    return this.#values.get(`${key}`) ?? null;
  }
  setItem(key, value) {
    this.#values.set(`${key}`, `${value}`);
  }
  removeItem(key) {
    this.#values.delete(`${key}`);
  }
}

let base;
class Node {
  get baseURI() {
    return base ?? location.href;
  }
}

const page = new EventTarget();
Object.assign(globalThis, {
  Storage,
  Node,
  isSecureContext: true,
  open(...args) {
    windows.opened.push(args);
    return windows.next();
  },
  document: new Node(),
  addEventListener: page.addEventListener.bind(page),
  removeEventListener: page.removeEventListener.bind(page),
  dispatchEvent: page.dispatchEvent.bind(page),
  history: {
    state: { page: 1 },
    replaceState(state, _, url) {
      this.state = state;
      globalThis.location = new URL(url, location);
    },
  },
});

/** What `open` was asked for, and what it gives. */
export const windows = { opened: [], next: () => null };

/** Another page load: at `url`, with empty storage unless `keep` says otherwise. */
export const visit = (url, { keep = false, baseURI } = {}) => {
  const parsed = new URL(url);
  base = baseURI;
  globalThis.location = parsed;
  if (keep) return;
  globalThis.localStorage = new Storage();
  globalThis.sessionStorage = new Storage();
};

/** Another tab wrote that key. */
export const touch = (key) => dispatchEvent(Object.assign(new Event('storage'), { key }));

const clock = Date.now;
let now;
Date.now = () => now ?? clock();

/** Stops the clock at that time, or lets it go on. */
export const turn = (time) => (now = time);

visit('https://app.test/');

/** The page comes back from the browser's cache of pages, or is shown for the first time. */
export const show = (persisted) => dispatchEvent(Object.assign(new Event('pageshow'), { persisted }));
