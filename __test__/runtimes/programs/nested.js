import { assert } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { nested } from '../fixtures/nested.js';

pool.setConcurrency(1);
assert.deepEqual(await Promise.all([1, 2].map((n) => nested({ name: 'sums', params: [n] }))), [4, 6]);
assert.equal(await nested({ name: 'service' }), process.pid);
