// The catalogue, one service: hears of every file that a reader has read, keeps half a KiB of each, and answers questions.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { define, messengers, parent } from 'nanolith';
import { ENTRIES } from './channels.js';
import { findFamilies } from './families.js';
import { likeness } from './sketch.js';

/**
 * @typedef {import('./families.js').Entry} Entry
 * @typedef {import('./families.js').Family} Family
 */

/** @type {Map<string, Entry>} */
const entries = new Map();
/** @type {Family[]} */
let families = [];
let grown = () => {};

export const catalogue = await define({
  async __initializeService() {
    const messenger = await messengers.use(ENTRIES);
    messenger.onMessage((/** @type {Entry} */ entry) => {
      entries.set(entry.path, entry);
      grown();
    });
  },

  /**
   * Finds the families, as soon as so many files are here: who asks and who reads are different threads, so that a
   * reader's last messages may come after the question.
   *
   * @param {number} count
   * @param {number} threshold
   */
  async complete(count, threshold) {
    while (entries.size < count) {
      await new Promise((resolve) => {
        grown = () => resolve(undefined);
      });
    }
    families = findFamilies([...entries.values()], threshold);
    let [files, repeatedBytes] = [0, 0];
    for (const family of families) {
      files += family.files.length;
      repeatedBytes += family.repeatedBytes;
    }
    return { families: families.length, files, repeatedBytes };
  },

  /** Streams all families to the main thread, a line of JSON for each. */
  async report() {
    const stream = await parent.createStream({ what: 'families' });
    await pipeline(Readable.from(lines()), stream);
  },

  /** What is known of these files; `family` is a number, -1 for none. @param {string[]} paths */
  lookUp(paths) {
    const numbers = new Map(families.flatMap(({ files }, i) => files.map(({ path }) => [path, i])));
    return paths.map((path) => ({ entry: entries.get(path), family: numbers.get(path) ?? -1 }));
  },

  /** The files that are the most alike to this one, the best first. @param {Entry} asked @param {number} limit */
  like(asked, limit) {
    const alike = Array.from(entries.values(), ({ path, sha256, sketch }) => ({
      path,
      likeness: sha256 === asked.sha256 ? 1 : likeness(sketch, asked.sketch),
    }));
    return alike
      .filter(({ likeness }) => likeness > 0)
      .sort((a, b) => b.likeness - a.likeness || (a.path < b.path ? -1 : 1))
      .slice(0, limit);
  },
});

function* lines() {
  for (const family of families) yield `${JSON.stringify(family)}\n`;
}
