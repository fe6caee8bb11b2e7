// Streams files into a cluster of readers: always a few at a time for each reader, and each file to the least busy one.

import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** So many files are under way for each reader: while one is read from the disk, another is worked on. */
const LANES_PER_READER = 3;
/** As many bytes as a stream carries in one chunk. */
const READ_BYTES = 64 * 1024;

let lastID = 0;

/**
 * @typedef {typeof import('./reader.js').reader extends import('nanolith').Nanolith<infer D extends import('nanolith').TaskDefinitions> ? D : never} ReaderTasks
 * @typedef {import('nanolith').ServiceCluster<ReaderTasks>} Readers
 * @typedef {import('nanolith').Service<ReaderTasks>} Reader
 * @typedef {import('./walk.js').File} File
 */

/**
 * Streams all files, or those that it comes to before the signal aborts.
 *
 * @param {Iterable<File>} files
 * @param {Readers} cluster
 * @param {{ signal: AbortSignal, unreadable: (file: File, code: string) => void }} options
 * @returns {Promise<number>} how many files have arrived
 */
export async function feed(files, cluster, { signal, unreadable }) {
  const queue = files[Symbol.iterator]();
  let arrived = 0;
  const lane = async () => {
    for (let next = queue.next(); !next.done && !signal.aborted; next = queue.next()) {
      try {
        await sendToCatalogue(cluster, next.value.path, signal);
        arrived += 1;
      } catch (error) {
        if (signal.aborted) return;
        // What the system says of a file is that file's fault. All else is no file's.
        if (error.syscall === undefined) throw error;
        unreadable(next.value, error.code);
      }
    }
  };
  await Promise.all(Array.from({ length: cluster.activeServices * LANES_PER_READER }, lane));
  return arrived;
}

/** @param {Readers} cluster @param {string} path @param {AbortSignal} signal */
function sendToCatalogue(cluster, path, signal) {
  const call = (/** @type {Reader} */ reader, /** @type {number} */ id) =>
    reader.call({ name: 'catalogue', params: [id, path], signal });
  return send(cluster, path, call, signal);
}

/**
 * Streams a file to the least busy reader, together with the call that is to read it: the reader is busy until the call
 * has settled, and the stream waits whenever its reader does.
 *
 * @template Result
 * @param {Readers} cluster
 * @param {string} path
 * @param {(reader: Reader, id: number) => Promise<Result>} call calls the task that takes the stream with this ID
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>}
 */
export async function send(cluster, path, call, signal) {
  const file = await open(path);
  try {
    signal?.throwIfAborted();
    const id = ++lastID;
    const reader = cluster.use();
    const called = call(reader, id);
    const streamed = reader
      .createStream({ id }, { signal })
      .then((stream) => pipeline(file.createReadStream({ highWaterMark: READ_BYTES }), stream, { signal }));
    // A fault of the disk reaches the reader as the end of its stream, and comes back as the call's error, too.
    const [result] = await Promise.all([called, streamed]);
    return result;
  } finally {
    await file.close();
  }
}
