import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads';
import { count, expect, received } from './counter.js';

const channel = new BroadcastChannel(workerData.name);
channel.onmessage = count;
parentPort.on('message', async (messages) => {
  expect(messages);
  parentPort.postMessage('ready');
  await received();
  parentPort.postMessage('received');
});
parentPort.postMessage('open');
