// The time of day of the whole process, which a test can move. Import it before anything else.
const Real = Date;
let offset = 0;

class Moved extends Real {
  constructor(...given) {
    super(...(given.length ? given : [Real.now() + offset]));
  }
  static now() {
    return Real.now() + offset;
  }
  static [Symbol.hasInstance](value) {
    return value instanceof Real;
  }
}
globalThis.Date = Moved;

/** Sets how many seconds it is ahead of the real one; less than nothing is behind. */
export function setClock(seconds) {
  if (!Number.isFinite(seconds)) throw new Error('the clock wants a number of seconds');
  offset = seconds * 1000;
}
