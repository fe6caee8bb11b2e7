// A thread that keeps a set loaded and takes task after task from the core, without a round trip in between.

import { setImmediate } from 'node:timers';

import {
  agent,
  begin,
  expect,
  hold,
  keepUnread,
  makeRoom,
  on,
  onAfterLook,
  onMayStay,
  payload,
  writer,
} from '../agent.js';
import { isApart, readApart, readValue, take, takeApart } from '../hosts.js';
import { receiveMessengers, returnMessengers } from '../messengers.js';
import { native } from '../native.js';
import { CALLER_ENDED, HOSTS, HOSTS_WANTED, TALKING, WORK } from '../protocol.js';
import { isTalking, said } from './console.js';
import { exit } from './exit.js';
import { load } from './load.js';
import { reportFatal, writeLoadFailure } from './one-off.js';
import { answerOf, isThenable, tasksByAtom, writeAnswer, writeFailure, writeResult } from './run.js';

/** How long tasks may follow each other before the event loop has its turn, in milliseconds. */
const TURN_MS = 5;
/** How long before the root is told anew that words are under way, in milliseconds. */
const TELL_MS = 1_000;
/** What `turn` says instead of the size of a task: that there is none, that it is enough, or that this time has passed. */
const [IDLE, ENOUGH, OVERDUE] = [0, -1, -2];
/** What the number of a call takes, which a task begins with. */
const CALL_BYTES = 4;

/** @type {Map<string, Function>} */
let functions;
/** @type {(atom: number) => Function} */
let functionOf;
/** The call that runs. @type {number | undefined} */
let current;
/** Whether a task is under way that has not settled. */
let busy = false;
/** Whether the core has work for this thread. */
let called = false;
/**
 * The task that waits for its host values.
 * @type {{ call: number, caller: number, go: (hosts: unknown[]) => void, drop: () => void } | undefined}
 */
let waiting;
/** When the event loop has its next turn, whatever is queued. */
let turnEnds = 0;
let hooked = false;
/** Whether this thread waits until its words have arrived. */
let talking = false;
/** When the root was last told that they are under way. */
let toldAt = 0;

/**
 * Loads the set and serves it until the core says that it is enough.
 * @param {{ file: string, identifier: string }} set
 */
export async function serve({ file, identifier }) {
  hold();
  reportFatal(() => current);
  try {
    functions = await load(file, identifier);
  } catch (error) {
    const start = writer.position;
    writeLoadFailure(0, file, error);
    // The core writes the kind and the call of each caller by itself.
    agent.loadFailed(start + 5, writer.position - start - 5);
    writer.position = start;
    await exit();
    return;
  }
  functionOf = tasksByAtom(functions);
  hooked = functions.has('__beforeTask') || functions.has('__afterTask');
  called = true;
  onAfterLook(() => {
    if (!called || busy) return;
    turnEnds = agent.now() + TURN_MS;
    work(0);
  });
  onMayStay(() => !busy);
  begin();
}

on(WORK, () => {
  called = true;
});

on(HOSTS, (reader) => {
  const [call, caller] = [reader.u32(), reader.u32()];
  const hosts = takeApart(take(agent.id));
  if (isAwaited(call, caller)) waiting?.go(hosts);
});

on(CALLER_ENDED, (reader) => {
  if (!isAwaited(reader.u32(), reader.u32())) return;
  // Nobody has the host values any more, and nobody waits for the answer.
  waiting?.drop();
  goOn();
});

/** @param {number} call @param {number} caller */
function isAwaited(call, caller) {
  return waiting !== undefined && waiting.call === call && waiting.caller === caller;
}

/**
 * Answers with what the scratch holds, if anything, and runs what the core has next, until that takes its time.
 * @param {number} answer how many bytes the answer takes, at the start of the scratch
 */
function work(answer) {
  for (let length = answer; ; length = writer.position) {
    if (isTalking()) talk();
    keepUnread();
    let bytes = agent.turn(length, turnEnds);
    writer.position = 0;
    current = undefined;
    if (bytes === IDLE || bytes === ENOUGH) {
      called = false;
      if (bytes === ENOUGH) exit();
      return;
    }
    if (bytes === OVERDUE) {
      giveTurn();
      return;
    }
    if (bytes < 0) {
      const call = payload(CALL_BYTES).u32();
      try {
        makeRoom(-bytes);
      } catch (error) {
        // There is no memory for it.
        writeFailure(call, error);
        continue;
      }
      bytes = agent.payload();
    }
    if (!run(payload(bytes))) return;
  }
}

