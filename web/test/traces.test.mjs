import assert from 'node:assert/strict';
import test from 'node:test';
import { dropTraces } from '../tools/traces.mjs';

/** A header, two functions and their tables, as Go's linker lays them out, behind some bytes of another kind. */
const tables = (change = () => {}) => {
  const names = Buffer.from('\0main.secret\0main.(*T).Method\0x');
  const units = Buffer.alloc(8);
  const files = Buffer.from('/home/somebody/main.go\0');
  // The first is nobody's; then a frame's size, lines, a pointer map.
  const values = Buffer.from([0, 2, 1, 0, 200, 1, 5, 3, 1, 0, 0, 9, 4, 1, 0]);
  const entry = (name, frame, line, maps) => {
    const bytes = Buffer.alloc(44 + 4 * maps.length);
    bytes.writeInt32LE(name, 4);
    bytes.writeUInt32LE(frame, 16);
    bytes.writeUInt32LE(4, 20);
    bytes.writeUInt32LE(line, 24);
    bytes.writeUInt32LE(maps.length, 28);
    bytes.writeInt32LE(77, 36);
    maps.forEach((map, i) => bytes.writeUInt32LE(map, 44 + 4 * i));
    return bytes;
  };
  const entries = [entry(1, 1, 4, [10]), entry(13, 1, 4, [])];
  const index = Buffer.alloc(8 * 3);
  entries.forEach((_, i) => index.writeUInt32LE(index.length + (i ? entries[0].length : 0), 8 * i + 4));
  const header = Buffer.alloc(72);
  header.writeUInt32LE(0xfffffff1);
  header[6] = 1;
  header[7] = 8;
  header.writeBigUInt64LE(2n, 8);
  let place = 72;
  [names, units, files, values].forEach((part, i) => {
    header.writeBigUInt64LE(BigInt(place), 32 + 8 * i);
    place += part.length;
  });
  header.writeBigUInt64LE(BigInt(place), 64);
  change(header);
  return Buffer.concat([Buffer.from('before'), header, names, units, files, values, index, ...entries]);
};

test('names, files and lines go, and what the runtime needs stays where it was', () => {
  const before = tables();
  const after = Buffer.from(before);
  assert.equal(dropTraces(after), true);
  assert.equal(after.length, before.length);
  for (const word of ['secret', 'Method', 'somebody']) assert.equal(after.includes(word), false, word);
  const places = (bytes) => [32, 40, 48, 56, 64].map((at) => Number(bytes.readBigUInt64LE(6 + at)) + 6);
  const [names, , , values, entries] = places(before);
  assert.deepEqual(places(after), places(before));
  // Each function's name can be taken apart as a method's.
  assert.equal(after.toString('latin1', names, names + 11), '\0x.(*y).z\0\0');
  // The frame's size is a number of two bytes, and begins with a step of zero that ends nothing; the lines are gone.
  assert.deepEqual([...after.subarray(values, entries)], [0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 4, 1, 0]);
  const entry = entries + 24;
  assert.deepEqual(
    [4, 16, 20, 24, 28, 32, 36, 44].map((at) => after.readUInt32LE(entry + at)),
    [1, 1, 0, 0, 1, 0, 0, 10],
  );
});

test('what does not fit the layout is left as it is', () => {
  for (const [what, change] of [
    ['another version', (header) => header.writeUInt32LE(0xfffffff2)],
    ['no functions', (header) => header.writeBigUInt64LE(0n, 8)],
    ['more functions than there is room for', (header) => header.writeBigUInt64LE(1000n, 8)],
    ['tables in another order', (header) => header.writeBigUInt64LE(80n, 64)],
    ['values that end before they are used', (header) => header.writeBigUInt64LE(header.readBigUInt64LE(56) + 4n, 64)],
  ]) {
    const before = tables(change);
    const after = Buffer.from(before);
    assert.equal(dropTraces(after), false, what);
    assert.ok(after.equals(before), what);
  }
});
