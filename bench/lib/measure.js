// Rounds of all contestants in turn, so that a mood of the machine meets all of them alike, and medians over them.

import { setTimeout as sleep } from 'node:timers/promises';

const ROUND_LIMIT_MS = 120_000;

/**
 * @typedef {{ name: string, samples: number[], failure?: string }} Measured
 *
 * Opens each contestant, runs `round` of each in turn `rounds` times (the first begins elsewhere in every turn), and
 * closes them. A contestant that fails is left out from then on, with its failure told.
 *
 * @param {{ name: string, open: (...args: any[]) => Promise<any> }[]} contestants
 * @param {{ rounds: number, warmups?: number, pauseMs?: number, openWith?: any[],
 *   round: (open: any, contestant: any) => Promise<number | Record<string, number>> }} how
 * @returns {Promise<{ name: string, samples: (number | Record<string, number>)[], failure?: string }[]>}
 */
export async function inTurn(contestants, { rounds, warmups = 1, pauseMs = 0, openWith = [], round }) {
  const entries = contestants.map((contestant) => ({ contestant, open: undefined, samples: [], failure: undefined }));
  const attempt = async (entry, what, action) => {
    try {
      return await bounded(action(), what);
    } catch (error) {
      entry.failure = `${what}: ${error?.message ?? error}`.split('\n')[0];
      process.stderr.write(`  ${entry.contestant.name} left out, ${entry.failure}\n`);
      if (process.env.BENCH_DEBUG) console.error(error);
    }
  };

  for (const entry of entries) {
    entry.open = await attempt(entry, 'open', () => entry.contestant.open(...openWith));
  }
  for (let turn = -warmups; turn < rounds; turn++) {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(i + turn + warmups) % entries.length];
      if (entry.failure !== undefined) continue;
      if (pauseMs > 0) await sleep(pauseMs);
      const sample = await attempt(entry, 'round', () => round(entry.open, entry.contestant));
      if (turn >= 0 && sample !== undefined) entry.samples.push(sample);
    }
  }
  for (const entry of entries) {
    if (entry.open !== undefined) await attempt(entry, 'close', async () => entry.open.close());
  }
  return entries.map(({ contestant, samples, failure }) => ({ name: contestant.name, samples, failure }));
}

async function bounded(promise, what) {
  const limit = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(ROUND_LIMIT_MS, undefined, { signal: limit.signal, ref: true }).then(() => {
        throw new Error(`${what} did not end within ${ROUND_LIMIT_MS / 1000} s`);
      }),
    ]);
  } finally {
    limit.abort();
  }
}

export function median(/** @type {number[]} */ numbers) {
  return quantile(numbers, 0.5);
}

export function quantile(/** @type {number[]} */ numbers, /** @type {number} */ q) {
  const sorted = Float64Array.from(numbers).sort();
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below);
}

/**
 * One figure of a scenario: the same quantity for every contestant. What charts and tables are drawn from.
 *
 * @param {{ id: string, title: string, unit: string, better: 'lower' | 'higher',
 *   targets?: { times: number, of: 'best' | string[], ours?: string }[] }} what `targets`: nanolith is to be so many
 *   times better than the best of those named (`best`: of all others)
 * @param {{ name: string, samples: any[], failure?: string }[]} measured
 * @param {(sample: any) => number} [pick]
 */
export function figure(what, measured, pick = (sample) => sample) {
  return {
    ...what,
    values: measured.map(({ name, samples, failure }) => {
      const numbers = samples.map(pick);
      return {
        contestant: name,
        ...(numbers.length > 0 && {
          median: median(numbers),
          low: quantile(numbers, 0),
          high: quantile(numbers, 1),
          samples: numbers,
        }),
        ...(failure !== undefined && { failure }),
      };
    }),
  };
}

/** Medians of the single calls of one round, one after the other, in microseconds. */
export async function serialUs(/** @type {() => Promise<unknown>} */ call, /** @type {number} */ calls) {
  const took = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const startMs = performance.now();
    await call();
    took[i] = (performance.now() - startMs) * 1000;
  }
  return median(took);
}

/** Calls in one go, until the last has settled: how many a second. */
export async function burstRate(/** @type {(i: number) => Promise<unknown>} */ call, /** @type {number} */ calls) {
  const startMs = performance.now();
  const promises = new Array(calls);
  for (let i = 0; i < calls; i++) promises[i] = call(i);
  await Promise.all(promises);
  return calls / ((performance.now() - startMs) / 1000);
}

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function random(/** @type {number} */ seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
