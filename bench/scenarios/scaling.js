import os from 'node:os';
import { burstRate, curve, inTurn, serialUs } from '../lib/measure.js';
import * as pools from '../peers/pools.js';
import * as services from '../peers/services.js';

export const title = 'Scaling: threads, payload size, queue length';

const KIB = 1024;
const MIB = 1024 * KIB;

export async function run({ rounds, scale, choose }) {
  const ROUNDS = rounds(5);
  const CORES = os.availableParallelism();
  const THREADS = Array.from({ length: Math.max(4, CORES) }, (_, i) => i + 1);
  const TASKS = scale(500, 100);
  const TINY_TASKS = scale(10_000, 1_000);
  const PAYLOADS = [16, 256, 4 * KIB, 64 * KIB, MIB, 4 * MIB];
  const PAYLOAD_BYTES = scale(64, 8) * MIB;
  const FEWEST_CALLS = scale(20, 5);
  const MOST_CALLS = scale(1_000, 100);
  const QUEUES = scale([1_000, 10_000, 100_000, 1_000_000], [1_000, 10_000]);
  const QUEUE_ROUNDS = rounds(3);
  // Whoever would take longer than that for the next length, going by the last, is left out from there on.
  const QUEUE_MOST_S = 20;

  const kept = choose([pools.nanolithWarm, pools.piscina, pools.tinypool, pools.poolifier]);
  const overThreads = (round) =>
    over(THREADS, (threads) => inTurn(kept, { rounds: ROUNDS, openWith: [threads], round }));

  const oneMs = await overThreads(({ call }) => burstRate(() => call('spin', [1]), TASKS));
  const tiny = await overThreads(({ call }) => burstRate((i) => call('add', [i, 1]), TINY_TASKS));

  const payload = await over(PAYLOADS, (bytes) => {
    const calls = Math.min(MOST_CALLS, Math.max(FEWEST_CALLS, Math.floor(PAYLOAD_BYTES / bytes)));
    const data = new Uint8Array(bytes).fill(7);
    return inTurn(choose([services.nanolithService, services.raw, services.piscina]), {
      rounds: ROUNDS,
      round: ({ call }) => serialUs(() => call('echo', [data]), calls),
    });
  });

  const usEach = new Map();
  const queue = await over(QUEUES, async (length) => {
    const able = kept.filter(({ name }) => ((usEach.get(name) ?? 0) * length) / 1e6 <= QUEUE_MOST_S);
    const measured = await inTurn(able, {
      rounds: QUEUE_ROUNDS,
      // A long queue warms itself up.
      warmups: length > 10_000 ? 0 : 1,
      openWith: [CORES],
      round: async ({ call }) => 1e6 / (await burstRate((i) => call('add', [i, 1]), length)),
    });
    for (const { name, samples } of measured) usEach.set(name, samples.at(-1) ?? Number.POSITIVE_INFINITY);
    return measured;
  });

  const threads = { title: 'threads', scale: 'linear' };
  return {
    constants: { ROUNDS, TASKS, TINY_TASKS, PAYLOAD_BYTES, FEWEST_CALLS, MOST_CALLS, QUEUE_ROUNDS, QUEUE_MOST_S },
    curves: [
      curve(
        {
          id: 'threads',
          title: `Tasks of 1 ms on warm threads, ${CORES} cores`,
          unit: 'tasks/s',
          better: 'higher',
          axis: threads,
        },
        oneMs,
      ),
      curve(
        {
          id: 'threads-tiny',
          title: `Tiny tasks on warm threads, ${TINY_TASKS.toLocaleString('en-US')} in a burst, ${CORES} cores`,
          unit: 'tasks/s',
          better: 'higher',
          axis: threads,
        },
        tiny,
      ),
      curve(
        {
          id: 'payload',
          title: 'A call with so many bytes there and back, one after the other',
          unit: 'us',
          better: 'lower',
          axis: { title: 'bytes', scale: 'log', bytes: true },
        },
        payload,
      ),
      curve(
        {
          id: 'queue',
          title: `Tiny tasks queued at once on ${CORES} warm threads: time for each`,
          unit: 'us',
          better: 'lower',
          axis: { title: 'queued tasks', scale: 'log' },
        },
        queue,
      ),
    ],
    notes: [
      `A queue that a contestant would need more than ${QUEUE_MOST_S} s for is not measured for it: ${
        kept
          .filter(({ name }) => queue.at(-1)?.measured.every((entry) => entry.name !== name))
          .map(({ name }) => name)
          .join(', ') || 'none'
      } left out at the longest.`,
    ],
  };
}

/** Measures at each place on an axis, one after the other. */
async function over(places, measure) {
  const points = [];
  for (const at of places) points.push({ at, measured: await measure(at) });
  return points;
}
