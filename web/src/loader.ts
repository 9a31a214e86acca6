/**
 * Loads latchkey.wasm and runs it:
 *
 *     startRuntime({ wasmURL, config, storage, pending, navigate, publish, onexit }): Promise<Runtime>
 *     runtime.call(name, args, signal?): Promise<unknown>
 *     runtime.close()
 *
 * `config` is the object that Go gets as JSON; `publish` gets JSON. Whatever goes wrong while it starts rejects with
 * `runtime_failed`; nothing is kept, so whoever needs the runtime next calls `startRuntime` again. A program that
 * ends later rejects every call under way, and then calls `onexit`.
 */
import { SessionError } from './errors';
import { goProgram, own } from './go';
import { createHost, promise, send, type Area } from './host';
import { parse, stringify } from './primordials';

/** The version of this bundle, put in by the build. */
declare const __VERSION__: string;

const { Promise } = globalThis;
const { compile, compileStreaming, instantiate, Instance } = WebAssembly;

export interface RuntimeOptions {
  /** Where latchkey.wasm is. */
  wasmURL: string | URL;
  /** What Go gets as its configuration. `key` is the record's, and names the channel. */
  config: { key: string };
  storage: Area;
  pending: Area;
  navigate(path: string): void;
  /** Adopts `{ state?, policy?, events? }`. */
  publish(json: string): void;
  /** The program ended by itself: the runtime is of no more use. */
  onexit(): void;
}

export interface Runtime {
  /** Runs a command of the core. Rejects with a SessionError. An aborted signal tells the core, which then ends it. */
  call(name: string, args?: object, signal?: AbortSignal): Promise<unknown>;
  /** Stops the program and frees what it holds; calls under way reject with `closed`. */
  close(): void;
}

type Call = { resolve(value: unknown): void; reject(error: unknown): void };

const failed = (what: string, cause?: unknown): SessionError =>
  new SessionError('runtime_failed', `latchkey.wasm ${what}`, { cause });

export const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const calls: Record<number, Call> = own({});
  let last = 0;
  let up = false;
  let ended: SessionError | undefined;

  const end = (error: SessionError): void => {
    if (ended) return;
    ended = error;
    program.stop();
    host.close();
    for (const id in calls) calls[id]!.reject(error);
  };

  const host = createHost({
    ...options,
    version: __VERSION__,
    config: stringify(options.config),
    key: options.config.key,
    ready(version) {
      if (version != __VERSION__) throw end(failed(`is version ${version}, not ${__VERSION__}`));
      up = true;
    },
    done(id, ok, json) {
      const call = calls[id];
      if (!call) return;
      delete calls[id];
      // A promise that is resolved asks its value for `then`: one that inherits nothing asks nobody.
      const value = parse(json);
      if (ok) call.resolve(value && own(value));
      else call.reject(new SessionError(value.code, value.message, value));
    },
  });

  const program = goProgram(own({ host: host.host }), () => {
    end(failed('stopped'));
    if (up) options.onexit();
  });

  let what = 'did not load';
  try {
    const answer = await promise(send(options.wasmURL, {}));
    const response = answer[0];
    if (!response.ok) throw end(failed(`${what}: status ${response.status}`));
    what = "did not compile; does the page's policy allow 'wasm-unsafe-eval'?";
    // Streaming refuses every other type, also where the bytes are right.
    const module = await promise(
      answer[1].get('content-type') == 'application/wasm'
        ? compileStreaming(response)
        : compile(await promise(response.arrayBuffer())),
    );
    what = 'did not start';
    let instance;
    // Not asynchronously, if the engine permits: a promise resolved with an instance would show it to the page.
    try {
      instance = new Instance(module, program.imports);
    } catch {
      instance = await promise(instantiate(module, program.imports));
    }
    program.run(instance);
    // Go calls `ready` before it waits for anything.
    if (!up) throw ended;
  } catch (cause) {
    end(failed(what, cause));
  }
  if (ended) throw ended;

  return {
    call: (name, args, signal) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = ++last;
        calls[id] = own({ resolve, reject });
        const cancel = (): void => host.enter(3, id);
        host.enter(2, id, name, stringify(own({ ...args })));
        if (signal?.aborted) cancel();
        signal?.addEventListener('abort', cancel, { once: true });
      }),
    close() {
      end(new SessionError('closed', 'the session was closed'));
    },
  };
};
