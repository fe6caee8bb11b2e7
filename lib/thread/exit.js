// The one way in which a nanolith thread ends by itself.

import { agent, started, writer } from '../agent.js';
import { CODE } from '../protocol.js';
import { said } from './console.js';

/** Node's own: a task may put something else in its place, a stub for its tests, say. */
const { exit: exitThread } = process;

/**
 * Ends this thread once what it wrote to the console is on its way; its `exit` handlers run.
 * @param {number} [code]
 */
export async function exit(code = 0) {
  await said();
  giveCode();
  exitThread.call(process, code);
}

/** The first thread compiled what it ran of this library; those that follow need not. See `packed/entry.cjs`. */
function giveCode() {
  if (started?.script === undefined) return;
  const code = started.script.createCachedData();
  const start = writer.position;
  writer.u8(CODE);
  writer.u32(code.length);
  writer.raw(code);
  agent.send(agent.owner, start, writer.position - start);
  writer.position = start;
}
