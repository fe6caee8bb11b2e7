// The one way in which a nanolith thread ends by itself.

import { said } from './console.js';

/**
 * Ends this thread once what it wrote to the console is on its way; its `exit` handlers run.
 * @param {number} [code]
 */
export async function exit(code = 0) {
  await said();
  process.exit(code);
}
