import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router/dom';
import { router } from './guard.js';

createRoot(document.querySelector('#app')).render(createElement(RouterProvider, { router }));
export const go = (path) => void router.navigate(path);
