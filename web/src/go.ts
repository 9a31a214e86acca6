/**
 * Runs a Go 1.26 program. This is the other side of Go's runtime and of syscall/js, and replaces the wasm_exec.js
 * that comes with Go, which puts names on the page's global object, looks built-ins up at every call, and prints a
 * panic's text to the console: a script that comes later could read every token that passes, and a panic could print one.
 *
 * Here everything used comes from the kit; Go's `js.Global()` is a private object; nothing is printed.
 */

import type { Kit } from './kit';

type Exports = {
  mem: WebAssembly.Memory;
  run(argc: number, argv: number): void;
  resume(): void;
  getsp(): number;
};

export interface GoProgram {
  /** What the program imports. */
  imports: { gojs: Record<string, (sp: number) => unknown> };
  /**
   * Runs until the program waits for the first time. Its arguments are where `argv` points; without them, its
   * environment has GOGC alone: what Go holds of JavaScript is let go of by its collector only.
   */
  run(instance: WebAssembly.Instance, argc?: number, argv?: number): void;
  /** Ends the program at once: it never runs again, and its memory can go. */
  stop(): void;
}

const nothing = (): void => {};
const flags = { __proto__: null, object: 1, string: 2, symbol: 3, function: 4 } as unknown as Record<string, number>;

/**
 * Prepares one run of a program.
 * @param given added to the object that Go takes for the global one
 * @param onexit called once when the program has ended by itself, with what it threw if it did; not after `stop`
 */
