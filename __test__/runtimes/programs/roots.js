// A Worker that nanolith did not start has a pool of its own, and takes its threads along when it ends.

import { isMainThread, parentPort, Worker } from 'node:worker_threads';

import { assert } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks, warm } from '../fixtures/sets.js';

if (isMainThread) {
  pool.setConcurrency(7);
  for (const how of ['terminate', 'exit']) {
    const worker = new Worker(new URL(import.meta.url), { argv: [how] });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const sum = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    assert.equal(sum, 3);
    if (how === 'terminate') worker.terminate();
    await ended;
  }
  assert.equal(pool.maxConcurrency, 7);
  assert.equal(await tasks({ name: 'add', params: [1, 2] }), 3);
  console.log('done');
} else {
  pool.setConcurrency(2);
  assert.equal(await warm({ name: 'add', params: [0, 1] }), 1);
  const service = await tasks.launchService();
  parentPort?.postMessage(await service.call({ name: 'add', params: [1, 2] }));
  if (process.argv.at(-1) === 'exit') process.exit();
  setInterval(() => {}, 1000);
}
