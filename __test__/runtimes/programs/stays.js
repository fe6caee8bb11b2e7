// The process stays while calls are pending, though nobody awaits them.

import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) set({ name: 'later', params: [200, 'answered'] }).then(console.log);
