import { letters, numbers } from './worker.js';

console.log(
  await numbers({ name: 'first', params: [[1, 2, 3]] }),
  await numbers({ name: 'last', params: [[1, 2, 3]] }),
);
console.log(await letters({ name: 'first', params: ['xyz'] }), await letters({ name: 'last', params: ['xyz'] }));
console.log(letters.identifier, letters.identifier !== numbers.identifier);
