import { assert } from '../fixtures/check.js';
import { typed } from '../fixtures/typed.ts';

assert.equal(await typed({ name: 'length', params: [{ x: 3, y: 4 }] }), 5);
const service = await typed.launchService();
assert.equal(await service.call({ name: 'length', params: [{ x: 6, y: 8 }] }), 10);
await service.close();
