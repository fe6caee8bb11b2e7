/**
 * What a prototype says about an object that is none of the brands `util.types` knows: a plain object of
 * another realm, an instance of a program's class (cloned as its own properties), a DOMException, or an
 * object that only the platform can clone or refuse.
 */

import { types } from 'node:util';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { cloneError, describe } from './refusal.js';

/**
 * `odd` is a prototype chain that cannot be looked through.
 * @typedef {'plain' | 'instance' | 'exception' | 'platform' | 'odd'} PrototypeKind
 */

const functionToString = Function.prototype.toString;
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
/** Node and Deno mark their own cloneable classes with symbols of these descriptions. */
const PLATFORM_SYMBOL = /^(messaging_(clone|transfer)_symbol|Deno\.core\.hostObject)$/;

/**
 * Cloneable classes of core modules that nothing else gives away, in one Node version or another. They are looked up
 * only when a class has such a name, and then the module has been loaded.
 * @type {Record<string, string>}
 */
const CORE_CLASSES = { X509Certificate: 'node:crypto', KeyObject: 'node:crypto' };

/** @type {WeakMap<object, PrototypeKind>} */
const kinds = new WeakMap();
/** The last answer: objects of one class come in rows. @type {object | undefined} */
let lastPrototype;
/** @type {PrototypeKind} */
let lastKind = 'plain';

/**
 * @param {object | null} prototype
 * @returns {PrototypeKind}
 */
export function kindOfPrototype(prototype) {
  if (prototype === null) return 'odd';
  if (prototype === lastPrototype) return lastKind;
  let kind = kinds.get(prototype);
  if (kind === undefined) {
    kind = judge(prototype);
    kinds.set(prototype, kind);
  }
  lastPrototype = prototype;
  lastKind = kind;
  return kind;
}

/** @param {object} prototype @returns {PrototypeKind} */
function judge(prototype) {
  if (isObjectPrototype(prototype)) return 'plain';
  /** @type {object | null} */
  let at = prototype;
  while (at !== null && !isObjectPrototype(at)) {
    if (types.isProxy(at)) return 'odd';
    const tag = ownData(at, Symbol.toStringTag);
    if (tag === 'DOMException' || tag === 'QuotaExceededError') return 'exception';
    const constructor = ownData(at, 'constructor');
    // The platform's iterators and generators have a tag, and no function for a constructor.
    if (typeof constructor !== 'function' ? typeof tag === 'string' : isPlatformClass(constructor)) return 'platform';
    if (Object.getOwnPropertySymbols(at).some((symbol) => PLATFORM_SYMBOL.test(symbol.description ?? ''))) {
      return 'platform';
    }
    at = Object.getPrototypeOf(at);
  }
  return 'instance';
}

/**
 * Is it the Object.prototype of some realm?
 * @param {object} value
 */
function isObjectPrototype(value) {
  if (types.isProxy(value) || Object.getPrototypeOf(value) !== null) return false;
  return Object.hasOwn(value, 'hasOwnProperty') && Object.hasOwn(value, 'isPrototypeOf');
}

/**
 * A class of the engine, or one that the runtime wrote in JavaScript and made a global (URL, Headers, CryptoKey): they
 * look like a program's classes, and some of their instances cannot be cloned, which only cloning one tells.
 * @param {Function} constructor
 */
function isPlatformClass(constructor) {
  if (isNative(constructor)) return true;
  const name = ownData(constructor, 'name');
  if (typeof name !== 'string') return false;
  if (/** @type {any} */ (globalThis)[name] === constructor) return true;
  return (
    Object.hasOwn(CORE_CLASSES, name) &&
    /** @type {any} */ (process.getBuiltinModule?.(CORE_CLASSES[name]))?.[name] === constructor
  );
}

/**
 * The value of an own property, no getter called. With `--frozen-intrinsics`, Node puts what a program might override
 * behind getters that have it as their own `value`.
 * @param {object} value
 * @param {PropertyKey} key
 */
export function ownData(value, key) {
  const property = Object.getOwnPropertyDescriptor(value, key);
  return property?.get === undefined ? property?.value : Object.getOwnPropertyDescriptor(property.get, 'value')?.value;
}

/** @param {unknown} value */
export function isNative(value) {
  return typeof value === 'function' && NATIVE.test(functionToString.call(value));
}

/**
 * Lets the platform clone an object of the kind 'platform': is it a host value (true), or does it come out as
 * a plain object (false)? Throws DataCloneError for what it refuses.
 * @param {object} value
 */
export function isHostValue(value) {
  let copy;
  try {
    copy = clone(value);
  } catch (error) {
    throw cloneError(messageOf(error) ?? `${describe(value)} could not be cloned.`);
  }
  const prototype = Object.getPrototypeOf(copy);
  return prototype !== null && !isObjectPrototype(prototype);
}

/**
 * What the platform said, unless it was a getter of the value that threw.
 * @param {any} error
 */
function messageOf(error) {
  try {
    return typeof error.message === 'string' ? error.message : undefined;
  } catch {
    return undefined;
  }
}

/** @param {object} value */
function clone(value) {
  if (typeof structuredClone === 'function') return structuredClone(value);
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(value);
    return receiveMessageOnPort(port2)?.message;
  } finally {
    port1.close();
  }
}
