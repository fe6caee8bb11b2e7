import { missing, throwing } from '../fixtures/breaks.js';
import { assert, rejection } from '../fixtures/check.js';

for (const set of [missing, throwing]) {
  assert.equal((await rejection(set({ name: 'task' }))).code, 'ERR_NANOLITH_LOAD');
  assert.equal((await rejection(set.launchService())).code, 'ERR_NANOLITH_LOAD');
}
assert.equal((await rejection(throwing({ name: 'task' }))).cause.message, 'at the top level');
