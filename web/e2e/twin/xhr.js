// What the programs about XMLHttpRequest have in common.

const types = ['readystatechange', 'loadstart', 'progress', 'abort', 'error', 'load', 'timeout', 'loadend'];

/**
 * Notes each event of a request, and of its upload where that is wanted, with what the request says of itself then. WebKit tells of an
 * object's progress every 50 ms and when it is done, so that one that is used again soon (`reused`) tells of it then or later, by chance.
 * What is sent may be of a length that nobody knows (`sizes`); and an upload that is redirected tells of more `progress` where it takes long.
 */
export function watch(xhr, note, { upload = false, name = '', reused = false, sizes = true, progress = true } = {}) {
  const said = (...words) => note(words.filter((it) => it !== undefined).join(' '));
  const of = ({ loaded, total, lengthComputable }) => [...(sizes ? [loaded, total] : []), lengthComputable];
  const isLucky = reused && globalThis.settings.engine == 'webkit';
  for (const type of types)
    xhr.addEventListener(type, (event) => {
      const state = isLucky && type == 'progress' ? 'by chance' : xhr.readyState;
      said(name, type, state, xhr.status, ...of(event));
    });
  if (upload)
    for (const type of types.slice(1))
      xhr.upload.addEventListener(type, (event) => {
        // Firefox tells of the last progress of an upload, or only of its end, by chance.
        if (type == 'progress' && !(progress && globalThis.settings.engine != 'firefox')) return;
        said(name, 'upload', type, xhr.readyState, ...of(event));
      });
  return xhr;
}

/** Resolves at the end of a request that is under way. */
export const ended = (xhr) =>
  new Promise((resolve) => xhr.addEventListener('loadend', () => resolve(xhr), { once: true }));

/** What a request says of itself. */
export function factsOf(xhr) {
  const { readyState, status, statusText, responseURL, responseType, response, timeout, withCredentials } = xhr;
  const text = responseType === '' || responseType === 'text' ? xhr.responseText : undefined;
  return {
    readyState,
    status,
    statusText,
    responseURL,
    responseType,
    response,
    text,
    timeout,
    withCredentials,
    headers: xhr.getAllResponseHeaders().split('\r\n'),
  };
}

/** One request, from its call to its end, noted. `prepare` gets it between open() and send(). */
export async function request({ note, refuse }, method, url, { body, headers = {}, prepare, quiet, ...how } = {}) {
  await refuse();
  const xhr = new XMLHttpRequest();
  if (!quiet) watch(xhr, note, how);
  xhr.open(method, url);
  for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
  prepare?.(xhr);
  const end = ended(xhr);
  xhr.send(body);
  await end;
  note(factsOf(xhr));
  return xhr;
}

/** Notes what a call throws, or returns. */
export const attempt = (note, call) => {
  try {
    note({ returned: call() });
  } catch (error) {
    note({ thrown: error });
  }
};
