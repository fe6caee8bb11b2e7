import { assert } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { warm } from '../fixtures/sets.js';

const sums = await Promise.all(Array.from({ length: 5_000 }, (_, n) => warm({ name: 'add', params: [n, n] })));
assert.deepEqual(
  sums,
  Array.from({ length: 5_000 }, (_, n) => 2 * n),
);
for (let n = 0; n < 100; n += 1) assert.equal(await warm({ name: 'later', params: [0, n] }), n);
assert.ok((await warm({ name: 'count' })) + (await warm({ name: 'count' })) > 2, 'a thread stays');
assert.equal(pool.activeCount, 0);
assert.equal(pool.queueLength, 0);
