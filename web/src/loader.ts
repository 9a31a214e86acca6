/**
 * Runs latchkey.wasm:
 *
 *     load(kit, { program, config, storage, pending, navigate, publish, onexit }): Promise<Runtime>
 *     runtime.call(name, args, signal?): Promise<unknown>
 *     runtime.close()
 *
 * `config` is the object that Go gets as JSON. Whatever goes wrong while it starts rejects with
 * `runtime_failed`; nothing is kept, so whoever needs the runtime next calls `load` again. A program that
 * ends later rejects every call under way, and then calls `onexit`.
 */
import type { Prover } from './dpop';
import { goProgram } from './go';
import { createHost, type Area } from './host';
import type { Kit } from './kit';
import type { SessionError } from './errors';
import { createLeaving } from './leaving';
import { readPublished, type Published } from './published';

export interface RuntimeOptions {
  /** The answer to the request for latchkey.wasm, which leaves before the second file is there. */
  program: Promise<Response>;
  /** Aborts when the program has taken too long. */
  late?: AbortSignal;
  /** What Go gets as its configuration. `key` is the record's, and names the channel. */
  config: {
    key: string;
    prefix?: string;
    readonly limits?: { readonly idle?: number };
    readonly [option: string]: unknown;
  };
  storage: Area;
  pending: Area;
  /** What the page is shown. */
  state(): { readonly isAgent: boolean; readonly isLoggedIn: boolean };
  /** Whether requests have carried what was published last. */
  used(): boolean;
  /** What makes proofs. */
  prover(): Prover;
  navigate?(path: string): void;
  /** Adopts it. */
  publish(published: Published): void;
  /** The program ended by itself: the runtime is of no more use. */
  onexit(): void;
}

export interface Runtime {
  /** Runs a command of the core. Rejects with a SessionError. An aborted signal tells the core, which then ends it. */
  call(name: string, args?: object, signal?: AbortSignal): Promise<any>;
  /** Stops the program and frees what it holds; calls under way reject with `closed`. */
  close(): void;
}

type Call = { resolve(value: unknown): void; reject(error: unknown): void };

export const load = async (kit: Kit, options: RuntimeOptions): Promise<Runtime> => {
  const { own, promise, answerOf, version, SessionError, types, members } = kit;
  const { Instance, Promise } = types;
  const { parse, stringify } = members.JSON as typeof JSON;
  const failed = (what: string, cause?: unknown): SessionError =>
    new SessionError('runtime_failed', `latchkey.wasm ${what}`, { cause });

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

  const leaving = createLeaving(kit, options);
  const host = createHost(kit, {
    ...options,
    version,
    config: stringify(options.config),
    key: options.config.key,
    idle: !!options.config.limits?.idle,
    navigate: leaving.navigate,
    publish: (json) => options.publish(leaving.told(readPublished(json, kit))),
    ready(its) {
      if (its != version) throw end(failed(`is version ${its}, not ${version}`));
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

  const program = goProgram(kit, own({ host: host.host }), () => {
    end(failed('stopped'));
    if (up) options.onexit();
  });

  let what = 'did not load';
  try {
    const { compile, compileStreaming, instantiate } = members.WebAssembly as typeof WebAssembly;
    const answer = await promise(answerOf(options.program));
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
  } catch (cause: unknown) {
    end(failed(options.late?.aborted ? 'did not come in time' : what, cause));
  }
  if (ended) throw ended;

  return {
    call: (name, args, signal) =>
      new Promise((resolve: Call['resolve'], reject: Call['reject']) => {
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
