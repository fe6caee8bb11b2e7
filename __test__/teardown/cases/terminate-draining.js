// Services end by `terminate()` while they drain a flood of calls and messages and send one back.

import { once } from 'node:events';

import { allSettle, aMoment, assert, run, vary } from '../fixtures/cycles.js';
import { Messenger, pool } from '../fixtures/nanolith.js';
import { sets } from '../fixtures/sets.js';

const news = new Messenger('news');
news.onMessage(() => {});

await run(async (cycle) => {
  const service = await sets.launchService({ messengers: [news] });
  service.onMessage(() => {});
  service.onStream((stream) => stream.on('error', () => {}).resume());
  await Promise.all([
    service.call({ name: 'join', params: ['news'] }),
    service.call({ name: 'flood' }),
    cycle % 3 === 0 ? service.call({ name: 'pour' }).catch(() => {}) : undefined,
  ]);
  const calls = Array.from({ length: 300 }, (_, at) =>
    service.call({ name: 'echo', params: [{ at, text: 'some text' }] }),
  );
  for (let at = 0; at < 300; at += 1) {
    service.sendMessage(at);
    news.sendMessage(at);
  }
  const ended = once(service, 'terminated');
  const settled = allSettle(calls);
  await aMoment(cycle);
  service.worker.terminate();
  // What goes on after that must not disturb it.
  for (let at = vary(cycle, 20); at > 0; at -= 1) news.sendMessage(at);
  await settled;
  await ended;
  assert.equal(pool.activeCount, 0);
});
news.close();
