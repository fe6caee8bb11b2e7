import { assert } from '../fixtures/check.js';
import { pool, ServiceCluster } from '../fixtures/nanolith.js';
import { tasks } from '../fixtures/sets.js';

pool.setConcurrency(2);
const cluster = new ServiceCluster(tasks);
await cluster.launch(2);
const calls = Array.from({ length: 20 }, () => cluster.use().call({ name: 'where' }));
const threads = (await Promise.all(calls)).map(({ threadId }) => threadId);
assert.equal(new Set(threads).size, 2);
assert.equal(threads.filter((id) => id === threads[0]).length, 10);
await cluster.closeAll();
assert.equal(pool.activeCount, 0);
