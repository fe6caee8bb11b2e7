// Which parts of the codec have run, as V8 counts them: the guide of the fuzzer. (Jazzer.js, which would serve, brings a
// binary that needs a newer C library than many systems have.)

import { Session } from 'node:inspector';

const session = new Session();
session.connect();

/** @param {string} method @param {object} [params] @returns {any} */
function post(method, params) {
  let answer;
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  return answer;
}

post('Profiler.enable');
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** @type {Set<string>} */
const seen = new Set();

/** How many parts have run so far. */
export const covered = () => seen.size;

/**
 * Whether something has run since the last call that never had before.
 * @param {boolean} note whether it counts as known from now on
 */
export function isNew(note) {
  let found = false;
  for (const { url, functions } of post('Profiler.takePreciseCoverage').result) {
    if (!url.includes('/lib/codec/')) continue;
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        if (count === 0) continue;
        const key = `${url}:${startOffset}:${endOffset}`;
        if (seen.has(key)) continue;
        found = true;
        if (note) seen.add(key);
      }
    }
  }
  return found;
}
