import ky, { HTTPError } from 'ky';

export const create = () => {
  const counts = { requests: 0, answers: 0 };
  const instance = ky.create({
    retry: 0,
    fetch: globalThis.given,
    hooks: {
      beforeRequest: [() => void counts.requests++],
      afterResponse: [() => void counts.answers++],
    },
  });
  return {
    counts,
    async send({ url, data, timeout = false, onUpload, onDownload, ...init }) {
      const response = await instance(url, {
        ...init,
        json: data,
        timeout,
        ...(onDownload && { onDownloadProgress: (it) => onDownload(it.transferredBytes, it.totalBytes) }),
      });
      const isJSON = /json/.test(response.headers.get('content-type'));
      return {
        status: response.status,
        data: await response[isJSON ? 'json' : 'text'](),
        own: response instanceof Response,
      };
    },
    outcome: (error) => `${error.name}${error instanceof HTTPError ? ` ${error.response.status}` : ''}`,
  };
};
