import { Reader } from '../../lib/codec/reader.js';
import { Writer } from '../../lib/codec/writer.js';

/** A writer and a reader that share a table of atoms, which has room for `room` of them. */
export function makeCodec({ size = 4096, generate = true, start = 0, room = Number.POSITIVE_INFINITY } = {}) {
  const atoms = [];
  const atomIds = new Map();
  const grown = [];
  const asked = [];
  const writer = new Writer({
    bytes: new Uint8Array(size),
    atom(text) {
      asked.push(text);
      if (!atomIds.has(text) && atoms.length >= room) return null;
      if (!atomIds.has(text)) atomIds.set(text, atoms.push(text) - 1);
      return atomIds.get(text);
    },
    onGrow: (bytes) => grown.push(bytes),
  });
  const reader = new Reader({
    atomText(id) {
      if (id >= atoms.length) throw new Error(`no atom ${id}`);
      return atoms[id];
    },
    generate,
  });

  function encode(value, options) {
    writer.position = start;
    writer.value(value, options);
    const bytes = writer.bytes.slice(start, writer.position);
    writer.position = start;
    return bytes;
  }
  function decode(bytes, hosts) {
    reader.attach(bytes);
    const value = reader.value(hosts);
    if (reader.position !== bytes.length) throw new Error(`${bytes.length - reader.position} bytes left`);
    return value;
  }
  /** As `decode` does where the stack ends at once. */
  function decodeDeep(bytes, hosts) {
    reader.item = () => {
      reader.item = Reader.prototype.item;
      throw new RangeError('the stack ends here');
    };
    try {
      return decode(bytes, hosts);
    } finally {
      reader.item = Reader.prototype.item;
    }
  }
  const roundTrip = (value, options) => decode(encode(value, options), options?.hosts);
  function throwAcross(value, options) {
    writer.position = start;
    writer.thrown(value, options);
    const bytes = writer.bytes.slice(start, writer.position);
    writer.position = start;
    reader.attach(bytes);
    const thrown = reader.thrown(options?.hosts);
    if (reader.position !== bytes.length) throw new Error(`${bytes.length - reader.position} bytes left`);
    return thrown;
  }
  return { writer, reader, atoms, asked, grown, encode, decode, decodeDeep, roundTrip, throwAcross };
}

/** A seeded source of random numbers (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n) => Math.floor(next() * n);
  return { next, below, pick: (list) => list[below(list.length)] };
}
