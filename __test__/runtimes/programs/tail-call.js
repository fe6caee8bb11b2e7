import { assert, rejection } from '../fixtures/check.js';
import { callsItselfLast } from '../fixtures/guarded.js';

assert.equal((await rejection(callsItselfLast())).code, 'ERR_NANOLITH_SAFE_MODE');
