/**
 * Writes what is neither an array nor a plain object of this realm: the other built-in types, class
 * instances, and host values. Brands are asked of `util.types`, never of `instanceof`: a value may come from
 * another realm.
 *
 * Buffers. A view that covers its whole ArrayBuffer, and one whose buffer is referenced again in the same
 * value, brings the buffer along, shared as structured clone does it. A view of a part of a buffer that
 * nothing else references brings only its own bytes: the rest of Node's Buffer pool is other people's data.
 * For the same reason several Node Buffers on one pool stay apart unless the value holds the ArrayBuffer
 * itself.
 */
import { Buffer } from 'node:buffer';
import { types } from 'node:util';
import { isHostValue, kindOfPrototype } from './prototypes.js';
import { cloneError, refuse } from './refusal.js';
import { Tag, ViewKind } from './tags.js';
import { writeError } from './write-error.js';

/** @typedef {import('./writer.js').Writer} Writer */
/** @typedef {import('./seen.js').Seen} Seen */

/**
 * The getter of a built-in prototype, as a function of the object: works on any realm's, past any override.
 * @param {object} prototype
 * @param {PropertyKey} name
 * @returns {(object: object) => any}
 */
function getterOf(prototype, name) {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return get === undefined ? () => undefined : (object) => get.call(object);
}

const TypedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const viewName = getterOf(TypedArrayPrototype, Symbol.toStringTag);
const typedArray = {
  buffer: getterOf(TypedArrayPrototype, 'buffer'),
  byteOffset: getterOf(TypedArrayPrototype, 'byteOffset'),
  byteLength: getterOf(TypedArrayPrototype, 'byteLength'),
};
const dataView = {
  buffer: getterOf(DataView.prototype, 'buffer'),
  byteOffset: getterOf(DataView.prototype, 'byteOffset'),
  byteLength: getterOf(DataView.prototype, 'byteLength'),
};
const bufferLength = getterOf(ArrayBuffer.prototype, 'byteLength');
const bufferResizable = getterOf(ArrayBuffer.prototype, 'resizable');
const bufferMaxLength = getterOf(ArrayBuffer.prototype, 'maxByteLength');
const regExpSource = getterOf(RegExp.prototype, 'source');
/** Each flag's letter with its getter, in the order that `flags` has. @type {[string, (object: object) => any][]} */
const regExpFlags = [
  ['d', 'hasIndices'],
  ['g', 'global'],
  ['i', 'ignoreCase'],
  ['m', 'multiline'],
  ['s', 'dotAll'],
  ['u', 'unicode'],
  ['v', 'unicodeSets'],
  ['y', 'sticky'],
].map(([letter, name]) => [letter, getterOf(RegExp.prototype, name)]);
const timeOf = Date.prototype.getTime;
const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;

/** Types with a state that structured clone refuses; asked for by brand because a subclass may hide them. */
const REFUSED_BRANDS = [
  types.isPromise,
  types.isWeakMap,
  types.isWeakSet,
  types.isGeneratorObject,
  types.isMapIterator,
  types.isSetIterator,
  types.isArgumentsObject,
  types.isModuleNamespaceObject,
  types.isExternal,
].filter((is) => typeof is === 'function'); // Deno has no isExternal.

/**
 * @param {Writer} w
 * @param {any} value registered already
 * @param {object | null} prototype
 */
export function writePlatform(w, value, prototype) {
  const seen = /** @type {Seen} */ (w.seen);
  if (seen.transfer !== null && seen.transfer.has(value)) return writeHost(w, value);
  const kind = kindOfPrototype(prototype);
  // Nothing built in is on the chain of an instance: it has a brand only if someone exchanged its prototype.
  if (kind === 'plain' || kind === 'instance') return w.ownKeys(value);
  if (writeBranded(w, value)) return;
  for (let i = 0; i < REFUSED_BRANDS.length; i++) if (REFUSED_BRANDS[i](value)) refuse(value);
  if (kind === 'exception' && isException(value)) return writeError(w, value);
  if (kind === 'platform' && isHostValue(value)) return writeHost(w, value);
  w.ownKeys(value);
}

/**
 * Writes a value that has a brand of its own; false when it has none.
 * @param {Writer} w
 * @param {any} value
 */
function writeBranded(w, value) {
  if (types.isDate(value)) {
    w.u8(Tag.Date);
    w.f64(timeOf.call(value));
  } else if (types.isMap(value)) {
    writeMap(w, value);
  } else if (types.isSet(value)) {
    writeSet(w, value);
  } else if (ArrayBuffer.isView(value)) {
    writeView(w, value);
  } else if (types.isNativeError(value)) {
    writeError(w, value);
  } else if (types.isArrayBuffer(value)) {
    writeBuffer(w, value);
  } else if (types.isSharedArrayBuffer(value)) {
    writeHost(w, value);
  } else if (types.isRegExp(value)) {
    w.u8(Tag.RegExp);
    w.text(regExpFlags.reduce((flags, [letter, isSet]) => (isSet(value) ? flags + letter : flags), ''));
    w.text(regExpSource(value));
  } else if (types.isBoxedPrimitive(value)) {
    if (types.isSymbolObject(value)) refuse(value);
    w.u8(Tag.Boxed);
    w.item(unbox(value));
  } else {
    return false;
  }
  return true;
}

/** @param {object} value */
function unbox(value) {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  return BigInt.prototype.valueOf.call(value);
}

/**
 * A getter among the entries may change the map: what is written is what it held at first.
 * @param {Writer} w
 * @param {Map<unknown, unknown>} value
 */
