// Which requests carry the token, judged by what arrives.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { ask, signInByPassword } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';
import { startStranger } from './support/stranger.mjs';

const { demo } = scenes();

const api = 'https://api.example.com/v1';
const given = { by: 'password', options: { api: [api] } };

/** Answers for every host that is not the servers', and records what was sent there. */
async function everywhere(context) {
  const sent = [];
  await context.route(
    (url) => url.hostname !== '127.0.0.1',
    (route) => {
      const request = route.request();
      const { authorization, ...headers } = request.headers();
      sent.push({ url: request.url(), token: authorization !== undefined, headers });
      return route.fulfill({ status: 200, headers: { 'access-control-allow-origin': '*' }, body: '{}' });
    },
  );
  return sent;
}

const covered = {
  'UM-01 the prefix itself': api,
  'UM-01 below it': `${api}/orders?x=1#y`,
  'UM-01 with a query only': `${api}?x`,
  'UM-01 in capitals, where the browser has them in small letters': 'HTTPS://API.EXAMPLE.COM/v1/a',
  'UM-01 with the port that is meant anyway': 'https://api.example.com:443/v1/a',
  'UM-14 with backslashes': 'https:\\\\api.example.com\\v1\\a',
  'UM-14 without slashes': 'https:api.example.com/v1/a',
  'UM-15 in white space': ' \t\n https://api.example.com/v1/a \n ',
  'UM-15 with tabs and newlines inside': 'ht\ttps://api.exa\nmple.com/v\r1/a',
  'UM-16 by dots from elsewhere': 'https://api.example.com/x/../v1/a',
};

const uncovered = {
  'UM-01 the origin alone': 'https://api.example.com/',
  'UM-01 another case of the path': 'https://api.example.com/V1/a',
  'UM-01 another scheme': 'http://api.example.com/v1',
  'UM-01 another port': 'https://api.example.com:8443/v1',
  'UM-02 a longer segment': 'https://api.example.com/v10',
  'UM-02 a longer word': 'https://api.example.com/v1evil',
  'UM-03 a longer host': 'https://api.example.com.evil.test/v1',
  'UM-06 in a query': `https://evil.test/?u=${api}`,
  'UM-06 in a fragment': `https://evil.test/#${api}`,
  'UM-06 in a path': `https://evil.test/${api}`,
  'UM-07 a dot is a dot': 'https://api-example.com/v1',
  'UM-07 and not any letter': 'https://apiXexample.com/v1',
  'UM-14 two slashes': '//evil.test/v1',
  'UM-14 three slashes': '///evil.test/v1',
  'UM-14 slash and backslash': '/\\evil.test/v1',
  'UM-14 two backslashes': '\\\\evil.test\\v1',
  'UM-14 a scheme and backslashes': 'https:\\\\evil.test/v1',
  'UM-14 a scheme and one slash': 'https:/evil.test/v1',
  'UM-14 a scheme and none': 'https:evil.test/v1',
  'UM-15 a tab in the host': 'https://evil\t.test/v1',
  'UM-16 up by dots': `${api}/../admin`,
  'UM-16 up by dots in code': `${api}/%2e%2e/admin`,
  'UM-16 half in code': `${api}/.%2e/admin`,
  'UM-16 in capital code': `${api}/%2E./admin`,
  'UM-16 up by backslashes': `${api}\\..\\admin`,
};

demo(
  'UM-01 UM-14 UM-15 UM-16 the token goes to what the browser itself reads as covered',
  given,
  async ({ open, context }) => {
    const sent = await everywhere(context);
    const page = await open();
    await signInByPassword(page);
    for (const [name, url] of Object.entries(covered)) {
      sent.length = 0;
      assert.equal((await ask(page, url)).status, 200, name);
      assert.deepEqual(
        sent.map(({ token }) => token),
        [true],
        name,
      );
      assert.ok(sent[0].url.startsWith(api), name);
    }
  },
);

demo('UM-02 UM-03 UM-06 UM-07 and nowhere else', given, async ({ open, context }) => {
  const sent = await everywhere(context);
  const page = await open();
  await signInByPassword(page);
  for (const [name, url] of Object.entries(uncovered)) {
    sent.length = 0;
    assert.equal((await ask(page, url)).status, 200, name);
    assert.deepEqual(
      sent.map(({ token }) => token),
      [false],
      name,
    );
  }
});

