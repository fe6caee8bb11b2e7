// R18: an exception, messages and calls of a thread whose environment ends already.

import { allSettle, aMoment, exitOf, run } from '../fixtures/cycles.js';
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
  // The handler's exception goes to the task that exits, as any exception of it does, and the thread goes on.
  if (cycle % 3 === 0) calls.push(service.call({ name: 'exit', params: [5] }));
  const settled = allSettle(calls, /^ERR_NANOLITH_(SERVICE_CLOSED|WORKER_EXITED)$|^undefined$/);
  await aMoment(cycle);
  if (cycle % 2) service.close();
  else service.worker.terminate();
  for (let at = 0; at < 20; at += 1) news.sendMessage(at);
  await settled;
  await ended;
});
news.close();
