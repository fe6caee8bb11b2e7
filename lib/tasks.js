// Calling a task: on a thread of its own, or on a warm one. What is wrong with a call is found here, before it takes a slot.

import { SHARE_ENV } from 'node:worker_threads';

import { agent, expect, on, writer } from './agent.js';
import { messengerIDs, validateTaskCall } from './arguments.js';
import { fail, find, holdFor, open, PoolCall, ThreadCall } from './calls.js';
import { Writer } from './codec/writer.js';
import './ending.js';
import { limitReached, NestingError, OwnerEndedError, UnknownTaskError } from './errors.js';
import { sendCarrier, writeParamsApart } from './hosts.js';
import { loadingFiles } from './loading.js';
import { native } from './native.js';
import { APART, GRANT, HOSTS_WANTED, ONE_OFF, PRIORITY, REFFED, RUN, WARM } from './protocol.js';
import { onAbort } from './signals.js';
import { watchForStall } from './stall.js';
import { mayUseSpares, nameOf, Thread, threads, topUpLater } from './threads.js';

/** @typedef {import('../index.d.ts').TaskWorkerOptions & { [key: string]: any }} TaskCall */

const NO_PARAMS = /** @type {readonly unknown[]} */ (Object.freeze([]));

/** What one `define()` made callable. */
export class TaskSet {
  /** The number that the pool knows it by. */
  #number = -1;
  /** The atoms of its task names. @type {Map<string, number>} */
  #atoms = new Map();

  /**
   * @param {string} file
   * @param {string} identifier
   * @param {Set<string>} names
   * @param {import('node:worker_threads').WorkerOptions} [options] for warm threads
   */
  constructor(file, identifier, names, options) {
    this.file = file;
    this.identifier = identifier;
    this.names = names;
    this.options = options;
  }

  get number() {
    if (this.#number < 0) {
      this.#number = native.setNumber(agent.id, this.file, this.identifier, writeOptions(this.options));
    }
    return this.#number;
  }

  /**
   * The atom of a task's name. Throws for a name that the set does not have.
   * @param {string} name
   */
  atom(name) {
    const known = this.#atoms.get(name);
    if (known !== undefined) return known;
    if (!this.names.has(name)) throw unknownTask(this, name);
    const atom = native.atom(name);
    if (atom === null) throw limitReached('This process has used up its table of task names.');
    this.#atoms.set(name, atom);
    return atom;
  }
}

/**
 * @param {TaskSet} set
 * @param {string} name
 */
function unknownTask(set, name) {
  const names = [...set.names].map((known) => `'${known}'`).join(', ');
  return new UnknownTaskError(`${set.file} defines no task '${name}': it has ${names || 'none'}.`);
}

/**
 * The same bytes for the same options on every thread, since the pool knows sets by them: the keys of the options, of `env`
 * and of `resourceLimits` in order, and no atoms in place of keys, which depend on what was sent before.
 * @param {import('node:worker_threads').WorkerOptions | undefined} options
 */
function writeOptions(options = {}) {
  // The root starts the threads: a task has no handle to their streams, so nobody would read them.
  const { workerData, eval: _, stdin, stdout, stderr, argv, env = SHARE_ENV, resourceLimits, ...rest } = options;
  const shareEnv = env === null || env === SHARE_ENV;
  const own = new Writer({ bytes: new Uint8Array(256), atom: () => null, onGrow() {} });
  own.value(
    inOrder({
      ...rest,
      // Node makes strings of them, but at the root, which would have only copies of the values.
      argv: Array.isArray(argv) ? argv.map(String) : argv,
      resourceLimits: inOrder(resourceLimits),
      ...(shareEnv ? { shareEnv } : { env: inOrder(env) }),
    }),
  );
  return own.bytes.slice(0, own.position);
}

/**
 * A copy with its keys in order, as `process.env` and instances of classes are no values to be cloned.
 * @param {unknown} value
 */
