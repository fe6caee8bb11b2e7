/**
 * Values to bytes: the structured clone algorithm, written in JavaScript so that the other side can make the
 * values in its own realm. This file has the plain data; write-platform.js has the other built-in types.
 *
 * User code (getters) can run inside `item`, and it may write another message with this same writer: it
 * writes at `position` and puts it back. So `bytes`, `view` and `position` are read anew after every item.
 */
import { types } from 'node:util';
import { KeyTree, keysOf } from './key-tree.js';
import { refuse } from './refusal.js';
import { Scratch } from './scratch.js';
import { Seen } from './seen.js';
import { FIRST_SMALL_INT, Flag, Tag } from './tags.js';
import { writeLenient, writeStandIn } from './write-error.js';
import { writePlatform } from './write-platform.js';

const { isProxy, isArgumentsObject } = types;
const { getPrototypeOf, keys: keysOfObject, values: valuesOfObject, hasOwn } = Object;
const { isArray } = Array;
const ObjectPrototype = Object.prototype;
const arrayIncludes = Array.prototype.includes;

/** Up to this length an array's density is told by its keys; beyond, by its values, which need no strings. */
const SHORT_ARRAY = 32;
const INDEX_KEYS = Array.from({ length: SHORT_ARRAY }, (_, index) => `${index}`);

export class Writer extends Scratch {
  /**
   * @param {object} options
   * @param {Uint8Array} options.bytes the first scratch
   * @param {(text: string) => number | null} options.atom gives a string its process-wide number, `null` when there
   *   is no room for more
   * @param {(bytes: Uint8Array) => void} options.onGrow called with the bigger scratch that replaced `bytes`
   */
  constructor({ bytes, atom, onGrow }) {
    super(bytes, onGrow);
    this.tree = new KeyTree(atom);
    /** @type {Seen | null} What the value under way has met; a nested `value` has its own. */
    this.seen = null;
    this.idleSeen = new Seen();
  }

  /**
   * Encodes any cloneable value. What is thrown on the way (DataCloneError, or whatever a getter throws)
   * leaves `position` anywhere: the caller puts it back.
   * @param {unknown} value
   * @param {{ hosts?: unknown[], transfer?: Set<object> }} [options] `hosts` collects the host values; without it
   *   they are refused. `transfer` has the objects of the transfer list.
   */
  value(value, options) {
    if (typeof value !== 'object' || value === null) {
      this.u8(Flag.Tree);
      this.item(value);
    } else {
      this.#encode(value, options, false);
    }
  }

  /**
   * Encodes the parameters of a call if they are primitives all, as most are: they need none of what objects do. Says
   * whether they were; if not, nothing is written. What a list has besides its elements is lost when a call is made of it.
   * @param {readonly unknown[]} list
   */
  primitives(list) {
    const start = this.position;
    const { length } = list;
    this.u8(Flag.Tree);
    this.sized(Tag.Array, length);
    for (let i = 0; i < length; i++) {
      const element = list[i];
      const kind = typeof element;
      if ((kind === 'object' && element !== null) || kind === 'function' || kind === 'symbol') {
        this.position = start;
        return false;
      }
      this.item(element);
    }
    return true;
  }

  /**
   * Encodes a thrown value: errors without what cannot be cloned of them, anything else as `value` does. What
   * cannot be cloned at all arrives as an Error that says so. Never throws.
   * @param {unknown} value
   * @param {{ hosts?: unknown[], transfer?: Set<object> }} [options]
   */
  thrown(value, options) {
    const start = this.position;
    try {
      this.#encode(value, options, true);
    } catch {
      this.position = start;
      this.u8(Flag.Tree);
      writeStandIn(this, value);
    }
  }

