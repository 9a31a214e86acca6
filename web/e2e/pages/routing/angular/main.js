// Without the Angular CLI: its compiler runs in the page, and decorators are called as the functions they are.
import '@angular/compiler';
import { APP_BASE_HREF } from '@angular/common';
import { Component, provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { Router, RouterOutlet, provideRouter } from '@angular/router';
import { guard } from './guard.js';
import { pages } from './routes.js';

const App = Component({ selector: '#app', template: '<router-outlet />', imports: [RouterOutlet] })(class {});
const { injector } = await bootstrapApplication(App, {
  providers: [
    provideZonelessChangeDetection(),
    { provide: APP_BASE_HREF, useValue: '/shop/' },
    provideRouter([{ path: '', canActivateChild: [guard], children: pages }]),
  ],
});
export const go = (path) => void injector.get(Router).navigateByUrl(path);
