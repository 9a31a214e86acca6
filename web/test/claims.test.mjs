// JW-28: what a server says of a user is data, whatever its names are.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ann, load, play, policy, record, started, turn } from './page.mjs';

const hostile =
  '{"sub":"ann","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":"x","toString":1,' +
  '"valueOf":null,"hasOwnProperty":false,"toJSON":"x","address":{"__proto__":{"polluted":1},"then":{}}}';

const look = (claims) => {
  assert.equal(JSON.stringify(claims), hostile);
  assert.equal(Object.getPrototypeOf(claims), Object.prototype);
  assert.equal(claims.then, 'x');
  assert.equal(claims.polluted, undefined);
  assert.equal({}.polluted, undefined);
  assert.equal(Object.getPrototypeOf(claims.address), Object.prototype);
};

beforeEach(() => {
  play();
  turn();
});

test('JW-28 claims that were stored', async () => {
  const stored = JSON.stringify(record({ state: { ...ann, claims: 0 } })).replace('"claims":0', `"claims":${hostile}`);
  const session = load({}, { stored });
  look(session.state.claims);
  assert.ok(Object.isFrozen(session.state.claims.address));
  look((await session.ready).claims);
});

test('JW-28 claims that the core publishes', async () => {
  play({
    refresh: (_, its) => (its.publish({ state: { ...ann, claims: JSON.parse(hostile) }, policy: policy() }), {}),
  });
  const session = load({}, { stored: record() });
  look((await session.refresh()).claims);
  look(session.state.claims);
});

test('JW-28 claims of the userinfo endpoint', async () => {
  play({ userInfo: () => JSON.parse(`{"claims":${hostile}}`) });
  const session = load({}, { stored: record() });
  look(await session.getUserInfo());
  assert.deepEqual(started[0].calls.at(-1), ['userInfo', {}]);
});
