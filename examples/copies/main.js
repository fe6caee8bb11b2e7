// npm run example:copies [-- <folder>] [-- <options>]
//
// Finds the files of a folder that are copies of each other, or nearly: what is bundled twice, forked, or pasted.
//
//   this thread ── a stream for each file ──▶ readers (a ServiceCluster, the least busy one gets the next file)
//   readers ── a Messenger: what each file is like ──▶ catalogue (a service), and this thread, which shows the progress
//   this thread ── calls ──▶ catalogue ── a stream of all families ──▶ this thread
//
// A part is computed again on this thread alone; the exit code is 1 when that comes to something else.

import { access, constants, open, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import process from 'node:process';
import { Messenger, pool, ServiceCluster } from 'nanolith';
import { spread } from '../demo/files.js';
import { count, megabytes, seconds } from '../demo/report.js';
import { catalogue } from './catalogue.js';
import { ENTRIES, ROLL_CALL } from './channels.js';
import { CHECKED_FAMILIES, check } from './check.js';
import { feed, send } from './feed.js';
import { readOptions, UsageError, usage } from './options.js';
import { reader } from './reader.js';
import { receiveFamilies } from './receive.js';
import { likeTable, progress, SHOWN_FAMILIES, sharesTable, showFamilies, size } from './report.js';
import { walk } from './walk.js';

/** Walking a folder may take this part of the time, and reading the rest. */
const WALK_SHARE = 1 / 3;
const ANSWER_MS = 10_000;
const INTERRUPTED = 130;
const ALIKE_FILES = 10;
const SHOWN_FAULTS = 10;

/**
 * @typedef {import('./options.js').Options} Options
 * @typedef {import('./walk.js').File} File
 * @typedef {Awaited<ReturnType<typeof catalogue.launchService>>} Catalogue
 */

const startedMs = Date.now();

/** Ends the reading early, with what there is: when the time is up, on Ctrl-C, or for a fault. */
const stop = new AbortController();
let interrupted = false;
/** An exception in a service that no call is told of. @type {{ error: Error } | undefined} */
let fault;

// Only the first time: the second Ctrl-C does what it does by default.
process.once('SIGINT', () => {
  interrupted = true;
  stop.abort();
});

// `npm run example:copies | head` is no fault.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return 0;
  }
  await refuseUnreadable(options);
  const files = await findFiles(options);
  if (files.length === 0) {
    console.log('Nothing to do.');
    return interrupted ? INTERRUPTED : 0;
  }

  const entries = new Messenger(ENTRIES);
  const rollCall = new Messenger(ROLL_CALL);
  const launch = { messengers: [entries, rollCall], exceptionHandler: noteFault };
  const readers = new ServiceCluster(reader);
  // One thread more than there are cores: the catalogue sleeps nearly all the time.
  const { maxConcurrency } = pool;
  pool.setConcurrency(maxConcurrency + 1);
  const index = await catalogue.launchService(launch);
  try {
    await readers.launch(maxConcurrency, launch);
    const arrived = await read(files, options, { entries, readers });
    const families = await report(arrived, files, options, index);
    console.log(`\n${sharesTable(await callRoll(rollCall, readers.activeServices))}`);
    if (interrupted) return INTERRUPTED;
    if (options.like !== undefined) await showAlike(options, options.like, readers, index);
    return await compare(files, families, options, index);
  } finally {
    await Promise.all([readers.closeAll(), index.close()]);
  }
}

/** @param {{ error: Error }} context */
function noteFault(context) {
  fault ??= context;
  stop.abort();
}

/**
 * What the arguments name must be there, before anything is begun.
 *
 * @param {Options} options
 */
async function refuseUnreadable({ folder, like, report }) {
  if (!(await existing(folder, 'folder')).isDirectory()) throw new UsageError(`${folder} is not a folder`);
  if (like !== undefined && !(await existing(like, 'file')).isFile()) throw new UsageError(`${like} is no file`);
  if (report === undefined) return;
  try {
    await (await open(report, 'w')).close();
  } catch (error) {
    throw new UsageError(`cannot write ${report}: ${error.message}`);
  }
}

/** @param {string} path @param {string} kind */
async function existing(path, kind) {
  try {
    await access(path, constants.R_OK);
    return await stat(path);
  } catch (error) {
    if (error.code === 'ENOENT') throw new UsageError(`there is no ${kind} ${path}`);
    throw new UsageError(`cannot read ${path}: ${error.message}`);
  }
}

