import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeSegments } from '../tools/segments.mjs';

/** A program with 64 KiB of memory, exported as `mem`, and these data segments. */
const program = (segments) => {
  const data = segments.flatMap(([at, bytes]) => [0, 0x41, ...at, 0x0b, bytes.length, ...bytes]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[5, 3, 1, 0, 1],
    ...[7, 7, 1, 3, 0x6d, 0x65, 0x6d, 2, 0],
    ...[12, 1, segments.length],
    ...[11, data.length + 1, segments.length, ...data],
  ]);
};
const memoryOf = (wasm) => Buffer.from(new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports.mem.buffer);
const merge = (segments) => {
  const before = program(segments);
  const after = mergeSegments(before);
  assert.ok(memoryOf(before).equals(memoryOf(after)));
  return after.length - before.length;
};

test('segments that lie close together become one, and the memory is the same', () => {
  assert.equal(merge([]), 0);
  assert.equal(merge([[[0], [1, 2, 3]]]), 0);
  // Adjacent; with 63 zeros between them; with 64, which stay apart. Offsets are signed LEB128: 67 is 0xc3 0x00.
  assert.equal(
    merge([
      [[0], [1, 2, 3]],
      [[3], [4]],
    ]) < 0,
    true,
  );
  assert.equal(
    merge([
      [[0], [1]],
      [[0xc0, 0], [2]],
    ]),
    63 - 6,
  );
  assert.equal(
    merge([
      [[0], [1]],
      [[0xc1, 0], [2]],
    ]),
    0,
  );
  assert.equal(merge([[[0xff, 0xff, 3], [7]]]), 0);
  // In any order.
  assert.equal(
    merge([
      [[5], [1]],
      [[2], [3]],
    ]) < 0,
    true,
  );
});

test('what the linker does not write is refused', () => {
  const passive = program([[[0], [1]]]);
  passive[passive.length - 6] = 1;
  assert.throws(() => mergeSegments(passive), /unknown kind/);
  assert.throws(
    () =>
      mergeSegments(
        program([
          [[5], [1]],
          [[4], [1, 2]],
        ]),
      ),
    /overlap/,
  );
});
