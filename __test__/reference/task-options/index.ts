import { Messenger, pool } from 'nanolith';
import { api } from './worker.js';

// `options` are the thread's.
console.log(await api({ name: 'describe', options: { env: { WHO: 'you' }, argv: ['and', 'me'] } }));
console.log(await api({ name: 'describe', params: ['hello'], options: { env: { WHO: 'all' } } }));
console.log(await api({ name: 'names', messengers: [new Messenger('news'), new Messenger('sports')] }));

// `priority` puts a task in front of those that wait.
pool.setConcurrency(1);
const cell = new Int32Array(new SharedArrayBuffer(4));
const order: string[] = [];
const queued = [
  api({ name: 'wait', params: [cell] }),
  api({ name: 'describe' }).then(() => order.push('second')),
  api({ name: 'describe', priority: true }).then(() => order.push('first')),
];
Atomics.store(cell, 0, 1);
Atomics.notify(cell, 0);
await Promise.all(queued);
console.log(order.join(', '));

// This one never ends; with `reffed: false` it does not keep the process.
void api({ name: 'never', reffed: false });
