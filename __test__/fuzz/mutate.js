// Makes inputs out of inputs. It knows the format: what it puts in is as often a whole item as it is a byte.

import { ErrorField, ErrorKind, FIRST_SMALL_INT, Tag, ViewKind } from '../../lib/codec/tags.js';
import { ATOMS } from '../codec/examine.js';

/** @typedef {ReturnType<import('../codec/helpers.js').random>} Random */

const TAGS = Object.values(Tag);
const BYTES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];
const U32 = [0, 1, 2, 3, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const F64 = [0, -0, 1, 2, 8, 0.5, -1, NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 8.64e15];
const SOURCES = ['a+', '(', '[', '\\d{2,1}', '(?<n>x)\\k<n>', '/', ''];
const DIGITS = ['0', 'ff', '8000000000000000', 'g', '', '-1', '0x1'];
const MOST = 600;

/**
 * @param {Random} rng
 * @param {Uint8Array[]} corpus
 * @returns {Uint8Array}
 */
export function mutate(rng, corpus) {
  let bytes = [...rng.pick(corpus)];
  for (let n = 1 + rng.below(rng.pick([1, 2, 4, 8])); n > 0; n--) bytes = step(rng, bytes, corpus);
  // Most inputs begin as values do.
  if (bytes.length > 0 && rng.below(16) > 0) bytes[0] &= 1;
  return Uint8Array.from(bytes.slice(0, MOST));
}

/** @param {Random} rng @param {number[]} bytes @param {Uint8Array[]} corpus @returns {number[]} */
function step(rng, bytes, corpus) {
  const at = rng.below(bytes.length + 1);
  const length = rng.below(Math.min(16, bytes.length - at + 1));
  switch (rng.below(11)) {
    case 0:
      bytes[at] ^= 1 << rng.below(8);
      return bytes;
    case 1:
      bytes[at] = rng.below(256);
      return bytes;
    case 2:
      bytes[at] = rng.pick(rng.below(2) ? TAGS : BYTES);
      return bytes;
    case 3:
      bytes[at] = (bytes[at] + rng.pick([1, -1])) & 0xff;
      return bytes;
    case 4:
      return bytes.toSpliced(at, length);
    case 5:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + length));
    case 6:
      return bytes.toSpliced(at, 4, ...u32(rng.pick(U32)));
    case 7:
      return bytes.toSpliced(at, 8, ...f64(rng.pick(F64)));
    case 8: {
      const other = rng.pick(corpus);
      return [...bytes.slice(0, at), ...other.slice(rng.below(other.length + 1))];
    }
    case 9:
      return bytes.toSpliced(at, length, ...item(rng, 2));
    default:
      return bytes.toSpliced(at, 0, ...item(rng, 2));
  }
}

/** A whole value. @param {Random} rng @returns {Uint8Array} */
export const generate = (rng) => Uint8Array.from([rng.below(2), ...item(rng, 4)].slice(0, MOST));

/** @param {number} n */
const u32 = (n) => [...new Uint8Array(Uint32Array.of(n).buffer)];
/** @param {number} n */
const f64 = (n) => [...new Uint8Array(Float64Array.of(n).buffer)];
/** @param {string} string */
const latin1 = (string) => [Tag.Latin1, string.length, ...Buffer.from(string, 'latin1')];

/** @param {Random} rng */
function text(rng) {
  const units = Array.from({ length: rng.below(rng.pick([4, 20])) }, () => rng.below(256));
  switch (rng.below(4)) {
    case 0:
      return [Tag.Latin1Long, ...u32(units.length), ...units];
    case 1:
      return [Tag.Utf16, ...u32(units.length >> 1), ...units.slice(0, units.length & ~1)];
    default:
      return latin1(rng.pick(['a', '0', '3', 'stack', 'length', '__proto__', 'k\xe9y']));
  }
}

/** A count that is mostly true. @param {Random} rng @param {number} n */
const count = (rng, n) => (rng.below(20) > 0 ? n : rng.pick([0, 1, n + 1, 0xfe]));

