import axios from 'axios';

export const create = (adapter) => {
  const counts = { requests: 0, answers: 0 };
  const instance = axios.create({ adapter, ...(globalThis.given && { env: { fetch: globalThis.given } }) });
  instance.interceptors.request.use((config) => {
    counts.requests++;
    return config;
  });
  const answered = (value) => {
    counts.answers++;
    return value;
  };
  instance.interceptors.response.use(answered, (error) => Promise.reject(answered(error)));
  return {
    counts,
    async send({ onUpload, onDownload, ...request }) {
      const { status, data, headers } = await instance.request({
        ...request,
        ...(onUpload && { onUploadProgress: ({ loaded, total }) => onUpload(loaded, total) }),
        ...(onDownload && { onDownloadProgress: ({ loaded, total }) => onDownload(loaded, total) }),
      });
      return { status, data, own: headers instanceof axios.AxiosHeaders };
    },
    outcome: ({ name, code, response }) => `${name} ${response?.status ?? code}`,
  };
};
