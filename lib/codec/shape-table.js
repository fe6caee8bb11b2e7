/**
 * Decoders of shaped objects, one for each key list, by its atom.
 *
 * A shape starts with the plain decoder. One that is used often gets a generated function that is one object
 * literal, which is about twice as fast; where the runtime forbids that, the plain decoder stays.
 */
import { damaged, orDamaged } from './damaged.js';
import { ShapeLimit } from './tags.js';

/** @typedef {import('./reader.js').Reader} Reader */

/** Uses after which generating pays. */
const OFTEN = 64;
/** Atoms below this are looked up in an array. */
const DENSE = 0x10000;

class Shape {
  /** @param {string[]} keys */
  constructor(keys) {
    this.keys = keys;
    /** A key that exists on Object.prototype (`__proto__` above all) cannot be assigned, only defined. */
    this.plain = keys.every((key) => !(key in Object.prototype));
    this.uses = 0;
    /** @type {((reader: Reader) => object) | null} */
    this.make = null;
  }
}

export class ShapeTable {
  /**
   * @param {(id: number) => string} atomText
   * @param {boolean} generate
   */
  constructor(atomText, generate) {
    this.atomText = atomText;
    this.generate = generate;
    /** @type {(Shape | undefined)[]} */
    this.dense = [];
    /** @type {Map<number, Shape>} */
    this.sparse = new Map();
  }

  /**
   * Decodes an object of which the tag has been read.
   * @param {Reader} reader
   * @returns {object}
   */
  read(reader) {
    const shape = this.#find(reader.u32());
    if (shape.make !== null && reader.table === null) return shape.make(reader);
    if (++shape.uses === OFTEN && this.generate) this.#generate(shape);
    /** @type {Record<string, unknown>} */
    const object = {};
    reader.met(object);
    const { keys } = shape;
    if (shape.plain) {
      for (let i = 0; i < keys.length; i++) object[keys[i]] = reader.item();
    } else {
      for (let i = 0; i < keys.length; i++) define(object, keys[i], reader.item());
    }
    return object;
  }

  /**
   * The keys of an object of which the tag has been read.
   * @param {Reader} reader
   */
  keys(reader) {
    return this.#find(reader.u32()).keys;
  }

  /** @param {number} id */
  #find(id) {
    return (id < DENSE ? this.dense[id] : this.sparse.get(id)) ?? this.#learn(id);
  }

  /** @param {number} id */
  #learn(id) {
    const shape = new Shape(parseKeys(orDamaged(() => this.atomText(id), 'no such atom')));
    if (id < DENSE) this.dense[id] = shape;
    else this.sparse.set(id, shape);
    return shape;
  }

  /** @param {Shape} shape */
  #generate(shape) {
    const fields = shape.keys.map((key) => {
      const name = JSON.stringify(key);
      return `${key === '__proto__' ? `[${name}]` : name}:r.item()`;
    });
    try {
      shape.make = /** @type {any} */ (new Function('r', `'use strict';return{${fields.join(',')}}`));
    } catch (error) {
      // The end of the stack, which says nothing about the runtime.
      if (!(error instanceof RangeError)) this.generate = false;
    }
  }
}

/**
 * @param {object} object
 * @param {string} key
 * @param {unknown} value
 */
export function define(object, key, value) {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * @param {string} text
 * @returns {string[]}
 */
function parseKeys(text) {
  const keys = orDamaged(() => JSON.parse(text), 'no such key list');
  const valid = Array.isArray(keys) && keys.length <= ShapeLimit.keys && keys.every((key) => typeof key === 'string');
  if (!valid || new Set(keys).size !== keys.length) throw damaged('no such key list');
  return keys;
}
