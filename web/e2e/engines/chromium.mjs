// Chromium, by Playwright.
import { launch } from '../../tools/browser.mjs';
import { engineOf } from './playwright.mjs';

export async function start() {
  // Playwright's own settings keep no page for the way back.
  return engineOf('Chromium', await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] }));
}
