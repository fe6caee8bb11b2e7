import { apart } from '../lib/apart.js';
import { figure, inTurn } from '../lib/measure.js';
import * as peers from '../peers/streams.js';

export const title = 'Bytes streamed to another thread';

const KIB = 1024;
const MIB = 1024 * KIB;

// How fast memory is to be had depends on all that the process has freed before (glibc's thresholds rise with it), so each
// has its own: else one would be measured with what another has left.
const PROGRAM = new URL('../workers/stream-process.js', import.meta.url);
const [nanolith, nanolithJs, memcpy] = [peers.nanolith, peers.nanolithJs, peers.memcpy].map((peer) =>
  apart(peer, PROGRAM),
);

export async function run({ rounds, scale, choose }) {
  const ROUNDS = rounds(25);
  const WAIT_MS = 500;
  const UNREAD_MOST = scale(256, 64) * MIB;
  // Up to a gibibyte goes through; what may stay is the pipe's queue, the 32 MiB of Buffers that V8 collects at a time,
  // as much that was freed, and a young generation of 32. Where nobody reads, it is the queue alone.
  const MEMORY_MOST_MIB = 96;
  const UNREAD_MEMORY_MOST_MIB = 8;
  const UNREAD_TARGET_MIB = 4;
  const figures = [];

  for (const [chunkBytes, totalBytes, times] of [
    [KIB, scale(64, 8) * MIB, 2],
    [64 * KIB, scale(1024, 64) * MIB, 1.5],
    [MIB, scale(1024, 64) * MIB, 1],
  ]) {
    const measured = await inTurn(choose([nanolith, nanolithJs, memcpy]), {
      rounds: ROUNDS,
      warmups: 2,
      // What the last contestant left for its garbage collector's threads is not the next one's to pay.
      pauseMs: 30,
      round: ({ ask }) => ask('rate', chunkBytes, totalBytes),
    });
    const size = chunkBytes >= MIB ? `${chunkBytes / MIB} MiB` : `${chunkBytes / KIB} KiB`;
    figures.push(
      figure(
        {
          id: `rate-${chunkBytes}`,
          title: `Chunks of ${size}, ${totalBytes / MIB} MiB in all`,
          unit: 'GB/s',
          better: 'higher',
          headline: `Stream, chunks of ${size}`,
          targets: [{ times, of: [nanolithJs.name] }],
        },
        measured,
        ({ rate }) => rate,
      ),
      figure(
        {
          id: `memory-${chunkBytes}`,
          title: `Memory above that before the first round, chunks of ${size}`,
          unit: 'MiB',
          better: 'lower',
          targets: [{ atMost: MEMORY_MOST_MIB }],
        },
        measured.filter(({ name }) => name !== memcpy.name),
        ({ grownMiB }) => grownMiB,
      ),
    );
  }

  const unread = await inTurn(choose([nanolith, nanolithJs]), {
    rounds: Math.min(3, ROUNDS),
    warmups: 0,
    round: ({ ask }) => ask('unread', 64 * KIB, UNREAD_MOST, WAIT_MS),
  });
  figures.push(
    figure(
      {
        id: 'unread',
        title: `Bytes a writer gets rid of while nobody reads (stopped at ${UNREAD_MOST / MIB} MiB)`,
        unit: 'MiB',
        better: 'lower',
        targets: [{ atMost: UNREAD_TARGET_MIB }],
      },
      unread,
      ({ writtenMiB }) => writtenMiB,
    ),
    figure(
      {
        id: 'unread-memory',
        title: 'Memory that it takes, above that before the first round',
        unit: 'MiB',
        better: 'lower',
        targets: [{ atMost: UNREAD_MEMORY_MOST_MIB }],
      },
      unread,
      ({ grownMiB }) => grownMiB,
    ),
  );
  return { constants: { ROUNDS, WAIT_MS }, figures, notes: ['At 64 KiB, half of memcpy is what nanolith aims at.'] };
}
