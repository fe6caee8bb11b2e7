// Ends threads, roots and processes while much is under way, over and over:
//
//   npm run test:teardown [-- runtime…] [--cycles N] [--only part-of-a-program] [--jobs N]
//
// Each case of cases.js runs so many cycles (1,000) on each runtime (all but `running`), in processes that take a batch
// of them each. A process must end within a bound, by itself, with its exit code and by no signal. What fails otherwise is
// printed with the number of the first cycle of its process: `node __test__/teardown/cases/<program> <cycle> <cycles>`.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run, running, runtimes, versionOf } from '../../scripts/runtimes.js';
import { cases } from './cases.js';

/** @typedef {import('../../scripts/runtimes.js').Runtime} Runtime */
/** @typedef {import('./cases.js').Case} Case */

const PROCESS_MS = 30_000;
const CYCLE_MS = 3_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: 'string', default: '1000' },
    only: { type: 'string', multiple: true, default: [] },
    jobs: { type: 'string', default: '2' },
  },
});
const [cycles, jobs] = [values.cycles, values.jobs].map(Number);
if (!(Number.isInteger(cycles) && cycles > 0 && Number.isInteger(jobs) && jobs > 0)) {
  throw new TypeError('--cycles and --jobs take positive whole numbers');
}

// What ends is what is shipped.
await import('../../scripts/bundle.js');

const chosen = cases.filter(({ program }) => values.only.every((part) => program.includes(part)));
if (chosen.length === 0) throw new TypeError(`no case's program contains ${values.only}`);

let failed = 0;
let ended = 0;
console.log('| runtime | case | cycles | processes | seconds | failed |\n|---|---|---|---|---|---|');
for (const runtime of runtimes(positionals)) {
  const name = runtime === running ? 'node' : runtime.name;
  for (const one of chosen) {
    const { processes, seconds, failures } = await runCase(runtime, one);
    const counts = [...failures].map(([how, { count }]) => `${count} × ${how}`).join(', ') || 'none';
    console.log(
      `| ${name} ${versionOf(runtime)} | ${one.what} | ${cycles} | ${processes} | ${seconds.toFixed(0)} | ${counts} |`,
    );
    ended += cycles;
    for (const [how, { cycle, said }] of failures) {
      failed += 1;
      console.error(`${runtime.name}: ${one.program}, cycles from ${cycle}: ${how}\n${said}\n`);
    }
  }
}
console.log(`\n${ended} cycles, ${failed} kinds of failure`);
if (failed > 0) process.exitCode = 1;

/**
 * @param {Runtime} runtime
 * @param {Case} one
 */
async function runCase(runtime, one) {
  const start = performance.now();
  /** @type {Map<string, { count: number, cycle: number, said: string }>} */
  const failures = new Map();
  let [next, processes] = [0, 0];
  const most = (runtime.name === 'deno' && one.denoBatch) || one.batch;
  const work = async () => {
    while (next < cycles) {
      const cycle = next;
      next = Math.min(cycles, cycle + Math.min(most, Math.ceil(cycles / jobs)));
      processes += 1;
      const failure = await runProcess(runtime, one, cycle, next - cycle);
      if (failure === undefined) continue;
      const known = failures.get(failure.how);
      if (known) known.count += 1;
      else failures.set(failure.how, { count: 1, cycle, said: failure.said });
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return { processes, failures, seconds: (performance.now() - start) / 1000 };
}

/**
 * @param {Runtime} runtime
 * @param {Case} one
 * @param {number} cycle
 * @param {number} count
 */
async function runProcess(runtime, { program, code = () => 0, says = /^/ }, cycle, count) {
  const file = fileURLToPath(new URL(`cases/${program}`, import.meta.url));
  const timeoutMs = PROCESS_MS + count * CYCLE_MS;
  const ended = await run(runtime, file, { args: [String(cycle), String(count)], timeoutMs });
  const said = (ended.stderr || ended.stdout).trim().split('\n').slice(-12).join('\n');
  if (ended.late) return { how: `hung for ${timeoutMs / 1000} s`, said };
  if (ended.signal !== null) return { how: ended.signal, said };
  if (ended.code !== code(cycle)) return { how: `exit code ${ended.code}`, said };
  if (!says.test(ended.stderr)) return { how: 'ended of something else', said };
  if (code(cycle) === 0 && !ended.stdout.includes('all cycles ended')) return { how: 'ended early', said };
  return undefined;
}
