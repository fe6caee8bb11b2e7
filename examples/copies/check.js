// Does a part of the work again, on this thread alone and in another way: whole files instead of chunks, sets instead of
// sketches in order, each pair instead of those that meet.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { spread } from '../demo/files.js';
import { hashByte, hashWord, SIZE, SNIFFED_BYTES, spreadBits, WORD_START, WORDS } from './sketch.js';

/** How much is done again: so many files, and of a size that takes a second or two. */
const MAX_FILES = 150;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;
/** So many of the largest families are looked at, and so many files of each. */
export const CHECKED_FAMILIES = 15;
const FILES_PER_FAMILY = 4;

/**
 * @typedef {import('./families.js').Entry} Entry
 * @typedef {import('./families.js').Family} Family
 * @typedef {import('./walk.js').File} File
 * @typedef {{ path: string, sha256: string, hashes: Set<number>, family: number }} Checked
 */

/**
 * Compares the catalogue with what comes out here.
 *
 * @param {{ files: File[], families: Family[], threshold: number, startedMs: number,
 *   lookUp: (paths: string[]) => Promise<{ entry: Entry | undefined, family: number }[]> }} options `families` are the
 *   largest ones; a file that has changed after `startedMs` is left out
 * @returns {Promise<{ files: number, pairs: number, links: number, faults: string[] }>}
 */
export async function check({ files, families, threshold, startedMs, lookUp }) {
  const paths = choose(files, families);
  const known = await lookUp(paths);
  /** @type {string[]} */
  const faults = [];
  /** @type {Map<string, Checked>} */
  const checked = new Map();
  for (const [i, { entry, family }] of known.entries()) {
    // One that was not read in the time.
    if (entry === undefined) continue;
    const again = await recompute(paths[i], startedMs);
    if (again === undefined) continue;
    if (!isSame(entry, again)) faults.push(`${paths[i]} has another sketch`);
    checked.set(paths[i], { ...again, family });
  }
  const pairs = checkPairs([...checked.values()], threshold, faults);
  const links = checkLinks(families, checked, threshold, faults);
  return { files: checked.size, pairs, links, faults };
}

/**
 * Files of the largest families, so that there is something to find, then files from all over.
 *
 * @param {File[]} files
 * @param {Family[]} families
 */
function choose(files, families) {
  /** @type {Set<string>} */
  const chosen = new Set();
  let bytes = 0;
  const take = (/** @type {File} */ { path, size }) => {
    if (chosen.size === MAX_FILES || size > MAX_FILE_BYTES || bytes + size > MAX_BYTES || chosen.has(path)) return;
    chosen.add(path);
    bytes += size;
  };
  for (const family of families.slice(0, CHECKED_FAMILIES)) family.files.slice(0, FILES_PER_FAMILY).forEach(take);
  for (const file of spread(files)) take(file);
  return [...chosen];
}

/** @param {string} path @param {number} startedMs */
async function recompute(path, startedMs) {
  try {
    if ((await stat(path)).mtimeMs >= startedMs) return undefined;
    const bytes = await readFile(path);
    return { path, sha256: createHash('sha256').update(bytes).digest('hex'), hashes: hashesOf(bytes) };
  } catch {
    // Readable before, and now no more: the file has changed, not the result.
    return undefined;
  }
}

/** The smallest hashes of a file. @param {Buffer} bytes */
export function hashesOf(bytes) {
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) return new Set();
  const words = bytes.toString('latin1').match(/[\w\x80-\xff]+/g) ?? [];
  const hashes = words.map((word) => Buffer.from(word, 'latin1').reduce(hashByte, WORD_START));
  const runs = hashes.slice(WORDS - 1).map((_, i) => spreadBits(hashes.slice(i, i + WORDS).reduce(hashWord, 0)));
  return new Set([...new Set(runs)].sort((a, b) => a - b).slice(0, SIZE));
}

/** @param {Entry} entry @param {{ sha256: string, hashes: Set<number> }} again */
function isSame(entry, { sha256, hashes }) {
  return (
    entry.sha256 === sha256 &&
    entry.sketch.length === hashes.size &&
    entry.sketch.every((hash, i) => hashes.has(hash) && (i === 0 || hash > entry.sketch[i - 1]))
  );
}

/** Two files that are alike must be in one family. @param {Checked[]} all @param {number} threshold @param {string[]} faults */
function checkPairs(all, threshold, faults) {
  let pairs = 0;
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) {
      pairs += 1;
      if (likenessOf(a, b) < threshold || (a.family === b.family && a.family !== -1)) continue;
      faults.push(`${a.path} and ${b.path} are alike, and not in one family`);
    }
  }
  return pairs;
}

/**
 * What holds a family together must be as alike as it says.
 *
 * @param {Family[]} families
 * @param {Map<string, Checked>} checked
 * @param {number} threshold
 * @param {string[]} faults
 */
function checkLinks(families, checked, threshold, faults) {
  let count = 0;
  for (const link of families.flatMap(({ links }) => links)) {
    const [a, b] = [checked.get(link.a), checked.get(link.b)];
    if (a === undefined || b === undefined) continue;
    count += 1;
    const found = likenessOf(a, b);
    if (found < threshold || found !== link.likeness) {
      faults.push(`${a.path} and ${b.path} are alike by ${found}, not by ${link.likeness}`);
    }
  }
  return count;
}

/** @param {Checked} a @param {Checked} b */
function likenessOf(a, b) {
  if (a.sha256 === b.sha256) return 1;
  const smallest = [...new Set([...a.hashes, ...b.hashes])].sort((x, y) => x - y).slice(0, SIZE);
  if (smallest.length === 0) return 0;
  return smallest.filter((hash) => a.hashes.has(hash) && b.hashes.has(hash)).length / smallest.length;
}
