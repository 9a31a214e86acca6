// No library: the least that a page could do, and so the floor of every figure.
export const open = () => {
  const token = localStorage.getItem('token');
  return {
    ready: async () => {},
    fetch: (url, init) =>
      token
        ? fetch(url, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } })
        : fetch(url, init),
    signIn: async () => localStorage.setItem('token', 'x'.repeat(87)),
  };
};
