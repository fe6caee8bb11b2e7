// The process ends by itself, with idle threads and an unreffed service around.

import { tasks, warm } from '../fixtures/sets.js';

await tasks.launchService({ reffed: false });
await warm({ name: 'count' });
console.log('done');
