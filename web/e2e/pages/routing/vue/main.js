import { createApp, h, resolveComponent } from 'vue';
import { router } from './guard.js';

createApp({ render: () => h(resolveComponent('RouterView')) })
  .use(router)
  .mount('#app');
export const go = (path) => void router.push(path);
