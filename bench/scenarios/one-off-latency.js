import { figure, inTurn } from '../lib/measure.js';
import { bareToExit, bareToMessage, nanolithJs, nanolithOneOff, tinypoolIsolated } from '../peers/one-off.js';

export const title = 'A lone one-off task on an idle machine';

export async function run({ rounds, scale, choose }) {
  const PAUSE_MS = scale(400, 150);
  const ROUNDS = rounds(21);
  const contestants = choose([nanolithOneOff, nanolithJs, tinypoolIsolated, bareToMessage, bareToExit]);
  const measured = await inTurn(contestants, {
    rounds: ROUNDS,
    warmups: 2,
    pauseMs: PAUSE_MS,
    // Two threads: the machine is idle, so it does not matter how many there could be.
    openWith: [2],
    async round({ call }) {
      const startMs = performance.now();
      const result = await call();
      const tookMs = performance.now() - startMs;
      if (result !== 9) throw new Error(`got ${result}`);
      return tookMs;
    },
  });
  return {
    constants: { ROUNDS, PAUSE_MS },
    figures: [
      figure(
        {
          id: 'latency',
          title: 'Call to result',
          unit: 'ms',
          better: 'lower',
          headline: 'A lone task on a fresh thread',
          targets: [{ times: 10, of: [nanolithJs.name] }],
        },
        measured,
      ),
    ],
  };
}
