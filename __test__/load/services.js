// Many services at once: what each costs to launch, to call and to close, and the memory of its thread.
//
//   node --expose-gc __test__/load/services.js [--small]

import { pool, ServiceCluster } from '../../index.js';
import { native } from '../../lib/native.js';
import { tasks } from '../fixtures/tasks.js';
import { Report, settledMemory, sizesOf } from './report.js';

const SIZES = sizesOf([10, 50, 100, 200], [2, 8]);
const CALLS = 50;
/** `use()` looks at every service, which takes nanoseconds each. */
const USES = 20_000;

const report = new Report('services', 'Services at once', { title: 'services' });
// What the first of them alone would pay.
await (await tasks.launchService()).close();
for (const size of SIZES) {
  pool.setConcurrency(size);
  const cluster = new ServiceCluster(tasks);
  const before = await settledMemory();
  const started = performance.now();
  const services = await cluster.launch(size);
  const launched = performance.now();
  const grown = (await settledMemory()) - before;
  const calling = performance.now();
  const answers = await Promise.all(
    services.flatMap((service, at) =>
      Array.from({ length: CALLS }, (_, call) => service.call({ name: 'add', params: [at, call] })),
    ),
  );
  const answered = performance.now();
  const wrong = answers.filter((answer, at) => answer !== Math.floor(at / CALLS) + (at % CALLS)).length;
  report.check(wrong === 0, `${wrong} wrong answers of ${size} services`);
  for (let use = 0; use < USES; use += 1) cluster.use();
  const used = performance.now();
  report.check(pool.activeCount === size, `${pool.activeCount} of ${size} services are counted`);
  await cluster.closeAll();
  const closed = performance.now();
  report.check(pool.idle && native.livingAgents() === 1, `${native.livingAgents() - 1} threads are left of ${size}`);
  report.add('launch, ms', size, (launched - started) / size);
  report.add('close, ms', size, (closed - used) / size);
  report.add('call, us', size, ((answered - calling) / answers.length) * 1000);
  report.add('use(), us', size, ((used - answered) / USES) * 1000);
  report.add('memory, MB', size, grown / size / 2 ** 20);
}
report.flat('launch, ms', { ratio: 3 });
report.flat('close, ms', { ratio: 4, slack: 20 });
report.flat('call, us', { ratio: 4, slack: 50 });
report.flat('memory, MB', { ratio: 2, slack: 15 });
report.atMost('use(), us', 50);
report.end({
  'Time of one service': ['launch, ms', 'close, ms'],
  'Time of one call, all services called at once': ['call, us', 'use(), us'],
  'Memory of one service': ['memory, MB'],
});
