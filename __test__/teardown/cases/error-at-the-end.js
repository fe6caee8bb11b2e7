// R18: an exception, messages and calls of a thread whose environment ends already.

import { allSettle, aMoment, assert, exitOf, run } from '../fixtures/cycles.js';
import { Messenger } from '../fixtures/nanolith.js';
import { sets } from '../fixtures/sets.js';

const news = new Messenger('news');

await run(async (cycle) => {
  const service = await sets.launchService({ messengers: [news] });
  service.worker.on('error', () => {});
  const ended = exitOf(service.worker);
  await service.call({ name: 'join', params: ['news'] });
  await service.call({ name: 'flood' });
  await service.call({ name: 'misbehaveAtExit', params: [cycle % 4] });
  const calls = Array.from({ length: 50 }, (_, at) => service.call({ name: 'echo', params: [at] }));
  const settled = [allSettle(calls)];
  if (cycle % 3 === 0) settled.push(allSettle([exit(service)]));
  await aMoment(cycle);
  if (cycle % 2) service.close();
  else service.worker.terminate();
  for (let at = 0; at < 20; at += 1) news.sendMessage(at);
  await Promise.all(settled);
  await ended;
});
news.close();

/** The handler's exception goes to the task that exits, as any exception of it does, and the thread goes on. */
async function exit(service) {
  try {
    await service.call({ name: 'exit', params: [5] });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    assert.equal(error.message, 'at the end');
  }
}
