// `process.exit` in the main thread with work queued and running, and wake-ups under way in all directions.

import { busy } from '../fixtures/busy.js';
import { aMoment, first } from '../fixtures/cycles.js';

await busy(first);
await aMoment(first);
process.exit(10 + (first % 100));
