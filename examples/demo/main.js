// npm run demo [-- <folder>] [-- --all | --seconds <n>]
//
// Hashes, compresses and counts the words of every file of a folder: on all cores with nanolith, then on one thread
// for comparison. Ends with code 1 when the two do not come to the same results.

import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { pool } from 'nanolith';
import { spread, takeSpread, walk } from './files.js';
import { digest } from './job.js';
import { count, filesTable, megabytes, progress, runsTable, seconds } from './report.js';
import { api } from './tasks.js';

const usage = `usage: npm run demo [-- [folder] [--all | --seconds <n>]]

  folder        what to work on; by default this repository's node_modules
  --all         take every file, however long it takes
  --seconds n   take as many files as both runs get through in about n seconds (30)`;

/** How long the speed of this machine is measured before files are chosen. */
const CALIBRATION_MS = 500;
/** How often the comparison on the main thread lets the bar be drawn. */
const BREATH_MS = 50;

// `npm run demo | head` is no fault.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

async function main() {
  const options = readArguments();
  if (typeof options === 'number') return options;
  const { folder, budgetMs } = options;

  let found;
  try {
    if (!(await stat(folder)).isDirectory()) return refuse(`${folder} is not a folder`);
    found = await walk(folder);
  } catch (error) {
    if (error.code === 'ENOENT') return refuse(`there is no folder ${folder}`);
    return refuse(`cannot read ${folder}: ${error.message}`);
  }
  const shown = relative(process.cwd(), folder) || '.';
  console.log(`${shown}: ${count(found.files.length)} files, ${megabytes(sum(found.files))}`);
  for (const [reason, times] of Object.entries(found.skipped)) console.log(`  left out: ${count(times)} × ${reason}`);
  if (found.files.length === 0) {
    console.log('Nothing to do.');
    return 0;
  }

  const files = choose(found.files, budgetMs);
  const bytes = sum(files);
  // The largest first: no thread is left with a big file when the others have finished.
  files.sort((a, b) => b.size - a.size);

  const threads = pool.maxConcurrency;
  const parallel = await run(`${threads} ${threads === 1 ? 'thread ' : 'threads'}`, files, onAllCores);
  const serial = await run('1 thread ', files, onOneThread);

  const faults = parallel.digests.filter((d) => 'fault' in d);
  console.log(`\n${filesTable(parallel.digests)}`);
  if (faults.length > 0) {
    console.log(`${count(faults.length)} could not be read, the first ${faults[0].path} (${faults[0].fault})`);
  }
  console.log(
    runsTable(
      [
        { name: `nanolith, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, ms: parallel.ms },
        { name: 'the main thread alone', ms: serial.ms },
      ],
      bytes,
    ),
  );
  console.log(`${seconds(parallel.ms)} on all cores, ${seconds(serial.ms)} on one thread.`);
  return compare(parallel.digests, serial.digests);
}

/** @returns {number | { folder: string, budgetMs: number }} a number is the exit code */
function readArguments() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { all: { type: 'boolean' }, seconds: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    return refuse(`${error.message}\n\n${usage}`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (positionals.length > 1) return refuse(`one folder at most, not ${positionals.length}\n\n${usage}`);
  if (values.all && values.seconds !== undefined) return refuse(`--all and --seconds exclude each other\n\n${usage}`);
  const limit = values.seconds === undefined ? 30 : Number(values.seconds);
  if (!(limit > 0) || values.seconds === '')
    return refuse(`--seconds takes a positive number, not "${values.seconds}"`);
  const folder = positionals[0] ?? fileURLToPath(new URL('../../node_modules', import.meta.url));
  return { folder: resolve(folder), budgetMs: values.all ? Number.POSITIVE_INFINITY : limit * 1000 };
}

/** Says why nothing is done; the exit code for it. */
function refuse(/** @type {string} */ message) {
  console.error(`demo: ${message}`);
  return 2;
}

/** Takes as many files as both runs together get through in the time, and says so. */
function choose(/** @type {{ path: string, size: number }[]} */ files, /** @type {number} */ budgetMs) {
  if (budgetMs === Number.POSITIVE_INFINITY) return [...files];
  let done = 0;
  const startMs = performance.now();
  for (const { path, size } of spread(files)) {
    // A file counts for a little more than its bytes, so that a folder of tiny files is not underestimated.
    digest(path);
    done += weight({ size });
    if (performance.now() - startMs > CALIBRATION_MS) break;
  }
  const perMs = done / (performance.now() - startMs);
  // One run on all threads and one on a single thread.
  const budget = (budgetMs * perMs) / (1 + 1 / pool.maxConcurrency);
  const weighed = files.map((file) => ({ file, size: weight(file) }));
  const taken = takeSpread(weighed, budget).map(({ file }) => file);
  const chosen = taken.length > 0 ? taken : [files.reduce((a, b) => (a.size <= b.size ? a : b))];
  const about = budgetMs === 30_000 ? 'half a minute' : `${budgetMs / 1000} s`;
  console.log(
    chosen.length === files.length
      ? `All of it fits in about ${about}.`
      : `Taking ${count(chosen.length)} of the files, ${megabytes(sum(chosen))}: what fits in about ${about} (--all takes everything).`,
  );
  return [...chosen];
}

const FILE_WEIGHT_BYTES = 2048;
const weight = (/** @type {{ size: number }} */ { size }) => size + FILE_WEIGHT_BYTES;

const sum = (/** @type {{ size: number }[]} */ files) => files.reduce((total, { size }) => total + size, 0);

/**
 * @typedef {{ path: string, size: number }[]} Files
 * @typedef {(files: Files, done: (size: number) => void) => Promise<ReturnType<typeof digest>[]>} Way
 */

/** Runs the job one way, with a bar. */
async function run(/** @type {string} */ label, /** @type {Files} */ files, /** @type {Way} */ way) {
  const bar = progress(label, sum(files), files.length);
  const startMs = performance.now();
  try {
    const digests = await way(files, (size) => bar.add(size));
    return { digests, ms: performance.now() - startMs };
  } finally {
    bar.stop();
  }
}

/** @type {Way} */
function onAllCores(files, done) {
  return Promise.all(
    files.map(async ({ path, size }) => {
      const result = await api({ name: 'digest', params: [path] });
      done(size);
      return result;
    }),
  );
}

/** @type {Way} */
async function onOneThread(files, done) {
  const digests = [];
  let breathMs = performance.now();
  for (const { path, size } of files) {
    digests.push(digest(path));
    done(size);
    if (performance.now() - breathMs > BREATH_MS) {
      await setImmediate();
      breathMs = performance.now();
    }
  }
  return digests;
}

/** The exit code: 0 when both runs came to the same. */
function compare(
  /** @type {ReturnType<typeof digest>[]} */ parallel,
  /** @type {ReturnType<typeof digest>[]} */ serial,
) {
  const different = parallel.filter((result, i) => !isDeepStrictEqual(result, serial[i]));
  if (different.length === 0) {
    console.log(`Both came to the same ${count(parallel.length)} results.`);
    return 0;
  }
  console.error(`The runs differ for ${count(different.length)} files, the first is ${different[0].path}.`);
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
