import os from 'node:os';
import { figure, inTurn } from '../lib/measure.js';
import * as pools from '../peers/pools.js';

export const title = 'Tasks of one millisecond on warm threads';

export async function run({ rounds, scale, choose }) {
  const THREADS = os.availableParallelism();
  const TASKS = scale(1000, 200);
  const ROUNDS = rounds(9);
  const idealMs = TASKS / THREADS;
  const measured = await inTurn(
    choose([
      pools.nanolithWarm,
      pools.piscina,
      pools.piscinaConcurrent,
      pools.tinypool,
      pools.poolifier,
      pools.workerpool,
    ]),
    {
      rounds: ROUNDS,
      openWith: [THREADS],
      async round({ call }) {
        const startMs = performance.now();
        await Promise.all(Array.from({ length: TASKS }, () => call('spin', [1])));
        return (idealMs / (performance.now() - startMs)) * 100;
      },
    },
  );
  return {
    constants: { ROUNDS, THREADS, TASKS },
    figures: [
      figure(
        {
          id: 'of-ideal',
          title: 'Share of what the threads could do at best',
          unit: '%',
          better: 'higher',
          headline: 'Tasks of 1 ms on warm threads',
          targets: [{ atLeast: 90 }, { times: 1, of: 'best' }],
        },
        measured,
      ),
    ],
  };
}
