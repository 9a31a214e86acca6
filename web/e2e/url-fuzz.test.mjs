// UM-35: generated spellings of addresses, judged by what leaves. The oracle takes the address that is really sent, as the browser's own parser
// reads it, apart and compares the parts; it shares no line with web/src/match.ts. SPELLINGS says how many, SEED which.
import assert from 'node:assert/strict';
import { signInByPassword } from './support/page.mjs';
import { scenes } from './support/scenes.mjs';

const { demo } = scenes();
const count = Number(process.env.SPELLINGS ?? 1_000_000);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

const api = [
  { url: 'https://api.example.com/v1', except: ['public'] },
  'https://api.example.com:8443/x/',
  { url: 'https://xn--pi-7ka.example.com/' },
  '/local',
];

/** Native calls that send nothing once `globalThis.record` is there, but hand it what would be sent. */
const stubs = () => {
  const native = globalThis.fetch;
  globalThis.fetch = function (...args) {
    if (!globalThis.record) return native.apply(this, args);
    // What is no address is refused here as it is there.
    const request = new Request(...args);
    record(request.url, request.headers.get('authorization'));
    return Promise.resolve(new Response());
  };
  const { open, setRequestHeader } = XMLHttpRequest.prototype;
  Object.assign(XMLHttpRequest.prototype, {
    open(method, url, ...rest) {
      this.at = { url: new URL(url, document.baseURI).href };
      return open.call(this, method, url, ...rest);
    },
    setRequestHeader(name, value) {
      if (name.toLowerCase() == 'authorization') this.at.token = value;
      return setRequestHeader.call(this, name, value);
    },
    send() {
      record(this.at.url, this.at.token ?? null);
    },
  });
};

