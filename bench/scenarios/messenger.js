import { figure, inTurn } from '../lib/measure.js';
import * as peers from '../peers/messengers.js';

export const title = 'One sender, several subscribers';

const message = { id: 4711, kind: 'tick', value: 0.5 };
const text = 'x'.repeat(1024);

export async function run({ rounds, scale, choose }) {
  const MESSAGES = scale(20_000, 3_000);
  const ROUNDS = rounds(9);
  const contestants = choose([peers.nanolith, peers.broadcastChannel, peers.nanolithJs]);
  const figures = [];
  for (const [subscribers, times] of [
    [1, 2.5],
    [4, 3],
  ]) {
    for (const [id, what, payload] of [
      ['object', 'small objects', message],
      ['text', 'strings of 1 KiB', text],
    ]) {
      const measured = await inTurn(contestants, {
        rounds: ROUNDS,
        openWith: [subscribers],
        async round({ expect, send }) {
          const all = await expect(MESSAGES);
          const startMs = performance.now();
          for (let i = 0; i < MESSAGES; i++) send(payload);
          await all();
          return MESSAGES / ((performance.now() - startMs) / 1000);
        },
      });
      figures.push(
        figure(
          {
            id: `${id}-${subscribers}`,
            title: `${what[0].toUpperCase()}${what.slice(1)} to ${subscribers} subscriber${subscribers > 1 ? 's' : ''}`,
            unit: 'messages/s',
            better: 'higher',
            ...(id === 'object' && { headline: `Messenger, ${subscribers} subscriber${subscribers > 1 ? 's' : ''}` }),
            targets: id === 'object' ? [{ times, of: [peers.broadcastChannel.name] }] : [],
          },
          measured,
        ),
      );
    }
  }
  return { constants: { ROUNDS, MESSAGES }, figures };
}
