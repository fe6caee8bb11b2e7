import { ConcurrencyOption, pool } from 'nanolith';
import { api } from './worker.js';

const cell = new Int32Array(new SharedArrayBuffer(4));
const show = () => console.log(pool.activeCount, pool.queueLength, pool.maxed, pool.idle);

console.log(pool.option === ConcurrencyOption);
pool.setConcurrency(2);
show();

const waiting = [1, 2, 3].map(() => api({ name: 'wait', params: [cell] }));
const launching = api.launchService();
show();
console.log(pool.next?.type, pool.next?.name, pool.next?.file === api.file, pool.next?.reffed);

// More room at once lets in what waits.
pool.setConcurrency(4);
show();

Atomics.store(cell, 0, 1);
Atomics.notify(cell, 0);
await Promise.all(waiting);
await (await launching).close();
show();
