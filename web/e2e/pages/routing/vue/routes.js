import { h } from 'vue';
import { signIn } from '../session.js';

const page = (title) => ({ render: () => h('h1', title) });
export const routes = [
  { path: '/', component: page('Home') },
  { path: '/help', component: page('Help') },
  { path: '/login', component: { render: () => [h('h1', 'Login'), h('button', { onClick: signIn }, 'Sign in')] } },
  { path: '/logout', component: page('Logout') },
  { path: '/callback', component: page('') },
  { path: '/orders/:id', component: { render: ({ $route }) => h('h1', `Order ${$route.params.id}`) } },
];
