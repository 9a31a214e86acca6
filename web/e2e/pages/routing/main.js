// One small app for each router that docs/routing.md has a recipe for; the recipe is its guard.js. The test says which by
// `app`. They are all below /shop, and show the same pages.
import { routed, session } from './session.js';

const apps = {
  angular: () => import('./angular/main.js'),
  react: () => import('./react/main.js'),
  vue: () => import('./vue/main.js'),
  history: () => import('./history/main.js'),
};
const { go } = await apps[globalThis.app]();
/** Goes to a path, as the app's own links do. */
globalThis.go = go;
routed(go);
globalThis.session = session;
