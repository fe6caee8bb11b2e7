// The pool as users see it. Every count is the core's.

import { agent } from './agent.js';
import { validateConcurrency, validateCount } from './arguments.js';
import { native } from './native.js';
import { expireNow } from './threads.js';

/** See `index.d.ts`. Strings, so that `x2` (two a core) is never taken for the number 2. */
export const ConcurrencyOption = Object.freeze({
  Quarter: 'Quarter',
  Half: 'Half',
  Default: 'x1',
  x1: 'x1',
  x2: 'x2',
  x4: 'x4',
  x6: 'x6',
  x8: 'x8',
  x10: 'x10',
});

/** Threads per core that this process may use. */
const FACTORS = { Quarter: 0.25, Half: 0.5, x1: 1, x2: 2, x4: 4, x6: 6, x8: 8, x10: 10 };

/** The core counts in 32 bits. */
const MOST = 0xffff_ffff;

const counts = () => native.poolCounts(agent.id);

/** See `index.d.ts`. */
export const pool = Object.freeze({
  option: ConcurrencyOption,

  get maxConcurrency() {
    return counts().max;
  },

  get activeCount() {
    return counts().active;
  },

  get queueLength() {
    return counts().queued;
  },

  get maxed() {
    const { active, max } = counts();
    return active >= max;
  },

  get idle() {
    const { active, queued } = counts();
    return active === 0 && queued === 0;
  },

  get next() {
    const next = native.poolNext(agent.id);
    if (next === null) return undefined;
    const { service, ...rest } = next;
    return { type: service ? 'service' : 'task', ...rest };
  },

  /** @param {import('../index.d.ts').ConcurrencyOption | number} concurrency */
  setConcurrency(concurrency) {
    validateConcurrency(concurrency, ConcurrencyOption);
    const { max } = counts();
    const slots = typeof concurrency === 'number' ? concurrency : native.slots(FACTORS[concurrency]);
    native.poolSetMax(agent.id, Math.min(slots, MOST));
    if (counts().max < max) expireNow();
  },

  /** @param {number} count */
  setSpares(count) {
    validateCount(count);
    native.poolSetSpares(agent.id, Math.min(count, MOST));
    expireNow();
  },
});
