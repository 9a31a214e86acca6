import superagent from 'superagent';

export const create = () => {
  const counts = { requests: 0, answers: 0 };
  const agent = superagent.agent().use((request) => {
    request.on('request', () => counts.requests++).on('end', () => counts.answers++);
  });
  return {
    counts,
    send: ({ url, method, data, headers = {}, timeout, signal, onUpload, onDownload }) =>
      new Promise((resolve, reject) => {
        const request = agent[method == 'POST' ? 'post' : 'get'](url).set(headers);
        if (data) request.send(data);
        if (timeout) request.timeout(timeout);
        if (onUpload || onDownload) {
          request.on('progress', ({ direction, loaded, total }) =>
            ({ upload: onUpload, download: onDownload })[direction]?.(loaded, total),
          );
        }
        signal?.addEventListener('abort', () => {
          request.on('abort', () => reject('abort')).abort();
        });
        // It ends a request that is late by the same way, and says why after that.
        request.then(({ status, body, text, ok }) => resolve({ status, data: body ?? text, own: ok }), reject);
      }),
    outcome: (error) => (typeof error == 'string' ? error : `${error.code ?? ''}${error.status ?? ''}`),
  };
};
