/** Reads what is neither a primitive, a dense array, nor an object of a known shape. */
import { types } from 'node:util';
import { damaged, orDamaged } from './damaged.js';
import { readError } from './read-error.js';
import { define } from './shape-table.js';
import { FIRST_SMALL_INT, Tag, ViewKind } from './tags.js';

/** @typedef {import('./reader.js').Reader} Reader */

/** An array whose elements pay for less than a part of its length gets no room for the rest. */
const SPARSE = 8;
/** Up to this many a loop copies bytes sooner than a call. */
const FEW_BYTES = 96;

/** What can stand where a view has its buffer. @type {readonly number[]} */
const HAS_BUFFER = [Tag.Buffer, Tag.BufferResizable, Tag.Ref, Tag.Host];

/** @type {any[]} By ViewKind; undefined where the runtime lacks one. */
const viewClasses = ViewKind.map((name) => /** @type {any} */ (globalThis)[name]);

/**
 * @param {Reader} r
 * @param {number} tag has been read
 * @returns {any}
 */
export function readPlatform(r, tag) {
  switch (tag) {
    case Tag.Ref:
      return readRef(r);
    case Tag.Host:
      return r.met(readHost(r));
    case Tag.BigInt64:
      return r.view.getBigInt64(r.take(8), true);
    case Tag.BigIntHex:
      return readBigInt(r);
    case Tag.Object:
      return readObject(r);
    case Tag.Floats:
      return readFloats(r);
    case Tag.Ints:
      return readInts(r);
    case Tag.ArrayLoose:
      return readLooseArray(r);
    case Tag.Map:
      return readMap(r);
    case Tag.Set:
      return readSet(r);
    case Tag.Date:
      return r.met(new Date(r.f64()));
    case Tag.Bytes:
      return readBytes(r);
    case Tag.Error:
      return readError(r);
    case Tag.View:
      return readView(r);
    case Tag.Buffer:
      return r.met(readBuffer(r));
    case Tag.BufferResizable:
      return r.met(readResizable(r));
    case Tag.RegExp:
      return r.met(readRegExp(r));
    case Tag.Boxed:
      return readBoxed(r);
    default:
      throw damaged(`unknown tag ${tag}`);
  }
}

/** @param {Reader} r */
function readRef(r) {
  const index = r.u32();
  if (r.table === null || index >= r.table.length) throw damaged('no such object');
  return r.table[index];
}

/** @param {Reader} r */
function readHost(r) {
  const index = r.u32();
  if (r.hosts === null || index >= r.hosts.length) throw damaged('no such host value');
  return r.hosts[index];
}

/** @param {Reader} r */
function readBigInt(r) {
  const negative = r.u8() === 1;
  const digits = r.text();
  if (!/^[0-9a-f]+$/.test(digits)) throw damaged('no such bigint');
  const value = orDamaged(() => BigInt(`0x${digits}`), 'no such bigint');
  return negative ? -value : value;
}

/** @param {Reader} r */
function readObject(r) {
  const object = r.met({});
  const count = r.plausible(r.u32());
  /** @type {unknown[]} */
  const values = [];
  for (let i = 0; i < count; i++) values.push(r.item());
  for (let i = 0; i < values.length; i++) setOwn(object, r.text(), values[i]);
  return object;
}

/**
 * @param {any} object
 * @param {string} key
 * @param {unknown} value
 */
export function setOwn(object, key, value) {
  if (key in Object.prototype) define(object, key, value);
  else object[key] = value;
}

/**
 * An array for `length` numbers, for which the bytes are there. V8 would make a longer one sparse.
 * @param {number} length
 * @returns {number[]}
 */
function numbers(length) {
  return length <= 1 << 24 ? new Array(length) : [];
}

/** @param {Reader} r */
function readFloats(r) {
  const length = r.size();
  let at = r.take(length * 8);
  const array = numbers(length);
  for (let i = 0; i < length; i++, at += 8) array[i] = r.view.getFloat64(at, true);
  return r.met(array);
}

/** @param {Reader} r */
function readInts(r) {
  const length = r.size();
  let at = r.take(length * 4);
  const array = numbers(length);
  for (let i = 0; i < length; i++, at += 4) array[i] = r.view.getInt32(at, true);
  return r.met(array);
}

/** @param {Reader} r */
function readLooseArray(r) {
  const length = r.u32();
  const count = r.plausible(r.u32());
  const array = r.met(looseArray(length, count));
  for (let n = count; n > 0; n--) {
    const key = readLooseKey(r, length);
    define(array, key, r.item());
  }
  return array;
}

/**
 * @param {number} length
 * @param {number} count of its elements and other properties
 * @returns {any[]}
 */
