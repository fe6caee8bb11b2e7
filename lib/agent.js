// This realm as an agent: its inbox, the one loop that drains it, and the codec that fills and reads the scratch buffers.
//
// The loop is in one of two states. Asleep: the core calls `wake` when something arrives. Awake: a look is scheduled, or
// runs. Whoever waits for an answer keeps the loop awake (`expect`), since a look costs microseconds and a wake-up many
// times that; a loop that finds nothing within its budget goes to sleep, so an idle thread burns nothing.
//
// One look reads many frames, each of which would be an event of its own if Node brought it: what awaits one must have
// gone on before the next, or a listener that it adds would miss that. So a look pauses between frames, and goes on when
// the microtasks have run. Not between any two: each kind of frame has its rule.

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
/** @type {number[]} */
const rules = [];

/** Such frames settle a promise or call a function: as many as there are, then their microtasks. */
const SETTLES = 1;
/** Such a frame waits for its turn: what went before goes on first, and what follows waits until this has. */
const IN_TURN = 2;

/**
 * Says what to do with a kind of frame that none of the user's code hears of. The handler reads its fields from `reader`.
 * @param {number} kind
 * @param {(reader: Reader) => void} handler
 */
export function on(kind, handler, rule = 0) {
  handlers[kind] = handler;
  rules[kind] = rule;
}

/** As `on`, for a frame that settles a promise or calls a function. @type {typeof on} */
export const onSettling = (kind, handler) => on(kind, handler, SETTLES);

/** As `on`, for a frame of which the user's code hears, and after which it expects the next. @type {typeof on} */
export const onInTurn = (kind, handler) => on(kind, handler, IN_TURN);

/** @type {(() => void)[]} */
const beforeMicrotasks = [];

/** What runs whenever frames have been read, before the user's code hears of them. @param {() => void} work */
export function onRead(work) {
  beforeMicrotasks.push(work);
}

/** @type {(() => void)[]} */
const afterLook = [];

/** What runs after each look: work that must not interleave with reading frames. @param {() => void} work */
export function onAfterLook(work) {
  afterLook.push(work);
}

/** What comes before any frame, each in a turn of its own. @type {(() => void)[]} */
const firsts = [];

/**
 * Does something once what has settled by now has gone on, and before any frame is read after that.
 * @param {() => void} work
 */
export function beforeNextLook(work) {
  firsts.push(work);
  expect();
}

/** @type {(() => void)[]} */
const conclusions = [];

/**
 * Does something once everything that has arrived by now has been read, and has gone on: a conclusion that something has
 * not arrived. What goes on arriving does not delay it: a mark of its own, sent to itself, says when its time has come.
 * @param {() => void} conclude
 */
export function whenRead(conclude) {
  const start = writer.position;
  writer.u8(MARK);
  const sent = agent.send(agent.id, start, 1);
  writer.position = start;
  if (sent) {
    conclusions.push(conclude);
    expect();
  } else {
    // Its own environment is ending: nothing arrives here any more.
    conclude();
  }
}

onInTurn(MARK, () => conclusions.shift()?.());

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

/**
 * Deno aborts the process where a thread ends (`process.exit`, `terminate()`) in JavaScript that native code called: there
 * the look has a turn of its own.
 */
const looksApart = process.versions.deno !== undefined;
/** Whether native code called: then Node keeps what a tick throws to itself. */
let woken = false;

