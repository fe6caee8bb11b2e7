import os from 'node:os';
import { burstRate, figure, inTurn, serialUs } from '../lib/measure.js';
import * as pools from '../peers/pools.js';

export const title = 'Tiny tasks on warm threads';

const peers = [pools.piscina, pools.tinypool, pools.poolifier, pools.poolifierDynamic];

export async function run({ rounds, scale, choose }) {
  const THREADS = os.availableParallelism();
  const BURST = scale(10_000, 2_000);
  const LARGE_BURST = scale(100_000, 10_000);
  const SERIAL = scale(2_000, 300);
  const ROUNDS = rounds(7);

  const contestants = choose([pools.nanolithWarm, ...peers, pools.piscinaConcurrent, pools.workerpool]);
  const burst = await inTurn(contestants, {
    rounds: ROUNDS,
    // What V8 has not optimized yet runs several times slower, in all of them.
    warmups: 5,
    openWith: [THREADS],
    round: ({ call }) => burstRate((i) => call('add', [i, 1]).then(expect(i + 1)), BURST),
  });
  // A burst this large is only for those that get through it in a second or so.
  const fast = contestants.filter(({ name }) => {
    const [best] = burst.filter((entry) => entry.name === name).map(({ samples }) => Math.max(...samples));
    return best > LARGE_BURST / 3;
  });
  const largeBurst = await inTurn(fast, {
    rounds: ROUNDS,
    openWith: [THREADS],
    round: ({ call }) => burstRate((i) => call('add', [i, 1]), LARGE_BURST),
  });
  const serial = await inTurn(contestants, {
    rounds: ROUNDS,
    openWith: [THREADS],
    round: ({ call }) => serialUs(() => call('add', [4, 5]), SERIAL),
  });

  return {
    constants: { ROUNDS, THREADS, BURST, LARGE_BURST, SERIAL },
    figures: [
      figure(
        {
          id: 'burst',
          title: `A burst of ${BURST.toLocaleString('en-US')} calls`,
          unit: 'calls/s',
          better: 'higher',
          headline: 'Tiny tasks on warm threads, in a burst',
          targets: [
            { times: 5, of: peers.map(({ name }) => name) },
            { times: 20, of: [pools.piscina.name] },
          ],
        },
        burst,
      ),
      figure(
        {
          id: 'large-burst',
          title: `A burst of ${LARGE_BURST.toLocaleString('en-US')} calls`,
          unit: 'calls/s',
          better: 'higher',
        },
        largeBurst,
      ),
      figure({ id: 'serial', title: 'One call after the other', unit: 'us', better: 'lower' }, serial),
    ],
  };
}

const expect = (wanted) => (got) => {
  if (got !== wanted) throw new Error(`got ${got}, not ${wanted}`);
};
