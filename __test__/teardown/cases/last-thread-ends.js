// The addon is loaded in one Worker at a time: with its end, the last environment that has it is gone.

import { Worker } from 'node:worker_threads';

import { aMoment, assert, exitOf, run } from '../fixtures/cycles.js';

const file = new URL('../fixtures/short.js', import.meta.url);

await run(async (cycle) => {
  const worker = new Worker(file, { workerData: cycle });
  const ended = exitOf(worker);
  /** @type {unknown} */
  let thrown;
  worker.once('error', (error) => {
    thrown = error;
  });
  await new Promise((resolve) => {
    worker.once('message', resolve);
    ended.then(resolve);
  });
  await aMoment(cycle);
  if (cycle % 2) worker.terminate();
  const code = await ended;
  assert.equal(thrown, undefined);
  if (cycle % 2 === 0) assert.equal(code, 0);
});
