// No library: the least that a page could do, and so the floor of every figure.
import { byXHR } from './xhr.js';

export const open = () => {
  const token = localStorage.getItem('token');
  return {
    ready: async () => {},
    fetch: (url, init) =>
      token
        ? fetch(url, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } })
        : fetch(url, init),
    xhr: (url) => byXHR(url, token),
    signIn: async () => localStorage.setItem('token', 'x'.repeat(87)),
  };
};
