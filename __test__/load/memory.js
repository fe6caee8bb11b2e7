// R20: memory is flat over 1,000 threads and 1,000,000 calls.
//
//   node --expose-gc __test__/load/memory.js
//
// NANOLITH_THREADS and NANOLITH_CALLS make it smaller. It runs in a process of its own, whose young generations keep one
// size: otherwise they grow with use, all at once, and hide what is lost. The memory is read after each tenth of the work.
// What is compared is the least of the third to the fifth, when caches and spares are there, with the least of the last
// three: a single reading also says what the allocator happens to keep. Ends with exit code 1 when it grew by more than
// the allowance.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { native } from '../../lib/native.js';
import { tasks } from '../fixtures/tasks.js';
import { warm } from '../fixtures/warm.js';

const FLAG = '--max-semi-space-size=1';
if (!process.execArgv.includes(FLAG)) {
  const { status } = spawnSync(process.execPath, ['--expose-gc', FLAG, fileURLToPath(import.meta.url)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

const THREADS = Number(process.env.NANOLITH_THREADS ?? 1_000);
const CALLS = Number(process.env.NANOLITH_CALLS ?? 1_000_000);
const CALLS_AT_ONCE = 1_000;
const THREADS_AT_ONCE = 4;
const PARTS = 10;
/** The first parts are not compared: heaps and arenas get their size. */
const WARM_UP = 2;
/** How many are, of the middle and of the end. */
const COMPARED = 3;
/** A plain Worker's start and end leaves some KB in Node itself; a leaked thread would be megabytes. */
const KB_PER_THREAD = 16;
const BYTES_PER_CALL = 8;
/** What the allocator may keep, whatever the amount of work, and the heap. */
const SLACK_MB = 6;
const HEAP_SLACK_MB = 2;

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
  const readings = [];
  for (let part = 0; part < PARTS; part += 1) {
    await work(count / PARTS);
    readings.push(await settledMemory());
  }
  const [middle, end] = [readings.slice(WARM_UP, WARM_UP + COMPARED), readings.slice(-COMPARED)];
  const grown = (/** @type {'rss' | 'heap'} */ of) => {
    const least = (/** @type {typeof readings} */ some) => Math.min(...some.map((at) => at[of]));
    return least(end) - least(middle);
  };
  const [rss, heap] = [grown('rss'), grown('heap')];
  const between = (count * (PARTS - WARM_UP - COMPARED)) / PARTS;
  const allowed = SLACK_MB + (between * kb) / 1024;
  if (rss > allowed || heap > HEAP_SLACK_MB) grew = true;
  console.log(
    `${count} ${what}: rss ${rss.toFixed(1)} MB, heap ${heap.toFixed(1)} MB more (${allowed.toFixed(1)} and ${HEAP_SLACK_MB} allowed)`,
  );
}
console.log(grew ? 'GREW' : 'flat');
process.exitCode = grew ? 1 : 0;
