// Which of many sketched files belong together, without comparing each with each.
//
// Two files are linked when they are alike enough; a family is what links hold together. Only pairs that can be alike
// enough are compared. If a share t of what two sketches have is common, each has at least t of its hashes in common with
// the other; so, with the hashes of both in one and the same order, the first common one is among the first
// `n - ceil(t * n) + 1` of each (the prefix filter of set joins). With the rarest hashes first, few files meet in one.

import { likeness } from './sketch.js';

/**
 * @typedef {{ path: string, size: number, sha256: string, sketch: Uint32Array }} Entry
 * @typedef {{ a: string, b: string, likeness: number }} Link
 * @typedef {{ files: { path: string, size: number }[], links: Link[], repeatedBytes: number }} Family `links` has just
 *   enough of them to hold the family together; `repeatedBytes` is what all files but the largest take
 */

/**
 * Finds the families of two and more files, those that repeat the most bytes first. The order of the entries makes no
 * difference.
 *
 * @param {Entry[]} unsorted
 * @param {number} threshold how alike two files must be, above 0 up to 1
 * @returns {Family[]}
 */
export function findFamilies(unsorted, threshold) {
  const entries = unsorted.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const union = new Union(entries.length);
  /** @type {[number, number, number][]} */
  const links = [];
  const link = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ likeness) => {
    if (union.join(a, b)) links.push([a, b, likeness]);
  };

  const distinct = linkCopies(entries, link);
  linkAlike(entries, distinct, threshold, union, link);
  return gather(entries, union, links).sort(
    (a, b) => b.repeatedBytes - a.repeatedBytes || (a.files[0].path < b.files[0].path ? -1 : 1),
  );
}

/**
 * Links files of the same bytes; returns the first of each kind, by number.
 *
 * @param {Entry[]} entries
 * @param {(a: number, b: number, likeness: number) => void} link
 */
function linkCopies(entries, link) {
  /** @type {Map<string, number>} */
  const firsts = new Map();
  for (const [i, { sha256 }] of entries.entries()) {
    const first = firsts.get(sha256);
    if (first === undefined) firsts.set(sha256, i);
    else link(first, i, 1);
  }
  return [...firsts.values()];
}

/**
 * @param {Entry[]} entries
 * @param {number[]} distinct
 * @param {number} threshold
 * @param {Union} union
 * @param {(a: number, b: number, likeness: number) => void} link
 */
function linkAlike(entries, distinct, threshold, union, link) {
  const prefixes = prefixesOf(entries, distinct, threshold);
  const meetings = meetingsOf(prefixes);
  /** With whom a file was last compared: no pair is compared twice. */
  const comparedWith = new Int32Array(entries.length).fill(-1);
  for (const [a, prefix] of prefixes) {
    for (const hash of prefix) {
      for (const b of meetings.get(hash) ?? []) {
        if (b >= a) break;
        if (comparedWith[b] === a) continue;
        comparedWith[b] = a;
        if (union.joined(a, b) || !mayBeAlike(entries[a].sketch, entries[b].sketch, threshold)) continue;
        const found = likeness(entries[a].sketch, entries[b].sketch);
        if (found >= threshold) link(b, a, found);
      }
    }
  }
}

/** Whether the smaller of two sketches is large enough to be the common part. */
function mayBeAlike(/** @type {Uint32Array} */ a, /** @type {Uint32Array} */ b, /** @type {number} */ threshold) {
  return Math.min(a.length, b.length) >= needed(Math.max(a.length, b.length), threshold);
}

/** How many of `length` hashes must be common; a rounding error of the product must not ask for one more. */
const needed = (/** @type {number} */ length, /** @type {number} */ threshold) => Math.ceil(length * threshold - 1e-9);

/** The table that counts hashes has 2 to the power of this many places. */
const COUNT_BITS = 22;

