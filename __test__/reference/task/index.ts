import { api } from './worker.js';

const sum = await api({ name: 'add', params: [1, 2] });
const other = await api({ name: 'add', params: [30, 4] });
console.log(sum, other);

// Each task has a thread of its own, and none runs on this one.
const threads = [await api({ name: 'thread' }), await api({ name: 'thread' })];
console.log(threads[0] !== threads[1] && !threads.includes(0));

try {
  await api({ name: 'fail', params: ['too far'] });
} catch (error) {
  console.log(error instanceof RangeError && error.message);
}
