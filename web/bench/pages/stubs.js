// Stands in for the network: an answer that is there already, so that what remains is the library's own work. It comes
// before the library, which finds it where the browser's own would be. Which one is said by the page's ?stub.
//
// Until `network.answering`, everything goes to the browser's own: the library has to come up first.

const native = globalThis.fetch;
const answer = (status = 200) => new Response(null, { status, headers: { 'content-type': 'application/json' } });
/** Without a body, so that a client that reads it may have the same one again. */
const fixed = answer();
const covered = `${location.origin}/api/`;

export const network = {
  answering: false,
  /** An XMLHttpRequest that is sent hears nothing more. */
  silent: false,
  /** Of an expiry. */
  sent: 0,
  refused: 0,
  refreshes: 0,
  /** Lets those through that ask for new tokens. */
  release: undefined,
};
const released = new Promise((resolve) => (network.release = resolve));

let ended;
const stubs = {
  fixed: () => Promise.resolve(fixed),
  // One of its own for each request, so that keeping hold of answers shows.
  fresh: () => Promise.resolve(answer()),
  /** The token that comes first has ended; whoever wants another waits to be released. */
  expiry(input, init) {
    if (!input.startsWith(covered)) {
      network.refreshes++;
      return released.then(() => native(input, init));
    }
    network.sent++;
    const { authorization } = init.headers;
    ended ??= authorization;
    if (authorization != ended) return Promise.resolve(answer());
    network.refused++;
    return Promise.resolve(answer(401));
  },
};
const stub = stubs[new URLSearchParams(location.search).get('stub')];
const { XMLHttpRequest: Native } = globalThis;
const { prototype } = Native;

if (stub) {
  globalThis.fetch = function (input, init) {
    return network.answering ? stub(input, init) : native.call(this, input, init);
  };

  // The constructor and the events are the browser's.
  const state = Symbol('state');
  const own = { open: prototype.open, send: prototype.send };
  const become = (xhr, value) => {
    xhr[state] = value;
    xhr.dispatchEvent(new Event('readystatechange'));
  };
  const tell = (xhr, type) => xhr.dispatchEvent(new ProgressEvent(type, { loaded: 2, total: 2 }));
  const values = { readyState: undefined, status: 200, statusText: 'OK', responseText: '{}', response: '{}' };
  values.responseURL = `${covered}orders?page=2`;
  for (const name in values) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    const get = descriptor.get;
    const replaced =
      name == 'readyState'
        ? function () {
            return this[state] ?? get.call(this);
          }
        : function () {
            return this[state] === undefined ? get.call(this) : values[name];
          };
    Object.defineProperty(prototype, name, { ...descriptor, get: replaced });
  }
  Object.assign(prototype, {
    open(...args) {
      if (!network.answering) return own.open.apply(this, args);
      if (network.silent) this[state] = 1;
      else become(this, 1);
    },
    send(body) {
      if (!network.answering) return own.send.call(this, body);
      if (network.silent) return;
      Promise.resolve().then(() => {
        // All that the browser tells of a small answer, in its order.
        tell(this, 'loadstart');
        become(this, 2);
        become(this, 3);
        tell(this, 'progress');
        become(this, 4);
        tell(this, 'load');
        tell(this, 'loadend');
      });
    },
    setRequestHeader() {},
    getAllResponseHeaders: () => 'content-type: application/json\r\n',
    getResponseHeader: () => null,
  });
}

/** What a page has without the library. */
const { open, send } = prototype;
export const bare = {
  fetch: globalThis.fetch,
  xhr(url) {
    return new Promise((resolve) => {
      const xhr = new Native();
      xhr.onload = resolve;
      open.call(xhr, 'GET', url);
      send.call(xhr);
    });
  },
  sendOnly(url) {
    const xhr = new Native();
    open.call(xhr, 'GET', url);
    send.call(xhr);
  },
};
