// npm run example:copies [-- <folder>] [-- <options>]
//
// Finds the files of a folder that are copies of each other, or nearly: what is bundled twice, forked, or pasted.
//
//   this thread ── a stream for each file ──▶ readers (a ServiceCluster, the least busy one gets the next file)
//   readers ── a Messenger: what each file is like ──▶ catalogue (a service), and this thread, which shows the progress
//   this thread ── calls ──▶ catalogue ── a stream of all families ──▶ this thread
//
// A part is computed again on this thread alone; the exit code is 1 when that comes to something else.

import { open, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import process from 'node:process';
import { Messenger, pool, ServiceCluster } from 'nanolith';
import { spread } from '../demo/files.js';
import { count, megabytes, seconds } from '../demo/report.js';
import { catalogue } from './catalogue.js';
import { ENTRIES, ROLL_CALL } from './channels.js';
import { check } from './check.js';
import { feed, send } from './feed.js';
import { readOptions, UsageError, usage } from './options.js';
import { likeTable, progress, SHOWN_FAMILIES, sharesTable, showFamilies } from './report.js';
import { reader } from './reader.js';
import { walk } from './walk.js';

/** Walking a folder may take this part of the time, and reading the rest. */
const WALK_SHARE = 1 / 3;
const ANSWER_MS = 10_000;
const INTERRUPTED = 130;
const ALIKE_FILES = 10;

const startedMs = Date.now();

/** Ends the reading early, with what there is: because of the time, of Ctrl-C, or of a fault that is its reason. */
const stop = new AbortController();
let interrupted = false;
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
    return 0;
  }

  const messengers = [new Messenger(ENTRIES), new Messenger(ROLL_CALL)];
  const readers = new ServiceCluster(reader);
  const launched = { messengers, exceptionHandler: fail };
  // One more than there are cores: the catalogue sleeps nearly all the time.
  const { maxConcurrency } = pool;
  pool.setConcurrency(maxConcurrency + 1);
  const index = await catalogue.launchService(launched);
  try {
    await readers.launch(maxConcurrency, launched);
    const result = await work(options, files, { index, readers, entries: messengers[0], rollCall: messengers[1] });
    return interrupted ? INTERRUPTED : result;
  } finally {
    await Promise.all([index.close(), readers.closeAll()]);
  }
}

/** An exception that no call of ours is told of: whatever comes out now is not to be trusted. */
function fail(/** @type {{ error: Error }} */ { error }) {
  stop.abort(error);
  throw error;
}
