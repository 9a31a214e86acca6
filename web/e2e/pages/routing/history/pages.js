import { signIn } from '../session.js';

const titles = { '/': 'Home', '/help': 'Help', '/login': 'Login', '/logout': 'Logout', '/callback': '' };

export function show(path) {
  const { pathname } = new URL(path, location.origin);
  const title = Object.assign(document.createElement('h1'), {
    textContent: titles[pathname] ?? `Order ${pathname.split('/')[2]}`,
  });
  const button = Object.assign(document.createElement('button'), { textContent: 'Sign in', onclick: signIn });
  document.querySelector('#app').replaceChildren(title, ...(pathname === '/login' ? [button] : []));
}
