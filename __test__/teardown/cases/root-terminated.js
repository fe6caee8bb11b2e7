// A root Worker is terminated while it owns services, warm threads, streams and messengers; the main thread, a root too,
// has the messenger's other end and goes on.

import { Worker } from 'node:worker_threads';

import { aMoment, assert, exitOf, run, until } from '../fixtures/cycles.js';
import { Messenger, pool } from '../fixtures/nanolith.js';
import { alone, warm } from '../fixtures/sets.js';

const root = new URL('../fixtures/root.js', import.meta.url);
const news = new Messenger('news');
let heard = 0;
news.onMessage(() => {
  heard += 1;
});

await run(async (cycle) => {
  const worker = new Worker(root, { workerData: { cycle, how: 'wait' } });
  const ended = exitOf(worker);
  await new Promise((resolve) => worker.once('message', resolve));
  const before = heard;
  await until(() => heard > before);
  for (let at = 0; at < 20; at += 1) news.sendMessage(at);
  await aMoment(cycle);
  worker.terminate();
  for (let at = 0; at < 20; at += 1) news.sendMessage(at);
  await ended;
  assert.equal(await (cycle % 2 ? warm : alone)({ name: 'echo', params: [cycle] }), cycle);
  assert.equal(pool.activeCount, 0);
});
news.close();
