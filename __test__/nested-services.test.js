import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { pool } from '../index.js';
import { nesting, nestingOnce, nestingWarm } from './fixtures/nests-services.js';
import { serving } from './fixtures/service-tasks.js';
import { arrivals, newCell, poolIdle, rejection, threadsGone, until, within } from './helpers.js';
import { nothingLeft, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 4 };

describe('a service that launches services', all, () => {
  it('calls them, exchanges messages with them, and closes them', () =>
    withService(nesting, undefined, async (service) => {
      assert.equal(await within(service.call({ name: 'addBelow', params: [1, 2] })), 3);
      assert.equal(await within(service.call({ name: 'relay', params: ['through two'] })), 'through two');
    }));

  it('of its own set, five deep', () =>
    withService(nesting, undefined, async (service) => {
      assert.equal(await within(service.call({ name: 'deeper', params: [5] })), 'the ground');
    }));

  it('hears how a launch from there fails', () =>
    withService(nesting, undefined, async (service) => {
      const error = await within(service.call({ name: 'failsBelow' }));
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, 'from the initializer');
    }));

  it('from a one-off and from a warm task', async () => {
    assert.equal(await within(nestingOnce({ name: 'addBelow', params: [1, 2] })), 3);
    assert.equal(await within(nestingWarm({ name: 'addBelow', params: [3, 4] })), 7);
  });
});

describe('at the cap of the pool', () => {
  it('R7: a service may launch one below from a call, and from there on: slots are lent, nothing deadlocks', async () => {
    await poolIdle();
    pool.setConcurrency(1);
    try {
      await withService(nesting, undefined, async (service) => {
        assert.equal(await within(service.call({ name: 'addBelow', params: [1, 2] })), 3);
        assert.equal(await within(service.call({ name: 'deeper', params: [3] })), 'the ground');
        assert.equal(pool.activeCount, 1);
      });
    } finally {
      pool.setConcurrency(64);
    }
  });
});

for (const max of [1, 2]) {
  describe(`at the cap of the pool, which is ${max}`, () => {
    before(async () => {
      await poolIdle();
      pool.setConcurrency(max);
    });
    after(() => pool.setConcurrency(64));

    for (const [kind, set] of /** @type {const} */ ([
      ['one-off', nestingOnce],
      ['warm', nestingWarm],
    ])) {
      it(`R7: ${kind} tasks that have a service call tasks and launch services all the same`, async () => {
        const calls = Array.from({ length: max }, (_, at) => set({ name: 'addBeside', params: [at, 1] }));
        const sums = await within(Promise.all(calls));
        assert.deepEqual(
          sums,
          [
            [1, 1, 1],
            [2, 2, 2],
          ].slice(0, max),
        );
        await poolIdle();
      });
    }

    it('R7: services that have a service of theirs call tasks and launch services all the same', async () => {
      const services = await within(Promise.all(Array.from({ length: max }, () => nesting.launchService())));
      for (const service of services) await within(service.call({ name: 'launchBelow' }));
      const calls = services.map((service) => service.call({ name: 'addBeside', params: [1, 2] }));
      for (const sums of await within(Promise.all(calls))) assert.deepEqual(sums, [3, 3, 3]);
      assert.equal(pool.activeCount, 2 * max);
      await within(Promise.all(services.map((service) => service.close())));
      await poolIdle();
    });
  });
}

