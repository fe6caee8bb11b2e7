import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, describe, it } from 'node:test';

import { pool } from '../index.js';
import { blockForArrivals } from './fixtures/barrier.js';
import { tasks } from './fixtures/tasks.js';
import { warm } from './fixtures/warm.js';
import {
  arrivals,
  clinging,
  newCell,
  open,
  poolIdle,
  refusing,
  rejection,
  threadsGone,
  uncaughts,
  until,
  within,
} from './helpers.js';

const reason = new Error('the reason');
/** @param {AbortSignal} signal */
const listeners = (signal) => getEventListeners(signal, 'abort').length;

const both = /** @type {const} */ ([
  ['one-off', tasks],
  ['warm', warm],
]);

for (const [kind, set] of both) {
  describe(`the signal of a ${kind} task`, () => {
    before(() => pool.setConcurrency(2));
    after(() => pool.setConcurrency('x1'));

    it('R10: already aborted, rejects with its reason and takes no thread', async () => {
      await poolIdle();
      const promise = set({ name: 'nothing', signal: AbortSignal.abort(reason) });
      assert.equal(pool.activeCount + pool.queueLength, 0);
      assert.equal(await rejection(promise), reason);
      for (const odd of [undefined, null, 'text', 0]) {
        const controller = new AbortController();
        controller.abort(odd);
        assert.equal(await rejection(set({ name: 'nothing', signal: controller.signal })), controller.signal.reason);
      }
    });

    it('is known by its shape, whatever methods it has besides', async () => {
      const signal = /** @type {AbortSignal} */ (
        /** @type {unknown} */ ({ aborted: false, addEventListener() {}, removeEventListener() {} })
      );
      assert.equal(await within(set({ name: 'addLater', params: [1, 2], signal })), 3);
      const aborted = Object.assign(signal, { aborted: true, reason });
      assert.equal(await rejection(set({ name: 'nothing', signal: aborted })), reason);
    });

    it('that takes no listener rejects the call with what it throws, and costs no slot', async () => {
      const refusal = new Error('no listeners here');
      const signal = refusing(refusal);
      const cell = newCell();
      const granted = rejection(set({ name: 'nothing', signal }));
      const holding = [0, 1].map((value) => set({ name: 'gate', params: [cell, value] }));
      const queued = rejection(set({ name: 'nothing', signal }));
      assert.deepEqual([pool.activeCount, pool.queueLength], [2, 0]);
      open(cell);
      assert.deepEqual(await within(Promise.all([granted, queued, ...holding])), [refusal, refusal, 0, 1]);
      await poolIdle();
    });

    it('that keeps its listener keeps no call pending: that is an uncaught exception', async () => {
      const refusal = new Error('they stay here');
      const call = set({ name: 'addLater', params: [1, 2], signal: clinging(refusal) });
      const settled = within(call);
      assert.deepEqual(await uncaughts(1, () => settled), [refusal]);
      assert.equal(await settled, 3);
      await poolIdle();
    });

    it('whose reason cannot be read rejects with what that throws, and so all who share it', async () => {
      const refusal = new Error('no reason');
      const signal = Object.defineProperty(clinging(refusal), 'reason', {
        get() {
          throw refusal;
        },
      });
      const calls = [0, 1].map(() => rejection(set({ name: 'gate', params: [newCell()], signal })));
      signal.abort();
      assert.deepEqual(await within(Promise.all(calls)), [refusal, refusal]);
      await poolIdle();
    });

    it('R10: aborted while queued, leaves the queue at once; neighbours are spared', async () => {
      const cell = newCell();
      const holding = [0, 1].map((value) => set({ name: 'gate', params: [cell, value] }));
      const controller = new AbortController();
      const [before, promise, later] = [
        set({ name: 'add', params: [1, 1] }),
        set({ name: 'nothing', signal: controller.signal }),
        set({ name: 'add', params: [2, 2] }),
      ];
      assert.equal(pool.queueLength, 3);
      controller.abort(reason);
      assert.equal(pool.queueLength, 2);
      assert.equal(listeners(controller.signal), 0);
      assert.equal(await rejection(promise), reason);
      open(cell);
      assert.deepEqual(await within(Promise.all([...holding, before, later])), [0, 1, 2, 4]);
    });

    it('R11: aborted while it spins, its slot is free at once and its thread ends; neighbours are spared', async () => {
      const [spinning, waiting] = [newCell(), newCell()];
      const controller = new AbortController();
      const neighbour = set({ name: 'gate', params: [waiting, 'spared'] });
      const promise = set({ name: 'spin', params: [spinning], signal: controller.signal });
      const next = set({ name: 'add', params: [1, 2] });
      await until(() => arrivals(spinning) === 1 && arrivals(waiting) === 1);
      assert.deepEqual([pool.activeCount, pool.queueLength], [2, 1]);
      controller.abort(reason);
      assert.equal(pool.queueLength, 0, 'the next has the slot already');
      assert.equal(await rejection(promise), reason);
      assert.equal(await within(next), 3);
      open(waiting);
      assert.equal(await within(neighbour), 'spared');
      await poolIdle();
      await threadsGone();
    });

    it('aborted while its thread starts', async () => {
      for (let round = 0; round < 5; round += 1) {
        const controller = new AbortController();
        const promise = set({ name: 'nothing', signal: controller.signal });
        controller.abort(reason);
        assert.equal(pool.activeCount, 0);
        assert.equal(await rejection(promise), reason);
      }
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });

    it('aborted by a getter of its own params', async () => {
      const controller = new AbortController();
      const params = [
        {
          get value() {
            controller.abort(reason);
            return 1;
          },
        },
      ];
      assert.equal(await rejection(set({ name: 'gate', params: [0, params], signal: controller.signal })), reason);
      await poolIdle();
    });

    it('leaves no listener, however the call ends', async () => {
      const { signal } = new AbortController();
      await within(set({ name: 'nothing', signal }));
      await rejection(set({ name: 'fail', params: ['on purpose'], signal }));
      await rejection(set(/** @type {any} */ ({ name: 'missing', signal })));
      await rejection(set({ name: 'echo', params: [() => {}], signal }));
      assert.equal(listeners(signal), 0);
    });

    it('aborted after it settled, does nothing', async () => {
      const controller = new AbortController();
      assert.equal(await within(set({ name: 'add', params: [1, 2], signal: controller.signal })), 3);
      controller.abort(reason);
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });

    it('AbortSignal.timeout rejects with its TimeoutError', async () => {
      const error = await rejection(set({ name: 'spin', signal: AbortSignal.timeout(50) }));
      assert.equal(error.name, 'TimeoutError');
      await poolIdle();
    });

    it('R10: an abort storm of one signal shared by queued and running calls', async () => {
      /** @type {Error[]} */
      const warnings = [];
      const warned = (/** @type {Error} */ warning) => warnings.push(warning);
      process.on('warning', warned);
      const cell = newCell();
      const controller = new AbortController();
      const { signal } = controller;
      const spinning = [0, 1].map(() => set({ name: 'spin', params: [cell], signal }));
      const aborted = Array.from({ length: 1_000 }, () => set({ name: 'nothing', signal }));
      const spared = Array.from({ length: 5 }, (_, at) => set({ name: 'add', params: [at, 1] }));
      await until(() => arrivals(cell) === 2);
      assert.equal(pool.queueLength, 1_005);
      controller.abort(reason);
      assert.ok(pool.queueLength <= 5);
      const outcomes = await within(Promise.allSettled([...spinning, ...aborted]));
      assert.ok(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason === reason));
      assert.deepEqual(await within(Promise.all(spared)), [1, 2, 3, 4, 5]);
      assert.equal(listeners(signal), 0);
      await poolIdle();
      process.off('warning', warned);
      assert.deepEqual(warnings, []);
    });

    it('R10: an abort storm at every moment of a call leaves counts, threads and results right', async () => {
      const calls = Array.from({ length: kind === 'warm' ? 200 : 40 }, (_, at) => {
        const controller = new AbortController();
        const promise = set({ name: 'add', params: [at, 0], signal: controller.signal });
        const aborts = at % 2 === 0;
        if (aborts) setTimeout(() => controller.abort(reason), at % 23);
        return promise.then(
          (sum) => assert.equal(sum, at),
          (error) => assert.ok(aborts && error === reason, error),
        );
      });
      await within(Promise.all(calls), 60_000);
      await poolIdle();
      await threadsGone();
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });
  });
}

it('a late answer finds no other call, after any number of aborts in one turn', async () => {
  await poolIdle();
  pool.setConcurrency(1);
  const [early, late] = [new AbortController(), newCell()];
  const aborted = [rejection(warm({ name: 'echo', params: ['early'], signal: early.signal }))];
  const next = warm({ name: 'tick', params: [late] });
  // The one thread has answered the first call before it runs this one. The answer waits to be read.
  blockForArrivals(late, 1);
  early.abort(reason);
  for (let call = 0; call < 1_023; call += 1) {
    const controller = new AbortController();
    aborted.push(rejection(warm({ name: 'nothing', signal: controller.signal })));
    controller.abort(reason);
  }
  assert.deepEqual(await within(warm({ name: 'echo', params: ['late'] })), ['late']);
  assert.ok((await within(Promise.all(aborted))).every((thrown) => thrown === reason));
  await within(next);
});
