import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Messenger, pool } from '../index.js';
import { doing, initialized } from './fixtures/initializers.js';
import { serving, servingOnce, servingWarm } from './fixtures/service-tasks.js';
import {
  arrivals,
  fixtureUrl,
  INDEX,
  newCell,
  open,
  poolIdle,
  rejection,
  runNode,
  until,
  urlOf,
  within,
  write,
} from './helpers.js';
import { listenersOf, nothingLeft, stateOf } from './service-helpers.js';

/** @param {number} max @param {() => Promise<void>} use */
async function withConcurrency(max, use) {
  await poolIdle();
  const before = pool.maxConcurrency;
  pool.setConcurrency(max);
  try {
    await use();
  } finally {
    pool.setConcurrency(before);
  }
}

const launchService = (/** @type {object} */ options) => within(serving.launchService(options));

describe('services in the pool', () => {
  it('activeCount counts a service from its launch to its end, the start included', () =>
    withConcurrency(4, async () => {
      const cell = newCell();
      const launch = initialized.launchService(doing('waits', cell));
      assert.equal(pool.activeCount, 1, 'as soon as the call returned');
      assert.equal(pool.idle, false);
      await until(() => arrivals(cell) === 1);
      assert.equal(pool.activeCount, 1);
      open(cell);
      const service = await within(launch);
      assert.equal(pool.activeCount, 1);
      await within(service.call({ name: 'add', params: [1, 2] }));
      assert.equal(pool.activeCount, 1, 'a call takes no slot of its own');
      await within(service.close());
      assert.equal(pool.activeCount, 0);
      assert.equal(pool.idle, true);
    }));

  it('hold their slots: what comes then waits, and begins when one ends', () =>
    withConcurrency(2, async () => {
      const services = [await launchService({}), await launchService({})];
      assert.equal(pool.maxed, true);
      const launch = serving.launchService();
      const task = servingOnce({ name: 'add', params: [1, 2] });
      const warm = servingWarm({ name: 'add', params: [3, 4] });
      assert.equal(pool.queueLength, 3);
      assert.equal(pool.activeCount, 2);
      assert.equal(await stateOf(launch), 'pending');
      await within(services[0].close());
      const third = await within(launch);
      assert.equal(pool.queueLength, 2);
      await within(services[1].close());
      assert.deepEqual(await within(Promise.all([task, warm])), [3, 7]);
      await within(third.close());
    }));

  it('a service that crashes frees its slot for what waits', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      const task = servingOnce({ name: 'add', params: [1, 2] });
      assert.equal(pool.queueLength, 1);
      await rejection(service.call({ name: 'exit', params: [1] }));
      assert.equal(await within(task), 3);
    }));

  it('a launch that fails frees its slot for what waits', () =>
    withConcurrency(1, async () => {
      const launch = rejection(initialized.launchService(doing('throws')));
      const task = servingOnce({ name: 'add', params: [1, 2] });
      assert.equal(pool.queueLength, 1);
      assert.equal((await launch).message, 'from the initializer');
      assert.equal(await within(task), 3);
    }));

  it('next tells a waiting service: type, name, file, identifier, priority, reffed', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      assert.equal(pool.next, undefined);
      const launch = serving.launchService({ reffed: false });
      assert.deepEqual(pool.next, {
        type: 'service',
        name: '__initializeService',
        file: serving.file,
        identifier: 'serving',
        priority: false,
        reffed: false,
      });
      const task = servingOnce({ name: 'add', params: [1, 2], priority: true });
      assert.equal(pool.next?.type, 'task');
      assert.equal(pool.next?.name, 'add');
      const first = serving.launchService({ priority: true });
      assert.deepEqual([pool.next?.type, pool.next?.priority, pool.next?.reffed], ['service', true, true]);
      await within(service.close());
      await within((await within(first)).close());
      assert.equal(await within(task), 3);
      await within((await within(launch)).close());
      assert.equal(pool.next, undefined);
    }));

  it('one sequence for tasks and services: the oldest first, priority at the very front, the latest first', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      /** @type {string[]} */
      const order = [];
      const done = [
        servingOnce({ name: 'nothing' }).then(() => order.push('one-off')),
        serving.launchService().then((launched) => {
          order.push('service');
          return launched.close();
        }),
        servingWarm({ name: 'nothing' }).then(() => order.push('warm')),
        servingOnce({ name: 'nothing', priority: true }).then(() => order.push('priority task')),
        serving.launchService({ priority: true }).then((launched) => {
          order.push('priority service');
          return launched.close();
        }),
      ];
      assert.equal(pool.queueLength, 5);
      await within(service.close());
      await within(Promise.all(done));
      assert.deepEqual(order, ['priority service', 'priority task', 'one-off', 'service', 'warm']);
    }));

  it('a warm thread gives up its slot between tasks to an older service', () =>
    withConcurrency(1, async () => {
      const cell = newCell();
      const running = servingWarm({ name: 'gate', params: [cell, 'running'] });
      await until(() => arrivals(cell) === 1);
      /** @type {string[]} */
      const order = [];
      const launch = serving.launchService().then((service) => {
        order.push('service');
        return service.close();
      });
      const next = servingWarm({ name: 'nothing' }).then(() => order.push('next task'));
      open(cell);
      await within(Promise.all([running, launch, next]));
      assert.deepEqual(order, ['service', 'next task']);
    }));

  it('setConcurrency: a raise launches what waits at once', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      const launch = serving.launchService();
      assert.equal(pool.queueLength, 1);
      pool.setConcurrency(2);
      assert.deepEqual([pool.queueLength, pool.activeCount], [0, 2]);
      await within(Promise.all([service.close(), within(launch).then((second) => second.close())]));
    }));

  it('R10: a queued launch that is aborted leaves the queue at once, and no listener; its neighbours are spared', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      const controller = new AbortController();
      const launches = [1, 2].map(() => rejection(serving.launchService({ signal: controller.signal })));
      const spared = serving.launchService();
      assert.equal(pool.queueLength, 3);
      controller.abort('enough');
      assert.equal(pool.queueLength, 1);
      assert.deepEqual(await Promise.all(launches), ['enough', 'enough']);
      assert.equal(listenersOf(controller.signal), 0);
      await within(service.close());
      await within((await within(spared)).close());
    }));

  it('R1: a queued launch whose file is missing rejects when its turn comes, and so do those behind it', () =>
    withConcurrency(1, async () => {
      const { define } = await import('../index.js');
      const missing = await define({ fine: () => 1 }, { identifier: 'queued missing', file: '/nowhere/at/all.js' });
      const service = await launchService({});
      const launches = [1, 2, 3].map(() => rejection(missing.launchService()));
      await within(service.close());
      for (const error of await Promise.all(launches)) assert.equal(error.code, 'ERR_NANOLITH_LOAD');
      assert.equal(pool.idle, true);
    }));

  it('a service sees the counts of the one pool', () =>
    withConcurrency(3, async () => {
      const service = await launchService({});
      const other = await launchService({ messengers: [] });
      assert.deepEqual(await within(service.call({ name: 'counts' })), { active: 2, queued: 0, max: 3 });
      await within(Promise.all([service.close(), other.close()]));
    }));

  it('a launch that waited gets the options of its call', () =>
    withConcurrency(1, async () => {
      const service = await launchService({});
      /** @type {string[]} */
      const heard = [];
      const options = { options: { argv: ['first'] }, exceptionHandler: () => void heard.push('first') };
      const launch = serving.launchService(options);
      options.options.argv = ['second'];
      options.exceptionHandler = () => void heard.push('second');
      await within(service.close());
      const launched = await within(launch);
      assert.deepEqual((await within(launched.call({ name: 'about' }))).argv, ['first']);
      await within(launched.call({ name: 'throwLater', params: ['error'] }));
      await until(() => heard.length === 1);
      assert.deepEqual(heard, ['first']);
      await within(launched.close());
    }));

  it('messengers of a launch that waited are attached all the same', () =>
    withConcurrency(1, async () => {
      const messenger = new Messenger('waited in the queue');
      const service = await launchService({});
      const launch = serving.launchService({ messengers: [messenger] });
      await within(service.close());
      const launched = await within(launch);
      assert.deepEqual(await within(launched.call({ name: 'attached' })), ['waited in the queue']);
      await within(launched.close());
      messenger.close();
    }));
});

