import { MessageChannel } from 'node:worker_threads';

import { assert } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

for (const set of [tasks, warm]) {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  await set({ name: 'addOne', params: [shared] });
  assert.equal(shared[0], 1);
  const buffer = new ArrayBuffer(100_000);
  assert.equal(await set({ name: 'lengthOf', params: [buffer], transferList: [buffer] }), 100_000);
  assert.equal(buffer.byteLength, 0);
  const { port1, port2 } = new MessageChannel();
  await set({ name: 'echo', params: [{ note: 'a port goes along' }], transferList: [port2] });
  port1.close();
}
