// What a server can be told to do wrong, in front of the real one. ../README.md lists the modes.
const modes = ['hang', 'late', 'drop-before', 'drop', 'redirect', 'edit', 'html', 'empty', 'truncated'];

const bodies = {
  html: ['text/html', '<!doctype html><h1>Welcome to the network</h1>'],
  empty: ['application/json', ''],
};

export class Faults {
  #list = [];

  /** The mode 'ok' takes those away that were set for the same requests, or all, and lets go what they hold. */
  set({ mode, count = Infinity, ...fault }) {
    if (mode !== 'ok' && !modes.includes(`${mode}`) && !/^[2-5]\d\d$/.test(mode)) {
      throw new Error(`a fault's mode is a status, ok, ${modes.join(', ')}`);
    }
    if (mode !== 'ok') return void this.#list.push({ ...fault, mode: `${mode}`, count, gate: gate() });
    const isMeant = (one) => ['method', 'path', 'field'].every((key) => !fault[key] || fault[key] === one[key]);
    for (const one of this.#list) if (isMeant(one)) one.gate.open();
    this.#list = this.#list.filter((one) => !isMeant(one));
  }

  /** The one for a request, if there is one; `method`, `path` (how it ends) and `field` narrow a fault. */
  take({ method, path, fields = [] }) {
    const found = this.#list.find(
      (one) =>
        one.count > 0 &&
        (!one.method || one.method === method) &&
        (!one.path || path.endsWith(one.path)) &&
        (!one.field || fields.includes(one.field)),
    );
    if (found) found.count--;
    return found;
  }
}

function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { open, opened };
}

/** The answer of a fault that needs no work of the real server's; undefined for the others. */
export function ownAnswer({ mode, to, status, retryAfter }) {
  if (mode === 'redirect') return { status: status ?? 302, headers: { location: to }, body: Buffer.alloc(0) };
  const more = retryAfter === undefined ? {} : { 'retry-after': `${retryAfter}` };
  if (/^\d/.test(mode)) {
    const body = Buffer.from(JSON.stringify({ message: 'a fault of the test' }));
    return { status: Number(mode), headers: { 'content-type': 'application/json', ...more }, body };
  }
  if (!(mode in bodies)) return undefined;
  const [type, body] = bodies[mode];
  return { status: 200, headers: { 'content-type': type }, body: Buffer.from(body) };
}
