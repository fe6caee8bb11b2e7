// A thread that spins uses no CPU any more once its task was aborted.

import { cpuUsage } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { arrived, rejection, until } from '../fixtures/check.js';
import { tasks, warm } from '../fixtures/sets.js';

const WINDOW_MS = 200;

for (const [seen, set] of [tasks, warm].entries()) {
  const controller = new AbortController();
  const running = rejection(set({ name: 'spin', signal: controller.signal }));
  await until(() => arrived() === seen + 1);
  controller.abort();
  await running;
}
await until(idle);

/** Whether the process rests for half of a window. A thread that spins takes all of it. */
async function idle() {
  const before = cpuUsage();
  await sleep(WINDOW_MS);
  const { user, system } = cpuUsage(before);
  return user + system < (WINDOW_MS * 1000) / 2;
}
