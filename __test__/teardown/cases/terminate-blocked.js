// R24: threads that are terminated while they spin, block, load without end, or have not begun to load.

import { once } from 'node:events';

import { allSettle, aMoment, assert, run } from '../fixtures/cycles.js';
import { forever } from '../fixtures/forever.js';
import { pool } from '../fixtures/nanolith.js';
import { sets } from '../fixtures/sets.js';

pool.setConcurrency(4);

await run(async (cycle) => {
  const services = await Promise.all([1, 2].map(() => sets.launchService()));
  const ends = services.map((service) => once(service, 'terminated'));
  const controller = new AbortController();
  const { signal } = controller;
  const calls = services.flatMap((service, at) => [
    service.call({ name: at ? 'block' : 'spin' }),
    service.call({ name: 'echo', params: [at] }),
  ]);
  await Promise.all(services.map((service) => service.waitForMessage(() => true)));
  const loading = ['spin', 'wait'].map((how) => forever({ name: 'task', options: { argv: [how] }, signal }));
  const failed = allSettle(loading);
  await aMoment(cycle);
  controller.abort(Object.assign(new Error('given up'), { code: 'ERR_NANOLITH_SERVICE_CLOSED' }));
  assert.equal(pool.activeCount, 2);
  if (cycle % 2) for (const { worker } of services) worker.terminate();
  else for (const service of services) service.close();
  assert.equal(await failed, 2);
  assert.equal(await allSettle(calls), 4);
  await Promise.all(ends);
});
assert.equal(pool.activeCount, 0);
