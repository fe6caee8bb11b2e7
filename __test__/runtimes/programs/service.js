import { assert } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks } from '../fixtures/sets.js';

const service = await tasks.launchService();
assert.equal(pool.activeCount, 1);
const sums = await Promise.all(Array.from({ length: 2_000 }, (_, n) => service.call({ name: 'add', params: [n, 1] })));
assert.deepEqual(
  sums,
  Array.from({ length: 2_000 }, (_, n) => n + 1),
);
assert.equal(await service.call({ name: 'later', params: [5, 'slow'] }), 'slow');
assert.equal(await service.call({ name: 'count' }), 1);
assert.equal(await service.call({ name: 'count' }), 2);
let code;
service.on('terminated', (ended) => {
  code = ended;
});
await service.close();
assert.equal(service.closed, true);
assert.equal(typeof code, 'number');
assert.equal(pool.activeCount, 0);
