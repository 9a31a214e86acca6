// What tools that report errors and timings do: they wrap fetch and the methods of XMLHttpRequest, and note each request.
export const wrap = () => {
  const notes = [];
  const { fetch: inner } = globalThis;
  const { prototype } = XMLHttpRequest;
  const { open, send } = prototype;

  const outer = (globalThis.fetch = function fetch(...args) {
    const note = { by: 'fetch', url: args[0].url ?? `${args[0]}` };
    notes.push(note);
    return inner.apply(globalThis, args).then(
      (response) => {
        note.status = response.status;
        return response;
      },
      (error) => {
        note.error = error.name;
        throw error;
      },
    );
  });

  const noted = new WeakMap();
  prototype.open = function (...args) {
    const note = { by: 'xhr', url: `${args[1]}` };
    noted.set(this, note);
    const done = () => {
      if (this.readyState == 4 && noted.get(this) == note) note.status = this.status;
    };
    // Either, as it finds the object.
    if (typeof this.onreadystatechange == 'function') {
      const { onreadystatechange } = this;
      this.onreadystatechange = function (...args) {
        done();
        return onreadystatechange.apply(this, args);
      };
    } else this.addEventListener('readystatechange', done);
    return open.apply(this, args);
  };
  prototype.send = function (...args) {
    if (noted.has(this)) notes.push(noted.get(this));
    return send.apply(this, args);
  };

  return {
    notes,
    /** Takes itself away, whoever is above. */
    unwrap() {
      globalThis.fetch = inner;
      Object.assign(prototype, { open, send });
    },
    isOnTop: () => globalThis.fetch === outer,
  };
};
