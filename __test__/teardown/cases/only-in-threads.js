// The addon is loaded in Workers only, two at a time that overlap; the main thread never imports nanolith.

import { Worker } from 'node:worker_threads';

import { aMoment, assert, exitOf, run } from '../fixtures/cycles.js';

const root = new URL('../fixtures/root.js', import.meta.url);
const HOWS = ['exit', 'throw', 'terminate'];

/** @type {Promise<void> | undefined} */
let before;

/** @param {number} cycle @param {string} how */
async function one(cycle, how) {
  const worker = new Worker(root, { workerData: { cycle, how } });
  const ended = exitOf(worker);
  /** @type {any} */
  let thrown;
  worker.once('error', (error) => {
    thrown = error;
  });
  await new Promise((resolve) => {
    worker.once('message', resolve);
    ended.then(resolve);
  });
  await aMoment(cycle);
  if (how === 'terminate') worker.terminate();
  const code = await ended;
  assert.equal(thrown?.message, how === 'throw' ? 'on purpose' : undefined);
  if (how === 'exit') assert.equal(code, 4);
}

await run(async (cycle) => {
  const now = one(cycle, HOWS[cycle % 3]);
  await before;
  before = now;
});
await before;
