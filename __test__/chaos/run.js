// Chaos: everything that the library does, over many threads, while services are closed, threads terminated, exited,
// blocked, flooded and driven out of memory, signals aborted and limits changed, at random; and then an account of it.
//
//   npm run test:chaos -- [--seed N] [--seconds S] [--round R] [--print] [--at-once]
//
// The seed and the number of a round decide all that is done in it, and when; what the threads make of it is the
// system's scheduler's choice, so a fault that hangs on a race may take several tries: `--round R` repeats that one round
// for the given seconds. `--print` shows the plan. A world is one process of many rounds; it must end by itself, or with
// the code that it exits with in the middle of its last round.
//
// Seen once in 500 rounds on Node 20: SIGABRT from `node_platform.cc … ForIsolate … (data.first) != nullptr`, in a thread of
// V8's that compiled for a Worker which had just ended. Nothing of nanolith's was on that thread's stack. It looks like the
// race between an isolate's disposal and its leaving the platform that Node knows: nodejs/node#31752 says that no order of
// the two is safe, and v8/node#208 changed the order later.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Random } from './random.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    seconds: { type: 'string', default: '25' },
    round: { type: 'string' },
    print: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new RangeError(`--seconds must be a positive number, received ${values.seconds}`);

/** A world has about so many seconds: memory is compared over its rounds. */
const WORLD_S = 240;
/** What a world may take beyond its time: its last round, the wait for whatever hangs, and its own end. */
const GRACE_MS = 240_000;
const CODE_IN_THE_MIDDLE = 42;

/**
 * Resident memory is to show what is lost, not what glibc keeps for later. Threads have arenas of their own, and what is
 * free in sixteen of them is resident. By default its thresholds also rise with the largest block that was ever freed (to
 * 32 MB and 64 MB): after a flood, large blocks come from the heap, where what is free stays for as long as anything
 * above it lives. Set by hand they stay where they are: large blocks are mapped, and go back to the system when freed.
 */
const MALLOC = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '262144',
};

/** @param {string} seed @param {number} seconds @param {'alone' | 'exit'} leave */
function runWorld(seed, seconds, leave) {
  const args = [
    '--expose-gc',
    fileURLToPath(new URL('world.js', import.meta.url)),
    `--seed=${seed}`,
    `--seconds=${seconds}`,
    `--leave=${leave}`,
  ];
  if (values.round !== undefined) args.push(`--round=${values.round}`);
  if (values.print) args.push('--print');
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...MALLOC, ...process.env },
  });
  /** @type {any} */
  let report;
  let late = false;
  let reported = 0;
  let unread = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (unread + text).split('\n');
    unread = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('REPORT ')) console.log(line);
      else {
        report = JSON.parse(line.slice('REPORT '.length));
        reported = performance.now();
      }
    }
  });
  const timer = setTimeout(
    () => {
      late = true;
      child.kill('SIGKILL');
    },
    seconds * 1000 + GRACE_MS,
  );
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const ended = code === (leave === 'exit' ? CODE_IN_THE_MIDDLE : 0) && signal === null && report !== undefined;
      resolve({ report, ended, late, code, signal, endMs: performance.now() - reported });
    });
  });
}

const started = performance.now();
/** @type {Map<string, number>} */
const counts = new Map();
let [rounds, worlds] = [0, 0];
console.log(`chaos: seed ${values.seed}, ${seconds} s, node ${process.version}`);
for (let left = seconds; left > 0; left = seconds - (performance.now() - started) / 1000) {
  // The first world is the seed's own, so that a seed that is given replays.
  const seed = worlds === 0 ? values.seed : `${values.seed}.${worlds}`;
  const leave = values.round === undefined && new Random(`leave ${seed}`).chance(0.5) ? 'exit' : 'alone';
  const { report, ended, late, code, signal, endMs } = await runWorld(seed, Math.min(left, WORLD_S), leave);
  worlds += 1;
  rounds += report?.rounds ?? 0;
  for (const [what, count] of Object.entries(report?.counts ?? {})) counts.set(what, (counts.get(what) ?? 0) + count);
  if (!ended) {
    const how = late ? 'it did not end' : `exit code ${code}, signal ${signal}`;
    console.error(`FAULT: the world of seed ${seed} (${leave}) ended badly: ${how}`);
    process.exitCode = 1;
    // A long run goes on with another seed.
    if (values.round !== undefined) break;
    continue;
  }
  const mb = (/** @type {any} */ at) =>
    `${at.rss.toFixed(0)} MB resident, ${at.heap.toFixed(1)} heap, ${at.external.toFixed(1)} external`;
  console.log(
    `world ${seed}: ${report.rounds} rounds in ${report.seconds.toFixed(0)} s, ${mb(report.first)} after the first and ` +
      `${mb(report.last)} after the last; ended ${leave === 'exit' ? 'in the middle' : 'by itself'} after ${(endMs / 1000).toFixed(1)} s`,
  );
  if (values.round !== undefined && performance.now() - started > seconds * 1000) break;
}
for (const [what, count] of [...counts].sort()) console.log(`${String(count).padStart(10)}  ${what}`);
console.log(`${rounds} rounds in ${worlds} worlds: ${process.exitCode ? 'FAULT' : 'everything is accounted for'}`);
