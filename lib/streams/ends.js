// The ends of pipes that this agent has: who hears what the core says about a pipe, and how one is given up.

import { agent, on, onInTurn, writer } from '../agent.js';
import { PIPE_ENDED, PIPE_READABLE, PIPE_WRITABLE } from '../protocol.js';

/** What the raw functions answer instead of a number of bytes. */
export const OVER = -1;
export const EMPTY = -2;
export const ENDED = -3;

/** How much one end moves before the event loop has a turn: a fast peer must not keep it from everything else. */
export const TURN_BYTES = 1024 * 1024;

/** Why a pipe has ended: the other side destroyed it with an error, which comes with that, or its thread has ended. */
export const FAILED = 1;
export const DIED = 2;

/**
 * @typedef {object} End an end of a pipe, or what has one in keeping until there is a stream
 * @property {() => void} [goOn] there is something to read again, or room to write
 * @property {(error: any, reason: number) => void} ended the other side has ended the pipe; the error is its own if that
 *   was the reason
 */

/** The ends of pipes that live, by pipe. Whoever is not in it hears nothing any more. @type {Map<number, End>} */
const ends = new Map();

/** @param {number} pipe @param {End} end */
export function enter(pipe, end) {
  ends.set(pipe, end);
}

/** @param {number} pipe */
export function leave(pipe) {
  return ends.delete(pipe);
}

/** Whether this agent has an end of any pipe. */
export function streaming() {
  return ends.size > 0;
}

/**
 * Ends a pipe from this side. What is no error tells the other side only that it has ended.
 * @param {number} pipe
 * @param {boolean} reading which side this is
 * @param {unknown} [error]
 */
export function destroyPipe(pipe, reading, error) {
  leave(pipe);
  const start = writer.position;
  try {
    if (error !== null && error !== undefined) writer.thrown(error);
    agent.pipeDestroy(pipe, reading, start, writer.position - start);
  } finally {
    writer.position = start;
  }
}

/** What `finished` says of a stream that ended without an end. */
export function prematureClose() {
  return Object.assign(new Error('Premature close'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}

/** @param {import('../codec/reader.js').Reader} reader */
function goOn(reader) {
  ends.get(reader.u32())?.goOn?.();
}

on(PIPE_READABLE, goOn);
on(PIPE_WRITABLE, goOn);

onInTurn(PIPE_ENDED, (reader) => {
  const pipe = reader.u32();
  const end = ends.get(pipe);
  if (end === undefined) return;
  const reason = reader.u8();
  const error = reason === FAILED ? reader.thrown() : prematureClose();
  leave(pipe);
  end.ended(error, reason);
});
