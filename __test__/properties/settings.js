// How long properties are tried: a fixed number of runs from a fixed seed in `npm test`, or for some seconds each from the
// seed that `npm run test:fuzz` was given or made up, as often as there is time. A failure prints its own seed, which
// `npm run test:fuzz -- properties --seconds 1 --seed <n>` tries first.

import fc from 'fast-check';

const seconds = Number(process.env.NANOLITH_FUZZ_SECONDS ?? 0);
const seed = Number(process.env.NANOLITH_FUZZ_SEED ?? 1);

/**
 * Asserts that a property holds.
 * @param {fc.IRawProperty<any>} property
 * @param {number} runs
 */
export async function check(property, runs) {
  const end = Date.now() + seconds * 1000;
  let executions = 0;
  // Not by the library's own limit of time, which abandons a run that is under way.
  for (let round = 0; round === 0 || Date.now() < end; round++) {
    await fc.assert(property, { seed: seed + round, numRuns: runs });
    executions += runs;
  }
  if (seconds > 0) console.log(`${executions} runs, from seed ${seed}`);
}
