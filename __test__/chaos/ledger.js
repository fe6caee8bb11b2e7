// The ledger: everything that was asked for, what may become of it, and what did.
//
// Whoever makes trouble announces it as a `Doom` before it begins; what an entry may reject with are the dooms that it was
// entered with, and only once they have begun.

import { isDeepStrictEqual } from 'node:util';

import { read } from './board.js';

/** Trouble that is made on purpose. */
export class Doom {
  begun = false;

  /**
   * @param {string} name
   * @param {(error: any) => boolean} allows what the calls that it hits reject with
   */
  constructor(name, allows) {
    this.name = name;
    this.allows = allows;
  }

  begin() {
    this.begun = true;
  }
}

const hasCode =
  (/** @type {string[]} */ ...codes) =>
  (/** @type {any} */ error) =>
    codes.includes(error?.code);
const CLOSED = 'ERR_NANOLITH_SERVICE_CLOSED';

/** An abort of this signal. @param {AbortController} controller */
export const abortDoom = (controller) => new Doom('abort', (error) => error === controller.signal.reason);

/** How a service may end. */
export const serviceDooms = {
  close: () => new Doom('close', hasCode(CLOSED)),
  handler: () => new Doom('terminate of an exception handler', hasCode(CLOSED)),
  terminate: () => new Doom('terminate', (error) => hasCode(CLOSED)(error) || exitedWith(error, 1)),
  exit: (/** @type {number} */ code) =>
    new Doom(`exit ${code}`, (error) => hasCode(CLOSED)(error) || exitedWith(error, code)),
  memory: () => new Doom('out of memory', hasCode(CLOSED, 'ERR_WORKER_OUT_OF_MEMORY')),
};

/** @param {any} error @param {number} code */
export const exitedWith = (error, code) => error?.code === 'ERR_NANOLITH_WORKER_EXITED' && error.exitCode === code;

/**
 * What may become of a call.
 * @typedef {object} Expected
 * @property {unknown} [value] what it has to resolve with
 * @property {(value: any) => string | undefined} [check] instead of `value`: what is wrong with what it resolved with
 * @property {(error: any) => boolean} [error] it must not resolve, and reject with such
 * @property {(Doom | undefined)[]} [dooms]
 * @property {number} [cell] counts on the board how often it began: once if it resolved, at most once else
 */

export class Ledger {
  /** @type {Set<{ what: string, since: number, cell: number | undefined, state: () => string }>} */
  #pending = new Set();
  /** What must not have been. @type {string[]} */
  faults = [];
  /** How often what ended how. @type {Map<string, number>} */
  counts = new Map();
  settled = 0;
  /** What runs once or not at all, by its cell. @type {Map<number, string>} */
  #cells = new Map();

  /** @param {string} what @param {number} [by] */
  count(what, by = 1) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** @param {string} text */
  fault(text) {
    if (this.faults.length < 50) this.faults.push(text);
  }

  /** @param {unknown} holds @param {string} text */
  check(holds, text) {
    if (!holds) this.fault(text);
  }

  /**
   * Enters a call. Resolves with its outcome, and never rejects.
   * @param {string} what
   * @param {PromiseLike<any>} promise
   * @param {Expected} [expected]
   * @returns {Promise<{ value?: any, error?: any }>}
   */
  async enter(what, promise, expected = {}) {
    const { dooms = [], cell } = expected;
    const names = dooms.flatMap((doom) => (doom ? [doom.name] : [])).join(', ');
    const state = () =>
      `${cell === undefined ? '' : `begun ${read(cell)} times, `}may be hit by: ${names || 'nothing'}; began: ` +
      `${dooms.flatMap((doom) => (doom?.begun ? [doom.name] : [])).join(', ') || 'none'}`;
    const entry = { what, since: performance.now(), cell, state };
    this.#pending.add(entry);
    if (cell !== undefined) this.watchCell(cell, what);
    const kind = what.split(' ')[0];
    try {
      const value = await promise;
      this.count(`${kind} resolved`);
      const fault = faultOf(value, expected);
      if (fault !== undefined) this.fault(`${what}: ${fault} (${state()})`);
      if (cell !== undefined) this.check(read(cell) === 1, `${what} resolved, and ran ${read(cell)} times`);
      return { value };
    } catch (error) {
      const doom = dooms.find((doom) => doom?.begun && doom.allows(error));
      const meant = doom === undefined && expected.error?.(error) === true;
      this.count(`${kind} ${doom ? `ended by ${doom.name}` : 'rejected as it had to'}`);
      if (cell !== undefined) this.check(read(cell) <= 1, `${what} rejected, and ran ${read(cell)} times`);
      if (!doom && !meant) this.fault(`${what} rejected with ${show(error)} (${state()})`);
      return { error };
    } finally {
      this.settled += 1;
      this.#pending.delete(entry);
    }
  }

  /** What this cell counts runs at most once. @param {number} cell @param {string} what */
  watchCell(cell, what) {
    this.#cells.set(cell, what);
  }

  /** A second run may come long after the call has settled: for when no thread is left. The cells are free then. */
  checkCells() {
    for (const [cell, what] of this.#cells) this.check(read(cell) <= 1, `${what} ran ${read(cell)} times in the end`);
    this.#cells.clear();
  }

  get pending() {
    return this.#pending.size;
  }

  /** What has not settled, the oldest first. */
  report() {
    const now = performance.now();
    const lines = [...this.#pending].map(
      ({ what, since, state }) => `${what}: pending for ${((now - since) / 1000).toFixed(1)} s; ${state()}`,
    );
    return lines.length > 40 ? [...lines.slice(0, 40), `… and ${lines.length - 40} more`] : lines;
  }
}

/** @param {unknown} value @param {Expected} expected */
function faultOf(value, expected) {
  if (expected.error !== undefined) return `resolved with ${show(value)}, and had to reject`;
  if (expected.check !== undefined) return expected.check(value);
  if (!('value' in expected) || isDeepStrictEqual(value, expected.value)) return undefined;
  return `resolved with ${show(value)} instead of ${show(expected.value)}`;
}

/** @param {any} value */
export function show(value) {
  if (value instanceof Error) {
    const { code, exitCode } = /** @type {any} */ (value);
    return `${value.name}: ${value.message} [${[code, exitCode].filter((part) => part !== undefined).join(' ')}]`;
  }
  if (typeof value === 'object' && value !== null)
    return `${Object.prototype.toString.call(value)} ${Object.keys(value).slice(0, 5)}`;
  return String(value).slice(0, 80);
}
