// process.exit while threads run and spin.

import { arrived, until } from '../fixtures/check.js';
import { pool } from '../fixtures/nanolith.js';
import { tasks, warm } from '../fixtures/sets.js';

pool.setConcurrency(3);
await tasks.launchService();
tasks({ name: 'spin' });
warm({ name: 'waitForever' });
warm({ name: 'spin' });
await until(() => arrived() === 2);
process.exit(5);
