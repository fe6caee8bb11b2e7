// A thread that spins stops when its task is aborted.

import { setTimeout as sleep } from 'node:timers/promises';

import { arrived, rejection, turns, until } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

/** Far longer than a busy machine keeps a thread waiting. */
const STILL_MS = 1_000;

for (const [seen, set] of [tasks, warm].entries()) {
  const controller = new AbortController();
  const running = rejection(set({ name: 'spin', signal: controller.signal }));
  await until(() => arrived() === seen + 1 && turns() > 0);
  controller.abort();
  await running;
}
await until(async () => {
  const before = turns();
  await sleep(STILL_MS);
  return turns() === before;
});
