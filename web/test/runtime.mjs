// The runtime as the data plane sees it, played by the test.
import { createMethods } from '../.cache/test/methods.mjs';
import { readPublished } from '../.cache/test/published.mjs';

export { checkPath, renewed } from '../.cache/test/guard.mjs';
export { proceed } from '../.cache/test/waiting.mjs';

/** Every runtime started, oldest first. */
export const started = [];
let waiting = [];
let behaviour = {};

/** Sets what commands do, by name; `load` may throw. */
export const play = (commands = {}) => {
  behaviour = commands;
  started.length = 0;
  waiting = [];
};

/** Sets what commands do from now on, for the runtimes that run too. */
export const react = (commands) => (behaviour = commands);

/** Resolves with the next runtime that starts, or with the first. */
export const runtime = () =>
  started[0] ? Promise.resolve(started[0]) : new Promise((resolve) => waiting.push(resolve));

export const startRuntime = async (platform, plane, program) => {
  const it = {
    options: { ...plane, plane },
    calls: [],
    closed: false,
    publish: (published) => plane.publish(readPublished(JSON.stringify(published), platform)),
    async call(name, args) {
      // As it would cross to Go.
      it.calls.push([name, JSON.parse(JSON.stringify(args ?? {}))]);
      return behaviour[name] ? behaviour[name](args, it) : {};
    },
    close() {
      it.closed = true;
    },
  };
  it.methods = createMethods(it.call, {
    ...plane,
    plane,
    SessionError: platform.SessionError,
    freeze: platform.freeze,
  });
  // Nobody else asks for the answer here.
  program.catch(() => {});
  started.push(it);
  for (const resolve of waiting.splice(0)) resolve(it);
  await behaviour.load?.(it);
  return it;
};
