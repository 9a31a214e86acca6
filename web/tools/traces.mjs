// A Go program carries the names of its functions and the lines of its source, for the trace that a panic prints. Ours
// prints nothing (src/go.ts), so that no panic can tell a secret: the tables are a seventh of the file after compression,
// and of no use. What the collector and a panic's way up the stack need stays: frame sizes, pointer maps, kinds of functions.
//
// The layout is that of runtime.pcHeader and runtime._func (go/src/runtime/symtab.go), the same since Go 1.20. Anything
// that does not fit it is left as it is, and the budget of the file's size then says so.

const magic = 0xfffffff1;
/** One name for all: runtime.panicwrap takes that of a method apart, and throws where it can't. */
const name = 'x.(*y).z';
/** The place of each field in a function's entry. */
const field = { name: 4, frame: 16, file: 20, line: 24, tables: 28, unit: 32, start: 36, data: 43, first: 44 };

/**
 * Takes the tables out of a program's memory.
 * @param {Buffer} bytes a data segment, which is changed
 * @returns {boolean} whether they were there
 */
export const dropTraces = (bytes) => {
  for (let at = 0; (at = find(bytes, at)) >= 0; at += 8) {
    const tables = read(bytes, at);
    if (!tables) continue;
    drop(bytes, tables);
    return true;
  }
  return false;
};

const find = (bytes, from) => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(magic);
  header[6] = 1; // what instructions are a multiple of
  header[7] = 8; // the size of a pointer
  return bytes.indexOf(header, from);
};

/** Where what is, or nothing where this is no such header. */
const read = (bytes, at) => {
  if (at + 72 > bytes.length) return;
  const [count, , , names, units, files, values, entries] = Array.from({ length: 8 }, (_, i) =>
    Number(bytes.readBigUInt64LE(at + 8 + 8 * i)),
  );
  const places = [names, units, files, values, entries];
  if (!count || places.some((place, i) => place < (places[i - 1] ?? 72)) || names + name.length + 2 > units) return;
  const index = at + entries;
  if (index + 8 * (count + 1) > bytes.length) return;
  const functions = [];
  for (let i = 0; i < count; i++) {
    const entry = index + bytes.readUInt32LE(index + 8 * i + 4);
    if (entry + field.first > bytes.length) return;
    const own = entry + field.first + 4 * bytes.readUInt32LE(entry + field.tables);
    const used = [bytes.readUInt32LE(entry + field.frame)];
    for (let place = entry + field.first; place < own; place += 4) used.push(bytes.readUInt32LE(place));
    if (own > bytes.length || bytes.readInt32LE(entry + field.name) >= units - names) return;
    if (used.some((offset) => offset >= entries - values)) return;
    functions.push({ entry, used });
  }
  return { at, names, units, files, values, entries, functions };
};

const drop = (bytes, { at, names, units, values, entries, functions }) => {
  const kept = Buffer.alloc(entries - values);
  for (const { entry, used } of functions) {
    for (const offset of used) if (offset) keep(bytes, at + values, offset, kept);
    bytes.writeInt32LE(1, entry + field.name);
    // No table of its own: the runtime then says that it does not know.
    for (const place of [field.file, field.line, field.unit, field.start]) bytes.writeInt32LE(0, entry + place);
  }
  bytes.fill(0, at + names, at + values);
  bytes.write(name, at + names + 1, 'latin1');
  for (let i = 0; i < kept.length; i++) if (!kept[i]) bytes[at + values + i] = 0;
};

/** Marks a table of values: pairs of numbers of variable length, until the first of a pair is zero. */
const keep = (bytes, base, offset, kept) => {
  let i = offset;
  const number = () => {
    let any = 0;
    for (let more = true; more; i++) {
      kept[i] = 1;
      any |= bytes[base + i] & 127;
      more = bytes[base + i] > 127;
    }
    return any;
  };
  if (kept[offset]) return;
  for (let first = true; number() || first; first = false) number();
};
