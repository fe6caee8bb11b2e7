// The fuzzer's corpus: inputs as lines of hexadecimal digits. `seeds.hex` has those that together reach all of the codec
// that inputs have reached; `failures.hex` those that failed once.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (/** @type {string} */ name) => fileURLToPath(new URL(`./corpus/${name}.hex`, import.meta.url));

/** @param {'seeds' | 'failures'} name @returns {Uint8Array[]} */
export function readCorpus(name) {
  return readFileSync(path(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
}

/** @param {Uint8Array} bytes @param {string} why */
export function keepFailure(bytes, why) {
  if (readFileSync(path('failures'), 'utf8').includes(hexOf(bytes))) return;
  appendFileSync(path('failures'), `# ${why.replaceAll('\n', ' ').slice(0, 100)}\n${hexOf(bytes)}\n`);
}

/** @param {Uint8Array[]} inputs */
export function writeSeeds(inputs) {
  writeFileSync(path('seeds'), `${inputs.map(hexOf).join('\n')}\n`);
}

/** @param {Uint8Array} bytes */
const hexOf = (bytes) => Buffer.from(bytes).toString('hex');
