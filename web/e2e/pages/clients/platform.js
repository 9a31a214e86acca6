// No client: the platform's own two ways, for what is above and below the session.
const byFetch = async ({ url, method, data, headers, signal }) => {
  const response = await fetch(url, {
    method,
    signal,
    headers: { ...headers, ...(data && { 'content-type': 'application/json' }) },
    body: data && JSON.stringify(data),
  });
  return { status: response.status, data: await response.json(), own: response instanceof Response };
};

const byXHR = ({ url, method, data, headers, signal }) =>
  new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    xhr.responseType = 'json';
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    if (data) xhr.setRequestHeader('content-type', 'application/json');
    xhr.onload = () => resolve({ status: xhr.status, data: xhr.response, own: xhr instanceof XMLHttpRequest });
    xhr.onabort = xhr.onerror = xhr.ontimeout = ({ type }) => reject({ name: type });
    signal?.addEventListener('abort', () => xhr.abort());
    xhr.send(data && JSON.stringify(data));
  });

export const create = (by) => ({
  send: by == 'xhr' ? byXHR : byFetch,
  outcome: ({ name }) => name,
});
