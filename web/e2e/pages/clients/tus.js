import { Upload } from 'tus-js-client';

export const create = () => {
  const counts = { requests: 0, answers: 0 };
  return {
    counts,
    /** Uploads that many bytes, in parts. Resolves with what it has told. */
    send: ({ url, size, chunkSize, headers, signal, onCreated }) =>
      new Promise((resolve, reject) => {
        const progress = [];
        const body = new Uint8Array(size).map((_, i) => i % 251);
        const upload = new Upload(new Blob([body]), {
          endpoint: url,
          chunkSize,
          headers,
          retryDelays: null,
          storeFingerprintForResuming: false,
          onProgress: (sent, total) => progress.push([sent, total]),
          onUploadUrlAvailable: onCreated,
          onBeforeRequest: () => void counts.requests++,
          onAfterResponse: () => void counts.answers++,
          onSuccess: () => resolve({ progress, url: upload.url }),
          onError: (error) => reject(error),
        });
        signal?.addEventListener('abort', () => upload.abort().then(() => reject('aborted')));
        upload.start();
      }),
    outcome: (error) => (typeof error == 'string' ? error : `${error.name} ${error.originalResponse?.getStatus()}`),
  };
};
