import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

import { assert } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

const service = await tasks.launchService();
for (const call of [tasks, warm, (/** @type {any} */ options) => service.call(options)]) {
  const { port1, port2 } = new MessageChannel();
  const answered = call({ name: 'answerBy', params: [port2], transferList: [port2] });
  const back = once(port1, 'message');
  port1.postMessage('there');
  assert.deepEqual(await back, [['there', 'and back']]);
  assert.equal(await answered, 'there');
  port1.close();
}
await service.close();
