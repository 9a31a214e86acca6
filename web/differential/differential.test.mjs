// JW-38: what Latchkey says of a token beside what jose says. It is never looser, and where it is stricter the reason is on the
// list of stricter.mjs. How many tokens, and which: TOKENS, SEED.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { classes, look } from './stricter.mjs';
import { keys, maker } from './tokens.mjs';

const root = join(import.meta.dirname, '../..');
const total = Number(process.env.TOKENS ?? 10_000);
const seed = Number(process.env.SEED ?? 1);
const now = 1_800_000_000;
const tolerance = 60;

/** Latchkey's validator, compiled for this machine: a line in, a line out. */
const validator = () => {
  const cache = join(root, 'web/.cache');
  mkdirSync(cache, { recursive: true });
  const program = join(cache, 'oauth-validator');
  execFileSync('go', ['test', '-c', '-o', program, './core/oauth'], { cwd: root });
  const child = spawn(program, ['-test.run', '^TestDifferentialServer$'], {
    env: { ...process.env, LATCHKEY_DIFFERENTIAL: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(JSON.stringify({ keys, now }) + '\n');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(tokens) {
      child.stdin.write(tokens.map((token) => JSON.stringify(token) + '\n').join(''));
      const verdicts = [];
      while (verdicts.length < tokens.length) {
        const { value, done } = await lines.next();
        if (done) throw new Error('the validator has ended');
        if (value.startsWith('verdict ')) verdicts.push(value.slice(8));
      }
      return verdicts;
    },
    end: () => child.kill(),
  };
};

const set = createLocalJWKSet(keys);
const byJose = async (token) => {
  try {
    const { payload } = await jwtVerify(token, set, {
      issuer: 'https://id.test',
      audience: 'shop',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      clockTolerance: tolerance,
      currentDate: new Date(now * 1000),
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    });
    // It leaves that to whoever calls it.
    return payload.nonce === 'n';
  } catch {
    return false;
  }
};

test(`JW-38 ${total} tokens, seed ${seed}: never looser than jose, and stricter only where the list says so`, async (t) => {
  const ours = validator();
  t.after(ours.end);
  const make = maker(seed, now);
  const list = classes(now, tolerance);
  const stricter = Object.fromEntries(list.map(([name]) => [name, 0]));
  const count = { both: 0, neither: 0, stricter: 0 };
  for (let left = total; left > 0;) {
    const batch = Array.from({ length: Math.min(left, 500) }, make);
    left -= batch.length;
    const [verdicts, theirs] = await Promise.all([
      // What is no Unicode can't be sent; nor could a server.
      ours.ask(batch.map(({ token }) => token.toWellFormed())),
      Promise.all(batch.map(({ token }) => byJose(token.toWellFormed()))),
    ]);
    batch.forEach(({ token, kind }, i) => {
      const accepted = verdicts[i] == 'accepted';
      const say = () => `${kind}: ${verdicts[i]}\n${token.slice(0, 3000)}`;
      if (kind == 'good') assert.ok(accepted, say());
      if (accepted) assert.ok(theirs[i], `looser than jose: ${say()}`);
      if (accepted || !theirs[i]) return void count[accepted ? 'both' : 'neither']++;
      count.stricter++;
      const looked = look(token.toWellFormed());
      const reasons = list.filter(([, is]) => is(looked));
      assert.ok(reasons.length, `stricter for no reason on the list: ${say()}`);
      for (const [name] of reasons) stricter[name]++;
    });
  }

  t.diagnostic(`accepted by both ${count.both}, refused by both ${count.neither}, by Latchkey only ${count.stricter}`);
  for (const [name, n] of Object.entries(stricter)) t.diagnostic(`${String(n).padStart(6)} ${name}`);
  if (total >= 10_000)
    for (const [name, n] of Object.entries(stricter).slice(1)) assert.ok(n, `no token was of this class: ${name}`);
});