demo('UM-04 UM-05 an address with user info is as natively: refused', given, async ({ open, context }) => {
  const sent = await everywhere(context);
  const page = await open();
  await signInByPassword(page);
  for (const url of [
    'https://api.example.com@evil.test/v1',
    'https://api.example.com:443@evil.test/v1',
    'https://user:pw@api.example.com/v1',
  ]) {
    assert.deepEqual(await ask(page, url), { error: 'TypeError', code: undefined });
  }
  assert.deepEqual(sent, []);
});

demo(
  'UM-19 whatever is not a string is converted once, and that value is judged and sent',
  given,
  async ({ open, context }) => {
    const sent = await everywhere(context);
    const page = await open();
    await signInByPassword(page);
    const counts = await page.evaluate(async (api) => {
      let asked = 0;
      const fickle = (...answers) => ({ toString: () => answers[Math.min(asked++, answers.length - 1)] });
      const counts = [];
      const inputs = [
        new URL(api),
        new Request(`${api}/request`),
        new String(`${api}/string`),
        fickle(`${api}/first`, 'https://evil.test/second'),
        fickle('https://evil.test/first', `${api}/second`),
      ];
      for (const input of inputs) {
        asked = 0;
        await fetch(input);
        counts.push(asked);
      }
      return counts;
    }, api);
    assert.deepEqual(counts, [0, 0, 0, 1, 1]);
    assert.deepEqual(
      sent.map(({ url, token }) => [url, token]),
      [
        [api, true],
        [`${api}/request`, true],
        [`${api}/string`, true],
        [`${api}/first`, true],
        ['https://evil.test/first', false],
      ],
    );
    // As the browser converts them: "7" and "undefined" are paths of the page.
    for (const input of [7, undefined]) assert.equal((await ask(page, input)).status, 200);
  },
);

let friend;
let evil;
before(async () => {
  [friend, evil] = await Promise.all([startStranger(), startStranger()]);
});
after(() => Promise.all([friend.close(), evil.close()]));

for (const status of [301, 302, 303, 307, 308]) {
  demo(
    `FF-31 a redirect ${status} does not take the token along, and a refusal there is not ours`,
    {},
    async (scene) => {
      const { open, configure, server } = scene;
      await configure({ by: 'password', options: { api: [`${friend.origin}/v1`] } });
      const page = await open();
      await signInByPassword(page);
      friend.arrived.length = evil.arrived.length = 0;
      for (const method of ['GET', 'POST']) {
        const to = `${evil.origin}/refuse`;
        const url = `${friend.origin}/v1/redirect/${status}?${new URLSearchParams({ to })}`;
        const answer = await ask(page, url, { method, body: method === 'POST' ? 'body' : undefined });
        assert.deepEqual([answer.status, answer.redirected], [401, true], method);
      }
      assert.deepEqual(
        friend.arrived.map(({ authorization }) => /^Bearer ./.test(authorization)),
        [true, true],
      );
      assert.deepEqual(
        evil.arrived.map(({ authorization }) => authorization),
        [undefined, undefined],
      );
      assert.deepEqual(await server.refreshes(), []);
    },
  );
}

demo(
  'UM-23 what is neither fetch nor XMLHttpRequest is the browser’s own, without the session',
  given,
  async (scene) => {
    const { open, context } = scene;
    const sent = await everywhere(context);
    const sockets = [];
    await context.routeWebSocket(/^wss:/, (socket) => void sockets.push(socket.url()));
    const page = await open();
    await signInByPassword(page);
    assert.equal((await ask(page, `${api}/fetch`)).status, 200);
    await page.evaluate(async (api) => {
      const over = (to, ...types) =>
        new Promise((resolve) => types.forEach((type) => to.addEventListener(type, resolve, { once: true })));
      navigator.sendBeacon(`${api}/beacon`, 'x');
      const source = new EventSource(`${api}/events`);
      await over(source, 'error', 'open');
      source.close();
      const image = new Image();
      image.src = `${api}/image`;
      await over(image, 'error', 'load');
      const frame = document.createElement('iframe');
      frame.src = `${api}/frame`;
      const there = over(frame, 'load');
      document.body.append(frame);
      await there;
      const socket = new WebSocket(`${api.replace('https', 'wss')}/socket`);
      await over(socket, 'error', 'open');
      socket.close();
    }, api);
    const paths = Object.fromEntries(sent.map(({ url, token }) => [url.slice(api.length), token]));
    assert.deepEqual(paths, { '/fetch': true, '/beacon': false, '/events': false, '/image': false, '/frame': false });
    assert.deepEqual(sockets, [`${api.replace('https', 'wss')}/socket`]);
  },
);
