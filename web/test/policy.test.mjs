import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import './browser.mjs';
import { compile } from '../.cache/test/policy.mjs';

const golden = new URL('../../core/policy/testdata/', import.meta.url);
const files = readdirSync(golden).filter((name) => name.endsWith('.json'));

test('there are golden policies of the core', () => assert.ok(files.length > 0));

for (const name of files) {
  test(`a policy of the core is read whole: ${name}`, () => {
    const policy = JSON.parse(readFileSync(new URL(name, golden), 'utf8'));
    const { session, version, rules } = compile(policy);
    assert.deepEqual({ format: 1, session, version, rules: Object.values(rules).map((rule) => ({ ...rule })) }, policy);
    for (const rule of policy.rules) assert.equal(Object.getPrototypeOf(rules[rule.as]), null);
  });
}
