/**
 * Writes errors, leniently: what cannot be cloned of an error is left out, since the error itself matters
 * more.
 *
 * A built-in class is recorded, so that the other side makes an instance of its own; any other class arrives
 * as Error with its name as an own property.
 */
import { inspect, types } from 'node:util';
import { isNative, kindOfPrototype, ownData } from './prototypes.js';
import { ErrorField, ErrorKind, Tag } from './tags.js';

/** @typedef {import('./writer.js').Writer} Writer */
/** @typedef {import('./seen.js').Seen} Seen */

const {
  hasOwn,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  prototype: { propertyIsEnumerable },
} = Object;
const DOM_EXCEPTION = ErrorKind.indexOf('DOMException');
const QUOTA_EXCEEDED = ErrorKind.indexOf('QuotaExceededError');
/** Errors enclosed in errors beyond this depth are left out. */
const MAX_ERROR_DEPTH = 64;
/** A longer prototype chain is not looked at (a proxy can make one without an end). */
const MAX_CHAIN = 64;

/** @type {WeakMap<object, number>} The ErrorKind of a prototype, -1 when it is not a built-in class's. */
const builtIns = new WeakMap();

/**
 * Writes a thrown value, or one that belongs to an error: like `item`, but what merely inherits from an error
 * is one.
 * @param {Writer} w
 * @param {unknown} value
 */
export function writeLenient(w, value) {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || types.isNativeError(value)) {
    return w.item(value);
  }
  if (!inheritsFromError(value)) return w.item(value);
  const index = /** @type {Seen} */ (w.seen).add(value);
  if (index < 0) return writeError(w, value);
  w.u8(Tag.Ref);
  w.u32(index);
}

/**
 * An Error that says that `value` could not be cloned. Never throws, and touches no state but `position`; it
 * takes one object index.
 * @param {Writer} w
 * @param {unknown} value
 */
export function writeStandIn(w, value) {
  w.u8(Tag.Error);
  w.u8(0);
  w.u32(1);
  w.u8(ErrorField.indexOf('message'));
  w.text(`The thrown value could not be cloned: ${inspectBriefly(value)}`);
  w.u32(0);
}

/** @param {unknown} value */
function inspectBriefly(value) {
  try {
    const text = inspect(value, {
      depth: 1,
      customInspect: false,
      showProxy: true,
      getters: false,
      maxArrayLength: 8,
      maxStringLength: 128,
    });
    return text.length > 512 ? `${text.slice(0, 512)}…` : text;
  } catch {
    return `a value of type ${typeof value}`;
  }
}

/**
 * @param {Writer} w
 * @param {any} error registered already
 */
export function writeError(w, error) {
  const seen = /** @type {Seen} */ (w.seen);
  w.u8(Tag.Error);
  const kind = writeKind(w, error);
  seen.errorDepth++;
  let countAt = reserveCount(w);
  let count = 0;
  for (let field = 0; field < ErrorField.length; field++) {
    const value = hiddenField(error, ErrorField[field], kind);
    if (value === UNREADABLE || !mayWrite(value)) continue;
    const start = w.position;
    w.u8(field);
    if (attempt(w, value, ErrorField[field] === 'errors')) count++;
    else w.position = start;
  }
  w.view.setUint32(countAt, count, true);

  countAt = reserveCount(w);
  count = 0;
  for (const key of Object.keys(error)) {
    const value = read(error, key);
    if (value === UNREADABLE || !mayWrite(value)) continue;
    const start = w.position;
    w.text(key);
    if (attempt(w, value, key === 'errors')) count++;
    else w.position = start;
  }
  w.view.setUint32(countAt, count, true);
  seen.errorDepth--;

  /** Errors too deep are left out. @param {unknown} value */
  function mayWrite(value) {
    if (typeof value === 'function' || typeof value === 'symbol') return false;
    return seen.errorDepth <= MAX_ERROR_DEPTH || typeof value !== 'object';
  }
}

/** @param {Writer} w */
function reserveCount(w) {
  const at = w.position;
  w.u32(0);
  return at;
}

/**
 * Writes a property's value; false when it cannot be cloned, with everything but `position` as before.
 * @param {Writer} w
 * @param {unknown} value
 * @param {boolean} each if so, its elements are written one by one, with stand-ins for those that cannot be
 */
function attempt(w, value, each) {
  const { position } = w;
  if (attemptBy(writeLenient, w, value)) return true;
  if (!each || !Array.isArray(value) || types.isProxy(value)) return false;
  w.position = position;
  return attemptBy(writeEach, w, value);
}

/**
 * @template T
 * @param {(w: Writer, value: T) => void} write
 * @param {Writer} w
 * @param {T} value
 */
function attemptBy(write, w, value) {
  const seen = /** @type {Seen} */ (w.seen);
  const { count, errorDepth } = seen;
  const hosts = seen.hosts === null ? 0 : seen.hosts.length;
  try {
    write(w, value);
    return true;
  } catch {
    seen.rewind(count, hosts);
    seen.errorDepth = errorDepth;
    return false;
  }
}

/** @param {Writer} w @param {unknown[]} errors */
function writeEach(w, errors) {
  const seen = /** @type {Seen} */ (w.seen);
  const index = seen.add(errors);
  if (index >= 0) {
    w.u8(Tag.Ref);
    w.u32(index);
    return;
  }
  const { length } = errors;
  w.sized(Tag.Array, length);
  for (let i = 0; i < length; i++) {
    const start = w.position;
    const element = read(errors, i);
    if (element === undefined && !hasOwn(errors, i)) {
      w.u8(Tag.Hole);
      continue;
    }
    if (element !== UNREADABLE && attempt(w, element, false)) continue;
    w.position = start;
    seen.push(undefined);
    writeStandIn(w, element === UNREADABLE ? undefined : element);
  }
}