export const goProgram = (kit: Kit, given: object, onexit: (code: number, error?: unknown) => void): GoProgram => {
  const { own, bytes, ownBytes, random, now, clock, types, members } = kit;
  const { DataView, Date, Map, Proxy, String, Uint8Array, clearTimeout, setTimeout } = types;
  const { apply, construct, get, set } = members.Reflect as typeof Reflect;
  const encoder: TextEncoder = own(new types.TextEncoder(), members.TextEncoder);
  // A leading byte order mark is text like any other.
  const decoder: TextDecoder = own(new types.TextDecoder('utf-8', own({ ignoreBOM: true })), members.TextDecoder);

  let exports: Exports;
  // Undefined before the start and after the end: then the first use throws, which unwinds whatever part of the
  // program is still on the stack.
  let mem: DataView | undefined;
  let buffer: ArrayBuffer;
  let timer = 0;
  const timers: Record<number, ReturnType<typeof setTimeout>> = own({});

  // The private global object. Objects and arrays that Go makes inherit nothing, so that setting a member of
  // them runs no setter of the page's.
  const global = own({
    Object: function () {
      return own({});
    },
    Array: function () {
      return own([]);
    },
    Uint8Array,
    Date,
    fs: own({
      // Each O_… there is, for files there are none of.
      constants: new Proxy(own({}), own({ get: () => 0 })),
      write: (_fd: number, _bytes: Uint8Array, _at: number, length: number, _position: null, done: Function) =>
        done(null, length),
    }),
    ...given,
  });

  // What Go's runtime knows as this object: it takes the event that woke it from here, and makes callbacks.
  const self = own({
    _pendingEvent: null as object | null,
    _makeFuncWrapper:
      (id: number) =>
      (...args: unknown[]) => {
        const event: { id: number; args: unknown[]; result?: unknown } = own({ id, args: own(args) });
        self._pendingEvent = event;
        resume();
        return event.result;
      },
  });

  // JavaScript values that Go holds, by number; the numbers of those values; how often Go holds each. A number
  // that is free has the next one that is free for its count.
  const values = own<unknown[]>([NaN, 0, null, true, false, global, self]);
  const numbers = own<Map<unknown, number>>(new Map(), members.Map);
  const counts = own<number[]>([]);
  let free = 0;
  for (let i = 1; i < 7; i++) numbers.set(values[i], i);

  const stop = (): void => {
    for (const id in timers) clearTimeout(timers[id]);
    exports = mem = buffer = undefined as never;
    values.length = 0;
  };

  const exit = (code: number, error?: unknown): void => {
    if (mem) {
      stop();
      onexit(code, error);
    }
  };

  // Runs a part of the program. What it throws (a trap, a full stack, no more memory) is its end, and not the page's.
  const step = (part: () => void): void => {
    try {
      part();
    } catch (error) {
      exit(2, error);
    }
  };
  const resume = (): void => step(() => exports.resume());

  // What is read, addresses and lengths, fits in 32 bits; what is written is never negative.
  const u32 = (at: number): number => mem!.getUint32(at, true);
  const set32 = (at: number, value: number): void => mem!.setUint32(at, value, true);
  const setInt = (at: number, value: number): void => {
    set32(at, value);
    set32(at + 4, value / 2 ** 32);
  };
  const slice = (at: number): Uint8Array<ArrayBuffer> => bytes(buffer, u32(at), u32(at + 8));
  const text = (at: number): string => decoder.decode(slice(at));
  const load = (at: number): any => {
    const number = mem!.getFloat64(at, true);
    return number == number ? number || undefined : values[u32(at)];
  };
  const list = (at: number): unknown[] => {
    const all = own<unknown[]>([]);
    for (let i = 0, from = u32(at), n = u32(at + 8); i < n; i++) all[i] = load(from + i * 8);
    return all;
  };
  const store = (at: number, value: any): void => {
    if (typeof value == 'number' && value) return mem!.setFloat64(at, value, true);
    if (value === undefined) return setInt(at, 0);
    let number = value === value ? numbers.get(value) : 0;
    if (number === undefined) {
      if ((number = free)) free = counts[number]!;
      else number = values.length;
      values[number] = value;
      counts[number] = 0;
      numbers.set(value, number);
    }
    counts[number]!++;
    set32(at, number);
    set32(at + 4, 0x7ff80000 | (value === null ? 0 : flags[typeof value]!));
  };
  // A getter that throws would unwind Go, which has no way to hear of it here: what cannot be read is undefined.
  const read = (value: any, key: string | number): any => {
    try {
      return get(value, key);
    } catch {}
  };
  // While JavaScript runs, Go may be entered and move its stack: the stack pointer is read again after.
  const attempt = (at: number, call: () => unknown): void => {
    let value,
      ok = 1;
    try {
      value = call();
    } catch (error) {
      value = error;
      ok = 0;
    }
    at += exports.getsp();
    store(at, value);
    mem!.setUint8(at + 8, ok);
  };
  const copy = (to: Uint8Array | undefined, from: Uint8Array | undefined, at: number): void => {
    const fits = to && from && from.length <= to.length;
    if (fits) {
      to.set(from);
      setInt(at, from.length);
    }
    mem!.setUint8(at + 8, fits ? 1 : 0);
  };

  const view = (): void => {
    buffer = own(exports.mem, members.Memory).buffer as ArrayBuffer;
    mem = own<DataView>(new DataView(buffer), members.DataView);
  };

  return {
    imports: {
      gojs: {
        'runtime.wasmExit': (sp) => exit(u32(sp + 8)),
        // The text of a panic, which may hold anything.
        'runtime.wasmWrite': nothing,
        'runtime.resetMemoryDataView': view,
        // Never 0, by which Go tells that there is no clock.
        'runtime.nanotime1': (sp) => setInt(sp + 8, now() * 1e6 + 1),
        'runtime.walltime': (sp) => {
          const ms = clock();
          setInt(sp + 8, ms / 1000);
          set32(sp + 16, (ms % 1000) * 1e6);
        },
        // Go asks for 11 days at most, and sleeps on when it is woken early: no delay wraps around.
        'runtime.scheduleTimeoutEvent': (sp) => {
          const id = ++timer;
          timers[id] = setTimeout(
            () => {
              // Go takes the timer out when it has seen it; it may have to be woken more than once for that.
              do resume();
              while (mem && id in timers);
            },
            u32(sp + 8),
          );
          set32(sp + 16, id);
        },
        'runtime.clearTimeoutEvent': (sp) => {
          const id = u32(sp + 8);
          clearTimeout(timers[id]);
          delete timers[id];
        },
        'runtime.getRandomData': (sp) => random(slice(sp + 8)),
        'syscall/js.finalizeRef': (sp) => {
          const number = u32(sp + 8);
          if (!--counts[number]!) {
            numbers.delete(values[number]);
            values[number] = undefined;
            counts[number] = free;
            free = number;
          }
        },
        'syscall/js.stringVal': (sp) => store(sp + 24, text(sp + 8)),
        'syscall/js.valueGet': (sp) => {
          const value = read(load(sp + 8), text(sp + 16));
          store(exports.getsp() + 32, value);
        },
        'syscall/js.valueSet': (sp) => set(load(sp + 8), text(sp + 16), load(sp + 32)),
        'syscall/js.valueIndex': (sp) => store(sp + 24, read(load(sp + 8), u32(sp + 16))),
        'syscall/js.valueSetIndex': (sp) => set(load(sp + 8), u32(sp + 16), load(sp + 24)),
        'syscall/js.valueCall': (sp) =>
          attempt(56, () => {
            const value = load(sp + 8);
            return apply(get(value, text(sp + 16)), value, list(sp + 32));
          }),
        'syscall/js.valueInvoke': (sp) => attempt(40, () => apply(load(sp + 8), undefined, list(sp + 16))),
        'syscall/js.valueNew': (sp) => attempt(40, () => construct(load(sp + 8), list(sp + 16))),
        'syscall/js.valueLength': (sp) => setInt(sp + 16, read(load(sp + 8), 'length') >>> 0),
        'syscall/js.valuePrepareString': (sp) => {
          const encoded = ownBytes(encoder.encode(String(load(sp + 8))))!;
          store(sp + 16, encoded);
          setInt(sp + 24, encoded.length);
        },
        'syscall/js.valueLoadString': (sp) => slice(sp + 16).set(load(sp + 8)),
        'syscall/js.copyBytesToGo': (sp) => copy(slice(sp + 8), ownBytes(load(sp + 32)), sp + 40),
        'syscall/js.copyBytesToJS': (sp) => copy(ownBytes(load(sp + 8)), slice(sp + 16), sp + 40),
      },
    },
    run(instance, argc = 0, argv = 4096) {
      step(() => {
        exports = own(instance, members.Instance).exports as Exports;
        view();
        // The linker leaves this place free: the end of the arguments, a pointer, the end of the environment.
        set32(4104, 4120);
        bytes(buffer, 4120, 7).set(encoder.encode('GOGC=25'));
        exports.run(argc, argv);
      });
    },
    stop,
  };
};