  /**
   * @param {unknown} value
   * @param {{ hosts?: unknown[], transfer?: Set<object> } | undefined} options
   * @param {boolean} lenient
   */
  #encode(value, options, lenient) {
    const outer = this.seen;
    const seen = outer === null ? this.idleSeen : new Seen();
    const start = this.position;
    let done = false;
    this.seen = seen;
    seen.begin(options);
    try {
      while (!done) {
        this.position = start;
        this.u8(Flag.Tree);
        if (lenient) writeLenient(this, value);
        else this.item(value);
        done = !seen.again;
        if (!done) seen.restart();
      }
      if (seen.graph) this.bytes[start] = Flag.Graph;
    } finally {
      if (!done) seen.rewind(0, seen.hostsBefore);
      seen.end();
      this.seen = outer;
    }
  }

  /** @param {unknown} value */
  item(value) {
    switch (typeof value) {
      case 'number':
        this.#number(value);
        break;
      case 'string':
        this.text(value);
        break;
      case 'object':
        if (value === null) this.u8(Tag.Null);
        else this.#object(value);
        break;
      case 'boolean':
        this.u8(value ? Tag.True : Tag.False);
        break;
      case 'undefined':
        this.u8(Tag.Undefined);
        break;
      case 'bigint':
        this.#bigint(value);
        break;
      default:
        refuse(value);
    }
  }

  /** @param {number} value */
  #number(value) {
    if (this.position > this.limit) this.ensure(0);
    const at = this.position;
    const whole = value | 0;
    if (whole !== value || (whole === 0 && 1 / value < 0)) {
      this.bytes[at] = Tag.Float64;
      this.view.setFloat64(at + 1, value, true);
      this.position = at + 9;
    } else if (whole >= 0 && whole < 0x80) {
      this.bytes[at] = FIRST_SMALL_INT + whole;
      this.position = at + 1;
    } else {
      this.bytes[at] = Tag.Int32;
      this.view.setInt32(at + 1, whole, true);
      this.position = at + 5;
    }
  }

  /** @param {bigint} value */
  #bigint(value) {
    if (BigInt.asIntN(64, value) === value) {
      this.u8(Tag.BigInt64);
      if (this.position > this.limit) this.ensure(0);
      this.view.setBigInt64(this.position, value, true);
      this.position += 8;
    } else {
      this.u8(Tag.BigIntHex);
      this.u8(value < 0n ? 1 : 0);
      this.text((value < 0n ? -value : value).toString(16));
    }
  }

  /** @param {object} value */
  #object(value) {
    const seen = /** @type {Seen} */ (this.seen);
    const index = seen.add(value);
    if (index >= 0) {
      this.u8(Tag.Ref);
      this.u32(index);
      return;
    }
    if (isProxy(value)) refuse(value);
    if (isArray(value)) {
      this.#array(value);
      return;
    }
    const prototype = getPrototypeOf(value);
    if (prototype === ObjectPrototype) this.ownKeys(/** @type {any} */ (value));
    else writePlatform(this, value, prototype);
  }

  /**
   * Any object's own enumerable properties, as a plain object.
   * @param {Record<string, unknown>} value
   */
  ownKeys(value) {
    const start = this.#open();
    let node = this.tree.root;
    const keys = keysOfObject(value);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const property = value[key];
      // Deleted by a getter that ran in between.
      if (property === undefined && !hasOwn(value, key)) continue;
      node = node.lastKey === key ? /** @type {any} */ (node.lastChild) : this.tree.step(node, key);
      this.item(property);
    }
    this.#close(start, node, value);
  }

  /** Leaves room for what is known at the end: the shape, or the number of keys. */
  #open() {
    if (this.position > this.limit) this.ensure(0);
    const start = this.position;
    this.bytes[start] = Tag.Shaped;
    this.position = start + 5;
    return start;
  }

  /**
   * @param {number} start
   * @param {import('./key-tree.js').KeyNode} node
   * @param {object} value
   */
  #close(start, node, value) {
    if (node.maybeArguments && isArgumentsObject(value)) refuse(value);
    const shape = this.tree.shapeOf(node);
    if (shape >= 0) {
      this.view.setUint32(start + 1, shape, true);
      return;
    }
    const keys = keysOf(node);
    this.bytes[start] = Tag.Object;
    this.view.setUint32(start + 1, keys.length, true);
    for (let i = 0; i < keys.length; i++) this.text(keys[i]);
  }

  /** @param {unknown[]} value */
  #array(value) {
    const length = value.length;
    const tag = length > SHORT_ARRAY ? packing(value, length) : Tag.Array;
    // Where all elements are numbers, none is missing: the values only tell whether there are other properties.
    if (tag === Tag.Array ? !isDense(value, length) : valuesOfObject(value).length !== length) {
      this.#looseArray(value);
      return;
    }
    if (tag !== Tag.Array) {
      this.#packed(/** @type {number[]} */ (value), length, tag);
      return;
    }
    this.sized(Tag.Array, length);
    for (let i = 0; i < length; i++) {
      const element = value[i];
      // A getter may have shortened the array since it was found dense.
      if (element === undefined && !hasOwn(value, i)) this.u8(Tag.Hole);
      else this.item(element);
    }
  }

  /**
   * Numbers, four or eight bytes for each.
   * @param {number[]} value
   * @param {number} length
   * @param {number} tag
   */
  #packed(value, length, tag) {
    this.sized(tag, length);
    const size = tag === Tag.Ints ? 4 : 8;
    this.ensure(length * size);
    let at = this.position;
    // Before the loop: should an element be an accessor that writes a message of its own, it writes behind
    // these.
    this.position = at + length * size;
    if (tag === Tag.Ints) for (let i = 0; i < length; i++, at += 4) this.view.setInt32(at, value[i], true);
    else for (let i = 0; i < length; i++, at += 8) this.view.setFloat64(at, value[i], true);
  }

  /**
   * An array with holes or with properties besides its elements.
   * @param {unknown[]} value
   */
  #looseArray(value) {
    this.u8(Tag.ArrayLoose);
    this.u32(value.length);
    const countAt = this.position;
    this.u32(0);
    let count = 0;
    for (const key of keysOfObject(value)) {
      const property = /** @type {any} */ (value)[key];
      if (property === undefined && !hasOwn(value, key)) continue;
      this.text(key);
      this.item(property);
      count++;
    }
    this.view.setUint32(countAt, count, true);
  }
}

/**
 * Has the array all its elements and no other property?
 * @param {unknown[]} value
 * @param {number} length
 */
function isDense(value, length) {
  if (length > SHORT_ARRAY && valuesOfObject(value).length !== length) return false;
  if (length > SHORT_ARRAY && !arrayIncludes.call(value, undefined)) return true;
  // Keys come in order, other properties after the elements: the last one tells whether there are any.
  const keys = keysOfObject(value);
  if (keys.length !== length || length === 0) return keys.length === length;
  return keys[length - 1] === (length > SHORT_ARRAY ? `${length - 1}` : INDEX_KEYS[length - 1]);
}

/**
 * The tag for an array, if it is dense: Ints or Floats when it has only numbers, and so many of them are not small that
 * the same size for each is worth it.
 * @param {unknown[]} value
 * @param {number} length
 * @returns {number}
 */
function packing(value, length) {
  let large = 0;
  let fractions = 0;
  for (let i = 0; i < length; i++) {
    const element = value[i];
    if (typeof element !== 'number') return Tag.Array;
    const whole = element | 0;
    if (whole !== element || (whole === 0 && 1 / element < 0)) fractions++;
    else if (whole < 0 || whole >= 0x80) large++;
  }
  if (fractions * 2 > length) return Tag.Floats;
  return fractions === 0 && large * 2 > length ? Tag.Ints : Tag.Array;
}
