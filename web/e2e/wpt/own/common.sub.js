// What several files here need.
const answer = (name, values = {}) => `/answers/${name}?${new URLSearchParams(values)}`;
const elsewhere = (name, values = {}) =>
  `http://{{host}}:{{ports[http][1]}}${answer(name, { cors: location.origin, ...values })}`;
const echoed = async (input, init) => (await fetch(input, init)).json();
const key = () => crypto.randomUUID();

/** Each entry is a subtest by its name. */
const each = (entries, run) => {
  for (const [name, ...rest] of entries) promise_test((t) => run(t, ...rest), name);
};
const noNetwork = (t, promise) => promise_rejects_js(t, TypeError, promise);
