import { tasks, warm } from '../fixtures/sets.js';

await tasks({ name: 'say', params: ['from a task'] });
await warm({ name: 'say', params: ['from a warm task'] });
