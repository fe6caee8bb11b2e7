// An answer that comes after its call was aborted is nobody's: it must not become an unhandled rejection.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixtureUrl, runWell } from './helpers.js';

test('a service call that was aborted fails late, and nobody hears of it', async () => {
  const stdout = await runWell(`
    import { failing } from ${JSON.stringify(fixtureUrl('fails-late.js'))};
    const shared = new SharedArrayBuffer(4);
    const service = await failing.launchService();
    const controller = new AbortController();
    const call = service.call({ name: 'failLater', params: [shared], signal: controller.signal });
    controller.abort(new Error('enough'));
    await call.catch((error) => console.log(error.message));
    Atomics.store(new Int32Array(shared), 0, 1);
    while (service.activeCalls > 0) await service.call({ name: 'ping' });
    console.log(await service.call({ name: 'ping' }));
    await service.close();
  `);
  assert.deepEqual(stdout.split('\n'), ['enough', 'pong', '']);
});
