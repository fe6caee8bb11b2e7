// Running one task: its hooks around it, and its outcome as bytes.

import { threadId } from 'node:worker_threads';

import { agent, writer } from '../agent.js';
import { UnknownTaskError } from '../errors.js';
import { writeResultValue } from '../hosts.js';
import { native } from '../native.js';
import { CARRIED, FAILURE, REPLY } from '../protocol.js';

/** The number of no call. */
const NOBODY = 0xffff_ffff;

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
export function isThenable(value) {
  const may = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return may && typeof (/** @type {any} */ (value).then) === 'function';
}

/**
 * A task of the set. The caller's thread knew it; this one's `define` may have been given other functions.
 * @param {Map<string, Function>} functions
 * @param {string} name
 */
export function taskOf(functions, name) {
  const found = functions.get(name);
  if (found === undefined) {
    throw new UnknownTaskError(
      `The set has no task '${name}' on its thread: define() must get the same functions there.`,
    );
  }
  return found;
}

/**
 * How the tasks of a set are found by the atoms of their names.
 * @param {Map<string, Function>} functions
 * @returns {(atom: number) => Function}
 */
export function tasksByAtom(functions) {
  /** @type {Function[]} */
  const known = [];
  return (atom) => {
    known[atom] ??= taskOf(functions, native.atomText(atom));
    return known[atom];
  };
}

/**
 * Writes the answer to a call that returned. What cannot be cloned becomes a failure.
 * @param {number} call
 * @param {unknown} value
 */
export function writeResult(call, value) {
  const start = writer.position;
  try {
    writer.u8(REPLY);
    writer.u32(call);
    writeResultValue(value);
  } catch (error) {
    writer.position = start;
    writeFailure(call, error);
  }
}

/**
 * Writes the answer to a call that threw.
 * @param {number} call
 * @param {unknown} thrown
 */
export function writeFailure(call, thrown) {
  writer.u8(FAILURE);
  writer.u32(call);
  writer.thrown(thrown);
}

/**
 * Runs a task with the hooks around it and returns its answer as bytes. The result is written when the task settles,
 * before the hook that follows could change it; a hook that throws fails the call, unless the task did.
 * @param {object} what
 * @param {number} what.call
 * @param {string} what.name
 * @param {Map<string, Function>} what.functions
 * @param {unknown[]} what.params
 * @param {Function | undefined} what.before
 * @param {Function | undefined} what.after
 * @param {boolean} what.inService
 * @returns {Promise<Uint8Array>}
 */
export async function answerOf({ call, name, functions, params, before, after, inService }) {
  const context = { name, inService };
  let answer;
  let failed = false;
  try {
    if (before) await before(threadId, context);
    const value = await taskOf(functions, name)(...params);
    answer = bytesOf(() => writeResult(call, value));
  } catch (error) {
    failed = true;
    answer = bytesOf(() => writeFailure(call, error));
  }
  try {
    if (after) await after(threadId, context);
  } catch (error) {
    if (!failed) {
      withdraw(answer);
      answer = bytesOf(() => writeFailure(call, error));
    }
  }
  return answer;
}

/**
 * The host values of an answer go ahead of it: one that is not sent after all must take them out of the port again, or
 * the next answer would get them. An answer to nobody does that.
 * @param {Uint8Array} answer
 */
function withdraw(answer) {
  const [kind, , , , , carried] = answer;
  if (kind !== REPLY || carried !== CARRIED) return;
  const start = writer.position;
  writer.u8(REPLY);
  writer.u32(NOBODY);
  writer.u8(CARRIED);
  writer.u32(agent.id);
  agent.tellCaller(start, writer.position - start);
  writer.position = start;
}

/** @param {() => void} write */
function bytesOf(write) {
  const start = writer.position;
  try {
    write();
    return writer.bytes.slice(start, writer.position);
  } finally {
    writer.position = start;
  }
}

/**
 * Puts bytes back into the scratch and passes their place on.
 * @template T
 * @param {Uint8Array} bytes
 * @param {(start: number, length: number) => T} send
 */
export function sendBytes(bytes, send) {
  const start = writer.position;
  writer.raw(bytes);
  try {
    return send(start, bytes.length);
  } finally {
    writer.position = start;
  }
}