/**
 * Records the class. Returns its ErrorKind, that of DOMException for all that are one.
 * @param {Writer} w
 * @param {any} error
 */
function writeKind(w, error) {
  if (isException(error)) {
    const tag = getOwnPropertyDescriptor(getPrototypeOf(error), Symbol.toStringTag)?.value;
    const exceeded = tag === 'QuotaExceededError';
    w.u8(exceeded ? QUOTA_EXCEEDED : DOM_EXCEPTION);
    w.text(stringOf(read(error, 'message')) ?? '');
    w.text(stringOf(read(error, 'name')) ?? 'Error');
    if (exceeded) for (const key of ['quota', 'requested']) w.f64(numberOf(read(error, key)));
    return DOM_EXCEPTION;
  }
  const kind = classOf(error);
  w.u8(kind < 0 ? 0 : kind);
  return kind;
}

/**
 * The ErrorKind of an error's class, -1 when that is a program's own. A class without any name of its own,
 * such as those of Node's errors with a code, counts as the one that it extends.
 * @param {object} error
 */
function classOf(error) {
  try {
    let at = getPrototypeOf(error);
    for (let i = 0; i < MAX_CHAIN && at !== null; i++, at = getPrototypeOf(at)) {
      const kind = builtInKind(at);
      if (kind >= 0 || hasOwn(at, 'name') || constructorName(at) !== '') return kind;
    }
  } catch {
    // A proxy among the prototypes.
  }
  return -1;
}

/** The name of the class of which `prototype` is the prototype, or an empty text. @param {object} prototype */
function constructorName(prototype) {
  const constructor = ownData(prototype, 'constructor');
  if (typeof constructor !== 'function') return '';
  return stringOf(ownData(constructor, 'name')) ?? '';
}

/**
 * The value of a field that the error has, but not as an enumerable property; UNREADABLE when there is none.
 * @param {any} error
 * @param {string} field
 * @param {number} kind
 */
function hiddenField(error, field, kind) {
  if (propertyIsEnumerable.call(error, field)) return UNREADABLE;
  switch (field) {
    case 'message':
      // An inherited message is the class's own, or the empty one.
      return kind === DOM_EXCEPTION ? UNREADABLE : (textOf(read(error, field), hasOwn(error, field)) ?? UNREADABLE);
    case 'stack':
      return stringOf(read(error, field)) ?? UNREADABLE;
    case 'name':
      if (kind === DOM_EXCEPTION || (kind >= 0 && !hasOwn(error, field))) return UNREADABLE;
      return (kind < 0 ? customName(error) : stringOf(read(error, field))) ?? UNREADABLE;
    default:
      return hasOwn(error, field) ? read(error, field) : UNREADABLE;
  }
}

/** @param {unknown} value @param {boolean} evenEmpty */
function textOf(value, evenEmpty) {
  if (value === UNREADABLE || typeof value === 'symbol' || value === undefined) return undefined;
  try {
    const text = typeof value === 'string' ? value : String(value);
    return text !== '' || evenEmpty ? text : undefined;
  } catch {
    return undefined;
  }
}

/** @param {unknown} value */
function numberOf(value) {
  return typeof value === 'number' ? value : NaN;
}

/** @param {unknown} value */
function stringOf(value) {
  return typeof value === 'string' ? value : undefined;
}

/**
 * The name of an error whose class is not built in: its own or its class's `name`, else its constructor's
 * name.
 * @param {any} error
 * @returns {string | undefined}
 */
function customName(error) {
  let className = '';
  try {
    let at = error;
    for (let i = 0; i < MAX_CHAIN && at !== null && builtInKind(at) < 0; i++, at = getPrototypeOf(at)) {
      if (hasOwn(at, 'name')) {
        const name = read(error, 'name');
        if (typeof name === 'string') return name;
      }
      if (className === '') className = constructorName(at);
    }
  } catch {
    // A proxy among the prototypes.
  }
  return className === '' ? stringOf(read(error, 'name')) : className;
}

/** @param {object} value */
function inheritsFromError(value) {
  try {
    let at = getPrototypeOf(value);
    for (let i = 0; i < MAX_CHAIN && at !== null; i++, at = getPrototypeOf(at)) {
      if (builtInKind(at) >= 0) return true;
    }
  } catch {
    // A proxy among the prototypes.
  }
  return false;
}

/**
 * The ErrorKind of a built-in error class's prototype, of any realm; -1 for any other object.
 * @param {object} prototype
 */
function builtInKind(prototype) {
  if (types.isProxy(prototype)) return -1;
  let kind = builtIns.get(prototype);
  if (kind === undefined) {
    kind = -1;
    const constructor = ownData(prototype, 'constructor');
    if (isNative(constructor) && ownData(constructor, 'prototype') === prototype) {
      kind = ErrorKind.indexOf(ownData(constructor, 'name'));
    }
    builtIns.set(prototype, kind);
  }
  return kind;
}

/** @param {object} value */
function isException(value) {
  if (types.isNativeError(value) && getPrototypeOf(value) === Error.prototype) return false;
  return kindOfPrototype(getPrototypeOf(value)) === 'exception';
}

/** What stands for a property whose getter throws, and for one that is not there. */
const UNREADABLE = Symbol('unreadable');

/** @param {any} object @param {PropertyKey} key */
function read(object, key) {
  try {
    return object[key];
  } catch {
    return UNREADABLE;
  }
}