export function looseArray(length, count) {
  /** @type {any[]} */
  const array = [];
  // The greatest length of all makes V8 choose a sparse layout, which stays when it becomes less.
  if (length > SPARSE * (count + SPARSE)) array.length = 0xffffffff;
  array.length = length;
  return array;
}

/** @param {Reader} r @param {number} length of the array */
export function readLooseKey(r, length) {
  const key = r.text();
  if (key === 'length') throw damaged('an array has its length twice');
  const index = Number(key);
  if (index >= length && index < 0xffffffff && String(index) === key) throw damaged('an element beyond the length');
  return key;
}

/** @param {Reader} r */
function readMap(r) {
  const map = r.met(new Map());
  for (let n = r.size(); n > 0; n--) {
    const key = r.item();
    map.set(key, r.item());
  }
  return map;
}

/** @param {Reader} r */
function readSet(r) {
  const set = r.met(new Set());
  for (let n = r.size(); n > 0; n--) set.add(r.item());
  return set;
}

/** @param {Reader} r */
function readBoxed(r) {
  const tag = r.peek();
  if (tag > Tag.BigIntHex && tag < FIRST_SMALL_INT) throw damaged('no such primitive');
  const value = r.item();
  if (value === undefined || value === null) throw damaged('no such primitive');
  return r.met(Object(value));
}

/** @param {Reader} r */
function readRegExp(r) {
  const flags = r.text();
  const source = r.text();
  return orDamaged(() => new RegExp(source, flags), 'no such regular expression');
}

/** @param {Reader} r */
function readBuffer(r) {
  return readRaw(r, r.u32()).buffer;
}

/**
 * A copy of the next `length` bytes with a buffer of its own.
 * @param {Reader} r
 * @param {number} length
 */
function readRaw(r, length) {
  const at = r.take(length);
  if (length > FEW_BYTES) return new Uint8Array(r.bytes.subarray(at, at + length));
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = r.bytes[at + i];
  return copy;
}

/** @param {Reader} r */
function readResizable(r) {
  const length = r.u32();
  const maxByteLength = r.f64();
  if (!Number.isSafeInteger(maxByteLength) || maxByteLength < length) throw damaged('no such length of a buffer');
  const at = r.take(length);
  /** @type {ArrayBuffer} */
  const buffer = new /** @type {any} */ (ArrayBuffer)(length, { maxByteLength });
  new Uint8Array(buffer).set(r.bytes.subarray(at, at + length));
  return buffer;
}

/** @param {Reader} r */
function readBytes(r) {
  const viewClass = readViewClass(r);
  const length = r.u32();
  if (length % elementSize(viewClass) !== 0) throw damaged('no such length of a view');
  const copy = readRaw(r, length);
  const view = viewClass === Uint8Array ? copy : new viewClass(copy.buffer);
  if (r.table !== null) r.table.push(view, copy.buffer);
  return view;
}

/** @param {Reader} r */
function readView(r) {
  const viewClass = readViewClass(r);
  const tracksLength = r.u8() === 1;
  const offset = r.f64();
  const length = r.f64();
  const index = r.table === null ? 0 : r.table.push(undefined) - 1;
  if (!HAS_BUFFER.includes(r.peek())) throw damaged('a view of no buffer');
  const buffer = r.item();
  if (!types.isAnyArrayBuffer(buffer)) throw damaged('a view of no buffer');
  const size = elementSize(viewClass);
  if (!isCount(offset) || offset % size !== 0 || !isCount(length) || offset + length * size > buffer.byteLength) {
    throw damaged('a view beyond its buffer');
  }
  const tracks = tracksLength && isResizable(buffer);
  const view = (tracks && trackingView(viewClass, buffer, offset)) || new viewClass(buffer, offset, length);
  if (r.table !== null) r.table[index] = view;
  return view;
}

/**
 * A view that follows the length of its buffer. V8 makes none (before version 12) of a buffer that ends within an element.
 * @param {any} viewClass
 * @param {any} buffer
 * @param {number} offset
 */
function trackingView(viewClass, buffer, offset) {
  try {
    return new viewClass(buffer, offset);
  } catch {
    return undefined;
  }
}

/** @param {any} viewClass */
function elementSize(viewClass) {
  return viewClass.BYTES_PER_ELEMENT ?? 1;
}

/** @param {any} buffer */
function isResizable(buffer) {
  return buffer.resizable === true || buffer.growable === true;
}

/** @param {number} n */
function isCount(n) {
  return Number.isSafeInteger(n) && n >= 0;
}

/** @param {Reader} r */
function readViewClass(r) {
  const viewClass = viewClasses[r.u8()];
  if (viewClass === undefined) throw damaged('no such kind of view');
  return viewClass;
}
