// What an idle pool costs: the CPU time of the whole process, with warm threads and spares around, over a second.

import { pool } from '../../index.js';
import { tasks } from '../fixtures/tasks.js';
import { warm } from '../fixtures/warm.js';

const WATCHED_MS = 1_000;
/** Node's own timers and garbage collection, generously. A polling thread would take all of it. */
const ALLOWED_MS = 300;

pool.setConcurrency(4);
const add = { name: /** @type {const} */ ('add'), params: /** @type {[number, number]} */ ([1, 2]) };
await Promise.all([tasks(add), tasks(add), warm(add), warm(add), warm(add)]);
// The spares start meanwhile.
const used = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
for (let last = -1_000; used() - last > 20; ) {
  last = used();
  await new Promise((resolve) => setTimeout(resolve, 300));
}
const before = used();
await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
const spent = used() - before;
console.log(`${spent.toFixed(0)} ms of CPU in ${WATCHED_MS} ms`);
process.exitCode = spent > ALLOWED_MS ? 1 : 0;
