import { assert, rejection } from '../fixtures/check.js';
import { callsItself, guarded } from '../fixtures/guarded.js';

assert.equal((await rejection(callsItself())).code, 'ERR_NANOLITH_SAFE_MODE');
assert.equal(await guarded({ name: 'add', params: [1, 2] }), 3);
