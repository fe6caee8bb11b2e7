// An uncaught exception in the main thread with work queued and running, and wake-ups under way in all directions.

import { busy } from '../fixtures/busy.js';
import { aMoment, first } from '../fixtures/cycles.js';

// Bun does not end for an uncaught exception while one immediate follows the other, as here under a flood that never rests.
await busy(first, { rests: process.versions.bun !== undefined });
await aMoment(first);
setImmediate(() => {
  throw new RangeError('on purpose');
});
