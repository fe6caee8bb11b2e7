import { assert } from '../fixtures/check.js';
import { talker } from '../fixtures/service.js';

/** @type {(error: any) => void} */
let heard;
const thrown = new Promise((resolve) => {
  heard = resolve;
});
const service = await talker.launchService({ exceptionHandler: ({ error }) => heard(error) });
await service.call({ name: 'throwLater' });
const error = await thrown;
assert.ok(error instanceof RangeError);
assert.equal(error.message, 'late');
assert.equal(await service.call({ name: 'pid' }), process.pid, 'it goes on');
await service.close();
