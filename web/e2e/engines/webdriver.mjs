// As much of a W3C WebDriver client as the tests need. One command at a time, in the order in which they come.

export class WebDriver {
  #base;
  #last = Promise.resolve();
  #window;

  constructor(base) {
    this.#base = base;
  }

  async #send(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: method === 'POST' ? JSON.stringify(body ?? {}) : undefined,
      signal: AbortSignal.timeout(30_000),
    }).catch((error) => {
      if (error.name !== 'TimeoutError') throw error;
      // The driver ends by itself whatever takes long in a page.
      throw Object.assign(new Error(`the driver does not answer to ${method} ${path}`), { code: 'driver silent' });
    });
    const { value } = await response.json();
    if (!response.ok) throw Object.assign(new Error(`${value.error}: ${value.message}`), { code: value.error });
    return value;
  }

  /** Resolves when the driver takes sessions. */
  async ready(ended) {
    for (;;) {
      try {
        return await this.#send('GET', '/status');
      } catch {
        ended();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** Begins a session; those that take a window come after. */
  async begin(capabilities) {
    const { sessionId, capabilities: got } = await this.#send('POST', '/session', {
      capabilities: { alwaysMatch: capabilities },
    });
    this.#base += `/session/${sessionId}`;
    this.#window = undefined;
    return got;
  }

  #turn(act) {
    const mine = this.#last.then(act);
    this.#last = mine.catch(() => {});
    return mine;
  }

  command(method, path, body) {
    return this.#turn(() => this.#send(method, path, body));
  }

  /** A command to one of the windows. */
  to(handle, method, path, body) {
    return this.#turn(async () => {
      if (this.#window !== handle) await this.#send('POST', '/window', { handle });
      this.#window = handle;
      return this.#send(method, path, body);
    });
  }
}
