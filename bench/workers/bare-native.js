// Answers each number with the next one.

import { parentPort } from 'node:worker_threads';
import { openBare } from './bare-inbox.js';

let owner;
const inbox = openBare({ stays: true, onNumber: (number) => inbox.send(owner, number + 1) });
parentPort.on('message', (id) => {
  owner = id;
  parentPort.postMessage(inbox.id);
});
