// Threads that are given up at each stage of their start: services closed, tasks and launches aborted.

import { aMoment, assert, run, until } from '../fixtures/cycles.js';
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
  const settled = Promise.allSettled(calls);
  await aMoment(cycle);
  const reason = new Error('given up');
  controller.abort(reason);
  const results = await settled;
  for (const [at, result] of results.entries()) {
    // An abort is what they may fail with, and nothing else: none of their services is closed.
    if (result.status === 'rejected') assert.equal(result.reason, reason, `call ${at}`);
  }
  assert.equal(results[2].status, 'rejected', 'a task that spins has a result');
  // Services that were up before the signal.
  for (const { value } of [results[0], results[4]]) await value?.close();
  await closed;
  await until(() => pool.idle);
  assert.equal(pool.activeCount, 0);
});
