// Firefox, by Playwright: a channel that drives the program that the system has, by WebDriver BiDi.
import { firefox } from 'playwright-core';
import { find } from './find.mjs';
import { engineOf } from './playwright.mjs';

export async function start() {
  const executablePath = find('firefox-esr', ['firefox-esr', 'firefox'], process.env.FIREFOX_PATH);
  return engineOf('Firefox', await firefox.launch({ executablePath, channel: 'moz-firefox' }));
}
