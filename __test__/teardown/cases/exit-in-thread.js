// `process.exit` in a thread with queued work, while others and its owner wake it.

import { allSettle, aMoment, assert, exitOf, first, run, vary } from '../fixtures/cycles.js';
import { Messenger, pool } from '../fixtures/nanolith.js';
import { alone, sets, warm } from '../fixtures/sets.js';

pool.setConcurrency(4);
const news = new Messenger('news');
const shouter = await sets.launchService({ messengers: [news] });
await shouter.call({ name: 'join', params: ['news'] });
// Without a rest it takes most of the CPU, and hits a thread in more places of its end; with it, ten cycles are quick. Bun
// and Deno, where each message has a turn of its own, cannot keep up with one that never rests.
const slow = process.versions.bun !== undefined || process.versions.deno !== undefined;
await shouter.call({ name: 'flood', params: [{ rests: slow || vary(first, 2) === 1 }] });

await run(async (cycle) => {
  const code = 3 + (cycle % 200);
  const service = await sets.launchService({ messengers: [news] });
  await service.call({ name: 'join', params: ['news'] });
  const ended = exitOf(service.worker);
  const queued = Array.from({ length: 100 }, (_, at) => service.call({ name: 'echo', params: [at] }));
  const exits = [
    service.call({ name: 'exit', params: [code] }),
    alone({ name: 'exit', params: [code] }),
    warm({ name: 'exit', params: [code] }),
  ];
  const after = Array.from({ length: 100 }, (_, at) => service.call({ name: 'echo', params: [at] }));
  for (let at = 0; at < 100; at += 1) service.sendMessage(at);
  const settled = Promise.all([allSettle([...queued, ...after]), allSettle(exits)]);
  await aMoment(cycle);
  assert.equal((await settled)[1], 3);
  assert.equal(await ended, code);
  assert.equal(await warm({ name: 'echo', params: [cycle] }), cycle);
});
await shouter.close();
news.close();
