import { assert, rejection } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) {
  const error = await rejection(set({ name: 'exit', params: [3] }));
  assert.deepEqual([error.code, error.exitCode], ['ERR_NANOLITH_WORKER_EXITED', 3]);
  assert.equal((await rejection(set({ name: 'exit', params: [0] }))).exitCode, 0);
  assert.equal(await set({ name: 'add', params: [1, 2] }), 3);
}
