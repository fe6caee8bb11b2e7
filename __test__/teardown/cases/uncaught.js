// Uncaught exceptions in one-off and warm threads, and in a service that ends by them.

import { allSettle, assert, exitOf, run } from '../fixtures/cycles.js';
import { pool } from '../fixtures/nanolith.js';
import { alone, sets, warm } from '../fixtures/sets.js';

pool.setConcurrency(3);

await run(async () => {
  const service = await sets.launchService({ exceptionHandler: ({ terminate }) => terminate() });
  const ended = exitOf(service.worker);
  const queued = Array.from({ length: 50 }, (_, at) => service.call({ name: 'echo', params: [at] }));
  const pending = service.call({ name: 'throwLater' });
  const thrown = [alone({ name: 'throwLater' }), warm({ name: 'throwLater' })].map((call) =>
    call.then(
      () => 'resolved',
      (error) => error instanceof RangeError && error.message,
    ),
  );
  const waiting = Array.from({ length: 20 }, (_, at) => warm({ name: 'echo', params: [at] }));
  await allSettle([...queued, pending]);
  assert.deepEqual(await Promise.all(thrown), ['nobody catches this', 'nobody catches this']);
  assert.deepEqual(
    await Promise.all(waiting),
    Array.from({ length: 20 }, (_, at) => at),
  );
  await ended;
});
assert.equal(pool.activeCount, 0);
