// Counters in memory that all threads of the process share: what a thread did stays known when it is gone.
//
// Environment data brings the memory to every thread, nanolith's and others, without a parameter.

import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const KEY = 'nanolith chaos board';
const CELLS = 1 << 17;

const given = /** @type {SharedArrayBuffer | undefined} */ (getEnvironmentData(KEY));
const memory = given ?? new SharedArrayBuffer(CELLS * 4);
if (given === undefined) setEnvironmentData(KEY, memory);

/** A counter that nobody reads. */
export const ANY = 0;

const cells = new Int32Array(memory);
let taken = 1;

/** The number of a counter that is at zero. For the main thread. */
export function newCell() {
  if (taken === CELLS) throw new RangeError('The board is full.');
  taken += 1;
  return taken - 1;
}

/** All counters are free again. Only when no thread is left that could count. */
export function clearBoard() {
  cells.fill(0, 0, taken);
  taken = 1;
}

/** Adds to a counter and returns what it was. @param {number} cell @param {number} [by] */
export const count = (cell, by = 1) => Atomics.add(cells, cell, by);

/** @param {number} cell */
export const read = (cell) => Atomics.load(cells, cell);

/** @param {number} cell @param {number} value */
export const put = (cell, value) => Atomics.store(cells, cell, value);

/** Blocks this thread. @param {number} ms */
export function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
