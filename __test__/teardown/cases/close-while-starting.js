// Threads that are given up at each stage of their start: services closed, tasks and launches aborted.

import { allSettle, aMoment, assert, run, until } from '../fixtures/cycles.js';
import { pool } from '../fixtures/nanolith.js';
import { alone, sets, warm } from '../fixtures/sets.js';

pool.setConcurrency(4);

await run(async (cycle) => {
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    sets.launchService({ signal }),
    alone({ name: 'echo', params: [cycle], signal }),
    warm({ name: 'spin', signal }),
    alone({ name: 'echo', params: [cycle], signal }),
    sets.launchService({ signal }),
  ];
  const closed = sets.launchService().then((service) => service.close());
  const settled = allSettle(calls);
  await aMoment(cycle);
  controller.abort(Object.assign(new Error('given up'), { code: 'ERR_NANOLITH_SERVICE_CLOSED' }));
  await settled;
  // Services that were up before the signal.
  for (const { value } of await Promise.allSettled([calls[0], calls[4]])) await value?.close();
  await closed;
  await until(() => pool.idle);
  assert.equal(pool.activeCount, 0);
});
