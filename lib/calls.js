// The calls of this agent that have not settled: one table for tasks, services' calls and launches.
//
// A call is known across threads by a number: its place in the table, and a generation, so that a late answer to a call
// that was aborted never reaches the next one in the same place.

import { agent, expect, hold, on, onInTurn, onRead, onSettling, reader, release, whenRead, writer } from './agent.js';
import { LoadError, limitReached, WorkerExitedError } from './errors.js';
import { dropValue, readThrown, readValue } from './hosts.js';
import { ENDED, FAILURE, FATAL, LOAD_FAILED, REPLY } from './protocol.js';

/** How many places there may be: the low bits of a number tell the place. Not `2 ** 22`, which V8 calculates anew. */
const PLACES = 0x40_0000;
const PLACE = PLACES - 1;
const GENERATIONS = 0x1_0000_0000 / PLACES;

/** One call: its promise, and who answers. There may be a million of these at once, so a service's call has no more. */
export class Call {
  /** @type {number} */
  id = 0;
  /** @type {(value: any) => void} */
  resolve = nothing;
  /** @type {(reason: unknown) => void} */
  reject = nothing;
  /** Stops listening to the signal. @type {(() => void) | undefined} */
  unlisten = undefined;

  /** @param {import('./threads.js').Thread | undefined} thread the one that will answer, if it is this agent's */
  constructor(thread) {
    this.thread = thread;
  }
}

/** A call that counts as an active one of its service until it has settled. */
export class ServiceCall extends Call {}

/** A call that asks the pool for a slot. */
export class PoolCall extends Call {
  /** Whether it keeps the process alive. */
  held = false;
  /** A port with its host values. @type {import('node:worker_threads').MessagePort | undefined} */
  carrier = undefined;
  /** An uncaught exception that the thread reported before it ended. @type {{ value: unknown } | undefined} */
  fatal = undefined;

  constructor() {
    super(undefined);
  }
}

/** A call that gets a thread of its own: a one-off task or a launch. */
export class ThreadCall extends PoolCall {
  /** The pool's key of the item. */
  key = -1;
  /** Called when the pool grants the slot. */
  granted = nothing;
  /** The service that it launches. @type {import('./service.js').Service | undefined} */
  service = undefined;
}

/** @type {(Call | undefined)[]} */
const places = [];
/** @type {number[]} */
const generations = [];
/** @type {number[]} */
const free = [];

const none = new Call(undefined);
/** The call whose promise is being made: one executor for all of them, since a closure each would cost more than it. */
let opening = none;

/** @param {(value: any) => void} resolve @param {(reason: unknown) => void} reject */
function take(resolve, reject) {
  opening.resolve = resolve;
  opening.reject = reject;
}

/**
 * Enters a call into the table, gives it its number, and returns its promise.
 * @param {Call} call
 * @returns {Promise<any>}
 */
export function open(call) {
  const place = free.pop() ?? places.length;
  if (place === places.length) {
    if (place === PLACES) throw limitReached(`${place} calls of this thread are pending, and it cannot have more.`);
    places.push(call);
    generations.push(0);
  } else {
    places[place] = call;
  }
  call.id = generations[place] * PLACES + place;
  opening = call;
  const promise = new Promise(take);
  // Or the last call, its result and its service would be kept for as long as there is no other.
  opening = none;
  return promise;
}

/**
 * The call of this number, unless it has settled.
 * @param {number} id
 */
export function find(id) {
  const call = places[id & PLACE];
  return call !== undefined && call.id === id ? call : undefined;
}

/**
 * Takes a call out of the table: it settles now. Says whether it had not before.
 * @param {Call} call
 */
export function leave(call) {
  const place = call.id & PLACE;
  if (places[place] !== call) return false;
  places[place] = undefined;
  generations[place] = (generations[place] + 1) % GENERATIONS;
  if (generations[place] > 0) free.push(place);
  // All of its numbers have been used: an answer to an early one may have arrived and wait to be read.
  else whenRead(() => free.push(place));
  if (call.unlisten !== undefined) call.unlisten();
  if (call instanceof PoolCall) {
    if (call.held) release();
    if (call.carrier !== undefined) call.carrier.close();
  }
  return true;
}

/** Keeps the process alive until the call settles. @param {PoolCall} call */
export function holdFor(call) {
  call.held = true;
  hold();
}

/**
 * Rejects a call that a service will still answer. It keeps its place until then, so that the answer finds no other.
 * @param {Call} call
 * @param {unknown} reason
 */
export function abandon(call, reason) {
  call.unlisten?.();
  call.unlisten = undefined;
  call.reject(reason);
  call.reject = nothing;
}

/**
 * @param {Call} call
 * @param {unknown} reason
 */
export function fail(call, reason) {
  if (!leave(call)) return;
  call.reject(reason);
}

/**
 * Rejects with an error that came from a thread, and lets its stack go on with the caller's frames: V8 knows those where
 * the call is awaited, and only once the promise has been linked to what awaits it.
 * @param {Call} call
 * @param {unknown} reason
 */
