// What makes two files alike, as plain code: a sketch of a file, made from its bytes as they come, and the likeness of
// two sketches.
//
// A file is the set of its runs of WORDS words. Of their hashes a sketch keeps the SIZE smallest, which are a fair sample
// of the set: of the SIZE smallest of two sketches together, the share that is in both estimates what the two files have
// in common (bottom-k MinHash). A sketch is at most half a KiB, however large its file.

/** How many words in a row must be the same to count as common to two files. */
export const WORDS = 5;
/** How many hashes a sketch keeps. */
export const SIZE = 128;
/** How much of a file is searched for a zero byte, which no text has. */
export const SNIFFED_BYTES = 8192;

/** What the hash of a word begins with. */
export const WORD_START = 0x811c9dc5;
/** Takes one more byte into the hash of a word (FNV-1a). @type {(hash: number, byte: number) => number} */
export const hashByte = (hash, byte) => Math.imul(hash ^ byte, 0x01000193);
/** Takes one more word into the hash of a run. @type {(hash: number, word: number) => number} */
export const hashWord = (hash, word) => Math.imul(rotate(hash) ^ word, 0x85ebca6b);
/** Spreads the hash of a run over 32 bits, so that the smallest are a sample (the end of MurmurHash3). */
export function spreadBits(/** @type {number} */ hash) {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const rotate = (/** @type {number} */ hash) => (hash << 13) | (hash >>> 19);

/** Bytes that belong to a word: letters, digits, `_`, and all of UTF-8 beyond ASCII. */
const WORD_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || /\w/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Makes the sketch of one file from its chunks. */
export class Sketcher {
  #smallest = new Smallest();
  /** The hashes of the last words, in a ring, and how many words there were. */
  #ring = new Int32Array(WORDS);
  #words = 0;
  /** The hash of the word that the last chunk ended in. */
  #word = WORD_START;
  #inWord = false;
  #bytes = 0;
  #isText = true;

  /** @param {Uint8Array} chunk */
  write(chunk) {
    const sniffed = chunk.subarray(0, Math.max(0, SNIFFED_BYTES - this.#bytes));
    if (sniffed.includes(0)) this.#isText = false;
    this.#bytes += chunk.length;
    if (this.#isText) this.#takeWords(chunk);
  }

  /** The sketch: its hashes in ascending order, none of them twice; empty for what is no text or has few words. */
  end() {
    if (this.#inWord) this.#endWord();
    return this.#isText ? this.#smallest.hashes() : new Uint32Array();
  }

  /** @param {Uint8Array} chunk */
  #takeWords(chunk) {
    // Kept in local variables, as this is the loop that everything else waits for.
    let [word, inWord] = [this.#word, this.#inWord];
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (WORD_BYTE[byte] === 1) {
        word = hashByte(word, byte);
        inWord = true;
      } else if (inWord) {
        this.#word = word;
        this.#endWord();
        word = WORD_START;
        inWord = false;
      }
    }
    [this.#word, this.#inWord] = [word, inWord];
  }

  #endWord() {
    const at = this.#words % WORDS;
    this.#ring[at] = this.#word;
    this.#words += 1;
    if (this.#words < WORDS) return;
    let run = 0;
    // The oldest word stands right behind the newest.
    for (let i = 1; i <= WORDS; i++) run = hashWord(run, this.#ring[(at + i) % WORDS]);
    this.#smallest.add(spreadBits(run));
  }
}

/** The SIZE smallest of many numbers. Most are larger than all that are kept, which one comparison tells. */
class Smallest {
  #kept = new Uint32Array(SIZE);
  #count = 0;

  /** @param {number} value */
  add(value) {
    const kept = this.#kept;
    if (this.#count === SIZE && value >= kept[SIZE - 1]) return;
    const at = this.#placeOf(value);
    if (at < this.#count && kept[at] === value) return;
    kept.copyWithin(at + 1, at, Math.min(this.#count, SIZE - 1));
    kept[at] = value;
    if (this.#count < SIZE) this.#count += 1;
  }

  hashes() {
    return this.#kept.slice(0, this.#count);
  }

  /** The place of the first that is not smaller. @param {number} value */
  #placeOf(value) {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#kept[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * How alike two files are, from 0 to 1: the share of the SIZE smallest hashes of both that both have.
 *
 * @param {Uint32Array} a
 * @param {Uint32Array} b
 */
export function likeness(a, b) {
  let [i, j, shared, seen] = [0, 0, 0, 0];
  while (seen < SIZE && (i < a.length || j < b.length)) {
    const fromA = j === b.length || (i < a.length && a[i] <= b[j]);
    const fromB = i === a.length || (j < b.length && b[j] <= a[i]);
    if (fromA && fromB) shared += 1;
    if (fromA) i += 1;
    if (fromB) j += 1;
    seen += 1;
  }
  return seen === 0 ? 0 : shared / seen;
}