function wake() {
  agent.woken();
  asleep = false;
  if (looksApart) {
    scheduled ??= setImmediate(run);
    return;
  }
  woken = true;
  try {
    run();
  } catch (error) {
    throwUncaught(error);
  } finally {
    woken = false;
  }
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

/** Until when the loop may go on without returning to the event loop. */
let turnEnds = 0;
/** The strictest rule among the frames whose microtasks have not run. */
let unsettled = 0;

function run() {
  if (scheduled !== undefined) {
    clearImmediate(scheduled);
    scheduled = undefined;
  }
  let thrown = true;
  try {
    unsettled = 0;
    turnEnds = agent.now() + TURN_MS;
    let found = look();
    while (found && !leftSome() && mayStay() && agent.poll() && agent.now() < turnEnds) found = look();
    if (found || agent.poll() || !agent.sleep()) {
      // Let microtasks, timers and I/O have their turn, then look again.
      scheduled ??= setImmediate(run);
    } else if (scheduled === undefined) {
      asleep = true;
    } else {
      agent.rouse();
    }
    thrown = false;
  } finally {
    // A tick that throws, or memory that there is not: an uncaught exception, after which the loop goes on.
    if (thrown) scheduled ??= setImmediate(run);
  }
}

/** The frames that have been taken over, and where reading stands in them. */
let source = incoming;
let position = 0;
let end = 0;

/** Whether the last look stopped before something that has to wait for the next turn. */
const leftSome = () => position < end || firsts.length > 0;

/** Reads what has arrived; says whether there was anything. */
function look() {
  const found = read();
  for (const work of beforeMicrotasks) work();
  if (position === end && (source.length > KEEP || incoming.length > KEEP)) {
    makeRoom(SCRATCH);
    source = incoming;
  }
  for (const work of afterLook) work();
  return found;
}

/** Reads for as long as there is something and the turn goes on; says whether there was anything. */
function read() {
  let found = false;
  do {
    if (firsts.length > 0) {
      if (unsettled > 0 && !settle()) return true;
      unsettled = IN_TURN;
      handle(firsts.shift());
    } else {
      if (position === end && !take()) return found;
      if (!dispatch()) return true;
    }
    found = true;
  } while (agent.now() < turnEnds);
  return true;
}

/** Takes over what has arrived; says whether there was anything. */
function take() {
  let bytes = agent.drain();
  if (bytes < 0) {
    // The room is given back when this has been read.
    makeRoom(-bytes);
    bytes = agent.drain();
  }
  source = incoming;
  position = 0;
  end = bytes;
  return bytes > 0;
}

/** Reads frames, to the end or up to one that something comes first of; says no if that has to wait for the next turn. */
function dispatch() {
  while (position < end) {
    reader.attach(source, position, end);
    const next = position + 4 + reader.u32();
    const kind = reader.u8();
    const rule = rules[kind];
    if (rule + unsettled > IN_TURN) {
      if (!settle()) return false;
      if (firsts.length > 0) return true;
      // What ran meanwhile may have read something else.
      reader.attach(source, position + 5, end);
    }
    if (rule > unsettled) unsettled = rule;
    position = next;
    handle(handlers[kind]);
  }
  return true;
}

/** @param {((reader: Reader) => void) | undefined} handler */
function handle(handler) {
  try {
    handler?.(reader);
  } catch (error) {
    // What cannot be read, or a fault of this library: what follows must not suffer from it.
    throwUncaught(error);
  }
}

/**
 * Node's own function that runs what waits between two events, ticks and microtasks: 30 ns, where a tick behind the
 * microtasks takes 230. It is what Node itself calls between two immediates, and here too an immediate is what runs. There
 * is no public way to it, so where it is not what it was (on another runtime, or with `--pending-deprecation`, where it
 * warns) every message has a turn of the event loop.
 */
const runTicks = ofNode(/** @type {any} */ (process)._tickCallback);

/** @param {unknown} found @returns {(() => void) | undefined} */
function ofNode(found) {
  return typeof found === 'function' && found.name === 'runNextTicks' ? /** @type {() => void} */ (found) : undefined;
}

/** Lets what has settled go on; says no if it has to wait for the next turn. */
function settle() {
  if (runTicks === undefined || woken || agent.now() >= turnEnds) return false;
  for (const work of beforeMicrotasks) work();
  unsettled = 0;
  runTicks();
  return true;
}

/** Sees to it that the core can hand something over while frames that it handed over before wait to be read. */
export function keepUnread() {
  if (position < end && source === incoming) makeRoom(SCRATCH);
}

/** @param {number} bytes */
export function makeRoom(bytes) {
  incoming = new Uint8Array(bytes);
  useScratch(writer.bytes);
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

/** Starts the loop, once everything that handles frames has been registered: in a turn of its own, as every look. */
export function begin() {
  scheduled ??= setImmediate(run);
}

if (isRoot) asleep = agent.sleep();
