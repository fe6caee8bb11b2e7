// The threads that this agent owns: starting a Worker for what the core granted, and hearing of its end.

import { basename } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { MessageChannel, SHARE_ENV, Worker } from 'node:worker_threads';

import { agent, isRoot, on, reader, started, whenRead, writer } from './agent.js';
import { adopt, callsOf, endedEarly, writeReason } from './calls.js';
import { ports, sendCarrier, take } from './hosts.js';
import { native } from './native.js';
import { ENTRY } from './place.js';
import { CODE, RELAY, START_WARM, TERMINATE, WOKEN } from './protocol.js';

/** How often the root looks for threads that have been idle for long enough, in milliseconds. */
const EXPIRE_MS = 2_500;
/** How long the root waits for a warm thread that was woken before it looks whether that has come, in milliseconds. */
const RELIEVE_MS = 10;
/** How long a task may have its CPU to itself before the spare that it used is replaced, in milliseconds. */
const TOP_UP_MS = 25;

/** What V8 compiled of this library on an earlier thread. */
let code = started?.code;

/** The threads of this agent that have not exited. @type {Map<number, Thread>} */
export const threads = new Map();

/** A thread of this agent: its Worker, and the call that it serves. */
export class Thread {
  /** The call that it was started for. @type {import('./calls.js').ThreadCall | undefined} */
  call;
  /** Whether it takes calls of its own, as a service does. */
  serving = false;
  /** Calls that it has answered since the core was told. */
  answers = 0;
  /** What its `error` event said. @type {{ value: unknown } | undefined} */
  error;
  /** Called with the exit code when the thread is gone. @type {((code: number) => void) | undefined} */
  onEnd;
  /** @type {Promise<number>} */
  exited;

  /**
   * Starts the Worker. Throws what its constructor throws, with nothing left behind.
   * @param {number} id
   * @param {string} token
   * @param {object} how
   * @param {string} how.name
   * @param {import('node:worker_threads').WorkerOptions} [how.options]
   * @param {{ file: string, identifier: string }} [how.warm]
   * @param {boolean} [how.spare]
   * @param {(port: import('node:worker_threads').MessagePort) => void} [how.prepare] posts what must be there first
   */
  constructor(id, token, { name, options = {}, warm, spare, prepare }) {
    this.id = id;
    const { port1, port2 } = new MessageChannel();
    ports.set(id, port1);
    try {
      prepare?.(port1);
      this.worker = startWorker({
        ...options,
        eval: false,
        name: options.name ?? name,
        env: options.env ?? SHARE_ENV,
        execArgv: options.execArgv ?? inheritedFlags,
        workerData: { nanolith: { token, port: port2, warm, spare, code } },
        transferList: [port2],
      });
    } catch (error) {
      // Callers of a warm task hear it by way of the core; the caller of any other by this throw.
      forget(id, 1, { value: error });
      throw error;
    }
    threads.set(id, this);
    this.worker.on('error', (value) => {
      this.error = { value };
    });
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        // What it sent before it ended counts.
        whenRead(() => {
          this.#end(code);
          resolve(code);
        });
      });
    });
  }

  /** @param {number} code */
  #end(code) {
    threads.delete(this.id);
    forget(this.id, code, this.error);
    // To each its own: an error goes on with the frames of one caller.
    for (const call of callsOf(this)) endedEarly(call, code, this.error && { value: adopt(this.error.value) });
    this.onEnd?.(code);
    topUpSoon();
  }
}

/**
 * Tells the core that a thread has ended, or never began, and why.
 * @param {number} id
 * @param {number} code
 * @param {{ value: unknown } | undefined} error
 */
function forget(id, code, error) {
  const start = writer.position;
  writeReason(code, error);
  agent.threadEnded(id, start, writer.position - start);
  writer.position = start;
  ports.get(id)?.close();
  ports.delete(id);
}

/** Flags that concern only the process's own entry, and whether the next argument belongs to them. */
const ENTRY_FLAGS = /^(?:--input-type|--eval|--print|--test|--watch|-e|-p|-pe)(?:$|[=-])/;
const WITH_VALUE = /^(?:--eval|--print|-e|-p|-pe|--input-type|--test-[a-z-]+|--watch-path)$/;
const BARE_TEST_FLAGS = /^--test-(?:only|force-exit|update-snapshots)$/;

/** The process's flags for threads; `undefined` when they are inherited as they are. */
const inheritedFlags = inherit(process.execArgv);

/**
 * @param {readonly string[]} flags
 */
function inherit(flags) {
  if (!flags.some((flag) => ENTRY_FLAGS.test(flag))) return undefined;
  const kept = [];
  for (let at = 0; at < flags.length; at += 1) {
    if (!ENTRY_FLAGS.test(flags[at])) kept.push(flags[at]);
    else if (WITH_VALUE.test(flags[at]) && !BARE_TEST_FLAGS.test(flags[at])) at += 1;
  }
  return kept;
}

