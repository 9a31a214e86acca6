// What the page for front-channel logout puts in a record's place: the files are the core's own (core/persist/testdata).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { tombstone } from '../.cache/test/tombstone.mjs';

const golden = (name) =>
  readFileSync(new URL(`../../core/persist/testdata/${name}.json`, import.meta.url), 'utf8').trim();
const live = golden('live');
const key = 'latchkey/1/https%3A%2F%2Fid.example.com/shop/a%2Fb';
const meant = { iss: 'https://id.example.com', sid: 'sid-1' };
const changed = (change) => {
  const record = JSON.parse(live);
  change(record);
  return JSON.stringify(record);
};

test('OP-42 the record of the session that is meant becomes what the core writes at an end', () => {
  assert.deepEqual(tombstone(key, live, meant, 1790000000000), { generation: 8, text: golden('revoked') });
});

for (const [name, given] of Object.entries({
  'another session': [key, live, { ...meant, sid: 'sid-2' }],
  'another issuer': [key, live, { ...meant, iss: 'https://id.example.com/' }],
  'the key of another client': [key.replace('shop', 'stop'), live, meant],
  'a session that is over': [key, golden('revoked'), meant],
  'a newer format': [key, changed((record) => (record.format = 2)), meant],
  'no claims': [key, changed(({ tokens }) => delete tokens.claims), meant],
  'a sid that is no text': [key, changed(({ tokens }) => (tokens.claims.sid = ['sid-1'])), meant],
  'no tokens': [key, changed((record) => delete record.tokens), meant],
  'a generation that is text': [key, changed((record) => (record.generation = '7')), meant],
  'a generation that is none': [key, changed((record) => (record.generation = 0)), meant],
  'a generation that has a fraction': [key, changed((record) => (record.generation = 7.5)), meant],
  'the last generation there is': [key, changed((record) => (record.generation = Number.MAX_SAFE_INTEGER)), meant],
  'a client that is no text': [key.replace('shop', '5'), changed((record) => (record.client = 5)), meant],
  'no record': [key, null, meant],
  null: [key, 'null', meant],
  'no JSON': [key, live.slice(1), meant],
}))
  test(`OP-42 left alone: ${name}`, () => assert.equal(tombstone(...given), undefined));
