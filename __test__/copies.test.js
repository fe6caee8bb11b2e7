// A second copy of nanolith on one of its threads, as tsx makes one for CommonJS files, is the first one.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Messenger } from '../index.js';
import { api } from './fixtures/second-copy.js';
import { within } from './helpers.js';

it('a task, its messengers and a service find each other through a second copy', async () => {
  assert.equal(await within(api({ name: 'add', params: [2, 3] })), 5);
  const messenger = new Messenger('copies');
  assert.deepEqual(await within(api({ name: 'names', messengers: [messenger] })), ['copies', 'WorkerExitedError']);
  messenger.close();
  const service = await within(api.launchService());
  const told = service.waitForMessage(() => true);
  await service.call({ name: 'tell', params: ['hello'] });
  assert.equal(await within(told), 'hello');
  await service.close();
});
