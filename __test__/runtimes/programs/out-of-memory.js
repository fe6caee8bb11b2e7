import { assert, rejection } from '../fixtures/check.js';
import { tasks } from '../fixtures/sets.js';

const options = { resourceLimits: { maxOldGenerationSizeMb: 32 } };
assert.equal((await rejection(tasks({ name: 'fillMemory', options }), 15_000)).code, 'ERR_WORKER_OUT_OF_MEMORY');
assert.equal(await tasks({ name: 'add', params: [1, 2] }), 3);
