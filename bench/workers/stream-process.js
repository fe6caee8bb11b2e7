// The process of one contestant that streams: what it is asked to do there.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '../lib/apart.js';
import * as peers from '../peers/streams.js';

const MIB = 1024 * 1024;
const SAMPLE_BYTES = 8 * MIB;
/** What is copied into, in the process that copies. */
let target;
/** Before the first round: what earlier rounds have left is growth too. */
let startRss;

await serve(Object.values(peers), { rate, unread });

/** GB/s, and by how many MiB the process has grown since before the first round. */
async function rate(open, chunkBytes, totalBytes) {
  const chunk = Buffer.alloc(chunkBytes, 7);
  return open.copies ? copyRate(chunk, totalBytes) : await streamRate(open, chunk, totalBytes);
}

/** Writes as fast as backpressure allows, until the other thread has it all. */
async function streamRate({ begin }, chunk, totalBytes) {
  const { writable, received } = await begin({ reads: true });
  startRss ??= process.memoryUsage.rss();
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

function copyRate(chunk, totalBytes) {
  target ??= Buffer.alloc(16 * MIB, 1);
  const startMs = performance.now();
  for (let written = 0, at = 0; written < totalBytes; written += chunk.length) {
    chunk.copy(target, at);
    at = (at + chunk.length) % target.length;
  }
  return { rate: totalBytes / 1e6 / (performance.now() - startMs), grownMiB: 0 };
}

/** How many MiB a writer gets rid of while nobody reads, and by how many the process has grown since before the first round. */
async function unread({ begin }, chunkBytes, mostBytes, waitMs) {
  const { writable } = await begin({ reads: false });
  writable.on('error', () => {});
  startRss ??= process.memoryUsage.rss();
  const chunk = Buffer.alloc(chunkBytes, 7);
  let written = 0;
  while (written < mostBytes) {
    written += chunk.length;
    if (writable.write(chunk)) continue;
    const drained = await Promise.race([once(writable, 'drain').then(() => true), sleep(waitMs, false)]);
    if (!drained) break;
  }
  const grownMiB = (process.memoryUsage.rss() - startRss) / MIB;
  writable.destroy();
  await sleep(waitMs);
  return { writtenMiB: written / MIB, grownMiB };
}