export function failRemotely(call, reason) {
  if (!leave(call)) return;
  // Abandoned before: a promise that rejects would be nobody's.
  if (call.reject === nothing) return;
  if (!(reason instanceof Error) || typeof reason.stack !== 'string') {
    call.reject(reason);
    return;
  }
  const linked = Promise.resolve().then(nothing).then(nothing);
  // With one reaction and no more: V8 follows no promise that several wait for.
  call.resolve(
    linked.then(() => {
      const frames = asyncFrames();
      if (frames.length > 0) {
        const value = `${reason.stack}\n${frames.join('\n')}`;
        Object.defineProperty(reason, 'stack', { value, configurable: true, writable: true });
      }
      throw reason;
    }),
  );
}

/** The lines of the async frames that wait for this one; none where the user's `Error.prepareStackTrace` makes no lines. */
function asyncFrames() {
  const here = { stack: /** @type {unknown} */ ('') };
  Error.captureStackTrace(here);
  const { stack } = here;
  return typeof stack === 'string' ? stack.split('\n').filter((line) => line.startsWith('    at async ')) : [];
}

function nothing() {}

/**
 * The calls that a thread was to answer. One that serves may have any number; any other has its one, and ends so often
 * that it must not cost a look at the whole table.
 * @param {import('./threads.js').Thread} thread
 * @returns {Call[]}
 */
export function callsOf(thread) {
  const { call, serving } = thread;
  if (serving) return places.flatMap((other) => (other?.thread === thread ? [other] : []));
  return call?.thread === thread ? [call] : [];
}

/**
 * Why a thread ended, in the form in which it crosses threads: for the core's `ENDED` frame.
 * @param {number} code
 * @param {{ value: unknown } | undefined} error
 */
export function writeReason(code, error) {
  writer.u32(code >>> 0);
  writer.u8(error === undefined ? 0 : 1);
  if (error !== undefined) writer.thrown(error.value);
}

/**
 * Makes an error of another realm, or of Node's own, one of this realm.
 * @param {unknown} error
 */
export function adopt(error) {
  const start = writer.position;
  writer.thrown(error);
  const bytes = writer.bytes.slice(start, writer.position);
  writer.position = start;
  reader.attach(bytes);
  return reader.thrown();
}

/**
 * The thread that was to answer has ended.
 * @param {Call} call
 * @param {number} code
 * @param {{ value: unknown } | undefined} error what its `error` event said, if there was one
 */
export function endedEarly(call, code, error) {
  if (error === undefined) {
    fail(call, new WorkerExitedError(code));
    return;
  }
  // What the thread reported itself has lost less, but it may be an exception that was handled before memory ran out.
  const fatal = call instanceof PoolCall && !isOutOfMemory(error.value) ? call.fatal : undefined;
  failRemotely(call, (fatal ?? error).value);
}

/** @param {any} error */
function isOutOfMemory(error) {
  return error instanceof Error && /** @type {NodeJS.ErrnoException} */ (error).code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** Services that have answered calls since the last look. @type {import('./threads.js').Thread[]} */
const answering = [];

/** @param {Call} call */
function countAnswer({ thread }) {
  if (thread === undefined) return;
  thread.answers += 1;
  if (thread.answers === 1) answering.push(thread);
}

onRead(() => {
  if (answering.length === 0) return;
  // Once a look, ahead of whatever hears that a call has settled: a reply is not worth a crossing of its own.
  for (const thread of answering) {
    agent.settled(thread.id, thread.answers);
    thread.answers = 0;
  }
  answering.length = 0;
});

onSettling(REPLY, (reader) => {
  const call = find(reader.u32());
  if (call === undefined) {
    dropValue(reader);
    return;
  }
  if (call instanceof ServiceCall) countAnswer(call);
  try {
    const value = readValue(reader);
    if (leave(call)) call.resolve(value);
  } catch (error) {
    // What cannot be made here (no memory is left for it, say) is no result.
    fail(call, error);
  }
  expectMore();
});

onInTurn(FAILURE, (reader) => {
  const call = find(reader.u32());
  if (call instanceof ServiceCall) countAnswer(call);
  if (call === undefined) dropValue(reader);
  else failRemotely(call, readThrown(reader));
  expectMore();
});

on(FATAL, (reader) => {
  const call = find(reader.u32());
  if (call instanceof PoolCall) call.fatal = { value: readThrown(reader) };
  else dropValue(reader);
});

onInTurn(ENDED, (reader) => {
  const call = find(reader.u32());
  if (call === undefined) return;
  const code = reader.u32() | 0;
  const error = reader.u8() === 1 ? { value: reader.thrown() } : undefined;
  endedEarly(call, code, error);
});

onInTurn(LOAD_FAILED, (reader) => {
  const call = find(reader.u32());
  if (call === undefined) return;
  const file = reader.text();
  fail(call, new LoadError(file, reader.thrown()));
});

function expectMore() {
  if (free.length < places.length) expect();
}