/** Lets the event loop have its turn before this thread takes more: the tasks that wait are any thread's until then. */
function giveTurn() {
  busy = true;
  setImmediate(() => {
    turnEnds = agent.now() + TURN_MS;
    goOn();
  });
}

/** Holds the root's process until it has what tasks wrote to the console. */
async function talk() {
  // The root waits for some seconds, in which a task may not have let the words go. It waits again when that is over.
  if (!talking || agent.now() - toldAt > TELL_MS) tellTalking(true);
  if (talking) return;
  talking = true;
  while (isTalking()) await said();
  talking = false;
  tellTalking(false);
}

/** @param {boolean} now */
function tellTalking(now) {
  toldAt = agent.now();
  const start = writer.position;
  writer.u8(TALKING);
  writer.u32(agent.id);
  writer.u8(now ? 1 : 0);
  agent.send(agent.owner, start, writer.position - start);
  writer.position = start;
}

/**
 * Runs one task. Says whether it has settled, with its answer in the scratch.
 * @param {import('../codec/reader.js').Reader} reader
 */
function run(reader) {
  const call = reader.u32();
  current = call;
  const atom = reader.u32();
  const messengers = receiveMessengers(reader);
  if (isApart(reader)) {
    return !fetchHosts(call, atom, messengers, reader.bytes.slice(reader.position));
  }
  let params;
  try {
    params = readValue(reader);
  } catch (error) {
    returnMessengers(messengers);
    writeFailure(call, error);
    return true;
  }
  if (hooked || messengers.length > 0) {
    runWithHooks(call, atom, messengers, params);
    return false;
  }
  try {
    const value = functionOf(atom)(...params);
    if (isThenable(value)) {
      settle(call, value);
      return false;
    }
    writeResult(call, value);
  } catch (error) {
    writer.position = 0;
    writeFailure(call, error);
  }
  return true;
}

/**
 * Waits for what a task returned.
 * @param {number} call
 * @param {PromiseLike<unknown>} value
 */
async function settle(call, value) {
  busy = true;
  try {
    writeResult(call, await value);
  } catch (error) {
    writeFailure(call, error);
  }
  goOn();
}

/** The task is over, its answer in the scratch: more work may come at once. */
function goOn() {
  busy = false;
  work(writer.position);
  if (!busy) expect();
}

/**
 * @param {number} call
 * @param {number} atom
 * @param {string[]} messengers
 * @param {unknown[]} params
 */
async function runWithHooks(call, atom, messengers, params) {
  busy = true;
  const name = native.atomText(atom);
  const [before, after] = [functions.get('__beforeTask'), functions.get('__afterTask')];
  const answer = await answerOf({ call, name, functions, params, before, after, inService: false });
  returnMessengers(messengers);
  writeAnswer(call, answer);
  goOn();
}

/**
 * The params have host values, which the caller keeps in a port until a thread asks for them. Says whether the task
 * waits for them: a caller that has ended has none.
 * @param {number} call
 * @param {number} atom
 * @param {string[]} messengers
 * @param {Uint8Array} written the params
 */
function fetchHosts(call, atom, messengers, written) {
  const start = writer.position;
  writer.u8(HOSTS_WANTED);
  writer.u32(call);
  writer.u32(agent.id);
  busy = agent.tellCaller(start, writer.position - start);
  writer.position = start;
  const drop = () => {
    waiting = undefined;
    returnMessengers(messengers);
  };
  if (!busy) {
    drop();
    return false;
  }
  // It has not begun: what is thrown meanwhile is none of its own.
  current = undefined;
  const go = (/** @type {unknown[]} */ hosts) => {
    waiting = undefined;
    current = call;
    let params;
    try {
      params = readApart(written, hosts);
    } catch (error) {
      returnMessengers(messengers);
      writeFailure(call, error);
      goOn();
      return;
    }
    runWithHooks(call, atom, messengers, params);
  };
  waiting = { call, caller: agent.callerID(), go, drop };
  return true;
}
