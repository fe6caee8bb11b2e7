// Abort signals: one listener on each, however many wait for it. Programs share a signal among many calls, and Node warns
// of more than ten listeners. A signal may be anybody's object: what it throws here leaves nobody waiting.

import { throwUncaught } from './agent.js';

/** @typedef {(reason: unknown) => void} Callback */

/** Who waits for a signal. @type {WeakMap<AbortSignal, { callbacks: Set<Callback>, listener: () => void }>} */
const waited = new WeakMap();

/**
 * Calls back once when the signal aborts, with its reason. Returns what takes that back; then no listener is left on the
 * signal.
 * @param {AbortSignal} signal one that is not aborted
 * @param {Callback} callback
 */
export function onAbort(signal, callback) {
  const { callbacks, listener } = waited.get(signal) ?? listenTo(signal);
  // Not the callback itself, which may have been given before.
  const run = (/** @type {unknown} */ reason) => callback(reason);
  callbacks.add(run);
  return () => {
    callbacks.delete(run);
    if (callbacks.size > 0 || waited.get(signal)?.callbacks !== callbacks) return;
    waited.delete(signal);
    try {
      signal.removeEventListener('abort', listener);
    } catch (error) {
      throwUncaught(error);
    }
  };
}

/** @param {AbortSignal} signal */
function listenTo(signal) {
  /** @type {Set<Callback>} */
  const callbacks = new Set();
  const listener = () => {
    waited.delete(signal);
    const reason = reasonOf(signal);
    for (const run of callbacks) run(reason);
  };
  signal.addEventListener('abort', listener, { once: true });
  const wait = { callbacks, listener };
  waited.set(signal, wait);
  return wait;
}

/** @param {AbortSignal} signal */
function reasonOf(signal) {
  try {
    return signal.reason;
  } catch (error) {
    return error;
  }
}
