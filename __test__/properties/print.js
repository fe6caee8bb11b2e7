// What tells two structured values apart, as one text: types, contents, the order of properties, holes, and which objects
// are the same. Accessors count as the values they give, and class instances as plain objects, as in a clone.

import { types } from 'node:util';

const TypedArray = Object.getPrototypeOf(Uint8Array);
const ERRORS = new Set([
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
  'AggregateError',
  'SuppressedError',
  'CompileError',
  'LinkError',
  'RuntimeError',
  'SuspendError',
]);

/**
 * @param {unknown} value
 * @param {{ platform?: boolean }} [options] `platform`: as structuredClone makes it, and of errors only what it keeps
 *   in every version of Node
 */
export function print(value, { platform = false } = {}) {
  const shared = sharedBuffers(value, platform);
  /** @type {Map<unknown, number>} */
  const met = new Map();
  return show(value);

  /** @param {any} value @returns {string} */
  function show(value) {
    if (typeof value === 'string') return textOf(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'symbol' || typeof value === 'function') return typeof value;
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
    const known = met.get(value);
    if (known !== undefined) return `#${known}`;
    met.set(value, met.size);
    return `${typeOf(value, platform)}(${parts(value).join()})`;
  }

  /** @param {any} value @returns {string[]} */
  function parts(value) {
    if (Array.isArray(value)) return [`length ${value.length}`, ...properties(value)];
    if (types.isMap(value)) return [...value].map(([key, entry]) => `${show(key)}=>${show(entry)}`);
    if (types.isSet(value)) return [...value].map(show);
    if (types.isDate(value)) return [String(value.getTime())];
    if (types.isRegExp(value)) return platform ? [String(value), String(value.lastIndex)] : [String(value)];
    if (types.isBoxedPrimitive(value)) return [show(/** @type {any} */ (value).valueOf())];
    if (ArrayBuffer.isView(value)) return viewParts(value);
    if (types.isAnyArrayBuffer(value)) return bufferParts(value);
    if (isError(value)) return errorParts(value);
    return properties(value);
  }

  /** @param {any} value */
  function properties(value) {
    return Object.keys(value).map((key) => `${JSON.stringify(key)}:${show(value[key])}`);
  }

  /** @param {any} view */
  function viewParts(view) {
    const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
    if (!shared.has(view.buffer)) return [bytes];
    return [`at ${view.byteOffset}`, `length ${view.byteLength}`, `of ${show(view.buffer)}`];
  }

  /** @param {any} buffer */
  function bufferParts(buffer) {
    const most = buffer.resizable === true ? [`of at most ${buffer.maxByteLength}`] : [];
    return [Buffer.from(buffer).toString('hex'), ...most];
  }

  /** @param {any} error */
  function errorParts(error) {
    const { name, message, stack } = error;
    const parts = [show(message)];
    if (!(error instanceof DOMException)) parts.push(show(stack));
    if (platform) return parts;
    parts.push(show(name));
    for (const key of ['cause', 'errors', 'code', 'error', 'suppressed']) {
      if (Object.hasOwn(error, key) && !Object.keys(error).includes(key)) parts.push(`${key}: ${show(error[key])}`);
    }
    return [...parts, ...properties(error)];
  }
}

/** @param {string} text */
function textOf(text) {
  if (text.length <= 200) return JSON.stringify(text);
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return `a text of ${text.length}, sum ${sum}`;
}

/** @param {unknown} value @returns {value is Error} */
function isError(value) {
  return types.isNativeError(value) || value instanceof DOMException;
}

/** @param {any} value @param {boolean} [platform] */
function typeOf(value, platform) {
  if (types.isNativeError(value)) {
    const name = nearestOf(value);
    return platform && name === 'AggregateError' ? 'Error' : name;
  }
  if (Array.isArray(value)) return 'Array';
  if (value instanceof DOMException) return 'DOMException';
  if (ArrayBuffer.isView(value)) {
    const name = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag)?.get?.call(value);
    return name ?? 'DataView';
  }
  for (const name of ['Map', 'Set', 'Date', 'RegExp', 'ArrayBuffer', 'SharedArrayBuffer']) {
    if (/** @type {any} */ (types)[`is${name}`](value)) return name;
  }
  if (types.isBoxedPrimitive(value)) return `Boxed ${typeof (/** @type {any} */ (value).valueOf())}`;
  return 'Object';
}

/** The built-in class of an error; `Error` when its own is none. @param {Error} error */
function nearestOf(error) {
  const name = Object.getPrototypeOf(error)?.constructor?.name;
  return ERRORS.has(name) ? name : 'Error';
}

/**
 * The buffers that are referenced more than once: only those have an identity, since a lone view of a part of a buffer
 * brings just that part.
 * @param {unknown} root
 * @param {boolean} platform
 */
function sharedBuffers(root, platform) {
  /** @type {Map<unknown, number>} */
  const counts = new Map();
  const met = new Set();
  const count = (/** @type {any} */ buffer) => counts.set(buffer, (counts.get(buffer) ?? 0) + 1);
  /** @type {any[]} */
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || met.has(value)) continue;
    met.add(value);
    if (ArrayBuffer.isView(value)) {
      // A Node Buffer lies in a pool that is not its own.
      if (!Buffer.isBuffer(value)) count(value.buffer);
      if (/** @type {any} */ (value.buffer).resizable === true) count(value.buffer);
    } else if (types.isAnyArrayBuffer(value)) {
      count(value);
      count(value);
    } else if (types.isMap(value)) {
      for (const entry of value) open.push(...entry);
    } else if (types.isSet(value)) {
      open.push(...value);
    } else if (!isError(value) || !platform) {
      for (const key of Object.keys(value)) open.push(/** @type {any} */ (value)[key]);
      if (isError(value)) open.push(/** @type {any} */ (value).cause, /** @type {any} */ (value).errors);
    }
  }
  return new Set([...counts].flatMap(([buffer, n]) => (n > 1 ? [buffer] : [])));
}

/**
 * Fails for an object that does not belong to this realm's built-in classes.
 * @param {unknown} root
 */
export function assertOwnRealm(root) {
  const met = new Set();
  /** @type {any[]} */
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null || met.has(value)) continue;
    met.add(value);
    const constructor = Object.getPrototypeOf(value)?.constructor;
    if (constructor === undefined || /** @type {any} */ (globalThis)[constructor.name] !== constructor) {
      throw new Error(`${typeOf(value)} has the prototype of ${constructor?.name}, not of a built-in class`);
    }
    if (types.isMap(value)) for (const entry of value) open.push(...entry);
    else if (types.isSet(value)) open.push(...value);
    else if (!ArrayBuffer.isView(value) && !types.isBoxedPrimitive(value)) {
      for (const key of Object.keys(value)) open.push(/** @type {any} */ (value)[key]);
    }
  }
}
