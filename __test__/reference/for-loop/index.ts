import { worker } from './worker.js';

const counted = worker({ name: 'countTo', params: [20_000_000] });

// The loop is under way, on another thread; this one is free.
console.log('meanwhile');

console.log(await counted);
