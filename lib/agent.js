// This realm as an agent: its inbox, the one loop that drains it, and the codec that fills and reads the scratch buffers.
//
// The loop is in one of two states. Asleep: the core calls `wake` when something arrives. Awake: a look is scheduled, or
// runs. Whoever waits for an answer keeps the loop awake (`expect`), since a look costs microseconds and a wake-up many
// times that; a loop that finds nothing within its budget goes to sleep, so an idle thread burns nothing.

import { clearImmediate, setImmediate, setTimeout } from 'node:timers';
import { workerData } from 'node:worker_threads';

import { Reader } from './codec/reader.js';
import { Writer } from './codec/writer.js';
import { native } from './native.js';
import { MARK } from './protocol.js';

const SCRATCH = 64 * 1024;
/** A scratch that grew past this for one message is given back. */
const KEEP = 1024 * 1024;
/** How long the outgoing one is kept for another such message, in milliseconds. */
const KEEP_MS = 1_000;
/** How long one turn of the event loop may go on draining, in milliseconds. */
const TURN_MS = 4;

/**
 * What the owner told this thread, if nanolith started it.
 * @type {{ token: string, port: import('node:worker_threads').MessagePort,
 *          warm?: { file: string, identifier: string }, spare?: boolean, code?: Uint8Array,
 *          script?: import('node:vm').Script, importModule?: (href: string) => Promise<any> } | undefined}
 *   the last three are those of `packed/entry.cjs`
 */
const marker = workerData?.nanolith?.token === undefined ? undefined : workerData.nanolith;

// A marker whose token is used up belongs to another copy of nanolith on this thread, or was passed on by the user: then
// this copy is a root like any other.
const expected = marker && native.open(marker.token, wake);

/** The native side of this agent: see `src/binding/hot.rs`. */
export const agent = expected ?? native.open(undefined, wake);

/** What the owner told this thread; `undefined` on a root. */
export const started = expected ? marker : undefined;

export const isRoot = agent.owner === 0;

/** Where messages are written before they are sent. */
export const writer = new Writer({
  bytes: new Uint8Array(SCRATCH),
  atom: native.shape,
  onGrow(bytes) {
    useScratch(bytes);
    if (bytes.length > KEEP) shrinkLater();
  },
});

/** Where frames and payloads are read. */
export const reader = new Reader({ atomText: native.atomText });

let incoming = new Uint8Array(SCRATCH);
useScratch(writer.bytes);

/** @param {Uint8Array} outgoing */
function useScratch(outgoing) {
  // The native side knows only where these lie: the agent keeps them alive.
  agent.outgoing = outgoing;
  agent.incoming = incoming;
  agent.scratch(outgoing, incoming);
}

let shrinking = false;

/** Gives the outgoing scratch back: a large message must not hold its size for as long as the thread lives. */
function shrinkLater() {
  if (shrinking) return;
  shrinking = true;
  setTimeout(() => {
    shrinking = false;
    // Not under a message that is being written.
    if (writer.position > 0) {
      shrinkLater();
      return;
    }
    writer.adopt(new Uint8Array(SCRATCH));
    useScratch(writer.bytes);
  }, KEEP_MS).unref();
}

/** @type {((reader: Reader) => void)[]} */
const handlers = [];

/**
 * Says what to do with a kind of frame. The handler reads its fields from `reader`.
 * @param {number} kind
 * @param {(reader: Reader) => void} handler
 */
export function on(kind, handler) {
  handlers[kind] = handler;
}

/** What runs after each look: work that must not interleave with reading frames. @type {(() => void)[]} */
const afterLook = [];

/** @param {() => void} work */
export function onAfterLook(work) {
  afterLook.push(work);
}

/** What runs before the next look. @type {(() => void)[]} */
let firsts = [];

/**
 * Does something once what has settled by now has gone on, and before any frame is read after that.
 * @param {() => void} work
 */
export function beforeNextLook(work) {
  firsts.push(work);
  expect();
}

function doFirst() {
  while (firsts.length > 0) {
    const now = firsts;
    firsts = [];
    for (const work of now) work();
  }
}

/**
 * Whether the thread may go on polling without returning to its event loop, because everything it ran was synchronous.
 * @type {() => boolean}
 */
