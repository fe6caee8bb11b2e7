import { assert, rejection } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) {
  const error = await rejection(set({ name: 'uncaught' }));
  assert.ok(error instanceof RangeError);
  assert.equal(error.message, 'nobody catches this');
  assert.equal(await set({ name: 'add', params: [1, 2] }), 3);
}