describe('NANOLITH_POOL_STALLED', { concurrency: 2 }, () => {
  const head = `
    import { pool } from ${JSON.stringify(INDEX)};
    import { serving, servingOnce } from ${JSON.stringify(fixtureUrl('service-tasks.js'))};
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message, after: performance.now() - begun }));
    let begun = performance.now();
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    pool.setConcurrency(1);
    const service = await serving.launchService();
  `;

  it('one process warning for what waits 5 s behind services alone: it says so and what to do', async () => {
    const { code, stdout } = await runNode(
      `${head}
      begun = performance.now();
      const waiting = [servingOnce({ name: 'add', params: [1, 2] }), serving.launchService()];
      // What comes later and goes first changes nothing for them.
      const urgent = setInterval(() => servingOnce({ name: 'nothing', priority: true }), 1500);
      for (let waited = 0; waited < 100 && warnings.length === 0; waited += 1) await sleep(200);
      clearInterval(urgent);
      await sleep(1500);
      await service.close();
      const second = await waiting[1];
      await second.close();
      console.log(JSON.stringify({ sum: await waiting[0], warnings }));`,
      { flags: ['--no-warnings'], timeout: 60_000 },
    );
    assert.equal(code, 0);
    const { sum, warnings } = JSON.parse(stdout);
    assert.equal(sum, 3);
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0].code, 'NANOLITH_POOL_STALLED');
    assert.match(warnings[0].message, /services hold every slot/);
    assert.match(warnings[0].message, /Close|setConcurrency/);
    assert.ok(warnings[0].after >= 4_990, String(warnings[0].after));
  });

  it('one for the process, however many of its threads have something that waits', async () => {
    const asks = write(
      `import { define } from ${JSON.stringify(INDEX)};
       import { tasks } from ${JSON.stringify(fixtureUrl('tasks.js'))};
       export const asking = await define({
         // Outside of a call, so that no slot is lent for it.
         __initializeService: () => void setTimeout(() => tasks({ name: 'nothing' }).catch(() => {}), 1),
       });`,
    );
    const { code, stdout, stderr } = await runNode(
      `import { pool } from ${JSON.stringify(INDEX)};
      import { tasks } from ${JSON.stringify(fixtureUrl('tasks.js'))};
      import { asking } from ${JSON.stringify(urlOf(asks))};
      pool.setConcurrency(1);
      const service = await asking.launchService();
      const waiting = tasks({ name: 'add', params: [1, 2] });
      while (pool.queueLength < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      // Both threads look once a second, and both have found it by then.
      await new Promise((resolve) => setTimeout(resolve, 8000));
      await service.close();
      console.log(await waiting);`,
      { timeout: 60_000 },
    );
    assert.deepEqual([code, stdout], [0, '3\n']);
    assert.equal(stderr.match(/NANOLITH_POOL_STALLED/g)?.length, 1, stderr);
  });

  it('none when the wait ends before, nor behind a task; nothing that looks for it holds the process', async () => {
    const { code, stdout } = await runNode(
      `${head}
      const waiting = servingOnce({ name: 'add', params: [1, 2] });
      await sleep(3000);
      await service.close();
      await waiting;
      const controller = new AbortController();
      const spinning = servingOnce({ name: 'spin', params: [0], signal: controller.signal }).catch(() => {});
      const behind = servingOnce({ name: 'add', params: [1, 2] });
      await sleep(6500);
      // Now a service has the slot, and what waits has waited for long, but not behind that.
      const launch = serving.launchService({ priority: true });
      controller.abort();
      await spinning;
      const second = await launch;
      await sleep(2500);
      await second.close();
      console.log(await behind, warnings.length);`,
      { flags: ['--no-warnings'], timeout: 60_000 },
    );
    assert.deepEqual([code, stdout], [0, '3 0\n']);
  });
});

nothingLeft();
