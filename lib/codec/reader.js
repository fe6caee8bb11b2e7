/**
 * Bytes back to values, each made in the realm of this module. The bytes are checked, not trusted: whatever
 * they are, a value comes out or a DamagedError, and nothing is allocated that the bytes do not pay for.
 *
 * A value may be nested deeper than this thread's stack reaches, since the thread that wrote it may have a larger one:
 * then it is read once more by deep-reader.js, which needs none.
 */
import { DamagedError, damaged } from './damaged.js';
import { readDeep } from './deep-reader.js';
import { dataViewOf, textBufferOf } from './memory.js';
import { readPlatform } from './read-platform.js';
import { ShapeTable } from './shape-table.js';
import { SHORT_LATIN1, shortLatin1 } from './short-latin1.js';
import { FIRST_SMALL_INT, Flag, Tag } from './tags.js';

const NOTHING = new Uint8Array(0);

export class Reader {
  /**
   * @param {object} options
   * @param {(id: number) => string} options.atomText the text of an atom
   * @param {boolean} [options.generate] whether decoders of shapes may be generated with `new Function`; by default
   *   where the runtime allows it
   */
  constructor({ atomText, generate = true }) {
    this.shapes = new ShapeTable(atomText, generate);
    this.position = 0;
    this.end = 0;
    /** @type {readonly unknown[] | null} */
    this.hosts = null;
    /** @type {unknown[] | null} Objects by index, kept only for values that have Refs. */
    this.table = null;
    /** @type {Uint8Array} */
    this.bytes = NOTHING;
    this.view = dataViewOf(NOTHING);
    this.buffer = textBufferOf(NOTHING);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} [position]
   * @param {number} [end]
   */
  attach(bytes, position = 0, end = bytes.length) {
    if (bytes !== this.bytes || bytes.length !== this.view.byteLength) {
      this.bytes = bytes;
      this.view = dataViewOf(bytes);
      this.buffer = textBufferOf(bytes);
    }
    this.position = position;
    this.end = end < bytes.length ? end : bytes.length;
  }

  /**
   * Steps over `length` bytes that must be there, and returns where they begin.
   * @param {number} length
   */
  take(length) {
    const at = this.position;
    if (length > this.end - at) throw damaged('it ends too early');
    this.position = at + length;
    return at;
  }

  /** The next byte, which stays where it is. */
  peek() {
    if (this.position >= this.end) throw damaged('it ends too early');
    return this.bytes[this.position];
  }

  u8() {
    return this.bytes[this.take(1)];
  }

  u32() {
    return this.view.getUint32(this.take(4), true);
  }

  f64() {
    return this.view.getFloat64(this.take(8), true);
  }

  /** @returns {string} */
  text() {
    const tag = this.u8();
    if (tag === Tag.Latin1) return this.latin1(this.u8());
    if (tag === Tag.Latin1Long) return this.latin1(this.u32());
    if (tag === Tag.Utf16) return this.utf16(this.u32());
    throw damaged('a text is expected');
  }

  /** @param {number} length */
  latin1(length) {
    const at = this.take(length);
    if (length <= SHORT_LATIN1) return shortLatin1(this.bytes, at, length);
    return this.buffer.latin1Slice(at, at + length);
  }

  /** @param {number} length in units */
  utf16(length) {
    const at = this.take(length * 2);
    return this.buffer.ucs2Slice(at, at + length * 2);
  }

  /**
   * A number of items; each of them takes a byte at least.
   */
  size() {
    let n = this.u8();
    if (n === 0xff) n = this.u32();
    return this.plausible(n);
  }

  /** @param {number} n */
  plausible(n) {
    if (n > this.end - this.position) throw damaged('it ends too early');
    return n;
  }

  /**
   * Decodes what Writer's `value` wrote.
   * @param {readonly unknown[]} [hosts] the host values that travelled beside the bytes
   * @returns {any}
   */
  value(hosts) {
    const flag = this.u8();
    const start = this.position;
    if (flag > Flag.Graph) throw damaged('it does not begin like a value');
    try {
      return this.#root(flag, hosts, false);
    } catch (error) {
      if (!(error instanceof RangeError) || error instanceof DamagedError) throw error;
      this.position = start;
      return this.#root(flag, hosts, true);
    }
  }

  /**
   * @param {number} flag
   * @param {readonly unknown[] | undefined} hosts
   * @param {boolean} deep
   */
  #root(flag, hosts, deep) {
    if (flag === Flag.Tree && hosts === undefined) return deep ? readDeep(this) : this.item();
    this.hosts = hosts ?? null;
    this.table = flag === Flag.Graph ? [] : null;
    try {
      return deep ? readDeep(this) : this.item();
    } finally {
      this.hosts = null;
      this.table = null;
    }
  }

  /**
   * What Writer's `thrown` wrote, or else why it cannot be read: whoever waits for it fails in any case. Never throws.
   * @param {readonly unknown[]} [hosts]
   * @returns {any}
   */
  thrown(hosts) {
    try {
      return this.value(hosts);
    } catch (error) {
      return error;
    }
  }

  /** @returns {any} */
  item() {
    const at = this.position;
    if (at >= this.end) throw damaged('it ends too early');
    const tag = this.bytes[at];
    this.position = at + 1;
    if (tag >= FIRST_SMALL_INT) return tag - FIRST_SMALL_INT;
    switch (tag) {
      case Tag.Latin1:
        return this.latin1(this.u8());
      case Tag.Shaped:
        return this.shapes.read(this);
      case Tag.Int32:
        return this.view.getInt32(this.take(4), true);
      case Tag.Float64:
        return this.view.getFloat64(this.take(8), true);
      case Tag.Array:
        return this.array();
      case Tag.True:
        return true;
      case Tag.False:
        return false;
      case Tag.Null:
        return null;
      case Tag.Undefined:
        return undefined;
      case Tag.Latin1Long:
        return this.latin1(this.u32());
      case Tag.Utf16:
        return this.utf16(this.u32());
      default:
        return readPlatform(this, tag);
    }
  }

  /**
   * Enters an object into the table before what it holds is decoded.
   * @template T
   * @param {T} object
   * @returns {T}
   */
  met(object) {
    if (this.table !== null) this.table.push(object);
    return object;
  }

  /** @returns {unknown[]} */
  array() {
    const length = this.size();
    /** @type {unknown[]} */
    const array = [];
    if (this.table !== null) this.table.push(array);
    for (let i = 0; i < length; i++) {
      if (this.bytes[this.position] === Tag.Hole) {
        this.take(1);
        array.length = i + 1;
      } else {
        array.push(this.item());
      }
    }
    return array;
  }
}