let mayStay = () => false;

/** @param {() => boolean} rule */
export function onMayStay(rule) {
  mayStay = rule;
}

let asleep = false;
/** @type {NodeJS.Immediate | undefined} */
let scheduled;
let reading = false;

/**
 * Deno aborts the process where a thread ends (`process.exit`, `terminate()`) in JavaScript that native code called: there
 * the look has a turn of its own.
 */
const looksApart = process.versions.deno !== undefined;

function wake() {
  agent.woken();
  asleep = false;
  if (looksApart) scheduled ??= setImmediate(run);
  else run();
}

/** An answer is awaited: the loop looks for it before it sleeps. */
export function expect() {
  if (scheduled !== undefined) return;
  if (asleep) {
    asleep = false;
    agent.rouse();
  }
  scheduled = setImmediate(run);
}

function run() {
  if (scheduled !== undefined) {
    clearImmediate(scheduled);
    scheduled = undefined;
  }
  if (firsts.length > 0) doFirst();
  const until = agent.now() + TURN_MS;
  let found = look(until);
  while (found && mayStay() && agent.poll() && agent.now() < until) found = look(until);
  if (found || agent.poll() || !agent.sleep()) {
    // Let microtasks, timers and I/O have their turn, then look again.
    scheduled ??= setImmediate(run);
  } else if (scheduled === undefined) {
    asleep = true;
  } else {
    agent.rouse();
  }
}

/**
 * Reads everything that has arrived, for at most the given time; says whether there was anything.
 * @param {number} until
 */
function look(until) {
  let found = false;
  do {
    let bytes = agent.drain();
    if (bytes < 0) {
      // Read at once, whatever the time: the room is given back below.
      makeRoom(-bytes);
      bytes = agent.drain();
    }
    if (bytes === 0) break;
    found = true;
    dispatch(bytes);
  } while (agent.now() < until);
  if (incoming.length > KEEP) makeRoom(SCRATCH);
  for (const work of afterLook) work();
  return found;
}

let marked = false;

/**
 * Reads everything that had arrived by now: before a conclusion that something has not. What goes on arriving does not
 * prolong it: a mark of its own, sent to itself, says when it has seen enough.
 */
export function lookNow() {
  if (reading) return;
  doFirst();
  const start = writer.position;
  writer.u8(MARK);
  marked = !agent.send(agent.id, start, 1);
  writer.position = start;
  while (!marked) look(0);
}

on(MARK, () => {
  marked = true;
});

/** @param {number} bytes */
export function makeRoom(bytes) {
  incoming = new Uint8Array(bytes);
  useScratch(writer.bytes);
}

/** @param {number} bytes */
function dispatch(bytes) {
  reading = true;
  let position = 0;
  while (position < bytes) {
    reader.attach(incoming, position, bytes);
    const end = position + 4 + reader.u32();
    position = end;
    try {
      handlers[reader.u8()](reader);
    } catch (error) {
      // A fault of this library: the frames that follow must not suffer from it.
      throwUncaught(error);
    }
  }
  reading = false;
}

/** The bytes that the core handed over. @param {number} bytes */
export function payload(bytes) {
  reader.attach(incoming, 0, bytes);
  return reader;
}

/** Throws where nobody can catch it, so that it is an uncaught exception of this thread. @param {unknown} error */
export function throwUncaught(error) {
  setImmediate(() => {
    throw error;
  });
}

let holds = 0;
/** @type {NodeJS.Immediate | undefined} */
let letting;

/** Keeps this thread's event loop alive until `release` was called as often. */
export function hold() {
  holds += 1;
  if (holds > 1) return;
  if (letting === undefined) agent.hold(true);
  else {
    clearImmediate(letting);
    letting = undefined;
  }
}

/** Lets the event loop end one turn later, so that what threads wrote to the console before still arrives. */
export function release() {
  holds -= 1;
  if (holds > 0) return;
  letting ??= setImmediate(() => {
    letting = undefined;
    if (holds === 0) agent.hold(false);
  });
}

/** Starts the loop, once everything that handles frames has been registered. */
export const begin = run;

if (isRoot) asleep = agent.sleep();
