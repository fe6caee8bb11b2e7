// What a terminated thread leaves behind, beside a plain Worker's in the same run:
//
//   node --expose-gc __test__/teardown/memory.js [--rounds N]
//
// Rounds of 100 cycles (start, one exchange, terminate) of each contestant take turns, and the memory of the process is
// read between them, after a collection. What the rounds of one add up to, by their cycles, is what it leaves; the first
// rounds of each fill the allocator's arenas and are left out.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { sets } from './fixtures/sets.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '12' } } });
const rounds = Number(values.rounds);
const WARM_UP = 3;
const CYCLES = 100;

if (globalThis.gc === undefined) throw new Error('--expose-gc is missing');
const collect = globalThis.gc;

/** @param {string} code */
async function plain(code) {
  const worker = new Worker(
    `require('node:worker_threads').parentPort.once('message', (text) => {
    require('node:worker_threads').parentPort.postMessage(text);
  }); ${code}`,
    { eval: true },
  );
  worker.postMessage('hello');
  await once(worker, 'message');
  await worker.terminate();
}

const modules = JSON.stringify(fileURLToPath(new URL('fixtures/modules.js', import.meta.url)));

const contestants = [
  { name: 'a plain Worker', cycle: () => plain('setInterval(() => {}, 1000)') },
  {
    name: 'a plain Worker that imports ES modules',
    cycle: () => plain(`setInterval(() => {}, 1000); import(${modules})`),
  },
  {
    name: "nanolith's service",
    cycle: async () => {
      const service = await sets.launchService();
      await service.call({ name: 'echo', params: ['hello'] });
      await service.worker.terminate();
    },
  },
];

async function rss() {
  for (let at = 0; at < 3; at += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss / 1024;
}

/** @type {number[][]} */
const left = contestants.map(() => []);
for (let round = 0; round < rounds + WARM_UP; round += 1) {
  for (const [at, { cycle }] of contestants.entries()) {
    const before = await rss();
    for (let count = 0; count < CYCLES; count += 1) await cycle();
    if (round >= WARM_UP) left[at].push(((await rss()) - before) / CYCLES);
  }
}

console.log(`Node ${process.versions.node}, ${rounds} rounds of ${CYCLES} cycles each, KB a cycle`);
for (const [at, { name }] of contestants.entries()) {
  const sorted = left[at].toSorted((a, b) => a - b);
  const mean = sorted.reduce((a, b) => a + b, 0) / rounds;
  const [median, lowest, highest] = [sorted[Math.floor(rounds / 2)], sorted[0], sorted[rounds - 1]];
  const of = [mean, median, lowest, highest].map((kb) => kb.toFixed(2));
  console.log(`  ${name}: mean ${of[0]}, median ${of[1]}, from ${of[2]} to ${of[3]}`);
}
console.log(`  ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB in the end`);
