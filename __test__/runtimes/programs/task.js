import { assert } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks } from '../fixtures/sets.js';

assert.equal(await tasks({ name: 'add', params: [2, 3] }), 5);
const value = { list: [1, 'ä€😀', null], map: new Map([[1, new Set(['a'])]]), date: new Date(5), big: 2n ** 70n };
assert.deepEqual(await tasks({ name: 'echo', params: [value] }), value);
assert.equal(await tasks({ name: 'later', params: [10, 'later'] }), 'later');
// Module state is each task's own.
assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => tasks({ name: 'count' }))), [1, 1, 1, 1]);
assert.equal(pool.activeCount, 0);