/**
 * The hashes of each file by which it can be met, the rarest of it. Which ones are rare is told by a table of a fixed
 * size in which hashes may share a place: that makes some seem less rare, and the order still one and the same for all.
 *
 * @param {Entry[]} entries
 * @param {number[]} distinct
 * @param {number} threshold
 * @returns {Map<number, Uint32Array>} by the number of the entry, ascending
 */
function prefixesOf(entries, distinct, threshold) {
  const counts = new Uint32Array(2 ** COUNT_BITS);
  const placeOf = (/** @type {number} */ hash) => hash >>> (32 - COUNT_BITS);
  for (const i of distinct) for (const hash of entries[i].sketch) counts[placeOf(hash)] += 1;

  const prefixes = new Map();
  for (const i of distinct) {
    const { sketch } = entries[i];
    if (sketch.length === 0) continue;
    const byRarity = sketch.toSorted((a, b) => counts[placeOf(a)] - counts[placeOf(b)] || a - b);
    prefixes.set(i, byRarity.slice(0, sketch.length - needed(sketch.length, threshold) + 1));
  }
  return prefixes;
}

/**
 * Which files meet in a hash, ascending. Most hashes are met by one file only: they are left out, and with a sort of
 * numbers that have the hash above and the file below, they take no more than eight bytes meanwhile.
 *
 * @param {Map<number, Uint32Array>} prefixes
 * @returns {Map<number, number[]>}
 */
function meetingsOf(prefixes) {
  const FILES = 2 ** 21;
  let length = 0;
  for (const prefix of prefixes.values()) length += prefix.length;
  const pairs = new Float64Array(length);
  let at = 0;
  for (const [i, prefix] of prefixes) for (const hash of prefix) pairs[at++] = hash * FILES + i;
  pairs.sort();

  const hashAt = (/** @type {number} */ place) => Math.floor(pairs[place] / FILES);
  const meetings = new Map();
  for (let start = 0, end = 0; start < length; start = end) {
    const hash = hashAt(start);
    while (end < length && hashAt(end) === hash) end++;
    if (end - start > 1)
      meetings.set(
        hash,
        Array.from(pairs.subarray(start, end), (pair) => pair % FILES),
      );
  }
  return meetings;
}

/**
 * @param {Entry[]} entries
 * @param {Union} union
 * @param {[number, number, number][]} links
 * @returns {Family[]}
 */
function gather(entries, union, links) {
  /** @type {Map<number, Family>} */
  const families = new Map();
  for (const [a, b, likeness] of links) {
    const root = union.rootOf(a);
    let family = families.get(root);
    if (family === undefined) families.set(root, (family = { files: [], links: [], repeatedBytes: 0 }));
    family.links.push({ a: entries[a].path, b: entries[b].path, likeness });
  }
  for (const [i, { path, size }] of entries.entries()) families.get(union.rootOf(i))?.files.push({ path, size });
  for (const family of families.values()) {
    const sizes = family.files.map(({ size }) => size);
    const largest = sizes.reduce((a, b) => Math.max(a, b));
    family.repeatedBytes = sizes.reduce((a, b) => a + b) - largest;
  }
  return [...families.values()];
}

/** Numbers that are joined to sets, one pair after the other (union-find). */
class Union {
  #parents;

  /** @param {number} length */
  constructor(length) {
    this.#parents = Int32Array.from({ length }, (_, i) => i);
  }

  /** @param {number} i */
  rootOf(i) {
    const parents = this.#parents;
    while (parents[i] !== i) i = parents[i] = parents[parents[i]];
    return i;
  }

  /** @param {number} a @param {number} b */
  joined(a, b) {
    return this.rootOf(a) === this.rootOf(b);
  }

  /** Whether the two were not joined before. @param {number} a @param {number} b */
  join(a, b) {
    const [rootA, rootB] = [this.rootOf(a), this.rootOf(b)];
    this.#parents[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
    return rootA !== rootB;
  }
}
