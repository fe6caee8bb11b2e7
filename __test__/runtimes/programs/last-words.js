import { assert, rejection } from '../fixtures/check.js';
import { tasks } from '../fixtures/sets.js';

assert.equal((await rejection(tasks({ name: 'sayAndExit', params: [200] }))).exitCode, 0);
