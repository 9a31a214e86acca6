// The engines: what a session does for a page, in Chromium, Firefox and WebKit alike, against oidc-provider.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { startEngines } from './engines/engines.mjs';
import { ask, settled, settles, signIn, startGround, submit, told } from './engines/scene.mjs';

const [engines, ground] = await Promise.all([startEngines(), startGround()]);
const { server, resource, site, page } = ground;
after(() => Promise.all([ground.close(), ...engines.map((engine) => engine.close())]));

const me = `${server.api}me`;
const sub = ({ text }) => JSON.parse(text).sub;

/** What a page sees of one XMLHttpRequest. */
const helpers = () => {
  globalThis.xhr = (url, { method = 'GET', body, abort, events = 'readystatechange load abort error loadend' } = {}) =>
    new Promise((resolve) => {
      const xhr = new XMLHttpRequest();
      const log = [];
      const hear = (event) => {
        const entry = `${event.type} ${xhr.readyState} ${xhr.status}`;
        // How many parts an answer comes in is nobody's promise.
        if (!log.includes(entry)) log.push(entry);
      };
      for (const type of events.split(' ')) xhr.addEventListener(type, hear);
      xhr.onloadend = () => resolve({ status: xhr.status, text: xhr.responseText, log, own: Object.keys(xhr) });
      xhr.open(method, url);
      xhr.send(body);
      if (abort) abort(xhr);
    });
  /** All that a session puts itself in between of. */
  const { prototype } = XMLHttpRequest;
  const were = { fetch, XMLHttpRequest, ...Object.getOwnPropertyDescriptors(prototype) };
  globalThis.changed = () => {
    const are = { fetch, XMLHttpRequest, ...Object.getOwnPropertyDescriptors(prototype) };
    return Object.keys(were).filter((name) =>
      typeof were[name] === 'function'
        ? are[name] !== were[name]
        : ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'].some(
            (of) => are[name][of] !== were[name][of],
          ),
    );
  };
};

/** Counts the calls of fetch that the server has refused, below the session's own. */
const counting = () => {
  const native = fetch;
  globalThis.refused = 0;
  globalThis.fetch = async (...call) => {
    const response = await native(...call);
    if (response.status === 401) refused++;
    return response;
  };
};

