// The readers, the services of the cluster: each makes sketches of the files that are streamed to it.

import { createHash } from 'node:crypto';
import { threadId } from 'node:worker_threads';
import { define, messengers, parent } from 'nanolith';
import { ENTRIES, ROLL_CALL } from './channels.js';
import { Sketcher } from './sketch.js';

/** Who waits for the stream of a call, by the ID of both. @type {Map<number, (stream: AsyncIterable<Buffer>) => void>} */
const waiting = new Map();
const share = { threadID: threadId, files: 0, bytes: 0 };

export const reader = await define({
  async __initializeService() {
    // A call and its stream are sent by the same thread, the call first, so it is always here before its stream.
    parent.onStream((/** @type {import('nanolith').IncomingStream<{ id: number }>} */ stream) => {
      waiting.get(stream.metaData.id)?.(stream);
      waiting.delete(stream.metaData.id);
    });
    const rollCall = await messengers.use(ROLL_CALL);
    rollCall.onMessage((data) => {
      if (/** @type {any} */ (data).ask) rollCall.sendMessage(share);
    });
  },

  /**
   * Reads the stream with this ID, and tells the catalogue what it found.
   *
   * @param {number} id
   * @param {string} path
   */
  async catalogue(id, path) {
    const entry = await readEntry(id, path);
    const entries = await messengers.use(ENTRIES);
    entries.sendMessage(entry);
    share.files += 1;
    share.bytes += entry.size;
  },

  /** The same for a file that is only asked about. @param {number} id @param {string} path */
  async describe(id, path) {
    return readEntry(id, path);
  },
});

/**
 * @param {number} id
 * @param {string} path
 * @returns {Promise<import('./families.js').Entry>}
 */
async function readEntry(id, path) {
  const stream = await new Promise((resolve) => waiting.set(id, resolve));
  const hash = createHash('sha256');
  const sketcher = new Sketcher();
  let size = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    sketcher.write(chunk);
    size += chunk.length;
  }
  return { path, size, sha256: hash.digest('hex'), sketch: sketcher.end() };
}
