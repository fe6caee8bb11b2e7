// Which files the demo works on.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Larger files are left out: a thread holds a whole file in memory, and one file is the work of one thread. */
export const MAX_FILE_BYTES = 32 * 1024 * 1024;

/**
 * Finds the regular files below a folder. Links are not followed, so nothing is met twice and no circle is run in.
 *
 * @param {string} folder
 * @returns {Promise<{ files: { path: string, size: number }[], skipped: Record<string, number> }>} `skipped` counts
 *   what was left out, by reason
 */
export async function walk(folder) {
  const files = [];
  /** @type {Record<string, number>} */
  const skipped = {};
  const skip = (/** @type {string} */ reason) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };

  const folders = [folder];
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    let entries;
    try {
      entries = await readdir(current, { withFileTypes: true });
    } catch (error) {
      // The folder that was asked for must be readable; those below it may not be.
      if (current === folder) throw error;
      skip(`unreadable folder (${error.code})`);
      continue;
    }
    for (const entry of entries) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) skip('link');
      else if (!entry.isFile()) skip('no regular file');
      else {
        try {
          const { size } = await stat(path);
          if (size > MAX_FILE_BYTES) skip(`over ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
          else files.push({ path, size });
        } catch (error) {
          skip(`unreadable file (${error.code})`);
        }
      }
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, skipped };
}

/**
 * Takes a part of the files that a job of this speed gets through in the time, spread evenly over the folder, so that
 * the part looks like the whole. The choice depends on nothing else.
 *
 * @template {{ size: number }} File
 * @param {File[]} files
 * @param {number} budgetBytes
 * @returns {File[]}
 */
export function takeSpread(files, budgetBytes) {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= budgetBytes) return files;
  const taken = [];
  let takenBytes = 0;
  for (const file of spread(files)) {
    if (takenBytes + file.size > budgetBytes) continue;
    taken.push(file);
    takenBytes += file.size;
  }
  return taken;
}

/**
 * The same items in an order whose every beginning is spread over the whole: steps of the golden section, made coprime
 * with the length so that each item comes exactly once.
 *
 * @template T
 * @param {T[]} items
 */
export function* spread(items) {
  const { length } = items;
  let step = Math.max(1, Math.round(length * 0.618));
  while (commonDivisor(step, length) > 1) step++;
  for (let i = 0, at = 0; i < length; i++, at = (at + step) % length) yield items[at];
}

/** @type {(a: number, b: number) => number} */
const commonDivisor = (a, b) => (b === 0 ? a : commonDivisor(b, a % b));
