import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { figure, inTurn } from '../lib/measure.js';
import * as peers from '../peers/streams.js';

export const title = 'Bytes streamed to another thread';

const KIB = 1024;
const MIB = 1024 * KIB;
const SAMPLE_BYTES = 8 * MIB;

export async function run({ rounds, scale, choose }) {
  const ROUNDS = rounds(25);
  const WAIT_MS = 500;
  const UNREAD_MOST = scale(256, 64) * MIB;
  // Up to a gibibyte goes through; what may stay is the pipe's queue, and garbage of both ends.
  const MEMORY_MOST_MIB = 64;
  const UNREAD_TARGET_MIB = 4;
  const figures = [];

  for (const [chunkBytes, totalBytes, times] of [
    [KIB, scale(64, 8) * MIB, 2],
    [64 * KIB, scale(1024, 64) * MIB, 1.5],
    [MIB, scale(1024, 64) * MIB, 1],
  ]) {
    const chunk = Buffer.alloc(chunkBytes, 7);
    const target = Buffer.alloc(16 * MIB);
    const measured = await inTurn(choose([peers.nanolith, peers.nanolithJs, peers.memcpy]), {
      rounds: ROUNDS,
      warmups: 2,
      // What the last contestant left for its garbage collector's threads is not the next one's to pay.
      pauseMs: 30,
      async round(open) {
        return open.copies ? copyRate(chunk, target, totalBytes) : await streamRate(open, chunk, totalBytes);
      },
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
          targets: [{ times, of: [peers.nanolithJs.name] }],
        },
        measured,
        ({ rate }) => rate,
      ),
      figure(
        {
          id: `memory-${chunkBytes}`,
          title: `Memory above the start, chunks of ${size}`,
          unit: 'MiB',
          better: 'lower',
          targets: [{ atMost: MEMORY_MOST_MIB }],
        },
        measured.filter(({ name }) => name !== peers.memcpy.name),
        ({ grownMiB }) => grownMiB,
      ),
    );
  }

  const unread = await inTurn(choose([peers.nanolith, peers.nanolithJs]), {
    rounds: Math.min(3, ROUNDS),
    warmups: 0,
    async round({ begin }) {
      const { writable } = await begin({ reads: false });
      writable.on('error', () => {});
      const startRss = process.memoryUsage.rss();
      const chunk = Buffer.alloc(64 * KIB, 7);
      let written = 0;
      while (written < UNREAD_MOST) {
        written += chunk.length;
        if (writable.write(chunk)) continue;
        const drained = await Promise.race([once(writable, 'drain').then(() => true), sleep(WAIT_MS, false)]);
        if (!drained) break;
      }
      const grownMiB = (process.memoryUsage.rss() - startRss) / MIB;
      writable.destroy();
      await sleep(WAIT_MS);
      return { writtenMiB: written / MIB, grownMiB };
    },
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
        title: 'Memory it takes meanwhile',
        unit: 'MiB',
        better: 'lower',
        targets: [{ atMost: MEMORY_MOST_MIB }],
      },
      unread,
      ({ grownMiB }) => grownMiB,
    ),
  );
  return { constants: { ROUNDS, WAIT_MS }, figures, notes: ['At 64 KiB, half of memcpy is what nanolith aims at.'] };
}

/** Writes as fast as backpressure allows, until the other thread has it all. */
async function streamRate({ begin }, chunk, totalBytes) {
  const { writable, received } = await begin({ reads: true });
  const startRss = process.memoryUsage.rss();
  let highestRss = startRss;
  const startMs = performance.now();
  for (let written = 0, sampled = 0; written < totalBytes; written += chunk.length) {
    if (!writable.write(chunk)) await once(writable, 'drain');
    if (written - sampled >= SAMPLE_BYTES) {
      sampled = written;
      highestRss = Math.max(highestRss, process.memoryUsage.rss());
    }
  }
  writable.end();
  const bytes = await received();
  const tookMs = performance.now() - startMs;
  if (bytes !== totalBytes) throw new Error(`${bytes} of ${totalBytes} bytes arrived`);
  return { rate: totalBytes / 1e6 / tookMs, grownMiB: (highestRss - startRss) / MIB };
}

function copyRate(chunk, target, totalBytes) {
  const startMs = performance.now();
  for (let written = 0, at = 0; written < totalBytes; written += chunk.length) {
    chunk.copy(target, at);
    at = (at + chunk.length) % target.length;
  }
  return { rate: totalBytes / 1e6 / (performance.now() - startMs), grownMiB: 0 };
}
