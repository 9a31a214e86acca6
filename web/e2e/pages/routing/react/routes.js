import { createElement as h } from 'react';
import { useParams } from 'react-router';
import { signIn } from '../session.js';

const page = (title) => () => h('h1', null, title);
const Login = () => h('div', null, h('h1', null, 'Login'), h('button', { onClick: signIn }, 'Sign in'));
const Order = () => h('h1', null, `Order ${useParams().id}`);
export const routes = [
  { path: '/', Component: page('Home') },
  { path: '/help', Component: page('Help') },
  { path: '/login', Component: Login },
  { path: '/logout', Component: page('Logout') },
  { path: '/callback', Component: page('') },
  { path: '/orders/:id', Component: Order },
];
