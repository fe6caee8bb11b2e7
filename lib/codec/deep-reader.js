/**
 * Reads values that are nested deeper than this thread's stack reaches. What is under way is kept in a list: whatever
 * holds other items is a generator here, which asks for each of them by a `yield`.
 *
 * The format is the one that reader.js, read-platform.js and read-error.js read; only what is nested is read here.
 */
import { isText, makeError, readField, setHidden } from './read-error.js';
import { looseArray, readLooseKey, setOwn } from './read-platform.js';
import { define } from './shape-table.js';
import { ErrorField, Tag } from './tags.js';

/** @typedef {import('./reader.js').Reader} Reader */
/** @typedef {Generator<undefined, object, any>} Container Yields where an item is, and is resumed with that. */

/** @type {((r: Reader) => Container)[]} By tag, which has been read. */
const containers = [];

/**
 * @param {Reader} r
 * @returns {unknown}
 */
export function readDeep(r) {
  /** @type {Container[]} The containers that are not complete, the innermost last. */
  const open = [];
  for (;;) {
    /** @type {IteratorResult<unknown, unknown>} */
    let step;
    const container = containers[r.peek()];
    if (container === undefined) {
      step = { done: true, value: r.item() };
    } else {
      r.position += 1;
      const made = container(r);
      open.push(made);
      step = made.next();
      if (step.done) open.pop();
    }
    while (step.done) {
      const outer = open[open.length - 1];
      if (outer === undefined) return step.value;
      step = outer.next(step.value);
      if (step.done) open.pop();
    }
  }
}

containers[Tag.Array] = function* (r) {
  const length = r.size();
  /** @type {unknown[]} */
  const array = r.met([]);
  for (let i = 0; i < length; i++) {
    if (r.peek() === Tag.Hole) {
      r.take(1);
      array.length = i + 1;
    } else {
      array.push(yield);
    }
  }
  return array;
};

containers[Tag.ArrayLoose] = function* (r) {
  const length = r.u32();
  const count = r.plausible(r.u32());
  const array = r.met(looseArray(length, count));
  for (let n = count; n > 0; n--) {
    const key = readLooseKey(r, length);
    define(array, key, yield);
  }
  return array;
};

containers[Tag.Shaped] = function* (r) {
  const keys = r.shapes.keys(r);
  const object = r.met({});
  for (const key of keys) setOwn(object, key, yield);
  return object;
};

containers[Tag.Object] = function* (r) {
  const object = r.met({});
  const count = r.plausible(r.u32());
  /** @type {unknown[]} */
  const values = [];
  for (let i = 0; i < count; i++) values.push(yield);
  for (const value of values) setOwn(object, r.text(), value);
  return object;
};

containers[Tag.Map] = function* (r) {
  const map = r.met(new Map());
  for (let n = r.size(); n > 0; n--) {
    const key = yield;
    map.set(key, yield);
  }
  return map;
};

containers[Tag.Set] = function* (r) {
  const set = r.met(new Set());
  for (let n = r.size(); n > 0; n--) set.add(yield);
  return set;
};

containers[Tag.Error] = function* (r) {
  const error = r.met(makeError(r, r.u8()));
  let hasStack = false;
  for (let n = r.plausible(r.u32()); n > 0; n--) {
    const field = readField(r);
    if (ErrorField[field] === 'stack') hasStack = true;
    setHidden(error, ErrorField[field], isText(field) ? r.text() : yield);
  }
  for (let n = r.plausible(r.u32()); n > 0; n--) {
    const key = r.text();
    if (key === 'stack') hasStack = true;
    define(error, key, yield);
  }
  if (!hasStack) setHidden(error, 'stack', undefined);
  return error;
};