function inOrder(value) {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Runs a task on a thread of its own.
 * @param {TaskSet} set
 * @param {TaskCall} request
 */
export function runIsolated(set, request) {
  validateTaskCall(request, true);
  const { name, params = NO_PARAMS, reffed, transferList, signal } = request;
  const messengers = messengerIDs(request.messengers);
  // A call that waits begins with what it was given, whatever becomes of the caller's object.
  const options = { ...request.options };
  const atom = set.atom(name);
  refuseWhileLoading(set);
  if (signal?.aborted) throw signal.reason;
  const call = new ThreadCall();
  const promise = open(call);
  const start = writer.position;
  try {
    writeRequest(call, ONE_OFF, set, atom, request);
    writeRun(call, ONE_OFF, set, name, messengers);
    call.carrier = writeParamsApart(params, transferList);
    // What is posted must be there before the thread is, so a call with host values gets a thread of its own.
    const plain = mayUseSpares && call.carrier === undefined && isDefault(options);
    call.granted = () => beginIsolated(call, set, { name, reffed, options, plain });
    submit(call, start, request);
  } catch (error) {
    fail(call, error);
  } finally {
    writer.position = start;
  }
  return promise;
}

/** @param {object} options */
function isDefault(options) {
  return Object.values(options).every((value) => value === undefined);
}

/**
 * A one-off task has its slot: finds it a thread.
 * @param {ThreadCall} call
 * @param {TaskSet} set
 * @param {object} how
 * @param {string} how.name
 * @param {boolean | undefined} how.reffed
 * @param {import('node:worker_threads').WorkerOptions} how.options
 * @param {boolean} how.plain whether a spare will do
 */
function beginIsolated(call, set, { name, reffed, options, plain }) {
  const placed = native.place(agent.id, call.key, plain);
  if (placed === null) return;
  try {
    const { carrier } = call;
    call.carrier = undefined;
    const known = threads.get(placed.thread);
    const thread =
      known ??
      new Thread(placed.thread, placed.token, {
        name: nameOf(set.file, name),
        options: { ...options, stdin: false, stdout: false, stderr: false },
        prepare: carrier && ((port) => port.postMessage(carrier, [carrier])),
      });
    call.thread = thread;
    thread.call = call;
    if (reffed === false) thread.worker.unref();
    else thread.worker.ref();
  } catch (error) {
    fail(call, error);
    return;
  }
  topUpLater();
}

/**
 * Runs a task on a thread that its set keeps warm.
 * @param {TaskSet} set
 * @param {TaskCall} request
 */
export function runWarm(set, request) {
  validateTaskCall(request, false);
  const { name, params = NO_PARAMS, transferList, signal } = request;
  const messengers = messengerIDs(request.messengers);
  const atom = set.atom(name);
  refuseWhileLoading(set);
  if (signal?.aborted) throw signal.reason;
  const call = new PoolCall();
  const promise = open(call);
  const start = writer.position;
  try {
    writeRequest(call, WARM, set, atom, request);
    writer.u32(atom);
    writeMessengers(messengers);
    call.carrier = writeParamsApart(params, transferList);
    // The flags that `writeRequest` wrote.
    if (call.carrier !== undefined) writer.bytes[start + 1] |= APART;
    submit(call, start, request);
  } catch (error) {
    fail(call, error);
  } finally {
    writer.position = start;
  }
  return promise;
}

/**
 * Writes what the pool has to know of a call. What its thread is to get follows.
 * @param {PoolCall} call
 * @param {number} work
 * @param {TaskSet} set
 * @param {number} atom
 * @param {{ priority?: boolean, reffed?: boolean }} options
 */
export function writeRequest(call, work, set, atom, { priority, reffed }) {
  writer.u8(work);
  writer.u8((priority ? PRIORITY : 0) | (reffed === false ? 0 : REFFED));
  writer.u32(set.number);
  writer.u32(atom);
  writer.u32(call.id);
}

/**
 * Asks the pool for a slot for a call whose request stands in the scratch.
 * @param {PoolCall} call
 * @param {number} start where the request begins
 * @param {{ reffed?: boolean, signal?: AbortSignal }} options
 */
export function submit(call, start, { reffed, signal }) {
  const answer = agent.submit(start, writer.position - start);
  if (Number.isNaN(answer)) {
    throw new NestingError('Tasks are nested 64 deep: a task that calls itself without end, most likely.');
  }
  if (answer === Number.POSITIVE_INFINITY) {
    throw new OwnerEndedError('The thread that owns the pool has ended.');
  }
  const granted = answer >= 0;
  const key = granted ? answer : -1 - answer;
  // A launch holds the process until it has settled, whatever the service does then.
  if (reffed !== false) holdFor(call);
  if (call instanceof ThreadCall) call.key = key;
  try {
    if (signal) listen(call, key, signal);
  } catch (error) {
    // A signal may be anybody's object. What it throws must not cost the slot.
    agent.cancel(key);
    throw error;
  }
  if (!granted) watchForStall();
  else if (call instanceof ThreadCall) call.granted();
  expect();
}

/**
 * @param {PoolCall} call
 * @param {number} key
 * @param {AbortSignal} signal
 */
function listen(call, key, signal) {
  /** @param {unknown} reason */
  const abort = (reason) => {
    const { thread } = call;
    // A thread whose task is taken back must not be mistaken for one that answers.
    call.thread = undefined;
    fail(call, reason);
    agent.cancel(key);
    thread?.worker.terminate();
  };
  call.unlisten = onAbort(signal, abort);
  // A getter among the params may have aborted it meanwhile.
  if (signal.aborted) abort(signal.reason);
}

/**
 * Writes the request to a new thread, but for the params.
 * @param {PoolCall} call
 * @param {number} work
 * @param {TaskSet} set
 * @param {string} name
 * @param {readonly string[]} messengers their IDs
 */
export function writeRun(call, work, set, name, messengers) {
  writer.u8(RUN);
  writer.u32(call.id);
  writer.u8(work);
  writer.text(set.file);
  writer.text(set.identifier);
  writer.text(name);
  writeMessengers(messengers);
}

/** @param {readonly string[]} messengers their IDs */
function writeMessengers(messengers) {
  writer.u32(messengers.length);
  for (const ID of messengers) writer.text(ID);
}

/**
 * A file that is still loading on this thread cannot be waited for from within.
 * @param {TaskSet} set
 */
export function refuseWhileLoading(set) {
  if (loadingFiles.size > 0 && loadingFiles.has(set.file)) {
    throw new NestingError(`${set.file} is still loading on this thread: its top level cannot call its own tasks.`);
  }
}

on(GRANT, (reader) => {
  const call = find(reader.u32());
  const key = reader.f64();
  if (call instanceof ThreadCall && call.key === key) call.granted();
});

on(HOSTS_WANTED, (reader) => {
  const call = find(reader.u32());
  const thread = reader.u32();
  if (!(call instanceof PoolCall) || call.carrier === undefined) return;
  const { carrier } = call;
  // A thread that has ended meanwhile began nothing: another one will ask.
  if (!native.handOver(agent.id, thread, call.id)) return;
  call.carrier = undefined;
  sendCarrier(thread, call.id, agent.id, carrier);
});
