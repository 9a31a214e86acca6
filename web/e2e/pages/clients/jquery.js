import jquery from 'jquery';

export const create = () => {
  const counts = { requests: 0, answers: 0 };
  jquery(document)
    .on('ajaxSend', () => counts.requests++)
    .on('ajaxComplete', () => counts.answers++);
  return {
    counts,
    send: ({ url, method, data, headers, timeout, signal, onUpload, onDownload }) =>
      new Promise((resolve, reject) => {
        const asked = jquery.ajax({
          url,
          method,
          headers,
          timeout,
          ...(data && { data: JSON.stringify(data), contentType: 'application/json', processData: false }),
          // What it sets on the object itself.
          xhrFields: {
            withCredentials: true,
            ...(onDownload && { onprogress: ({ loaded, total }) => onDownload(loaded, total) }),
          },
          ...(onUpload && {
            xhr() {
              const xhr = new XMLHttpRequest();
              xhr.upload.onprogress = ({ loaded, total }) => onUpload(loaded, total);
              return xhr;
            },
          }),
        });
        asked.then(
          (data, text, { status, statusText }) => resolve({ status, data, own: text == 'success' && !!statusText }),
          ({ status }, text, thrown) => reject(`${text} ${status || thrown}`),
        );
        signal?.addEventListener('abort', () => asked.abort());
      }),
    outcome: (error) => error,
  };
};
