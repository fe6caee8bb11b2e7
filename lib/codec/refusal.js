/** What cannot be cloned, and the words that Node has for it. */
import { types } from 'node:util';

const functionToString = Function.prototype.toString;

/**
 * @param {unknown} value
 * @returns {never}
 */
export function refuse(value) {
  throw cloneError(`${describe(value)} could not be cloned.`);
}

/** @param {string} message */
export function cloneError(message) {
  return new DOMException(message, 'DataCloneError');
}

/**
 * The value as Node's own refusals name it. Runs no user code.
 * @param {unknown} value
 * @returns {string}
 */
export function describe(value) {
  if (typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return functionToString.call(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (types.isProxy(value)) return Array.isArray(value) ? '[object Array]' : '#<Object>';
  if (Array.isArray(value)) return '[object Array]';
  const toString = dataProperty(value, 'toString');
  if (typeof toString === 'function' && toString.name === 'toString' && !types.isBoxedPrimitive(value)) {
    const constructor = dataProperty(value, 'constructor');
    const name = typeof constructor === 'function' ? dataProperty(constructor, 'name') : '';
    if (typeof name === 'string' && name !== '') return `#<${name}>`;
  }
  const tag = dataProperty(value, Symbol.toStringTag);
  return `[object ${typeof tag === 'string' ? tag : 'Object'}]`;
}

/**
 * A property as a data property somewhere on the prototype chain, else undefined.
 * @param {object} value
 * @param {PropertyKey} key
 */
export function dataProperty(value, key) {
  for (let at = value; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found.value;
  }
  return undefined;
}

/**
 * The error for a value that takes more bytes than can be carried: as `limitReached` of ../errors.js makes it, which the
 * codec knows nothing of.
 * @param {number} bytes how many it takes up to where that showed
 * @param {number} most
 */
export function tooLarge(bytes, most) {
  const error = new RangeError(`A value of ${bytes} bytes or more could not be sent: ${most} at most can be.`);
  return Object.assign(error, { code: 'ERR_NANOLITH_LIMIT' });
}
