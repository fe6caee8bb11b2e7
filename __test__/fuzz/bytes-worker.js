// Tries inputs until it is ended, on a thread of its own: the main thread sees from shared memory which one it is at, and
// so knows the one that hangs, or that takes all memory.

import { parentPort, workerData } from 'node:worker_threads';

import { readCorpus } from '../codec/corpus.js';
import { examine } from '../codec/examine.js';
import { makeCodec, random } from '../codec/helpers.js';
import { covered, isNew } from './coverage.js';
import { generate, mutate } from './mutate.js';

const BATCH = 64;
/** Shared with the main thread: how many were begun, how long the present one is, and its bytes. */
const state = new Int32Array(workerData.shared, 0, 2);
const current = new Uint8Array(workerData.shared, 8);

const rng = random(workerData.seed);
const { encode } = makeCodec();

/** @type {Uint8Array[]} */
const corpus = [];

/** @param {Uint8Array} bytes */
function attempt(bytes) {
  current.set(bytes);
  Atomics.store(state, 1, bytes.length);
  Atomics.add(state, 0, 1);
  try {
    examine(bytes);
  } catch (error) {
    parentPort?.postMessage({ failed: bytes, why: String(/** @type {any} */ (error)?.stack ?? error) });
  }
}

/** @param {Uint8Array[]} batch */
function attemptAll(batch) {
  for (const bytes of batch) attempt(bytes);
  if (!isNew(false)) return;
  for (const bytes of batch) {
    attempt(bytes);
    if (!isNew(true)) continue;
    corpus.push(bytes);
    parentPort?.postMessage({ seed: bytes, covered: covered() });
  }
}

const VALUES = [0, 'text', { a: 1, b: [1, , { a: 2 }] }, new Map([[1, new Set(['x'])]]), new Error('e', { cause: 1 })];
for (const value of VALUES) corpus.push(encode(value));
attemptAll([...readCorpus('failures'), ...readCorpus('seeds'), ...corpus].sort((a, b) => a.length - b.length));
for (;;) attemptAll(Array.from({ length: BATCH }, () => (rng.below(8) ? mutate(rng, corpus) : generate(rng))));
