import { assert, rejection } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) {
  const error = await rejection(set({ name: 'fail' }));
  assert.ok(error instanceof RangeError);
  assert.deepEqual([error.message, error.code, error.limit], ['too far', 'E_FAR', 3]);
  assert.ok(error.cause instanceof TypeError);
  assert.match(error.stack, /functions\.js/);
  assert.equal(await rejection(set({ name: 'throwIt', params: [null] })), null);
  assert.equal((await rejection(set({ name: 'echo', params: [() => {}] }))).name, 'DataCloneError');
}
