// What is done with one file, as a plain function: the threads run it, and the comparison runs it on the main thread.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const COMPRESSION = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Bytes that belong to a word: letters, digits, `_`, and all of UTF-8 beyond ASCII. */
const WORD_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || /\w/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** How much of a file is searched for a zero byte, which no text has. */
const SNIFFED_BYTES = 8192;

/**
 * Hashes a file, compresses it and counts its words.
 *
 * @param {string} path
 * @returns {{ path: string, sha256: string, size: number, compressed: number, words: number }
 *   | { path: string, fault: string }} `fault` is the system's code for why it cannot be read
 */
export function digest(path) {
  let bytes;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return { path, fault: error.code ?? error.message };
  }
  return {
    path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    compressed: brotliCompressSync(bytes, COMPRESSION).length,
    words: countWords(bytes),
  };
}

/** How many words a text has; 0 for what is no text. */
export function countWords(/** @type {Uint8Array} */ bytes) {
  if (bytes.subarray(0, SNIFFED_BYTES).includes(0)) return 0;
  let words = 0;
  let inWord = 0;
  for (let i = 0; i < bytes.length; i++) {
    const isWord = WORD_BYTE[bytes[i]];
    words += isWord & ~inWord;
    inWord = isWord;
  }
  return words;
}
