import { fetchEventSource } from '@microsoft/fetch-event-source';

export const create = () => ({
  /** Listens; resolves when that is over, with how. `told` gets what came so far. */
  send: ({ url, headers, signal, method, data, told }) =>
    fetchEventSource(url, {
      method,
      headers,
      signal,
      openWhenHidden: true,
      fetch: globalThis.given,
      ...(data && { body: JSON.stringify(data) }),
      async onopen({ status }) {
        told.push(`open ${status}`);
        if (status != 200) throw new Error(`${status}`);
      },
      onmessage: ({ data }) => told.push(data),
      onclose: () => told.push('closed'),
      onerror(error) {
        throw error;
      },
    }),
  outcome: ({ name, message }) => `${name} ${message}`,
});
