// Keeps the linear memories of programs that start after this; so it has to come before the library.
const { Instance, Memory, instantiate } = WebAssembly;
const buffer = Object.getOwnPropertyDescriptor(Memory.prototype, 'buffer').get;
const memories = [];

const seen = (instance) => {
  memories.push(...Object.values(instance.exports).filter((value) => value instanceof Memory));
  return instance;
};
WebAssembly.Instance = new Proxy(Instance, { construct: (_, args) => seen(new Instance(...args)) });
WebAssembly.instantiate = async (...args) => {
  const made = await instantiate(...args);
  seen(made.instance ?? made);
  return made;
};

/** Bytes, or null where no program runs. */
export const wasmMemory = () =>
  memories.length ? memories.reduce((sum, memory) => sum + buffer.call(memory).byteLength, 0) : null;
