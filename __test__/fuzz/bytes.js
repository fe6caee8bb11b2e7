// Fuzzes the reader of the codec with bytes for some time: `fuzzBytes` says how many inputs it tried, which failed,
// and which reached what none before them had (the shortest come first).

import { Worker } from 'node:worker_threads';

import { keepFailure } from '../codec/corpus.js';

/** An input that takes longer hangs. */
const HANG_MS = 10_000;
const INPUT_BYTES = 1024;
const MAX_FAILURES = 5;

/**
 * @param {{ seconds: number, seed: number }} limits
 * @returns {Promise<{ executions: number, covered: number, seeds: Uint8Array[],
 *                      failures: { bytes: Uint8Array, why: string }[] }>}
 */
export async function fuzzBytes({ seconds, seed }) {
  const shared = new SharedArrayBuffer(8 + INPUT_BYTES);
  const state = new Int32Array(shared, 0, 2);
  const current = () => new Uint8Array(shared, 8, Atomics.load(state, 1)).slice();
  /** @type {{ bytes: Uint8Array, why: string }[]} */
  const failures = [];
  const fail = (/** @type {Uint8Array} */ bytes, /** @type {string} */ why) => {
    if (failures.some((known) => Buffer.compare(known.bytes, bytes) === 0)) return;
    failures.push({ bytes, why });
    keepFailure(bytes, why);
  };
  /** @type {Uint8Array[]} */
  const seeds = [];
  let covered = 0;
  const worker = new Worker(new URL('./bytes-worker.js', import.meta.url), {
    workerData: { shared, seed },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  await new Promise((resolve) => {
    const end = Date.now() + seconds * 1000;
    let [before, since] = [0, Date.now()];
    const timer = setInterval(() => {
      const now = Atomics.load(state, 0);
      if (now !== before) [before, since] = [now, Date.now()];
      else if (Date.now() - since > HANG_MS && now > 0) finish(() => fail(current(), `takes more than ${HANG_MS} ms`));
      if (Date.now() >= end) finish();
    }, 100);
    const finish = (/** @type {(() => void) | undefined} */ first = undefined) => {
      clearInterval(timer);
      first?.();
      resolve(undefined);
    };
    worker.on('error', (error) => finish(() => fail(current(), String(error))));
    worker.on('message', (message) => {
      if (message.seed !== undefined) {
        seeds.push(message.seed);
        covered = message.covered;
      }
      if (message.failed === undefined) return;
      fail(message.failed, message.why);
      if (failures.length >= MAX_FAILURES) finish();
    });
  });
  await worker.terminate();
  return { executions: Atomics.load(state, 0), covered, seeds, failures };
}
