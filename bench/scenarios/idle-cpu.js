import { setTimeout as sleep } from 'node:timers/promises';
import { figure } from '../lib/measure.js';
import * as pools from '../peers/pools.js';
import * as services from '../peers/services.js';

export const title = 'CPU of an idle process with threads open';

export async function run({ rounds, scale, choose }) {
  const THREADS = 2;
  const CALLS = 200;
  const SETTLE_MS = 1000;
  const WINDOW_MS = scale(3000, 1000);
  const ROUNDS = rounds(5);
  // A thousandth of a core: timers of Node's own, and what is left of the calls before.
  const IDLE_MOST_MS = 1;

  /** As many long-lived threads as a pool would have. */
  const several = (service) => ({
    name: `${service.name}, services`,
    async open() {
      const opened = await Promise.all(Array.from({ length: THREADS }, () => service.open()));
      return { call: (...args) => opened[0].call(...args), close: () => Promise.all(opened.map((o) => o.close())) };
    },
  });
  const nothing = { name: 'no threads', yardstick: true, open: async () => ({ call: async () => {}, close() {} }) };
  const ours = [several(services.nanolithService), { ...pools.nanolithWarm, name: 'nanolith, warm threads' }];
  const contestants = choose([
    ...ours,
    several(services.nanolithJs),
    pools.piscina,
    pools.tinypool,
    pools.workerpool,
    pools.poolifier,
    nothing,
  ]);

  // One at a time: what one burns must not count for another.
  const measured = [];
  for (const contestant of contestants) {
    const entry = { name: contestant.name, yardstick: contestant.yardstick, samples: [], failure: undefined };
    measured.push(entry);
    try {
      const open = await contestant.open(THREADS);
      for (let i = 0; i < CALLS; i++) await open.call('add', [4, 5]);
      await sleep(SETTLE_MS);
      for (let round = 0; round < ROUNDS; round++) {
        const before = process.cpuUsage();
        const startMs = performance.now();
        await sleep(WINDOW_MS);
        const { user, system } = process.cpuUsage(before);
        entry.samples.push((user + system) / 1000 / ((performance.now() - startMs) / 1000));
      }
      await open.close();
    } catch (error) {
      entry.failure = error.message;
    }
  }
  return {
    constants: { ROUNDS, THREADS, WINDOW_MS },
    figures: [
      figure(
        {
          id: 'cpu',
          title: 'CPU time',
          unit: 'ms a second',
          better: 'lower',
          targets: ours.map(({ name }) => ({ ours: name, atMost: IDLE_MOST_MS })),
        },
        measured,
      ),
    ],
  };
}
