// The least that an interceptor does: the header. What it costs by itself is told by a client without one.
import axios from 'axios';

const create = (adapter, token) => {
  const client = axios.create({ adapter });
  if (token)
    client.interceptors.request.use((config) => {
      config.headers.Authorization = `Bearer ${token}`;
      return config;
    });
  return async (url, init) => {
    const { data } = await client.request({ url, method: init?.method, headers: init?.headers, data: init?.body });
    return { json: () => data };
  };
};

export const open = () => {
  const token = localStorage.getItem('token');
  return {
    ready: async () => {},
    fetch: create('fetch', token),
    xhr: create('xhr', token),
    without: { fetch: create('fetch'), xhr: create('xhr') },
    signIn: async () => localStorage.setItem('token', 'x'.repeat(87)),
  };
};
