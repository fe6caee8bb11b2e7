import { assert, until } from '../fixtures/check.js';
import { tasks } from '../fixtures/sets.js';

const service = await tasks.launchService({ options: { stdout: true } });
let said = '';
service.worker.stdout.on('data', (/** @type {Buffer} */ chunk) => {
  said += chunk;
});
await service.call({ name: 'say', params: ['to its owner'] });
await until(() => said === 'to its owner\n');
await service.close();
assert.equal(said, 'to its owner\n');