for (const engine of engines) {
  describe(engine.name, () => {
    /** A test with a profile of its own. */
    const inside = (name, given, act) =>
      test(name, { timeout: 150_000, todo: given.todo?.[engine.name] }, async (t) => {
        const once = async () => {
          ground.configure({ init: helpers, ...given });
          server.reset();
          resource.reset();
          site.before = undefined;
          const profile = await engine.profile();
          try {
            const open = async (path = '') => {
              const tab = await profile.open(page + path);
              await settled(tab);
              return tab;
            };
            await act({ profile, open });
          } finally {
            await profile.close();
          }
        };
        await once().catch((error) => {
          // WebKit's driver falls silent, once in some thousand commands.
          if (error.code !== 'driver silent') throw error;
          t.diagnostic(error.message);
          return once();
        });
      });
    const refreshes = async () => (await server.refreshes()).map(({ status }) => status);

    inside(
      'OA-01 sign-in by redirect, back where it began, and a call with the token',
      { by: 'code' },
      async ({ open }) => {
        const tab = await open('shop?a=b#top');
        await tab.evaluate(() => void session.loginWithRedirect().catch(() => {}));
        await submit(tab);
        await tab.waitFor(() => location.pathname === '/shop' && globalThis.session?.state.isLoggedIn);
        assert.equal(await tab.evaluate(() => location.href), `${page}shop?a=b#top`);
        assert.equal(sub(await ask(tab, me)), 'alice');
        await tab.waitFor(() => events.some(({ type }) => type === 'login'));
        const [{ remote, userId }] = await told(tab, 'login');
        assert.deepEqual([remote, userId], [false, 'alice']);
        await tab.evaluate(() => void session.logout().catch(() => {}));
        await tab.waitFor(() => location.pathname === '/' && globalThis.session?.state.status === 'anonymous');
        assert.equal((await ask(tab, me)).status, 401);
      },
    );

    inside('S14 sign-in with a popup; the page stays', { by: 'code' }, async ({ open, profile }) => {
      const tab = await open('shop');
      await tab.evaluate(() => {
        globalThis.act = () => {
          globalThis.ended = session.loginWithPopup().then(
            ({ userId }) => userId,
            ({ code }) => code,
          );
        };
      });
      const popup = await profile.opened(() => tab.click('#popup'));
      await submit(popup);
      assert.equal(await tab.evaluate(() => ended), 'alice');
      assert.equal(sub(await ask(tab, me)), 'alice');
    });

    inside(
      'OA-42 sign-in, a call and a refresh with proofs; the key outlives a reload',
      { by: 'code', auth: { dpop: true } },
      async ({ open }) => {
        const tab = await open();
        await tab.evaluate(() => void session.loginWithRedirect().catch(() => {}));
        await submit(tab);
        await tab.waitFor(() => location.pathname === '/' && globalThis.session?.state.isLoggedIn);
        assert.equal(await tab.evaluate(() => session.state.tokenType), 'DPoP');
        assert.equal(sub(await ask(tab, me)), 'alice');
        server.expire();
        assert.equal(sub(await ask(tab, me)), 'alice');
        await tab.reload();
        await settled(tab);
        server.expire();
        assert.equal(JSON.parse((await tab.evaluate((url) => xhr(url), me)).text).sub, 'alice');
        assert.deepEqual(
          (await refreshes()).filter((status) => status === 200),
          [200, 200],
        );
      },
    );

    inside(
      'FF-15 XH-04 a refused request is sent again with a new token, by fetch and by XMLHttpRequest',
      {},
      async ({ open }) => {
        const tab = await open();
        assert.equal(await signIn(tab), 'alice');
        for (const expired of [false, true]) {
          if (expired) server.expire();
          const { status, native, text } = await ask(tab, me);
          assert.deepEqual([status, native, sub({ text })], [200, true, 'alice']);
        }
        for (const expired of [false, true]) {
          if (expired) server.expire();
          const { status, text, log, own } = await tab.evaluate((url) => xhr(url), me);
          assert.deepEqual([status, sub({ text }), own], [200, 'alice', []]);
          assert.deepEqual(log, [
            'readystatechange 1 0',
            'readystatechange 2 200',
            'readystatechange 3 200',
            'readystatechange 4 200',
            'load 4 200',
            'loadend 4 200',
          ]);
        }
        assert.deepEqual(await refreshes(), [200, 200]);
        assert.equal((await told(tab, 'refresh')).length, 2);
      },
    );

    inside(
      'XH-05 XH-06 XH-07 handlers of every kind hear of the second attempt only, in the order in which they came',
      {},
      async ({ open }) => {
        const tab = await open();
        await signIn(tab);
        server.expire();
        const heard = await tab.evaluate((url) => {
          const xhr = new XMLHttpRequest();
          const log = [];
          const note = (name) =>
            function (event) {
              log.push(
                `${name} ${event.type} ${this === xhr} ${event.target === xhr} ${event.currentTarget === xhr} ${xhr.status}`,
              );
            };
          xhr.onload = note('on');
          xhr.addEventListener('load', note('first'));
          xhr.addEventListener('load', note('once'), { once: true });
          const handler = { handleEvent: (event) => note('object').call(xhr, event) };
          xhr.addEventListener('load', handler, true);
          const removed = note('removed');
          xhr.addEventListener('load', removed);
          xhr.removeEventListener('load', removed);
          return new Promise((resolve) => {
            xhr.addEventListener('loadend', () => resolve(log));
            xhr.open('GET', url);
            xhr.send();
          });
        }, me);
        assert.deepEqual(heard.map((entry) => entry.split(' ')[0]).sort(), ['first', 'object', 'on', 'once']);
        for (const entry of heard) assert.match(entry, /^\w+ load true true true 200$/);
      },
    );

    inside('XH-01 XH-18 the class, its prototype and a subclass are as they were', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      const facts = await tab.evaluate(async (url) => {
        const xhr = new XMLHttpRequest();
        class Own extends XMLHttpRequest {
          get own() {
            return this.status + 1;
          }
        }
        const own = new Own();
        own.extra = 'kept';
        await new Promise((resolve) => {
          own.onload = resolve;
          own.open('GET', url);
          own.send();
        });
        const refusal = (act) => {
          try {
            act();
          } catch (error) {
            return error instanceof TypeError || error instanceof DOMException ? error.name : 'not of this page';
          }
        };
        return {
          kinds: [xhr instanceof XMLHttpRequest, xhr.constructor === XMLHttpRequest, XMLHttpRequest.DONE, xhr.DONE],
          tag: `${xhr}`,
          names: [XMLHttpRequest.name, XMLHttpRequest.length, xhr.open.name, xhr.open.length, xhr.send.length],
          own: [own instanceof Own, own.own, own.extra, own.getResponseHeader('content-type')],
          refused: [
            refusal(() => XMLHttpRequest()),
            refusal(() => new XMLHttpRequest().send()),
            refusal(() => new XMLHttpRequest().open('GET')),
            refusal(() => new XMLHttpRequest().open('TRACE', '/')),
            refusal(() => XMLHttpRequest.prototype.open.call({}, 'GET', '/')),
            refusal(() => XMLHttpRequest.prototype.upload),
            refusal(() => new xhr.open()),
          ],
          frozen: refusal(() => Object.freeze(new XMLHttpRequest()).open('GET', '/')) ?? 'opened',
        };
      }, me);
      assert.deepEqual(facts, {
        kinds: [true, true, 4, 4],
        tag: '[object XMLHttpRequest]',
        names: ['XMLHttpRequest', 0, 'open', 2, 0],
        own: [true, 201, 'kept', 'application/json'],
        refused: [
          'TypeError',
          'InvalidStateError',
          'TypeError',
          'SecurityError',
          'TypeError',
          'TypeError',
          'TypeError',
        ],
        frozen: 'opened',
      });
    });

    inside('XH-01 a frozen object is covered too, refused or not', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      for (const expired of [false, true]) {
        if (expired) server.expire();
        const status = await tab.evaluate(
          (url) =>
            new Promise((resolve) => {
              const xhr = new XMLHttpRequest();
              xhr.addEventListener('loadend', () => resolve(xhr.status));
              Object.freeze(xhr);
              xhr.open('GET', url);
              xhr.send();
            }),
          me,
        );
        assert.equal(status, 200);
      }
    });

    inside(
      'FF-04 FF-05 XH-08 an abort while the token is renewed ends it at once; the others go on',
      { init: `() => { (${helpers})(); (${counting})(); }` },
      async ({ open }) => {
        const tab = await open();
        await signIn(tab);
        server.expire();
        const token = server.hold('/token');
        await tab.evaluate((url) => {
          globalThis.control = new AbortController();
          globalThis.reason = new Error('mine');
          globalThis.other = fetch(url).then(({ status }) => status);
          globalThis.mine = fetch(url, { signal: control.signal }).catch((error) => error === reason);
          globalThis.ended = xhr(url, { abort: (xhr) => (globalThis.byXHR = xhr) });
        }, me);
        await token.arrived;
        // All three have been refused, and the two that say so here have been told.
        while ((await server.requests('/api/me')).filter(({ status }) => status === 401).length < 3);
        await settles(tab, () => refused === 2);
        const ended = await tab.evaluate(async () => {
          control.abort(reason);
          byXHR.abort();
          return [await mine, (await ended).log.slice(-3)];
        });
        token.go();
        assert.deepEqual(ended, [true, ['readystatechange 4 0', 'abort 4 0', 'loadend 4 0']]);
        assert.equal(await tab.evaluate(() => other), 200);
      },
    );

    inside('FF-09 FF-10 XH-14 what is uploaded arrives the same in the second attempt', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) & 255));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const ways = ['fetch blob', 'fetch buffer', 'fetch request', 'xhr blob', 'xhr buffer'];
      for (const way of ways) {
        server.expire();
        const got = await tab.evaluate(
          async (url, way) => {
            const bytes = new Uint8Array(300_000).map((_, i) => (i * 7919) & 255);
            const [by, kind] = way.split(' ');
            const body = kind === 'buffer' ? bytes : new Blob([bytes], { type: 'image/png' });
            if (by === 'xhr') return JSON.parse((await xhr(url, { method: 'POST', body })).text);
            const request = kind === 'request' && new Request(url, { method: 'POST', body });
            return (await (request ? fetch(request) : fetch(url, { method: 'POST', body }))).json();
          },
          `${server.api}echo`,
          way,
        );
        assert.deepEqual(
          [got.sha256, got.length, got.contentType],
          [sha256, 300_000, way.endsWith('buffer') ? '' : 'image/png'],
          way,
        );
      }
    });

    inside(
      'FF-11 XH-14 a body that changes after the call is sent again as it was; a form with a file arrives',
      {},
      async ({ open }) => {
        const tab = await open();
        await signIn(tab);
        for (const by of ['fetch', 'xhr'])
          for (const kind of ['buffer', 'parameters', 'file']) {
            server.expire();
            const { status, sha256, length } = await tab.evaluate(
              async (url, by, kind) => {
                let body;
                if (kind === 'buffer') body = new Uint8Array([1, 2, 3]);
                else if (kind === 'parameters') body = new URLSearchParams('a=1');
                else (body = new FormData()).append('file', new File(['of a file'], 'a.txt'));
                const init = { method: 'POST', body };
                const answer =
                  by === 'xhr'
                    ? xhr(url, init)
                    : fetch(url, init).then(async (r) => ({ status: r.status, text: await r.text() }));
                if (kind === 'buffer') body.fill(9);
                else body.append('b', '2');
                const { status, text } = await answer;
                return { status, ...JSON.parse(text) };
              },
              `${server.api}echo`,
              by,
              kind,
            );
            assert.equal(status, 200, `${by} ${kind}`);
            const sent = { buffer: Buffer.from([1, 2, 3]), parameters: 'a=1' }[kind];
            if (sent) assert.equal(sha256, createHash('sha256').update(sent).digest('hex'), `${by} ${kind}`);
            else assert.ok(length > 100);
          }
      },
    );

    inside('FF-33 an answer that streams is read as it comes, after a refusal too', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      server.expire();
      const listens = resource.listens();
      await tab.evaluate((url) => {
        globalThis.parts = [];
        globalThis.done = fetch(url).then(async ({ body }) => {
          const reader = body.getReader();
          const text = new TextDecoder();
          for (;;) {
            const { done, value } = await reader.read();
            if (done) return 'ended';
            parts.push(text.decode(value));
          }
        });
      }, `${resource.api}events`);
      const stream = await listens;
      await tab.waitFor(() => parts.join('').includes('first'));
      stream.write('data: second\n\n');
      await tab.waitFor(() => parts.join('').includes('second'));
      stream.end();
      assert.equal(await tab.evaluate(() => done), 'ended');
    });

    inside('ST-01 a full storage: the session goes on in memory, and says so', {}, async ({ open }) => {
      const tab = await open();
      await tab.evaluate(() => {
        let text = 'x'.repeat(1 << 20);
        for (let name = 0; text; name++)
          try {
            localStorage.setItem(`other/${name}`, text);
          } catch {
            text = text.slice(text.length >> 1 || 1);
          }
      });
      assert.equal(await signIn(tab), 'alice');
      server.expire();
      assert.equal(sub(await ask(tab, me)), 'alice');
      assert.deepEqual(
        (await told(tab, 'error')).map(({ code }) => code),
        ['storage_failed'],
      );
    });

    inside(
      'ST-02 a storage that is blocked: the session lives in memory',
      {
        init: () => {
          const blocked = {
            get() {
              throw new DOMException('The operation is insecure.', 'SecurityError');
            },
          };
          Object.defineProperty(globalThis, 'localStorage', blocked);
          Object.defineProperty(globalThis, 'sessionStorage', blocked);
        },
      },
      async ({ open }) => {
        const tab = await open();
        assert.equal(await signIn(tab), 'alice');
        server.expire();
        assert.equal(sub(await ask(tab, me)), 'alice');
        await tab.reload();
        await settled(tab);
        assert.equal(await tab.evaluate(() => session.state.status), 'anonymous');
      },
    );

    inside('S07 a reload keeps the session, and a second tab shares it', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      await tab.reload();
      await settled(tab);
      assert.equal(await tab.evaluate(() => session.state.userId), 'alice');
      const other = await open();
      assert.equal(await other.evaluate(() => session.state.userId), 'alice');
      assert.equal(sub(await ask(other, me)), 'alice');
      assert.deepEqual(await refreshes(), []);
    });

    inside('RR-06 two tabs that are refused together send one refresh', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      const other = await open();
      for (let round = 1; round <= 3; round++) {
        server.expire();
        const answers = await Promise.all([tab, other].map((one) => ask(one, me)));
        assert.deepEqual(
          answers.map(({ status }) => status),
          [200, 200],
        );
        assert.deepEqual(await refreshes(), Array(round).fill(200));
      }
    });

    inside(
      'a tab that has not touched its storage is told of a sign-in and a logout elsewhere',
      {},
      async ({ open }) => {
        const other = await open();
        const tab = await open();
        await signIn(tab);
        await other.waitFor(() => session.state.userId === 'alice');
        assert.deepEqual(
          (await told(other, 'login')).map(({ remote }) => remote),
          [true],
        );
        await tab.evaluate(() => session.logout({ atServer: false }));
        await other.waitFor(() => session.state.status === 'anonymous');
        assert.deepEqual(
          (await told(other, 'logout')).map(({ remote, reason }) => [remote, reason]),
          [[true, 'user']],
        );
        assert.equal((await ask(other, me)).status, 401);
      },
    );

    inside('RR-48 a reload in the middle of a refresh holds nobody up', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      const other = await open();
      server.expire();
      server.reset();
      // What the page had sent before is never served.
      const held = server.hold('/token', { count: 1 });
      await tab.evaluate((url) => void fetch(url).catch(() => {}), me);
      await held.arrived;
      await other.evaluate((url) => {
        globalThis.waits = fetch(url).then(({ status }) => status);
      }, me);
      while ((await server.requests('/api/me')).filter(({ status }) => status === 401).length < 2)
        await new Promise((resolve) => setTimeout(resolve, 20));
      // Firefox breaks off what a page has sent when it is asked to leave, and lets it run on until the next one answers.
      if (engine.name === 'Firefox') site.before = () => server.reached('token');
      await tab.reload();
      site.before = undefined;
      assert.equal(await other.evaluate(() => waits), 200);
      await settled(tab);
      assert.equal((await ask(tab, me)).status, 200);
      assert.deepEqual(await refreshes(), [200]);
    });

    inside('RR-35 a logout in one tab ends what waits for a refresh in the other', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      const other = await open();
      server.expire();
      const token = server.hold('/token');
      await other.evaluate((url) => {
        globalThis.waits = fetch(url).then(
          ({ status }) => `${status}`,
          ({ code, name }) => code ?? name,
        );
      }, me);
      await token.arrived;
      await tab.evaluate(() => session.logout({ atServer: false, revoke: false }));
      const ended = await other.evaluate(() => waits);
      assert.match(ended, /^(401|session_expired|session_changed)$/);
      assert.equal(await other.evaluate(() => session.state.status), 'anonymous');
      token.go();
      assert.equal((await ask(other, me)).status, 401);
    });

    inside(
      'RR-34 somebody else signs in elsewhere: what waits for a refresh does not run as them',
      {},
      async ({ open }) => {
        const tab = await open();
        await signIn(tab);
        const other = await open();
        server.expire();
        const token = server.hold('/token', { count: 1 });
        await other.evaluate((url) => {
          globalThis.waits = fetch(url).then(
            ({ status }) => `${status}`,
            ({ code, name }) => code ?? name,
          );
        }, me);
        await token.arrived;
        assert.equal(await signIn(tab, 'bob', 'builder'), 'bob');
        assert.equal(await other.evaluate(() => waits), 'session_changed');
        token.go();
        await other.waitFor(() => session.state.userId === 'bob');
        assert.equal(sub(await ask(other, me)), 'bob');
      },
    );

    /** Signs in, leaves the page, and comes back after `act`. What the page then has: whether it was kept, and what it asks for. */
    const away = async (open, profile, act) => {
      const tab = await open();
      await signIn(tab);
      // A record is told of under a lock, and no engine keeps a page that has one.
      await settles(tab, async () => !(await navigator.locks.query()).held.length);
      await tab.evaluate((url) => {
        addEventListener('pageshow', ({ persisted }) => {
          globalThis.shown = fetch(url).then(({ status }) => ({ persisted, status }));
        });
      }, me);
      await tab.goto(ground.blank);
      await act(tab);
      await tab.back();
      await tab.waitFor(() => location.pathname === '/' && globalThis.session);
      await settled(tab);
      const { persisted, status } = await tab.evaluate(
        async (url) => (await globalThis.shown) ?? { persisted: false, status: (await fetch(url)).status },
        me,
      );
      const facts = await tab.evaluate(async () => [await session.guard.requireLogin(), session.state.isLoggedIn]);
      return { persisted, facts: [status, ...facts] };
    };

    inside('S70 back in a page that was kept: it shows the session that there is', {}, async ({ open, profile }) => {
      assert.deepEqual(await away(open, profile, () => {}), { persisted: true, facts: [200, true, true] });
    });

    inside(
      'S70 ST-14 back in a page that was kept, and the session has gone meanwhile',
      {},
      async ({ open, profile }) => {
        const end = (tab) => tab.evaluate(() => localStorage.clear());
        assert.deepEqual(await away(open, profile, end), { persisted: true, facts: [401, '/login', false] });
      },
    );

    inside(
      'S70 back in a page after a logout in another tab, whether it was kept or not',
      {},
      async ({ open, profile }) => {
        const end = async () => {
          const other = await open('other');
          await other.evaluate(() => session.logout({ atServer: false }));
        };
        assert.deepEqual((await away(open, profile, end)).facts, [401, '/login', false]);
      },
    );

    inside('FF-39 close() puts back what was there, and a later request goes without a token', {}, async ({ open }) => {
      const tab = await open();
      await signIn(tab);
      assert.notDeepEqual(await tab.evaluate(() => changed()), []);
      await tab.evaluate(() => session.close());
      assert.deepEqual(await tab.evaluate(() => changed()), []);
      assert.equal((await ask(tab, me)).status, 401);
      assert.equal((await tab.evaluate((url) => xhr(url), me)).status, 401);
    });
  });
}
