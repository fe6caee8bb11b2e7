// Roots: threads that something else started and that use nanolith, with a pool of their own. They end in order, by their
// own exit, or terminated in the middle of everything, and take their threads along.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** @param {import('../random.js').Random} random */
export function planRoot(random) {
  return {
    kind: 'root',
    at: random.int(0, 1500),
    ends: random.weighted({ order: 2, terminate: 3, exit: 2 }),
    ms: random.int(0, 800),
    concurrency: random.int(1, 4),
    services: random.int(0, 2),
    isolated: random.int(0, 3),
    warm: random.int(0, 50),
    messengers: random.int(0, 2),
    streams: random.int(0, 2),
    code: random.int(0, 3),
  };
}

/** @param {ReturnType<typeof planRoot>} plan @param {import('../world.js').World} world */
export async function runRoot(plan, world) {
  await sleep(plan.at);
  const { ledger } = world;
  const id = world.newId();
  const worker = new Worker(new URL('../fixtures/root.js', import.meta.url), { workerData: { plan, id } });
  /** @type {unknown} */
  let failure;
  worker.on('error', (error) => {
    failure = error;
  });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  if (plan.ends === 'terminate') {
    await sleep(plan.ms);
    await ledger.enter(`terminate root ${id}`, worker.terminate());
  }
  const wanted = plan.ends === 'terminate' ? 1 : plan.ends === 'exit' ? plan.code : 0;
  // One that is done before it is terminated has ended in order.
  const check = (/** @type {number} */ code) =>
    code === wanted || (plan.ends === 'terminate' && code === 0) ? undefined : `exit code ${code}: ${failure}`;
  await ledger.enter(`root ${id} (${plan.ends})`, exited, { check });
  ledger.check(failure === undefined, `root ${id} failed: ${/** @type {any} */ (failure)?.stack}`);
}
