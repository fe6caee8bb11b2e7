// Threads that are given a while, and no more: to end once they have nothing more to do, or to be rid of what they wrote to
// the console. What a task left behind may spin, and must not hold the process or a CPU for ever.

import { setTimeout } from 'node:timers';

import { on } from './agent.js';
import { ENDING, TALKING } from './protocol.js';
import { threads } from './threads.js';

/** How often to look at such threads, in milliseconds. */
const LOOK_MS = 250;
/**
 * How many looks a thread is given: 5 s, as its `exit` handlers may have files to write and the machine may be busy. Not
 * the time itself is counted, of which much goes by at once while this thread is blocked.
 */
const LOOKS = 20;

/** The looks that are left to each thread, and what is done after the last. @type {Map<number, Given>} */
const given = new Map();

/** @typedef {{ looks: number, over: (worker: import('node:worker_threads').Worker) => void }} Given */

/** @type {Given['over']} */
const terminate = (worker) => {
  worker.terminate();
};

/** @type {Given['over']} */
const letGo = (worker) => worker.unref();

let looking = false;

/** @param {number} thread @param {Given['over']} over */
function give(thread, over) {
  given.set(thread, { looks: LOOKS, over });
  lookLater();
}

function lookLater() {
  if (looking || given.size === 0) return;
  looking = true;
  setTimeout(look, LOOK_MS).unref();
}

function look() {
  looking = false;
  // Threads wait for the process to take what they wrote, and it waits for whoever reads its own output.
  const stuffed = process.stdout?.writableNeedDrain || process.stderr?.writableNeedDrain;
  for (const [id, left] of given) {
    const thread = threads.get(id);
    if (thread !== undefined && stuffed) continue;
    left.looks -= 1;
    if (thread !== undefined && left.looks > 0) continue;
    given.delete(id);
    if (thread !== undefined) left.over(thread.worker);
  }
  lookLater();
}

on(ENDING, (reader) => {
  const id = reader.u32();
  if (threads.has(id)) give(id, terminate);
});

on(TALKING, (reader) => {
  const id = reader.u32();
  const talks = reader.u8() === 1;
  const worker = threads.get(id)?.worker;
  // Whoever is ending is waited for in any case.
  const ends = given.get(id)?.over === terminate;
  if (worker === undefined) return;
  if (talks) {
    // The process must not end with the answer in hand and the words before it still under way.
    worker.ref();
    if (!ends) give(id, letGo);
  } else {
    worker.unref();
    if (!ends) given.delete(id);
  }
});