describe('the end of an owner', () => {
  /** @type {Record<string, (service: any) => Promise<unknown>>} */
  const ends = {
    'is closed': (service) => service.close(),
    exits: (service) => service.worker.terminate(),
  };
  for (const title of ['is closed', 'exits']) {
    it(`who ${title} takes its services along: their slots are free, nothing is left`, async () => {
      await poolIdle();
      const service = await within(nesting.launchService());
      await within(service.call({ name: 'launchBelow' }));
      await within(service.call({ name: 'launchBelow' }));
      assert.equal(pool.activeCount, 3);
      const cell = newCell();
      const pending = rejection(service.call({ name: 'callBelow', params: [cell] }));
      await until(() => arrivals(cell) === 1);
      await within(ends[title](service));
      await pending;
      await until(() => pool.activeCount === 0);
      assert.equal(pool.queueLength, 0);
      await threadsGone();
    });
  }

  it('a launch of its that is under way goes with it', async () => {
    await poolIdle();
    const service = await within(nesting.launchService());
    const cell = newCell();
    const pending = rejection(service.call({ name: 'launchPending', params: [cell] }));
    await until(() => arrivals(cell) === 1);
    assert.equal(pool.activeCount, 2);
    await within(service.close());
    assert.equal((await pending).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    await until(() => pool.idle);
    await threadsGone();
  });

  it('a launch of its that waits leaves the queue with it', async () => {
    await poolIdle();
    pool.setConcurrency(2);
    try {
      const service = await within(nesting.launchService());
      const other = await within(serving.launchService());
      const cell = newCell();
      // The first gets the slot lent, and keeps it until it is ready: the second has to wait.
      const first = rejection(service.call({ name: 'launchPending', params: [cell] }));
      await until(() => arrivals(cell) === 1);
      const second = rejection(service.call({ name: 'pendBelow', params: [cell] }));
      await until(() => pool.queueLength === 1);
      assert.equal(pool.next?.type, 'service');
      await within(service.close());
      await Promise.all([first, second]);
      await until(() => pool.queueLength === 0 && pool.activeCount === 1);
      await within(other.close());
    } finally {
      pool.setConcurrency(64);
    }
    await threadsGone();
  });

  it('the end of a task ends the services that it left open', async () => {
    await poolIdle();
    const id = await within(nestingOnce({ name: 'launchBelow' }));
    assert.equal(typeof id, 'number');
    await until(() => pool.idle);
    await threadsGone();
  });

  it('an aborted task’s services end with its thread', async () => {
    await poolIdle();
    const cell = newCell();
    const controller = new AbortController();
    const task = nestingOnce({ name: 'pendBelow', params: [cell], signal: controller.signal });
    await until(() => arrivals(cell) === 1);
    controller.abort('enough');
    assert.equal(await rejection(task), 'enough');
    await until(() => pool.idle);
    await threadsGone();
  });
});

describe('R15: ends at all moments', () => {
  const cycles = Number(process.env.NANOLITH_TEST_CYCLES ?? 50);

  it(`${cycles} services terminated with messages and calls under way, in both directions`, async () => {
    await poolIdle();
    let left = cycles;
    const cycle = async () => {
      while (left-- > 0) {
        const service = await within(serving.launchService());
        await within(service.call({ name: 'sendBack' }));
        let heard = 0;
        service.onMessage(() => {
          heard += 1;
          service.closed || trySend(service, heard);
        });
        for (let number = 0; number < 50; number += 1) service.sendMessage(number);
        const call = service.call({ name: 'addLater', params: [1, 2] }).catch((/** @type {any} */ { code }) => code);
        const end = [
          () => service.worker.terminate(),
          () => service.close(),
          () => rejection(service.call({ name: 'exit' })),
        ];
        await within(end[left % 3 < 0 ? 0 : left % 3]());
        assert.ok([3, 'ERR_NANOLITH_SERVICE_CLOSED', 'ERR_NANOLITH_WORKER_EXITED'].includes(await within(call)));
        assert.equal(service.closed, true);
      }
    };
    await Promise.all([cycle(), cycle(), cycle()]);
    await threadsGone();
  });
});

/** @param {any} service @param {unknown} message */
function trySend(service, message) {
  try {
    service.sendMessage(message);
  } catch (error) {
    assert.equal(/** @type {any} */ (error).code, 'ERR_NANOLITH_SERVICE_CLOSED');
  }
}

nothingLeft();
