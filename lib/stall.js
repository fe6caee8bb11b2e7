// The warning for work that waits behind services, which do not end by themselves.

import { setTimeout } from 'node:timers';

import { agent } from './agent.js';
import { native } from './native.js';
import { warnOnce } from './warnings.js';

/** How often to look whether what waits has stalled, in milliseconds. */
const LOOK_MS = 1_000;

let watching = false;
let warned = false;

/** Something waits: looks now and then whether it still does, and behind what. */
export function watchForStall() {
  if (watching || warned) return;
  watching = true;
  setTimeout(() => {
    watching = false;
    if (native.poolStalled(agent.id)) {
      warned = true;
      warnOnce(
        'POOL_STALLED',
        () =>
          'Work has waited for 5 seconds while services hold every slot of the pool. Close services that are done, or ' +
          'raise the limit with pool.setConcurrency().',
      );
    } else if (native.poolCounts(agent.id).queued > 0) {
      watchForStall();
    }
  }, LOOK_MS).unref();
}
