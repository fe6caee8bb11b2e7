// One number at a time through the raw inboxes of src/binding/hot.rs: the loop of lib/agent.js, and nothing above it.

import { native } from '../../lib/native.js';

const NUMBER_BYTES = 8;
/** What the core puts before each frame: its length. */
const HEADER_BYTES = 4;
/** How long one turn of the event loop may go on, as in lib/agent.js. */
const TURN_MS = 4;

/**
 * @param {{ onNumber: (number: number) => void, stays?: boolean }} how `stays`: goes on looking without a turn of the
 *   event loop, as a service does whose tasks are synchronous
 */
export function openBare({ onNumber, stays = false }) {
  const agent = native.open(undefined, wake);
  const incoming = new Uint8Array(64 * 1024);
  const read = new DataView(incoming.buffer);
  const outgoing = new Uint8Array(NUMBER_BYTES);
  const write = new DataView(outgoing.buffer);
  // The native side knows only where these lie: the agent keeps them alive.
  Object.assign(agent, { outgoing, incoming });
  agent.scratch(outgoing, incoming);

  let asleep = agent.sleep();
  let scheduled;

  function wake() {
    agent.woken();
    asleep = false;
    run();
  }

  function run() {
    if (scheduled !== undefined) {
      clearImmediate(scheduled);
      scheduled = undefined;
    }
    const until = agent.now() + TURN_MS;
    let found = look(until);
    while (found && stays && agent.poll() && agent.now() < until) found = look(until);
    if (found || agent.poll() || !agent.sleep()) scheduled ??= setImmediate(run);
    else if (scheduled === undefined) asleep = true;
    else agent.rouse();
  }

  function look(until) {
    let found = false;
    do {
      const bytes = agent.drain();
      if (bytes === 0) break;
      found = true;
      for (let at = 0; at < bytes; at += HEADER_BYTES + NUMBER_BYTES) onNumber(read.getFloat64(at + HEADER_BYTES));
    } while (agent.now() < until);
    return found;
  }

  return {
    id: agent.id,
    /** To the agent with that number. */
    send(id, number) {
      write.setFloat64(0, number);
      if (!agent.send(id, 0, NUMBER_BYTES)) throw new Error(`agent ${id} has ended`);
    },
    /** Looks for an answer from now on. */
    expect() {
      if (scheduled !== undefined) return;
      if (asleep) {
        asleep = false;
        agent.rouse();
      }
      scheduled = setImmediate(run);
    },
  };
}
