import os from 'node:os';
import { figure, inTurn } from '../lib/measure.js';
import { bareToExit, nanolithJs, nanolithOneOff, tinypoolIsolated } from '../peers/one-off.js';

export const title = 'A steady stream of one-off tasks';

export async function run({ rounds, scale, choose }) {
  const WINDOW_MS = scale(2000, 600);
  const ROUNDS = rounds(5);
  const THREADS = os.availableParallelism();
  const IN_FLIGHT = [1, THREADS, 4 * THREADS];
  const figures = [];
  for (const inFlight of new Set(IN_FLIGHT)) {
    const measured = await inTurn(choose([nanolithOneOff, nanolithJs, tinypoolIsolated, bareToExit]), {
      rounds: ROUNDS,
      openWith: [THREADS],
      // What the last contestant left running ends before the next begins.
      pauseMs: 200,
      round: ({ call }) => steadyRate(call, inFlight, WINDOW_MS),
    });
    figures.push(
      figure(
        {
          id: `in-flight-${inFlight}`,
          title: `Tasks on fresh threads, ${inFlight} in flight`,
          unit: 'tasks/s',
          better: 'higher',
          ...(inFlight === THREADS && { headline: 'A stream of tasks, each on a fresh thread' }),
          targets: [
            { times: 2, of: [nanolithJs.name] },
            { times: 0.7, of: [bareToExit.name] },
          ],
        },
        measured,
      ),
    );
  }
  return { constants: { ROUNDS, WINDOW_MS, THREADS }, figures };
}

/** Keeps so many calls in flight for the window, then lets them end: the tasks that settled, a second. */
async function steadyRate(call, inFlight, windowMs) {
  let settled = 0;
  const startMs = performance.now();
  const lanes = Array.from({ length: inFlight }, async () => {
    while (performance.now() - startMs < windowMs) {
      const result = await call();
      if (result !== 9) throw new Error(`got ${result}`);
      settled++;
    }
  });
  await Promise.all(lanes);
  return settled / ((performance.now() - startMs) / 1000);
}
