// Abort signals: one listener on each, however many wait for it. Programs share a signal among many calls, and Node warns
// of more than ten listeners.

/** Who waits for a signal. @type {WeakMap<AbortSignal, { callbacks: Set<() => void>, listener: () => void }>} */
const waited = new WeakMap();

/**
 * Calls back once when the signal aborts. Returns what takes that back; then no listener is left on the signal.
 * @param {AbortSignal} signal one that is not aborted
 * @param {() => void} callback
 */
export function onAbort(signal, callback) {
  const { callbacks, listener } = waited.get(signal) ?? listenTo(signal);
  // Not the callback itself, which may have been given before.
  const run = () => callback();
  callbacks.add(run);
  return () => {
    callbacks.delete(run);
    if (callbacks.size > 0 || waited.get(signal)?.callbacks !== callbacks) return;
    waited.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

/** @param {AbortSignal} signal */
function listenTo(signal) {
  /** @type {Set<() => void>} */
  const callbacks = new Set();
  const listener = () => {
    waited.delete(signal);
    for (const run of callbacks) run();
  };
  signal.addEventListener('abort', listener, { once: true });
  const wait = { callbacks, listener };
  waited.set(signal, wait);
  return wait;
}
