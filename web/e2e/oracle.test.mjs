// The oracle of all other tests sees what it is there to see.
import assert from 'node:assert/strict';
import { signInByPassword } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { both } = scenes();

const leaks = {
  'a token in the console': async (page) => {
    const said = page.waitForEvent('console');
    await page.evaluate(async () => console.log(`token: ${await session.getAccessToken()}`));
    await said;
  },
  'a token in a URL': (page) => page.evaluate(async () => fetch(`/page.js?${await session.getAccessToken()}`)),
  'a token in the address bar': async (page) => {
    const moved = page.waitForEvent('framenavigated');
    await page.evaluate(async () => history.pushState(null, '', `#${await session.getAccessToken()}`));
    await moved;
  },
  'a password in an error': async (page) => {
    const thrown = page.waitForEvent('pageerror');
    await page.evaluate(
      () =>
        void setTimeout(() => {
          throw new Error('wonderland');
        }),
    );
    await thrown;
  },
  'an error that nobody caught': async (page) => {
    const thrown = page.waitForEvent('pageerror');
    await page.evaluate(() => void Promise.reject(new Error('nobody')));
    await thrown;
  },
};

for (const [name, leak] of Object.entries(leaks)) {
  both(`the oracle sees ${name}`, { by: 'password' }, async ({ open, oracle }) => {
    const page = await open();
    await signInByPassword(page);
    await oracle.check();
    await leak(page);
    await assert.rejects(oracle.check(), (error) => !error.message.includes('wonderland'));
    oracle.forget();
  });
}
