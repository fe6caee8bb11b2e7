/** Reads errors, as instances of this realm's classes. */

import { damaged } from './damaged.js';
import { define } from './shape-table.js';
import { ErrorField, ErrorKind } from './tags.js';

/** @typedef {import('./reader.js').Reader} Reader */

const STACK = ErrorField.indexOf('stack');
/** The fields before this one are texts. */
const FIRST_ITEM = ErrorField.indexOf('cause');

/**
 * @param {Reader} r
 * @returns {any}
 */
export function readError(r) {
  const error = r.met(makeError(r, r.u8()));
  let hasStack = false;
  for (let n = r.plausible(r.u32()); n > 0; n--) {
    const field = readField(r);
    if (field === STACK) hasStack = true;
    setHidden(error, ErrorField[field], isText(field) ? r.text() : r.item());
  }
  for (let n = r.plausible(r.u32()); n > 0; n--) {
    const key = r.text();
    if (key === 'stack') hasStack = true;
    define(error, key, r.item());
  }
  // The stack of making it here would say nothing about where it came from.
  if (!hasStack) setHidden(error, 'stack', undefined);
  return error;
}

/** @param {Reader} r */
export function readField(r) {
  const field = r.u8();
  if (field >= ErrorField.length) throw damaged('no such field of an error');
  return field;
}

/** Whether a field is a text, not any item. @param {number} field */
export function isText(field) {
  return field < FIRST_ITEM;
}

/**
 * @param {object} error
 * @param {string} key
 * @param {unknown} value
 */
export function setHidden(error, key, value) {
  // Defining it would first format the present stack, with the program's Error.prepareStackTrace.
  if (key === 'stack' && Object.hasOwn(error, key)) /** @type {any} */ (error).stack = value;
  else Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}

/**
 * @param {Reader} r
 * @param {number} kind
 * @returns {any}
 */
export function makeError(r, kind) {
  const name = ErrorKind[kind];
  switch (name) {
    case 'Error':
      return withoutStack(() => new Error());
    case 'EvalError':
      return withoutStack(() => new EvalError());
    case 'RangeError':
      return withoutStack(() => new RangeError());
    case 'ReferenceError':
      return withoutStack(() => new ReferenceError());
    case 'SyntaxError':
      return withoutStack(() => new SyntaxError());
    case 'TypeError':
      return withoutStack(() => new TypeError());
    case 'URIError':
      return withoutStack(() => new URIError());
    case 'AggregateError':
      return withoutStack(() => new AggregateError([]));
    case 'DOMException':
      return makeException(r.text(), r.text());
    case 'QuotaExceededError':
      return makeQuotaExceeded(r.text(), r.text(), r.f64(), r.f64());
    case 'SuppressedError':
      return makeIfThere(/** @type {any} */ (globalThis).SuppressedError, name);
    case 'CompileError':
    case 'LinkError':
    case 'RuntimeError':
    case 'SuspendError':
      return makeIfThere(/** @type {any} */ (globalThis).WebAssembly?.[name], name);
    default:
      throw damaged('no such class of errors');
  }
}

/** @param {string} message @param {string} name */
function makeException(message, name) {
  return withoutStack(() => new DOMException(message, name));
}

/**
 * @param {string} message
 * @param {string} name
 * @param {number} quota NaN when there is none
 * @param {number} requested likewise
 */
function makeQuotaExceeded(message, name, quota, requested) {
  const { QuotaExceededError: Class } = /** @type {any} */ (globalThis);
  if (typeof Class !== 'function') return makeException(message, name);
  // Left out, not undefined: the class takes no undefined.
  const options = Object.fromEntries(Object.entries({ quota, requested }).filter(([, value]) => !Number.isNaN(value)));
  try {
    return withoutStack(() => new Class(message, options));
  } catch {
    throw damaged('no such quota');
  }
}

/**
 * An error of a class that not every realm has: without it, one that has its name.
 * @param {(new () => Error) | undefined} Class
 * @param {string} name
 */
function makeIfThere(Class, name) {
  if (typeof Class === 'function') return withoutStack(() => new Class());
  const error = withoutStack(() => new Error());
  setHidden(error, 'name', name);
  return error;
}

/**
 * Spares the capture of a stack that is replaced at once.
 * @template T
 * @param {() => T} make
 * @returns {T}
 */
function withoutStack(make) {
  const limit = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  if (limit === undefined || limit.writable !== true) return make();
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit.value;
  }
}
