// Finds the browser that the tests drive, or installs Debian's Chromium. As a program it prints where the browser is.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const asRoot = process.getuid?.() === 0;

function runs(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function inPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) if (folder && runs(join(folder, name))) return join(folder, name);
  }
}

function install() {
  console.error('• no browser found: installing Chromium by apt');
  // apt fails at once while another apt runs, unless it is told to wait for it.
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const { status } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
      stdio: ['ignore', 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) throw new Error(`apt-get ${args[0]} failed; BROWSER_PATH can name a Chromium or Chrome instead`);
  }
}

/** Where the browser is. Throws where there is none and none can be installed. */
export function browserPath() {
  const named = process.env.BROWSER_PATH;
  if (named) {
    if (runs(named)) return named;
    throw new Error('BROWSER_PATH names no program that can be run');
  }
  let found = inPath();
  if (!found && asRoot && existsSync('/etc/debian_version')) {
    install();
    found = inPath();
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

/** Starts the browser; the caller closes it. */
export const launch = () => chromium.launch(settings());

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
