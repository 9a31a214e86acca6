export { go } from './guard.js';
