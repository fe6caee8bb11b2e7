// What nanolith does, one small program each, and what does not work on Bun and Deno, with the reason.
//
// A program works when it ends with the exit code and the output that stand here (0 and none by default).

/**
 * @typedef {object} Behaviour
 * @property {string} what
 * @property {string} program
 * @property {number} [code]
 * @property {string} [stdout] its lines, in any order
 * @property {RegExp} [stderr]
 * @property {Record<string, string>} [faults] by runtime
 */

/** @param {number} count */
function lines(count) {
  return Array.from({ length: count }, (_, line) => `line ${line}\n`).join('');
}

/** @type {Behaviour[]} */
export const behaviours = [
  { what: 'Tasks, a thread each', program: 'task.js' },
  { what: 'Warm tasks', program: 'warm.js' },
  { what: 'Spares (threads started ahead)', program: 'spares.js' },
  { what: 'Nested tasks and services', program: 'nested.js' },
  { what: 'Services', program: 'service.js' },
  { what: 'Messages', program: 'messages.js' },
  { what: 'Clusters', program: 'cluster.js' },
  { what: '`Messenger`', program: 'messenger.js' },
  { what: 'Streams', program: 'streams.js' },
  { what: "Streams' backpressure, errors and early ends", program: 'stream-ends.js' },
  { what: 'Transfer lists, `SharedArrayBuffer`', program: 'transfer.js' },
  { what: 'Ports as parameters', program: 'ports.js' },
  { what: '`Blob`s as parameters', program: 'blobs.js' },
  { what: 'Thrown errors, with class, cause and properties', program: 'errors.js' },
  { what: 'Files that do not load', program: 'load-errors.js' },
  { what: 'Uncaught exceptions in tasks', program: 'uncaught.js' },
  { what: 'Uncaught exceptions in services', program: 'exceptions.js' },
  {
    what: 'Uncaught exceptions in the main thread, under a flood of messages',
    program: 'main-throws.js',
    code: 1,
    stderr: /on purpose/,
    faults: { bun: 'Bun goes on for as long as one `setImmediate` follows the other, without nanolith too' },
  },
  { what: '`process.exit` in a thread', program: 'thread-exits.js' },
  { what: 'Services that close, exit or are terminated', program: 'service-crash.js' },
  { what: 'Abort, of spinning threads too', program: 'abort.js' },
  {
    what: 'Threads that spin stop when they are ended',
    program: 'spinning-stops.js',
    faults: { deno: "synchronous code runs on, unheard, after a plain Worker's `terminate()` too" },
  },
  {
    what: 'Running out of memory, with `resourceLimits`',
    program: 'out-of-memory.js',
    faults: {
      bun: 'Bun ignores `resourceLimits`',
      deno: 'a thread that runs out of memory in an async function never ends, in a plain Worker too',
    },
  },
  { what: '`safeMode`', program: 'safe-mode.js' },
  {
    what: '`safeMode`, of a call in tail position',
    program: 'tail-call.js',
    faults: { bun: "Bun's engine drops the caller's frame" },
  },
  { what: "A thread's `env` and `argv`", program: 'options.js' },
  { what: 'Console output of threads', program: 'console.js', stdout: 'from a task\nfrom a warm task\n' },
  { what: 'The last words before `process.exit`', program: 'last-words.js', stdout: lines(200) },
  {
    what: "A service's `stdout` as a stream",
    program: 'stdout.js',
    faults: { deno: '`console` writes past it (`process.stdout` does not)' },
  },
  { what: 'The process ends when idle', program: 'ends.js', stdout: 'done\n' },
  { what: 'The process stays while busy', program: 'stays.js', stdout: 'answered\nanswered\n' },
  { what: '`process.exit` with busy threads', program: 'process-exits.js', code: 5 },
  { what: 'Inside another Worker', program: 'roots.js', stdout: 'done\n' },
  { what: 'CommonJS files', program: 'commonjs.cjs', stdout: 'done\n' },
  {
    what: 'TypeScript files',
    program: 'typescript.js',
    faults: { 'node-20': 'Node 20 takes no TypeScript without a loader' },
  },
];
