// Holds what a server in this process is asked, so that a test can act in the middle of it.
const withResolvers = () => {
  const all = {};
  all.promise = new Promise((resolve) => Object.assign(all, { resolve }));
  return all;
};

export class Holds {
  #holds = new Map();

  /**
   * Holds requests for a path, before they are served, or, with `served`, once they are, but not answered. At most `count`
   * of them. `arrived` resolves at the first. `go` lets go of them, and of those that come later; `drop` closes their
   * connections.
   */
  hold(path, { served = false, count = Infinity } = {}) {
    const arrived = withResolvers();
    const gate = withResolvers();
    this.#holds.set(path, { served, count, arrived, gate });
    const end = (how) => () => {
      this.#holds.delete(path);
      gate.resolve(how);
    };
    return { arrived: arrived.promise, go: end('go'), drop: end('drop') };
  }

  /** Resolves when that request may be served; with false where it may not. */
  async pass(path, request, response) {
    const hold = request.method === 'OPTIONS' ? undefined : this.#holds.get(path);
    if (!hold) return true;
    const { served, arrived, gate } = hold;
    if (!--hold.count) this.#holds.delete(path);
    if (!served) {
      arrived.resolve();
      // Who asked may have given up by then.
      if ((await gate.promise) === 'go' && !request.socket.destroyed) return true;
      request.socket.destroy();
      return false;
    }
    const { end } = response;
    response.end = (...args) => {
      arrived.resolve();
      gate.promise.then((how) => (how === 'go' ? end.apply(response, args) : request.socket.destroy()));
      return response;
    };
    return true;
  }
}