/** Runs in the page: `count` spellings from `seed`. Returns how many were covered, and the first that went wrong. */
const fuzz = async ({ seed, count }) => {
  let state = seed;
  const random = (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  const one = (list) => list[random(list.length)];
  const schemes = [
    'https:',
    'https:',
    'https:',
    'HTTPS:',
    'hTtPs:',
    'http:',
    '',
    'ht\ttps:',
    ' https:',
    'https',
    'wss:',
    'data:',
    'blob:https:',
    'javascript:',
    'ftp:',
  ];
  const slashes = ['//', '//', '//', '//', '/', '', '\\\\', '\\/', '/\\', '///', '/\t/', '//\n'];
  const users = [
    '',
    '',
    '',
    '',
    '',
    '',
    'user@',
    'user:pw@',
    ':@',
    '@',
    'api.example.com@',
    'api.example.com:443@',
    '%40',
    'a%3Ab@',
  ];
  const hosts = [
    'api.example.com',
    'api.example.com',
    'api.example.com',
    'API.Example.COM',
    'api%2eexample.com',
    'ａｐｉ.example.com',
    'api。example.com',
    'api．example.com',
    'api.example.com.',
    'api.example.com..',
    'api.example.com.evil.test',
    'evil.test',
    'api-example.com',
    'apiXexample.com',
    'аpi.example.com',
    'àpi.example.com',
    'xn--pi-7ka.example.com',
    'a\u00adpi.example.com',
    'api.exa\nmple.com',
    'api.example.com%00',
    'api.example.com%2f',
    'api.example.com%40evil.test',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '2130706433',
    '[::1]',
    '',
    'localhost',
    location.host,
  ];
  const ports = ['', '', '', '', ':443', ':443', ':8443', ':8443', ':0443', ':80', ':', ':65536', ':443x', ':4 43'];
  const paths = [
    '/v1',
    '/v1/',
    '/v1/orders',
    '/v10',
    '/v1evil',
    '/V1',
    '/v1/public',
    '/v1/public/a',
    '/v1/publicity',
    '/v1/../admin',
    '/v1/%2e%2e/admin',
    '/v1/.%2E/admin',
    '/v1/..;/a',
    '/v1/%2f../a',
    '/v1/%252e%252e/a',
    '/x/../v1/a',
    '/x/',
    '/x',
    '/x/a',
    '/x/../x/b',
    '\\v1\\a',
    '/v1\\..\\admin',
    '/./v1',
    '//v1',
    '/v1//a',
    '/v%31',
    '/%761',
    '/v1/\u00e9',
    '/v1/😀',
    '/v1/a b',
    '/v1/\0',
    '/local',
    '/local/a',
    '/locally',
    '',
    '/',
    '/evil/https://api.example.com/v1',
  ];
  const tails = [
    '',
    '',
    '',
    '',
    '?',
    '#',
    '?a=1',
    '#https://api.example.com/v1',
    '?u=https://api.example.com/v1',
    '?/../..',
    '#/../..',
    '?@evil.test',
    ' ',
    '\t\n',
    '\u2028',
    '\ud800',
  ];
  const junk = [
    '\t',
    '\n',
    '\r',
    ' ',
    '\\',
    '/',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '@',
    ':',
    '?',
    '#',
    '\0',
    '\x7f',
    '\u00ad',
    '\u200d',
    '。',
    '．',
    '／',
    '\ufeff',
    ';',
    '%',
    '%zz',
    '[',
    ']',
    'é',
    '\ud800',
  ];
  const spell = () => {
    let text = one(schemes) + one(slashes) + one(users) + one(hosts) + one(ports) + one(paths) + one(tails);
    if (!random(8)) text = one(paths) + one(tails);
    for (let i = random(4); i > 1; i--) {
      const at = random(text.length + 1);
      text = text.slice(0, at) + (random(3) ? one(junk) : '') + text.slice(at + random(2));
    }
    return text;
  };
  const covered = (href) => {
    const { protocol, hostname, port, username, password, pathname, host } = new URL(href);
    const parts = pathname.split('/').slice(1);
    if (username || password) return false;
    if (location.protocol == protocol && location.host == host) return parts[0] == 'local';
    if (protocol != 'https:') return false;
    if (hostname == 'api.example.com' && port == '') return parts[0] == 'v1' && parts[1] != 'public';
    if (hostname == 'api.example.com' && port == '8443') return parts[0] == 'x' && parts.length > 1;
    return hostname == 'xn--pi-7ka.example.com' && port == '';
  };
  const shapes = [
    (text) => text,
    (text) => text,
    (text) => new URL(text, document.baseURI),
    (text) => new Request(text),
    (text) => ({ toString: () => text }),
    (text) => new String(text),
  ];
  let sent;
  globalThis.record = (url, token) => (sent = { url, token });
  const facts = { covered: 0, sent: 0, refused: 0 };
  for (let i = 0; i < count; i++) {
    const text = spell();
    sent = undefined;
    try {
      if (i % 8) await fetch(one(shapes)(text));
      else {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', one([text, text, { toString: () => text }]));
        xhr.send();
      }
    } catch {
      // No address, or one that the browser does not send to.
    }
    if (!sent) {
      facts.refused++;
      continue;
    }
    facts.sent++;
    const wanted = covered(sent.url);
    if (wanted) facts.covered++;
    if (wanted != (sent.token != null))
      return { ...facts, wrong: { i, text: JSON.stringify(text), url: sent.url, wanted } };
  }
  globalThis.record = undefined;
  return facts;
};

demo(
  `UM-35 ${count} spellings: the token goes where the browser's parser says, and nowhere else`,
  { by: 'password', init: stubs, options: { api }, timeout: 60_000 + count },
  async ({ open }) => {
    const page = await open();
    assert.deepEqual(await signInByPassword(page), { userId: 'alice' });
    const total = { covered: 0, sent: 0, refused: 0 };
    // In parts, so that none takes longer than a page may be silent.
    for (let done = 0; done < count; done += 100_000) {
      // With a token that lasts for the whole part.
      await page.evaluate(() => session.refresh());
      const facts = await page.evaluate(fuzz, { seed: seed + done, count: Math.min(100_000, count - done) });
      assert.equal(facts.wrong, undefined, `SEED=${seed}: ${JSON.stringify(facts.wrong)}`);
      for (const name in total) total[name] += facts[name];
    }
    // A generator that hits nothing proves nothing.
    for (const name in total) assert.ok(total[name] > count / 100, `SEED=${seed}: ${JSON.stringify(total)}`);
  },
);
