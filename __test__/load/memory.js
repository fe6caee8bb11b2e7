// R20: memory is flat over 1,000 threads and 1,000,000 calls.
//
//   node --expose-gc __test__/load/memory.js
//
// NANOLITH_THREADS and NANOLITH_CALLS make it smaller. What is compared is the resident memory after a tenth of the work,
// when caches and spares are there, with that at the end; ends with exit code 1 when it grew by more than the allowance.

import { native } from '../../lib/native.js';
import { tasks } from '../fixtures/tasks.js';
import { warm } from '../fixtures/warm.js';

const THREADS = Number(process.env.NANOLITH_THREADS ?? 1_000);
const CALLS = Number(process.env.NANOLITH_CALLS ?? 1_000_000);
const CALLS_AT_ONCE = 1_000;
const THREADS_AT_ONCE = 4;
/** A plain Worker's start and end leaves some KB in Node itself; a leaked thread would be megabytes. */
const KB_PER_THREAD = 64;
const BYTES_PER_CALL = 100;
/** What the heap and the allocator may keep, whatever the amount of work. */
const SLACK_MB = 40;

async function settledMemory() {
  while (native.livingAgents() > 1 + native.poolCounts(1).ready) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let round = 0; round < 4; round += 1) {
    /** @type {any} */ (globalThis).gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 };
}

/** @param {number} count */
async function threads(count) {
  for (let done = 0; done < count; done += THREADS_AT_ONCE) {
    await Promise.all(Array.from({ length: THREADS_AT_ONCE }, () => tasks({ name: 'echo', params: [{ done }] })));
  }
}

/** @param {number} count */
async function calls(count) {
  for (let done = 0; done < count; done += CALLS_AT_ONCE) {
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, () => warm({ name: 'echo', params: [{ done }] })));
  }
}

let grew = false;
for (const [what, work, count, kb] of /** @type {const} */ ([
  ['threads', threads, THREADS, KB_PER_THREAD],
  ['warm calls', calls, CALLS, BYTES_PER_CALL / 1024],
])) {
  await work(count / 10);
  const before = await settledMemory();
  await work(count);
  const after = await settledMemory();
  const [rss, heap] = [after.rss - before.rss, after.heap - before.heap];
  const allowed = SLACK_MB + (count * kb) / 1024;
  if (rss > allowed || heap > SLACK_MB / 4) grew = true;
  console.log(
    `${count} ${what}: rss ${rss.toFixed(1)} MB, heap ${heap.toFixed(1)} MB more (${allowed.toFixed(1)} allowed)`,
  );
}
console.log(grew ? 'GREW' : 'flat');
process.exitCode = grew ? 1 : 0;
