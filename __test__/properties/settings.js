// How long properties are tried: a fixed number of runs from a fixed seed in `npm test`, or for some seconds each from the
// seed that `npm run test:fuzz` was given or made up. A failure prints its seed and path, which `check` takes back.

import fc from 'fast-check';

const seconds = Number(process.env.NANOLITH_FUZZ_SECONDS ?? 0);
const seed = Number(process.env.NANOLITH_FUZZ_SEED ?? 1);

/**
 * Asserts that a property holds.
 * @param {fc.IRawProperty<any>} property
 * @param {number} runs
 */
export async function check(property, runs) {
  let executions = 0;
  const { run } = property;
  property.run = (...params) => {
    executions += 1;
    return run.apply(property, params);
  };
  const limits = seconds > 0 ? { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit: seconds * 1000 } : { numRuns: runs };
  await fc.assert(property, { seed, ...limits });
  if (seconds > 0) console.log(`${executions} runs, seed ${seed}`);
}