/** @param {Random} rng @param {number} depth @returns {number[]} */
function item(rng, depth) {
  const many = (/** @type {() => number[]} */ make) => Array.from({ length: rng.below(4) }, make);
  const inner = () => (depth > 0 ? item(rng, depth - 1) : [FIRST_SMALL_INT + rng.below(128)]);
  const raw = (/** @type {number} */ n) => Array.from({ length: n }, () => rng.below(256));
  const tag = rng.pick(TAGS);
  switch (tag) {
    case Tag.Int32:
      return [tag, ...u32(rng.pick(U32))];
    case Tag.Float64:
    case Tag.BigInt64:
    case Tag.Date:
      return [tag, ...f64(rng.pick(F64))];
    case Tag.Latin1:
    case Tag.Latin1Long:
    case Tag.Utf16:
      return text(rng);
    case Tag.BigIntHex:
      return [tag, rng.below(2), ...latin1(rng.pick(DIGITS))];
    case Tag.Ref:
    case Tag.Host:
      return [tag, ...u32(rng.below(4))];
    case Tag.Array:
    case Tag.Set: {
      const items = many(inner);
      return [tag, count(rng, items.length), ...items.flat()];
    }
    case Tag.Map: {
      const items = many(() => [...inner(), ...inner()]);
      return [tag, count(rng, items.length), ...items.flat()];
    }
    case Tag.Floats:
    case Tag.Ints: {
      const n = rng.below(4);
      return [tag, count(rng, n), ...raw(n * (tag === Tag.Ints ? 4 : 8))];
    }
    case Tag.ArrayLoose: {
      const items = many(() => [...text(rng), ...inner()]);
      return [tag, ...u32(rng.pick(U32)), ...u32(count(rng, items.length)), ...items.flat()];
    }
    case Tag.Shaped: {
      const atom = rng.below(ATOMS.length + 1);
      const keys = /^\[/.test(ATOMS[atom] ?? '') ? JSON.parse(ATOMS[atom]) : [0];
      return [tag, ...u32(atom), ...keys.flatMap(inner)];
    }
    case Tag.Object: {
      const items = many(inner);
      return [tag, ...u32(count(rng, items.length)), ...items.flat(), ...items.flatMap(() => text(rng))];
    }
    case Tag.RegExp:
      return [tag, ...latin1(rng.pick(['', 'g', 'gi', 'u', 'y', 'gg', 'z'])), ...latin1(rng.pick(SOURCES))];
    case Tag.Buffer: {
      const n = rng.below(20);
      return [tag, ...u32(count(rng, n)), ...raw(n)];
    }
    case Tag.BufferResizable: {
      const n = rng.below(20);
      return [tag, ...u32(count(rng, n)), ...f64(rng.below(4) ? n + rng.below(9) : rng.pick(F64)), ...raw(n)];
    }
    case Tag.Bytes: {
      const n = rng.below(5) * rng.pick([1, 8]);
      return [tag, rng.below(ViewKind.length + 1), ...u32(count(rng, n)), ...raw(n)];
    }
    case Tag.View: {
      const start = [tag, rng.below(ViewKind.length + 1), rng.below(3), ...f64(rng.pick(F64)), ...f64(rng.pick(F64))];
      const n = rng.pick([0, 7, 8, 16]);
      return [...start, ...(rng.below(3) ? [Tag.Buffer, ...u32(n), ...raw(n)] : inner())];
    }
    case Tag.Error: {
      const kind = rng.below(ErrorKind.length + 1);
      const exception = /^(DOMException|QuotaExceededError)$/.test(ErrorKind[kind]) ? [...text(rng), ...text(rng)] : [];
      if (ErrorKind[kind] === 'QuotaExceededError') exception.push(...f64(rng.pick(F64)), ...f64(rng.pick(F64)));
      const fields = many(() => {
        const field = rng.below(ErrorField.length + 1);
        return [field, ...(field < 3 ? text(rng) : inner())];
      });
      const own = many(() => [...text(rng), ...inner()]);
      const counts = [u32(count(rng, fields.length)), u32(count(rng, own.length))];
      return [tag, kind, ...exception, ...counts[0], ...fields.flat(), ...counts[1], ...own.flat()];
    }
    default:
      return [tag, ...(tag === Tag.Boxed ? inner() : [])];
  }
}
