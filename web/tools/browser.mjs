// Finds the browser that the tests drive, or installs Debian's Chromium. As a program it prints where the browser is.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { asRoot, canInstall, inPath, install, runs } from './programs.mjs';

const find = () => inPath('chromium', 'chromium-browser', 'google-chrome');

/** Where the browser is. Throws where there is none and none can be installed. */
export function browserPath() {
  const named = process.env.BROWSER_PATH;
  if (named) {
    if (runs(named)) return named;
    throw new Error('BROWSER_PATH names no program that can be run');
  }
  let found = find();
  if (!found && canInstall()) {
    console.error('• no browser found: installing Chromium by apt');
    try {
      install('chromium');
    } catch ({ message }) {
      throw new Error(`${message}; BROWSER_PATH can name a Chromium or Chrome instead`);
    }
    found = find();
  }
  if (found) return found;
  throw new Error('no Chromium or Chrome in PATH: install one, or name one by BROWSER_PATH');
}

// The two pages behind the address bar's suggestions, which nobody sees, cost as much as all else a window does, and a
// process in reserve for each is of no use. Of several lists the browser takes the last, so this one repeats what
// playwright-core switches off.
const noFeatures = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'BlockOriginHeaderModificationOnRedirect',
  'DestroyProfileOnBrowserClose',
  'DialMediaRouteProvider',
  'GlobalMediaControls',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'Translate',
];

const settings = () => ({
  executablePath: browserPath(),
  args: [
    ...(asRoot ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--disable-features=${noFeatures.join()}`,
  ],
});

/** Starts the browser; the caller closes it. `more` is for Playwright. */
export const launch = (more) => chromium.launch({ ...settings(), ...more });

/** Starts it on a profile's folder, and gives its one context; the caller closes that. */
export const launchProfile = (folder) => chromium.launchPersistentContext(folder, settings());

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log(browserPath());
  } catch (error) {
    console.error(`browser: ${error.message}`);
    process.exitCode = 1;
  }
}