/** @param {Options} options */
async function findFiles({ folder, readMs }) {
  const walking = new AbortController();
  const timer = setTimeout(() => walking.abort(), readMs * WALK_SHARE);
  stop.signal.addEventListener('abort', () => walking.abort());
  let found;
  try {
    found = await walk(folder, walking.signal);
  } catch (error) {
    throw new UsageError(`cannot read ${folder}: ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
  const { files, skipped } = found;
  const shown = relative(process.cwd(), folder) || '.';
  console.log(`${shown}: ${count(files.length)} files, ${megabytes(sizeOf(files))}`);
  for (const [reason, times] of skipped) console.log(`  left out: ${count(times)} × ${reason}`);
  if (walking.signal.aborted) console.log('  and what was not found in the time');
  return files;
}

/**
 * Reads as many of the files as there is time for, and says how many those were.
 *
 * @param {File[]} files
 * @param {Options} options
 * @param {{ entries: Messenger, readers: import('./feed.js').Readers }} threads
 */
async function read(files, { readMs }, { entries, readers }) {
  const bar = progress(files.length, sizeOf(files));
  /** What cannot be read, by the system's code for why. @type {Map<string, { times: number, first: string }>} */
  const unreadable = new Map();
  let bytes = 0;
  entries.onMessage((/** @type {{ size: number }} */ { size }) => {
    bytes += size;
    bar.add(size);
  });
  const timer = setTimeout(() => stop.abort(), readMs - (Date.now() - startedMs));
  const fromMs = performance.now();
  try {
    // So spread that a part of them looks like the whole.
    const arrived = await feed(spread(files), readers, {
      signal: stop.signal,
      unreadable({ path }, code) {
        const { times, first } = unreadable.get(code) ?? { times: 0, first: path };
        unreadable.set(code, { times: times + 1, first });
      },
    });
    if (fault !== undefined) throw fault.error;
    bar.stop();
    showRead(bytes, performance.now() - fromMs, unreadable);
    return arrived;
  } finally {
    clearTimeout(timer);
    bar.stop();
  }
}

/** @param {number} bytes @param {number} ms @param {Map<string, { times: number, first: string }>} unreadable */
function showRead(bytes, ms, unreadable) {
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const rate = (bytes / 1e3 / ms).toFixed(1);
  console.log(
    `Read ${megabytes(bytes)} in ${seconds(ms)}, ${rate} MB/s, with at most ${megabytes(peakBytes)} of memory.`,
  );
  for (const [code, { times, first }] of unreadable) {
    console.log(`  could not be read: ${count(times)} × ${code}, the first ${first}`);
  }
}

/**
 * Has the catalogue find the families and stream them here, writes them to a file if one was asked for, and returns the
 * largest.
 *
 * @param {number} arrived
 * @param {File[]} files
 * @param {Options} options
 * @param {Catalogue} index
 */
async function report(arrived, files, { folder, threshold, report }, index) {
  const found = await index.call({ name: 'complete', params: [arrived, threshold] });
  const kept = Math.max(SHOWN_FAMILIES, CHECKED_FAMILIES);
  const received = new Promise((resolve, reject) => {
    index.onStream((stream) => {
      receiveFamilies(stream, { path: report, kept }).then(resolve, reject);
    });
  });
  const [families] = await Promise.all([received, index.call({ name: 'report' })]);
  showFamilies(families, folder);
  const part =
    arrived === files.length ? `all ${count(arrived)} files` : `${count(arrived)} of ${count(files.length)} files`;
  console.log(
    `\nOf ${part}, ${count(found.files)} are in ${count(found.families)} families and repeat ${size(found.repeatedBytes)}.`,
  );
  if (arrived < files.length && !interrupted) console.log('There was no time for the rest (--all takes everything).');
  if (interrupted) console.log('Interrupted before the rest.');
  if (report !== undefined) console.log(`All families are in ${report}.`);
  return families;
}

/**
 * Asks all readers at once what they have done, and waits for as many answers.
 *
 * @param {Messenger} rollCall
 * @param {number} readers
 */
async function callRoll(rollCall, readers) {
  /** @type {import('./channels.js').Share[]} */
  const shares = [];
  const answered = rollCall.waitForMessage(
    (/** @type {import('./channels.js').Share} */ share) => shares.push(share) === readers,
    { signal: AbortSignal.timeout(ANSWER_MS) },
  );
  rollCall.sendMessage({ ask: true });
  await answered;
  return shares;
}

/**
 * @param {Options} options
 * @param {string} path
 * @param {import('./feed.js').Readers} readers
 * @param {Catalogue} index
 */
async function showAlike({ folder }, path, readers, index) {
  const entry = await send(readers, path, (reader, id) => reader.call({ name: 'describe', params: [id, path] }));
  const alike = await index.call({ name: 'like', params: [entry, ALIKE_FILES] });
  const shown = relative(process.cwd(), path);
  console.log(
    alike.length === 0 ? `\nNothing is like ${shown}.` : `\nThe most like ${shown}:\n${likeTable(alike, folder)}`,
  );
}

/**
 * The exit code: 0 when what is computed again comes to the same.
 *
 * @param {File[]} files
 * @param {import('./families.js').Family[]} families
 * @param {Options} options
 * @param {Catalogue} index
 */
async function compare(files, families, { threshold }, index) {
  const lookUp = (/** @type {string[]} */ paths) => index.call({ name: 'lookUp', params: [paths] });
  const { faults, ...checked } = await check({ files, families, threshold, startedMs, lookUp });
  if (fault !== undefined) throw fault.error;
  const what = `${count(checked.files)} files, ${count(checked.pairs)} pairs and ${count(checked.links)} links`;
  if (faults.length === 0) {
    console.log(`\nComputed again on one thread: ${what} came to the same.`);
    return 0;
  }
  console.error(`\nComputed again on one thread: of ${what}, ${count(faults.length)} came to something else.`);
  for (const text of faults.slice(0, SHOWN_FAULTS)) console.error(`  ${text}`);
  return 1;
}

const sizeOf = (/** @type {File[]} */ files) => files.reduce((sum, { size }) => sum + size, 0);

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `copies: ${error.message}` : error);
  process.exitCode = isUsage ? 2 : 1;
}