/**
 * A Worker refuses flags of the whole process (V8's, say) in a list that is given, though it inherits them without a
 * word. They hold for it anyway, so they are left out of an inherited list.
 * @param {import('node:worker_threads').WorkerOptions} options
 */
function startWorker(options) {
  try {
    return new Worker(ENTRY, options);
  } catch (error) {
    const refused = /invalid execArgv flags: (.+)$/.exec(String(error))?.[1]?.split(', ');
    if (refused === undefined || options.execArgv !== inheritedFlags) throw error;
    const execArgv = inheritedFlags?.filter((flag) => !refused.includes(flag));
    return new Worker(ENTRY, { ...options, execArgv });
  }
}

/**
 * The default name of a thread, for debuggers: what file, and what in it.
 * @param {string} file
 * @param {string} what
 */
export function nameOf(file, what) {
  return `${basename(file)}#${what}`;
}

/** Whether a preload would, or one in a configuration file might, run something of the user's in a thread before its time. */
const preloads = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].some((flag) =>
  /^(?:--import|--require|-r|--loader|--experimental-loader|--experimental-(?:default-)?config-file)(?:$|=)/.test(flag),
);

/** Whether this agent's one-off tasks may run on spares. */
export const mayUseSpares = isRoot && !preloads;

let expiring = false;

/** @type {NodeJS.Timeout | undefined} */
let toppingUp;

/**
 * A one-off task has begun: another spare is to take the place of the one it got. Starting a thread costs tens of
 * milliseconds of CPU, which the task shall have first, so it waits until a task's thread has ended, or a little.
 */
export function topUpLater() {
  if (mayUseSpares) toppingUp ??= setTimeout(topUp, TOP_UP_MS).unref();
}

/** A one-off task's thread has ended: now is the time. A process with nothing left to do ends instead. */
function topUpSoon() {
  if (toppingUp === undefined) return;
  clearTimeout(toppingUp);
  toppingUp = setTimeout(topUp, 1).unref();
}

/** Starts as many spares as recent use calls for. */
function topUp() {
  toppingUp = undefined;
  for (let spare = native.startSpare(agent.id); spare; spare = native.startSpare(agent.id)) {
    try {
      new Thread(spare.thread, spare.token, { name: 'nanolith spare', spare: true }).worker.unref();
    } catch {
      // The constructor told the core. Nobody waits for a spare; a task that needs a thread will hear what is wrong.
      return;
    }
    expireLater();
  }
}

/** Looks for idle threads for as long as there are any. */
function expireLater() {
  if (expiring) return;
  expiring = true;
  setTimeout(() => {
    expiring = false;
    if (expireNow()) expireLater();
  }, EXPIRE_MS).unref();
}

/** Gives up threads that were idle for too long or are too many. Says whether idle ones may remain. */
export function expireNow() {
  return native.expire(agent.id);
}

on(START_WARM, (reader) => {
  const id = reader.u32();
  const wanted = native.warmThread(agent.id, id);
  if (wanted === null) return;
  const { token, file, identifier } = wanted;
  let options;
  try {
    options = readOptions(wanted.options);
  } catch (error) {
    forget(id, 1, { value: error });
    return;
  }
  try {
    new Thread(id, token, { name: nameOf(file, 'warm'), options, warm: { file, identifier } }).worker.unref();
    expireLater();
  } catch {
    // Not lost: the constructor told the core, which tells the callers.
  }
});

on(WOKEN, relieveLater);

/** Looks for warm threads that were woken and did not come, for as long as any are on their way. */
function relieveLater() {
  setTimeout(() => {
    if (native.relieve(agent.id)) relieveLater();
  }, RELIEVE_MS).unref();
}

/**
 * The WorkerOptions of a warm set, as `define` wrote them.
 * @param {Uint8Array} bytes
 */
function readOptions(bytes) {
  reader.attach(bytes);
  const { shareEnv, ...options } = reader.value();
  return shareEnv ? { ...options, env: SHARE_ENV } : options;
}

on(CODE, (reader) => {
  const length = reader.u32();
  const at = reader.take(length);
  // Shared, so that a thread gets it without a copy.
  code = new Uint8Array(new SharedArrayBuffer(length));
  code.set(reader.bytes.subarray(at, at + length));
});

on(TERMINATE, (reader) => {
  threads.get(reader.u32())?.worker.terminate();
});

on(RELAY, (reader) => {
  const thread = reader.u32();
  const [call, caller] = [reader.u32(), reader.u32()];
  const carrier = take(reader.u32());
  if (carrier !== undefined) sendCarrier(thread, call, caller, carrier);
});
