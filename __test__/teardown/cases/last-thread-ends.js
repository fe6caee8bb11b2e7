// The addon is loaded in one Worker at a time: with its end, the last environment that has it is gone.

import { Worker } from 'node:worker_threads';

import { aMoment, exitOf, run } from '../fixtures/cycles.js';

const file = new URL('../fixtures/short.js', import.meta.url);

await run(async (cycle) => {
  const worker = new Worker(file, { workerData: cycle });
  const ended = exitOf(worker);
  const ready = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await ready;
  await aMoment(cycle);
  if (cycle % 2) worker.terminate();
  await ended;
});
