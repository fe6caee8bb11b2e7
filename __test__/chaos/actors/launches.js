// Launches that fail: the initializer throws, exits or never returns. Nothing of them is left, and their slot is free.

import { setTimeout as sleep } from 'node:timers/promises';

import { neverReady } from '../fixtures/broken.js';
import { Doom, exitedWith } from '../ledger.js';

const isNotReady = (/** @type {any} */ error) => error instanceof RangeError && error.message === 'not ready';
const ERRORS = {
  throws: isNotReady,
  throwsLater: isNotReady,
  uncaught: isNotReady,
  exits: (/** @type {any} */ error) => exitedWith(error, 7),
  hangs: () => false,
  spins: () => false,
};

/** @param {import('../random.js').Random} random */
export function planLaunches(random) {
  return {
    kind: 'launches',
    at: random.int(0, 1500),
    launches: random.list(random.int(1, 4), () => ({
      how: random.pick(/** @type {(keyof typeof ERRORS)[]} */ (Object.keys(ERRORS))),
      gap: random.int(0, 50),
      abortMs: random.int(0, 400),
    })),
  };
}

/** @param {ReturnType<typeof planLaunches>} plan @param {import('../world.js').World} world */
export async function runLaunches(plan, world) {
  await sleep(plan.at);
  const entered = [];
  for (const { how, gap, abortMs } of plan.launches) {
    const controller = new AbortController();
    const reason = new Error('launch aborted');
    const doom = new Doom('abort', (error) => error === reason);
    setTimeout(() => {
      doom.begin();
      controller.abort(reason);
    }, abortMs);
    const promise = neverReady[how].launchService({ signal: controller.signal });
    entered.push(world.ledger.enter(`launch that ${how}`, promise, { error: ERRORS[how], dooms: [doom] }));
    world.watchSignal(controller.signal);
    await sleep(gap);
  }
  await Promise.all(entered);
}
