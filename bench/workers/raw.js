// What a careful user writes by hand: an id for every call, one listener.

import { parentPort } from 'node:worker_threads';
import * as tasks from './tasks.js';

parentPort.on('message', ({ id, name, args }) => {
  parentPort.postMessage({ id, result: tasks[name](...args) });
});
