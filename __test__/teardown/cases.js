// The ways to end, a program each.

/**
 * @typedef {object} Case
 * @property {string} what
 * @property {string} program
 * @property {number} batch how many cycles a process may run; 1 where the process itself ends
 * @property {number} [denoBatch] how many on Deno, if fewer
 * @property {(cycle: number) => number} [code] the exit code of a process that runs one cycle
 * @property {RegExp} [says] what it writes to stderr, for an exit code that any failure has
 */

/** @type {Case[]} */
export const cases = [
  { what: 'terminate in mid-drain', program: 'terminate-draining.js', batch: 100 },
  { what: 'process.exit in a thread', program: 'exit-in-thread.js', batch: 100 },
  { what: 'process.exit in main', program: 'exit-in-main.js', batch: 1, code: (cycle) => 10 + (cycle % 100) },
  { what: 'uncaught exception in a thread', program: 'uncaught.js', batch: 100 },
  { what: 'uncaught exception in main', program: 'throw-in-main.js', batch: 1, code: () => 1, says: /on purpose/ },
  { what: 'addon in threads only', program: 'only-in-threads.js', batch: 50 },
  { what: 'the last thread ends', program: 'last-thread-ends.js', batch: 100 },
  { what: 'close while starting', program: 'close-while-starting.js', batch: 50 },
  { what: 'a root is terminated', program: 'root-terminated.js', batch: 50 },
  { what: 'an error at the end (R18)', program: 'error-at-the-end.js', batch: 100 },
  // Deno does not stop synchronous code: each cycle leaves threads that spin, until their process ends.
  { what: 'terminate of a blocked thread (R24)', program: 'terminate-blocked.js', batch: 50, denoBatch: 4 },
];
