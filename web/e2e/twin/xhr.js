// What the programs about XMLHttpRequest have in common.

const types = ['readystatechange', 'loadstart', 'progress', 'abort', 'error', 'load', 'timeout', 'loadend'];

/** Notes each event of a request, and of its upload where that is wanted, with what the request says of itself then. */
export function watch(xhr, note, { upload = false, name = '' } = {}) {
  for (const type of types)
    xhr.addEventListener(type, ({ loaded, total, lengthComputable }) =>
      note(
        [name, type, xhr.readyState, xhr.status, loaded, total, lengthComputable]
          .filter((it) => it !== undefined)
          .join(' '),
      ),
    );
  if (upload)
    for (const type of types.slice(1))
      xhr.upload.addEventListener(type, ({ loaded, total, lengthComputable }) =>
        note([name, 'upload', type, xhr.readyState, loaded, total, lengthComputable].join(' ')),
      );
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
export async function request({ note, refuse }, method, url, { body, headers = {}, upload, prepare, quiet } = {}) {
  await refuse();
  const xhr = new XMLHttpRequest();
  if (!quiet) watch(xhr, note, { upload });
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
