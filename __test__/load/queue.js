// A long queue: what a waiting task costs in time and memory, from a thousand to a million of them.
//
//   node --expose-gc __test__/load/queue.js [--small]

import { pool } from '../../index.js';
import { tasks } from '../fixtures/tasks.js';
import { warm } from '../fixtures/warm.js';
import { Report, settledMemory, sizesOf } from './report.js';

const SIZES = sizesOf([1_000, 10_000, 100_000, 1_000_000], [1_000, 10_000]);
/** Memory of less than this many tasks is lost in what the allocator keeps. */
const SEEN_FROM = 100_000;

pool.setConcurrency(1);
const report = new Report('queue', 'Waiting tasks', { title: 'waiting tasks' });
await Promise.all(Array.from({ length: 20_000 }, () => warm({ name: 'add', params: [1, 1] })));
for (const size of SIZES) {
  for (let round = 0; round < (size < SEEN_FROM ? 5 : 2); round += 1) {
    const before = await settledMemory();
    const started = performance.now();
    const calls = Array.from({ length: size }, (_, i) => warm({ name: 'add', params: [i, 1] }));
    const submitted = performance.now();
    const grown = process.memoryUsage().rss - before;
    const results = await Promise.all(calls);
    const settled = performance.now();
    if (results.some((result, i) => result !== i + 1)) throw new Error('a task got the answer of another');
    report.add('submit, us', size, ((submitted - started) / size) * 1000);
    report.add('settle, us', size, ((settled - submitted) / size) * 1000);
    if (size >= SEEN_FROM) report.add('memory, bytes', size, grown / size);
  }
}

// Isolated ones, which wait behind one that hangs and are all aborted by one signal.
for (const size of SIZES.flatMap((size) => [size, size])) {
  const controller = new AbortController();
  const { signal } = controller;
  const started = performance.now();
  const calls = Array.from({ length: size }, (_, i) => tasks({ name: 'add', params: [i, 1], signal }));
  const submitted = performance.now();
  const reason = new Error('enough');
  const outcomes = Promise.allSettled(calls);
  const aborting = performance.now();
  controller.abort(reason);
  const aborted = performance.now();
  const begun = (await outcomes).filter(
    (outcome) => outcome.status === 'fulfilled' || outcome.reason !== reason,
  ).length;
  report.check(begun === 0, `${begun} of ${size} aborted tasks did not reject with the reason`);
  report.check(pool.queueLength === 0, `${pool.queueLength} tasks are left in the queue`);
  report.add('submit isolated, us', size, ((submitted - started) / size) * 1000);
  report.add('abort, us', size, ((aborted - aborting) / size) * 1000);
}

report.flat('submit, us', { ratio: 4, slack: 2 });
report.flat('settle, us', { ratio: 4, slack: 2 });
report.flat('submit isolated, us', { ratio: 4, slack: 4 });
report.flat('abort, us', { ratio: 4, slack: 4 });
report.flat('memory, bytes', { ratio: 2 });
report.atMost('memory, bytes', 1_500);
report.end({
  'Time of one waiting task': ['submit, us', 'settle, us', 'submit isolated, us', 'abort, us'],
  'Memory of one waiting task': ['memory, bytes'],
});
