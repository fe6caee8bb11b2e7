import { assert, until } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks } from '../fixtures/sets.js';

// After the first calls a started thread waits for the next one.
const time = async () => {
  const start = performance.now();
  await tasks({ name: 'add', params: [1, 2] });
  return performance.now() - start;
};
const cold = await time();
await until(async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return (await time()) < cold / 2;
});
pool.setSpares(0);
assert.equal(await tasks({ name: 'add', params: [1, 2] }), 3);
