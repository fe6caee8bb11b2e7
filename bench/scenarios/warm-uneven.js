import os from 'node:os';
import { figure, inTurn, random } from '../lib/measure.js';
import * as pools from '../peers/pools.js';

export const title = 'Uneven tasks on warm threads, and a blocked main thread';

export async function run({ rounds, scale, choose }) {
  const THREADS = os.availableParallelism();
  const TASKS = scale(400, 100);
  const SEED = 20;
  const LEAST_MS = 0.1;
  const MOST_MS = 20;
  const BLOCKED_MS = scale(500, 200);
  const ROUNDS = rounds(9);

  // As many of each length class: 0.1 to 0.2 ms is as likely as 10 to 20.
  const next = random(SEED);
  const lengths = Array.from({ length: TASKS }, () => LEAST_MS * (MOST_MS / LEAST_MS) ** next());
  const idealMs = lengths.reduce((a, b) => a + b, 0) / THREADS;
  const contestants = choose([
    pools.nanolithWarm,
    pools.piscina,
    pools.piscinaConcurrent,
    pools.tinypool,
    pools.poolifier,
    pools.workerpool,
  ]);

  const uneven = await inTurn(contestants, {
    rounds: ROUNDS,
    openWith: [THREADS],
    async round({ call }) {
      const startMs = performance.now();
      await Promise.all(lengths.map((ms) => call('spin', [ms])));
      return (idealMs / (performance.now() - startMs)) * 100;
    },
  });

  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const blocked = (prepare) => ({
    rounds: ROUNDS,
    openWith: [THREADS],
    async round({ call }) {
      // Every thread is there when the block begins: nanolith gives up those that had nothing to do for ten seconds, and
      // starts new ones on the main thread.
      await Promise.all(Array.from({ length: THREADS }, () => call('spin', [MOST_MS])));
      const tasks = prepare();
      const calls = tasks.map((ms) => call('spinAndTell', [ms]));
      // The main thread sleeps without its event loop, and leaves its core to the threads.
      const startMs = performance.timeOrigin + performance.now();
      Atomics.wait(sleeper, 0, 0, BLOCKED_MS);
      const endMs = performance.timeOrigin + performance.now();
      const ends = await Promise.all(calls);
      const doneMs = tasks.filter((_, i) => ends[i] <= endMs).reduce((a, b) => a + b, 0);
      return (doneMs / ((endMs - startMs) * THREADS)) * 100;
    },
  });
  const even = new Array(scale(1500, 600)).fill(1);
  const blockedEven = await inTurn(
    contestants,
    blocked(() => even),
  );
  const blockedUneven = await inTurn(
    contestants,
    blocked(() => lengths),
  );

  const unit = '%';
  const better = 'higher';
  return {
    constants: { ROUNDS, THREADS, TASKS, SEED, LEAST_MS, MOST_MS, BLOCKED_MS },
    figures: [
      figure(
        {
          id: 'uneven',
          title: `${TASKS} tasks of ${LEAST_MS} to ${MOST_MS} ms: share of what the threads could do at best`,
          unit,
          better,
          headline: 'Uneven tasks on warm threads',
          targets: [{ times: 1, of: [pools.piscina.name] }],
        },
        uneven,
      ),
      figure(
        {
          id: 'blocked-even',
          title: `Tasks of 1 ms, main thread blocked for ${BLOCKED_MS} ms: share of that time worked`,
          unit,
          better,
          headline: 'Work done while the main thread is blocked',
          targets: [{ times: 1, of: 'best' }],
        },
        blockedEven,
      ),
      figure(
        {
          id: 'blocked-uneven',
          title: `Uneven tasks, main thread blocked for ${BLOCKED_MS} ms: share of that time worked`,
          unit,
          better,
          targets: [{ times: 1, of: 'best' }],
        },
        blockedUneven,
      ),
    ],
  };
}
