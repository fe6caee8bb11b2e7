// Listeners of messages, and those who wait for one message.

import { throwUncaught } from './agent.js';
import { validateFunction, validateSignalOptions } from './arguments.js';
import { onAbort } from './signals.js';

/** Who listens at one end. Listeners run in order of registration; one that throws does not stop the others. */
export class Listeners {
  /**
   * One for each registration, as the same callback may be registered again.
   * @type {{ callback: (data: any) => unknown, removed: boolean }[]}
   */
  #entries = [];
  /** What rejects those who wait. @type {Set<(reason: unknown) => void>} */
  #waiting = new Set();
  /** Why nothing comes any more. @type {(() => unknown) | undefined} */
  #closed;

  /**
   * Adds a listener and returns what removes it.
   * @param {(data: any) => unknown} callback
   */
  add(callback) {
    validateFunction(callback);
    const entry = { callback, removed: false };
    // A new array each time: an `emit` under way goes on with the listeners it began with.
    this.#entries = [...this.#entries, entry];
    return () => this.#removeAt(this.#entries.indexOf(entry));
  }

  /** @param {(data: any) => unknown} callback */
  remove(callback) {
    this.#removeAt(this.#entries.findIndex((entry) => entry.callback === callback));
  }

  /** @param {number} index */
  #removeAt(index) {
    if (index < 0) return;
    this.#entries[index].removed = true;
    this.#entries = this.#entries.toSpliced(index, 1);
  }

  get size() {
    return this.#entries.length;
  }

  /** @param {unknown} data */
  emit(data) {
    for (const { callback, removed } of this.#entries) {
      // One that an earlier listener removed no longer hears.
      if (removed) continue;
      try {
        callback(data);
      } catch (error) {
        throwUncaught(error);
      }
    }
  }

  /**
   * The first message from now on that the predicate accepts: tried in order, one at a time.
   * @param {(data: any) => boolean | Promise<boolean>} predicate
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<any>}
   */
  async wait(predicate, options) {
    validateFunction(predicate, 'predicate');
    validateSignalOptions(options);
    const signal = options?.signal;
    if (signal?.aborted) throw signal.reason;
    if (this.#closed) throw this.#closed();
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (/** @type {() => void} */ conclude) => {
        settled = true;
        remove();
        this.#waiting.delete(fail);
        unlisten?.();
        conclude();
      };
      const fail = (/** @type {unknown} */ reason) => settle(() => reject(reason));
      const unlisten = signal && onAbort(signal, fail);
      const accept = (/** @type {unknown} */ data) => settle(() => resolve(data));
      const listener = inOrder(predicate, accept, fail, () => settled);
      this.#waiting.add(fail);
      const remove = this.add(listener);
    });
  }

  /**
   * Nothing comes any more: whoever waits hears why, and nothing is kept of who listened.
   * @param {() => unknown} reason
   */
  close(reason) {
    this.#closed = reason;
    for (const fail of this.#waiting) fail(reason());
    this.#entries = [];
  }
}

/**
 * A listener that tries a predicate on one message after the other, until it accepts one or the wait is over otherwise.
 * @param {(data: unknown) => boolean | Promise<boolean>} predicate
 * @param {(data: unknown) => void} accept
 * @param {(reason: unknown) => void} fail
 * @param {() => boolean} isOver
 */
function inOrder(predicate, accept, fail, isOver) {
  /** @type {unknown[]} */
  const untried = [];
  let trying = false;
  const tryAll = async () => {
    trying = true;
    try {
      while (untried.length > 0 && !isOver()) {
        const data = untried.shift();
        const verdict = predicate(data);
        // A plain answer needs no tick: what is sent next must find this settled.
        if (typeof verdict === 'object' ? await verdict : verdict) accept(data);
      }
    } catch (error) {
      fail(error);
    }
    trying = false;
  };
  return (/** @type {unknown} */ data) => {
    untried.push(data);
    if (!trying) tryAll();
  };
}
