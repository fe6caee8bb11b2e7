// Rounds of all contestants in turn, so that a mood of the machine meets all of them alike, and medians over them.

import { setTimeout as sleep } from 'node:timers/promises';

const ROUND_LIMIT_MS = 120_000;
/** A pool that does not come to its end (poolifier's destroy(), now and then) must not keep the others. */
const CLOSE_LIMIT_MS = 10_000;

/**
 * Opens each contestant, runs `round` of each in turn `rounds` times (the first begins elsewhere in every turn), and
 * closes them. A contestant that fails is left out from then on, with its failure told.
 *
 * @typedef {{ name: string, yardstick?: boolean, open: (...args: any[]) => Promise<any> }} Contestant `yardstick`: no
 *   peer, but what the others are held against (a bare thread, a plain copy of the same bytes)
 * @typedef {{ name: string, yardstick?: boolean, samples: any[], failure?: string }} Measured
 *
 * @param {Contestant[]} contestants
 * @param {{ rounds: number, warmups?: number, pauseMs?: number, openWith?: any[],
 *   round: (open: any, contestant: any) => Promise<number | Record<string, number>> }} how
 * @returns {Promise<Measured[]>}
 */
export async function inTurn(contestants, { rounds, warmups = 1, pauseMs = 0, openWith = [], round }) {
  const entries = contestants.map((contestant) => ({ contestant, open: undefined, samples: [], failure: undefined }));
  const attempt = async (entry, what, action, limitMs = ROUND_LIMIT_MS) => {
    try {
      return await bounded(action(), what, limitMs);
    } catch (error) {
      const failure = `${what}: ${error?.message ?? error}`.split('\n')[0];
      entry.failure ??= failure;
      process.stderr.write(`  ${entry.contestant.name} left out, ${failure}\n`);
      // What still computes has no part in what is measured next.
      entry.open?.abandon?.();
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
    if (entry.open !== undefined) await attempt(entry, 'close', async () => entry.open.close(), CLOSE_LIMIT_MS);
  }
  return entries.map(({ contestant: { name, yardstick }, samples, failure }) => ({
    name,
    yardstick,
    samples,
    failure,
  }));
}

async function bounded(promise, what, limitMs) {
  const limit = new AbortController();
  try {
    return await Promise.race([
      promise,
      sleep(limitMs, undefined, { signal: limit.signal, ref: true }).then(() => {
        throw new Error(`${what} did not end within ${limitMs / 1000} s`);
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
 * @typedef {{ ours?: string } & (
 *   | { times: number, of: 'best' | string[] }
 *   | { within: number, of: 'best' | string[] }
 *   | { atLeast: number }
 *   | { atMost: number }
 * )} Target `times`: nanolith is to be so many times better than the best of those named (`best`: of all peers);
 *   `within`: no more than so many times worse; `atLeast`, `atMost`: in the figure's own unit
 */

/**
 * One figure of a scenario: the same quantity for every contestant. What charts and tables are drawn from.
 *
 * @param {{ id: string, title: string, unit: string, better: 'lower' | 'higher', headline?: string,
 *   targets?: Target[] }} what `headline`: what the summary picture calls it, if it stands there
 * @param {Measured[]} measured
 * @param {(sample: any) => number} [pick]
 */
export function figure(what, measured, pick = (sample) => sample) {
  return {
    ...what,
    values: measured.map(({ name, yardstick, samples, failure }) => ({
      contestant: name,
      ...(yardstick && { yardstick }),
      ...summary(samples.map(pick)),
      ...(failure !== undefined && { failure }),
    })),
  };
}

/**
 * A quantity over another one: for every contestant, a point for each place on the axis that it was measured at.
 *
 * @param {{ id: string, title: string, unit: string, better: 'lower' | 'higher',
 *   axis: { title: string, scale: 'linear' | 'log', bytes?: boolean } }} what
 * @param {{ at: number, measured: Measured[] }[]} points
 */
export function curve(what, points) {
  const names = [...new Set(points.flatMap(({ measured }) => measured.map(({ name }) => name)))];
  return {
    ...what,
    lines: names.map((name) => ({
      contestant: name,
      points: points.flatMap(({ at, measured }) => {
        const own = measured.find((entry) => entry.name === name);
        return own === undefined || own.samples.length === 0 ? [] : [{ at, ...summary(own.samples) }];
      }),
    })),
  };
}

function summary(/** @type {number[]} */ samples) {
  if (samples.length === 0) return undefined;
  return { median: median(samples), low: quantile(samples, 0), high: quantile(samples, 1), samples };
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
