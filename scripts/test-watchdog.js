// Ends a test file whose current test has run for longer than NANOLITH_TEST_TIMEOUT_MS, naming the test. Loaded into
// every test file's process by test.js, which says why the runner's own timeout does not do.

import { afterEach, beforeEach } from 'node:test';

const limitMs = Number(process.env.NANOLITH_TEST_TIMEOUT_MS);

/** @type {Map<string, NodeJS.Timeout>} */
const running = new Map();

beforeEach((context) => {
  const { name } = context;
  clearTimeout(running.get(name));
  const timer = setTimeout(() => {
    console.error(`The test "${name}" did not end within ${limitMs / 1000} s; its file ends here.`);
    process.exit(1);
  }, limitMs);
  // A test that hangs keeps the process alive by itself, or the runner finds it pending; a skipped one has no end to clear.
  timer.unref();
  running.set(name, timer);
});

afterEach((context) => {
  clearTimeout(running.get(context.name));
  running.delete(context.name);
});
