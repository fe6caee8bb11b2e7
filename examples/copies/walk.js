// Which files there are.

import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** @typedef {{ path: string, size: number }} File */

/**
 * Finds the regular files below a folder that have anything in them. Links are not followed, so nothing is met twice and
 * no circle is run in. Stops when the signal aborts, with what was found until then.
 *
 * @param {string} folder
 * @param {AbortSignal} signal
 * @returns {Promise<{ files: File[], skipped: Map<string, number> }>} `skipped` counts what was left out, by reason
 */
export async function walk(folder, signal) {
  /** @type {File[]} */
  const files = [];
  /** @type {Map<string, number>} */
  const skipped = new Map();
  const skip = (/** @type {string} */ reason) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1);

  const folders = [folder];
  for (let current = folders.pop(); current !== undefined && !signal.aborted; current = folders.pop()) {
    try {
      for await (const entry of await opendir(current)) {
        if (signal.aborted) break;
        const path = join(current, entry.name);
        if (entry.isDirectory()) folders.push(path);
        else if (!entry.isFile()) skip(entry.isSymbolicLink() ? 'link' : 'no regular file');
        else await take(path);
      }
    } catch (error) {
      // The folder that was asked for must be readable; those below it may not be.
      if (current === folder) throw error;
      skip(`unreadable folder (${error.code})`);
    }
  }
  return { files, skipped };

  /** @param {string} path */
  async function take(path) {
    try {
      const { size } = await stat(path);
      if (size === 0) skip('empty');
      else files.push({ path, size });
    } catch (error) {
      skip(`unreadable file (${error.code})`);
    }
  }
}