function writeMap(w, value) {
  /** @type {unknown[]} */
  const flat = [];
  mapForEach.call(value, (entry, key) => flat.push(key, entry));
  w.sized(Tag.Map, flat.length / 2);
  for (let i = 0; i < flat.length; i++) w.item(flat[i]);
}

/** @param {Writer} w @param {Set<unknown>} value */
function writeSet(w, value) {
  /** @type {unknown[]} */
  const flat = [];
  setForEach.call(value, (entry) => flat.push(entry));
  w.sized(Tag.Set, flat.length);
  for (let i = 0; i < flat.length; i++) w.item(flat[i]);
}

/**
 * What the caller has to carry through a MessagePort.
 * @param {Writer} w
 * @param {object} value
 */
function writeHost(w, value) {
  const { hosts } = /** @type {Seen} */ (w.seen);
  if (hosts === null) refuse(value);
  let index = hosts.indexOf(value);
  if (index < 0) index = hosts.push(value) - 1;
  w.u8(Tag.Host);
  w.u32(index);
}

/**
 * @param {Writer} w
 * @param {ArrayBuffer} value
 */
function writeBuffer(w, value) {
  const seen = /** @type {Seen} */ (w.seen);
  const length = bufferLength(value);
  refuseDetached(value, length);
  if (!seen.sharesAll && seen.pieces !== null && seen.pieces.has(value)) seen.share(value);
  if (bufferResizable(value) === true) {
    w.u8(Tag.BufferResizable);
    w.u32(length);
    w.f64(bufferMaxLength(value));
  } else {
    w.u8(Tag.Buffer);
    w.u32(length);
  }
  if (!seen.again) w.raw(new Uint8Array(value));
}

/**
 * @param {Writer} w
 * @param {ArrayBufferView} view registered already
 */
function writeView(w, view) {
  const seen = /** @type {Seen} */ (w.seen);
  const name = viewName(view) ?? 'DataView';
  const kind = ViewKind.indexOf(name);
  if (kind < 0) refuse(view);
  const of = name === 'DataView' ? dataView : typedArray;
  const buffer = of.buffer(view);
  if (types.isSharedArrayBuffer(buffer) || (seen.transfer !== null && seen.transfer.has(buffer))) {
    return writeViewOf(w, view, kind, of, buffer);
  }
  const total = bufferLength(buffer);
  refuseDetached(buffer, total);
  if (bufferResizable(buffer) === true || (seen.shared !== null && seen.shared.has(buffer)) || seen.find(buffer) >= 0) {
    return writeViewOf(w, view, kind, of, buffer);
  }
  // But for Node Buffers, on a pool that other people's data is in.
  if (seen.sharesAll && !Buffer.isBuffer(view)) return writeViewOf(w, view, kind, of, buffer);
  const byteLength = of.byteLength(view);
  const whole = byteLength === total;
  if (!seen.sharesAll && seen.pieces !== null && seen.pieces.has(buffer)) {
    if (whole || (!Buffer.isBuffer(view) && seen.pieces.get(buffer))) seen.share(buffer);
  }
  if (whole) {
    seen.push(buffer);
  } else {
    const shareable = !Buffer.isBuffer(view) || seen.pieces?.get(buffer) === true;
    (seen.pieces ??= new Map()).set(buffer, shareable);
    seen.push(undefined);
  }
  w.u8(Tag.Bytes);
  w.u8(kind);
  w.u32(byteLength);
  if (!seen.again) w.raw(new Uint8Array(buffer, of.byteOffset(view), byteLength));
}

/**
 * A view and, in full, the buffer it looks at.
 * @param {Writer} w
 * @param {any} view
 * @param {number} kind
 * @param {typeof dataView} of
 * @param {ArrayBuffer | SharedArrayBuffer} buffer
 */
function writeViewOf(w, view, kind, of, buffer) {
  const { offset, byteLength } = boundsOf(view, of);
  const size = view.BYTES_PER_ELEMENT ?? 1;
  w.u8(Tag.View);
  w.u8(kind);
  w.u8(tracksLength(buffer, offset + byteLength, size) ? 1 : 0);
  w.f64(offset);
  w.f64(byteLength / size);
  w.item(buffer);
}

/** @param {any} view @param {typeof dataView} of */
function boundsOf(view, of) {
  try {
    return { offset: of.byteOffset(view), byteLength: of.byteLength(view) };
  } catch {
    // A DataView beyond the end of a buffer that was resized.
    return refuse(view);
  }
}

/**
 * No property tells whether a view follows its buffer's length. One that ends where a resizable buffer ends
 * is taken to do so, as `new Uint8Array(buffer)` makes them.
 * @param {any} buffer
 * @param {number} end
 * @param {number} size of an element
 */
function tracksLength(buffer, end, size) {
  return (buffer.resizable === true || buffer.growable === true) && buffer.byteLength - end < size;
}

/** @param {ArrayBuffer} buffer @param {number} length */
function refuseDetached(buffer, length) {
  if (length !== 0) return;
  try {
    new Uint8Array(buffer);
  } catch {
    throw cloneError('An ArrayBuffer is detached and could not be cloned.');
  }
}

/**
 * DOMException's getters work on the real ones only, whatever these have been given in their place.
 * @param {any} value
 */
function isException(value) {
  try {
    let at = Object.getPrototypeOf(value);
    while (Object.getOwnPropertyDescriptor(at, Symbol.toStringTag)?.value !== 'DOMException') {
      at = Object.getPrototypeOf(at);
    }
    return typeof Object.getOwnPropertyDescriptor(at, 'code')?.get?.call(value) === 'number';
  } catch {
    return false;
  }
}
