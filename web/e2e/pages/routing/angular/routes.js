import { Component, inject } from '@angular/core';
import { ActivatedRoute } from '@angular/router';
import { signIn } from '../session.js';

const page = (title) => Component({ template: `<h1>${title}</h1>` })(class {});
const Login = Component({ template: '<h1>Login</h1><button (click)="signIn()">Sign in</button>' })(
  class {
    signIn = signIn;
  },
);
const Order = Component({ template: '<h1>Order {{ id }}</h1>' })(
  class {
    id = inject(ActivatedRoute).snapshot.params.id;
  },
);
export const pages = [
  { path: '', pathMatch: 'full', component: page('Home') },
  { path: 'help', component: page('Help') },
  { path: 'login', component: Login },
  { path: 'logout', component: page('Logout') },
  { path: 'callback', component: page('') },
  { path: 'orders/:id', component: Order },
];
