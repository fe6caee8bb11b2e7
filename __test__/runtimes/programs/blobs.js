import { assert } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) {
  assert.equal(await set({ name: 'sizeOf', params: [new Blob(['some', 'text'])] }), 8);
}
