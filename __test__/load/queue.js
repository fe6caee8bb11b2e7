// A long queue: what a waiting task costs in time and memory, from a thousand to a million of them.
//
//   node --expose-gc __test__/load/queue.js

import { pool } from '../../index.js';
import { warm } from '../fixtures/warm.js';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];

pool.setConcurrency(1);
console.log('waiting tasks   submit us each   settle us each   process bytes each');
for (const size of SIZES) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const started = performance.now();
  const calls = Array.from({ length: size }, (_, i) => warm({ name: 'add', params: [i, 1] }));
  const submitted = performance.now();
  const after = process.memoryUsage();
  const results = await Promise.all(calls);
  const settled = performance.now();
  if (results.some((result, i) => result !== i + 1)) throw new Error('a task got the answer of another');
  const row = [
    size,
    ((submitted - started) / size) * 1000,
    ((settled - submitted) / size) * 1000,
    (after.rss - before.rss) / size,
  ];
  console.log(
    row.map((value, at) => value.toFixed(at === 0 || at === 3 ? 0 : 2).padStart([13, 17, 17, 21][at])).join(''),
  );
}
