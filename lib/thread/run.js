// Running one task: its hooks around it, and its outcome as bytes.

import { threadId } from 'node:worker_threads';

import { writer } from '../agent.js';
import { UnknownTaskError } from '../errors.js';
import { sendHosts, writeResultValue, writeThrown, writeThrownValue } from '../hosts.js';
import { native } from '../native.js';
import { FAILURE, REPLY } from '../protocol.js';

/** @typedef {{ bytes: Uint8Array, hosts: unknown[] | undefined }} Answer one that is sent later, and its host values */

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
 * Writes the answer to a call that returned, to be sent at once. What cannot be cloned becomes a failure.
 * @param {number} call
 * @param {unknown} value
 */
export function writeResult(call, value) {
  const start = writer.position;
  try {
    const hosts = writeReply(call, value);
    if (hosts !== undefined) sendHosts(hosts);
  } catch (error) {
    writer.position = start;
    writeFailure(call, error);
  }
}

/**
 * Writes an answer that was kept, to be sent at once.
 * @param {number} call
 * @param {Answer} answer
 */
export function writeAnswer(call, { bytes, hosts }) {
  const start = writer.position;
  writer.raw(bytes);
  if (hosts === undefined) return;
  try {
    sendHosts(hosts);
  } catch (error) {
    writer.position = start;
    writeFailure(call, error);
  }
}

/** @param {number} call @param {unknown} value */
function writeReply(call, value) {
  writer.u8(REPLY);
  writer.u32(call);
  return writeResultValue(value);
}

/** @param {number} call @param {unknown} thrown */
function writeThrow(call, thrown) {
  writer.u8(FAILURE);
  writer.u32(call);
  return writeThrownValue(thrown);
}

/**
 * Writes the answer to a call that threw, to be sent at once.
 * @param {number} call
 * @param {unknown} thrown
 */
export function writeFailure(call, thrown) {
  writer.u8(FAILURE);
  writer.u32(call);
  writeThrown(thrown);
}

/**
 * Runs a task with the hooks around it and returns its answer. The result is written when the task settles, before the
 * hook that follows could change it; a hook that throws fails the call, unless the task did.
 * @param {object} what
 * @param {number} what.call
 * @param {string} what.name
 * @param {Map<string, Function>} what.functions
 * @param {unknown[]} what.params
 * @param {Function | undefined} what.before
 * @param {Function | undefined} what.after
 * @param {boolean} what.inService
 * @returns {Promise<Answer>}
 */
export async function answerOf({ call, name, functions, params, before, after, inService }) {
  let answer;
  let failed = false;
  try {
    const prepared = before?.(threadId, { name, inService });
    // Not for a plain return: what was sent after the call would come before its task.
    if (isThenable(prepared)) await prepared;
    const value = await taskOf(functions, name)(...params);
    answer = keep(() => writeReply(call, value));
  } catch (error) {
    failed = true;
    answer = keep(() => writeThrow(call, error));
  }
  try {
    if (after) await after(threadId, { name, inService });
  } catch (error) {
    if (!failed) answer = keep(() => writeThrow(call, error));
  }
  return answer;
}

/**
 * Takes what is written out of the scratch, for later.
 * @param {() => unknown[] | undefined} write returns the host values
 * @returns {Answer}
 */
function keep(write) {
  const start = writer.position;
  try {
    const hosts = write();
    return { bytes: writer.bytes.slice(start, writer.position), hosts };
  } finally {
    writer.position = start;
  }
}
