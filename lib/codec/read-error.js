/** Reads errors, as instances of this realm's classes. */

import { damaged } from './damaged.js';
import { define } from './shape-table.js';
import { ErrorField, ErrorKind } from './tags.js';

/** @typedef {import('./reader.js').Reader} Reader */

const DOM_EXCEPTION = ErrorKind.indexOf('DOMException');
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
  if (kind === DOM_EXCEPTION) {
    const message = r.text();
    const name = r.text();
    return withoutStack(() => new DOMException(message, name));
  }
  switch (ErrorKind[kind]) {
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
    default:
      throw damaged('no such class of errors');
  }
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
