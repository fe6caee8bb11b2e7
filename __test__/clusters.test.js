import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { pool, Service, ServiceCluster } from '../index.js';
import { blockForArrivals, cells } from './fixtures/barrier.js';
import { doing, initialized } from './fixtures/initializers.js';
import { serving } from './fixtures/service-tasks.js';
import { arrivals, living, newCell, open, poolIdle, rejection, threadsGone, until, within } from './helpers.js';
import { hear, listenersOf, nothingLeft, stateOf } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 4 };

/**
 * A cluster for one test.
 * @param {number} count
 * @param {(cluster: ServiceCluster<any>, services: Service<any>[]) => Promise<void>} use
 */
async function withCluster(count, use) {
  const cluster = new ServiceCluster(serving);
  const services = await within(cluster.launch(count));
  try {
    await use(cluster, services);
  } finally {
    await within(cluster.closeAll());
  }
}

describe('a ServiceCluster', all, () => {
  it('is made of what define() resolved with', () => {
    for (const api of [undefined, null, {}, () => {}, 'api']) {
      assert.throws(() => new ServiceCluster(/** @type {any} */ (api)), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
    }
    assert.equal(new ServiceCluster(serving).activeServices, 0);
  });

  it('launch(n) resolves with an array of n services, which are in the cluster', () =>
    withCluster(3, async (cluster, services) => {
      assert.ok(Array.isArray(services));
      assert.equal(services.length, 3);
      for (const service of services) assert.ok(service instanceof Service);
      assert.equal(new Set(services.map(({ threadID }) => threadID)).size, 3);
      assert.equal(cluster.activeServices, 3);
      assert.equal(cluster.activeServiceCalls, 0);
      const more = await within(cluster.launch(1));
      assert.equal(more.length, 1);
      assert.equal(cluster.activeServices, 4);
    }));

  it('launch(0) resolves with none; what is no count is refused', async () => {
    const cluster = new ServiceCluster(serving);
    assert.deepEqual(await within(cluster.launch(0)), []);
    for (const count of [-1, 1.5, NaN, Infinity, '2', undefined]) {
      const error = await rejection(cluster.launch(/** @type {any} */ (count)));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    }
    const error = await rejection(cluster.launch(1, /** @type {any} */ ({ exceptionHandler: 5 })));
    assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    assert.equal(cluster.activeServices, 0);
  });

  it('launch(n, options) gives every service the options', async () => {
    const cluster = new ServiceCluster(serving);
    /** @type {string[]} */
    const seen = [];
    const options = { argv: ['for all'] };
    const services = await within(
      cluster.launch(2, { options, exceptionHandler: ({ error }) => void seen.push(error.message) }),
    );
    for (const service of services) {
      assert.deepEqual((await within(service.call({ name: 'about' }))).argv, ['for all']);
      await within(service.call({ name: 'throwLater', params: ['error'] }));
    }
    await until(() => seen.length === 2);
    await within(cluster.closeAll());
  });

  it('launchService(options), deprecated, resolves with one service', async () => {
    const cluster = new ServiceCluster(serving);
    const service = await within(cluster.launchService({ options: { argv: ['one'] } }));
    assert.ok(service instanceof Service);
    assert.equal(cluster.use(), service);
    assert.deepEqual((await within(service.call({ name: 'about' }))).argv, ['one']);
    await within(cluster.closeAll());
  });

  it('what its services send before launch(n) resolved is delivered right after', async () => {
    const cluster = new ServiceCluster(initialized);
    const services = await within(cluster.launch(3, doing('sends')));
    const heard = services.map((service) => hear(service));
    await within(Promise.all(services.map((service) => service.call({ name: 'sendMore' }))));
    for (const messages of heard) assert.deepEqual(messages, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await within(cluster.closeAll());
  });

  it('is not delivered too early when threads end in the same turn', async () => {
    const cluster = new ServiceCluster(initialized);
    for (let round = 0; round < 5; round += 1) {
      const cell = newCell();
      const ending = await within(Promise.all([1, 2, 3].map(() => serving.launchService())));
      const gone = ending.map((service) => rejection(service.call({ name: 'exitWhenOpen', params: [cell] })));
      const launch = cluster.launch(1, doing('waitsAndSends', cell));
      await until(() => arrivals(cell) === 4);
      open(cell);
      // This thread finds out about all of it at once.
      blockForArrivals(cell, 5);
      Atomics.wait(cells, cell, 5, 50);
      const [service] = await within(launch);
      const heard = hear(service);
      await within(service.call({ name: 'sendMore' }));
      await within(Promise.all([...gone, service.close()]));
      assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  it('currentServices has each service, its active calls and a unique identifier', () =>
    withCluster(2, async (cluster, services) => {
      const cell = newCell();
      const call = services[1].call({ name: 'gate', params: [cell] });
      const current = cluster.currentServices;
      assert.deepEqual(new Set(current.map(({ service }) => service)), new Set(services));
      assert.equal(new Set(current.map(({ identifier }) => identifier)).size, 2);
      for (const { service, active, identifier } of current) {
        assert.equal(active, service === services[1] ? 1 : 0);
        assert.equal(typeof identifier, 'string');
        assert.equal(cluster.use(identifier), service);
      }
      open(cell);
      await within(call);
    }));

  it('addService takes a running service once, and refuses what is none or has ended', () =>
    withCluster(0, async (cluster) => {
      const service = await within(serving.launchService());
      cluster.addService(service);
      cluster.addService(service);
      assert.equal(cluster.activeServices, 1);
      assert.equal(cluster.use(), service);
      for (const bad of [undefined, {}, serving]) {
        assert.throws(() => cluster.addService(/** @type {any} */ (bad)), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
      }
      const closing = service.close();
      assert.throws(() => cluster.addService(service), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
      await within(closing);
      assert.throws(() => cluster.addService(service), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
      assert.equal(cluster.activeServices, 0);
    }));

  it('one service may be in several clusters, and leaves all of them', () =>
    withCluster(1, async (cluster, [service]) => {
      const other = new ServiceCluster(serving);
      other.addService(service);
      assert.equal(other.use(), cluster.use());
      await within(service.close());
      assert.equal(cluster.activeServices + other.activeServices, 0);
    }));
});

describe('use()', all, () => {
  it('returns the service with the fewest active calls; counting is exact in the same tick', () =>
    withCluster(3, async (cluster, services) => {
      const cell = newCell();
      const calls = [];
      for (let count = 0; count < 9; count += 1) {
        calls.push(cluster.use().call({ name: 'gate', params: [cell] }));
        assert.equal(cluster.activeServiceCalls, count + 1);
      }
      for (const service of services) assert.equal(service.activeCalls, 3);
      for (let extra = 0; extra < 2; extra += 1) calls.push(services[0].call({ name: 'gate', params: [cell] }));
      calls.push(services[1].call({ name: 'gate', params: [cell] }));
      assert.equal(cluster.use(), services[2]);
      assert.equal(cluster.use(), services[2]);
      open(cell);
      await within(Promise.all(calls));
      assert.equal(cluster.activeServiceCalls, 0);
    }));

  it('ties rotate', () =>
    withCluster(3, async (cluster) => {
      const used = Array.from({ length: 6 }, () => cluster.use());
      assert.equal(new Set(used.slice(0, 3)).size, 3);
      assert.deepEqual(used.slice(3), used.slice(0, 3));
    }));

  it('ties rotate among the least busy only', () =>
    withCluster(3, async (cluster, services) => {
      const cell = newCell();
      const call = services[1].call({ name: 'gate', params: [cell] });
      const used = Array.from({ length: 4 }, () => cluster.use());
      assert.equal(new Set(used).size, 2);
      assert.ok(!used.includes(services[1]));
      assert.notEqual(used[0], used[1]);
      open(cell);
      await within(call);
    }));

  it('use(identifier) returns that one, or falls back when there is none', () =>
    withCluster(2, async (cluster, services) => {
      const [{ service, identifier }] = cluster.currentServices;
      for (let count = 0; count < 3; count += 1) assert.equal(cluster.use(identifier), service);
      assert.ok(services.includes(cluster.use('no such identifier')));
      await within(service.close());
      assert.equal(
        cluster.use(identifier),
        services.find((other) => other !== service),
      );
    }));

  it('throws with no service', async () => {
    const cluster = new ServiceCluster(serving);
    const error = { name: 'NoServiceError', code: 'ERR_NANOLITH_NO_SERVICE', message: /no service/ };
    assert.throws(() => cluster.use(), error);
    assert.throws(() => cluster.use('x'), error);
    await within(cluster.launch(1));
    await within(cluster.closeAll());
    assert.throws(() => cluster.use(), error);
  });

  it('never returns a service that closes', () =>
    withCluster(2, async (cluster, [one, two]) => {
      const cell = newCell();
      const busy = two.call({ name: 'gate', params: [cell] });
      const spinning = newCell();
      rejection(one.call({ name: 'spin', params: [spinning] }));
      await until(() => arrivals(spinning) === 1);
      const closing = one.close();
      assert.equal(cluster.use(), two);
      assert.equal(cluster.use(), two);
      await within(closing);
      open(cell);
      await within(busy);
    }));
});

describe('services that end', all, () => {
  it('leave the cluster before their terminated listeners run, however they end', () =>
    withCluster(3, async (cluster, services) => {
      /** @type {Record<number, number>} */
      const left = {};
      services.forEach((service, at) => {
        service.on('terminated', () => {
          left[at] = cluster.currentServices.filter(({ service: other }) => other === service).length;
        });
      });
      await within(services[0].close());
      await rejection(services[1].call({ name: 'exit' }));
      const ended = once(services[2], 'terminated');
      await services[2].worker.terminate();
      await within(ended);
      assert.deepEqual(left, { 0: 0, 1: 0, 2: 0 });
      assert.equal(cluster.activeServices, 0);
      assert.equal(cluster.activeServiceCalls, 0);
    }));

  it('closeAll closes all of them, those that close already included', () =>
    withCluster(3, async (cluster, services) => {
      const cell = newCell();
      const pending = rejection(services[0].call({ name: 'spin', params: [cell] }));
      await until(() => arrivals(cell) === 1);
      const closings = [services[0].close(), cluster.closeAll(), cluster.closeAll()];
      await within(closings[2]);
      for (const service of services) assert.equal(service.closed, true);
      assert.equal((await pending).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      await within(Promise.all(closings));
    }));

  it('closeAllIdle closes those without an active call', () =>
    withCluster(3, async (cluster, services) => {
      const cell = newCell();
      const call = services[1].call({ name: 'gate', params: [cell, 'kept'] });
      await within(cluster.closeAllIdle());
      assert.deepEqual(
        services.map(({ closed }) => closed),
        [true, false, true],
      );
      assert.equal(cluster.activeServices, 1);
      open(cell);
      assert.equal(await within(call), 'kept');
    }));

  it('Symbol.asyncDispose closes all', async () => {
    const cluster = new ServiceCluster(serving);
    const [service] = await within(cluster.launch(1));
    await within(cluster[Symbol.asyncDispose]());
    assert.equal(service.closed, true);
  });
});

// Alone, since it counts threads.
describe('a thread that has ended, before anybody has heard so', () => {
  it('a service whose thread has just ended takes no calls from the others, and its own count until they settle', () =>
    withCluster(2, async (cluster, [first, second]) => {
      const busy = Array.from({ length: 3 }, () => second.call({ name: 'addLater', params: [1, 2] }));
      const before = living();
      first.worker.terminate();
      // Without a turn of the event loop: the thread is gone, and nobody here has heard so.
      const end = Date.now() + 20_000;
      while (living() === before) assert.ok(Date.now() < end, 'the thread has not ended');
      const late = first.call({ name: 'add', params: [1, 2] });
      assert.equal(first.activeCalls, 1);
      assert.equal(cluster.activeServiceCalls, 4);
      for (let call = 0; call < 5; call += 1) assert.equal(cluster.use(), second);
      assert.equal(/** @type {any} */ (await rejection(late)).code, 'ERR_NANOLITH_WORKER_EXITED');
      assert.equal(first.activeCalls, 0);
      assert.deepEqual(await Promise.all(busy), [3, 3, 3]);
      assert.equal(cluster.activeServiceCalls, 0);
    }));
});

describe('a launch of several', () => {
  it('if one fails, the others of that call are closed and the promise rejects with its error', async () => {
    await poolIdle();
    const cell = newCell();
    let launches = 0;
    /** @type {Promise<any>[]} */
    const made = [];
    const api = {
      ...initialized,
      launchService: (/** @type {any} */ options) => {
        launches += 1;
        // One is there, one fails, one would wait for ever.
        const [what, at] = launches === 1 ? ['none', 0] : launches === 2 ? ['throws', 0] : ['pends', cell];
        const launch = initialized.launchService({ ...options, ...doing(/** @type {any} */ (what), Number(at)) });
        made.push(launch.catch((error) => error));
        return launch;
      },
    };
    const cluster = new ServiceCluster(api);
    const error = await rejection(cluster.launch(3));
    assert.equal(error.message, 'from the initializer');
    assert.equal(cluster.activeServices, 0);
    const outcomes = await within(Promise.all(made));
    for (const outcome of outcomes) assert.ok(!(outcome instanceof Service) || outcome.closed);
    assert.equal(pool.activeCount, 0);
    await threadsGone();
  });

  it('if one ends before the last is there, the others are closed too', async () => {
    await poolIdle();
    const cell = newCell();
    let launches = 0;
    const api = {
      ...initialized,
      launchService: (/** @type {any} */ options) => {
        launches += 1;
        return initialized.launchService({ ...options, ...doing(launches === 1 ? 'sendsAndExits' : 'waits', cell) });
      },
    };
    const cluster = new ServiceCluster(api);
    const launch = rejection(cluster.launch(2));
    await until(() => arrivals(cell) === 1 && pool.activeCount === 1);
    open(cell);
    assert.equal((await launch).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    assert.equal(cluster.activeServices, 0);
    await until(() => pool.idle);
    await threadsGone();
  });

  it('signal: rejects with the reason, undoes all launches, leaves no listener', async () => {
    await poolIdle();
    const cell = newCell();
    const controller = new AbortController();
    const cluster = new ServiceCluster(initialized);
    const launch = rejection(cluster.launch(12, { ...doing('pends', cell), signal: controller.signal }));
    assert.equal(pool.activeCount, 12);
    await until(() => arrivals(cell) >= 1);
    controller.abort('enough');
    assert.equal(await launch, 'enough');
    assert.equal(listenersOf(controller.signal), 0);
    assert.equal(pool.activeCount, 0);
    assert.equal(await rejection(cluster.launch(1, { signal: controller.signal })), 'enough');
    await threadsGone();
  });

  it('more services than maxConcurrency rejects at once, saying so and how to raise it, and launches none', async () => {
    await poolIdle();
    pool.setConcurrency(2);
    try {
      const cluster = new ServiceCluster(serving);
      const error = await rejection(cluster.launch(3));
      assert.equal(error.name, 'PoolExceededError');
      assert.equal(error.code, 'ERR_NANOLITH_POOL_EXCEEDED');
      assert.match(error.message, /3 services/);
      assert.match(error.message, /2 slots/);
      assert.match(error.message, /pool\.setConcurrency\(3\)/);
      assert.equal(pool.idle, true);
      await within(cluster.launch(1));
      const pending = cluster.launch(1);
      // Counted although it has not launched yet.
      assert.equal((await rejection(cluster.launch(1))).code, 'ERR_NANOLITH_POOL_EXCEEDED');
      await within(pending);
      assert.equal((await rejection(cluster.launchService())).code, 'ERR_NANOLITH_POOL_EXCEEDED');
      assert.equal(cluster.activeServices, 2);
      await within(cluster.closeAll());
      assert.equal((await within(cluster.launch(2))).length, 2);
      await within(cluster.closeAll());
    } finally {
      pool.setConcurrency(64);
    }
  });

  it('waits for slots that something else holds', async () => {
    await poolIdle();
    pool.setConcurrency(2);
    try {
      const other = await within(serving.launchService());
      const cluster = new ServiceCluster(serving);
      const launch = cluster.launch(2);
      await until(() => pool.queueLength === 1);
      assert.equal(await stateOf(launch), 'pending');
      await within(other.close());
      assert.equal((await within(launch)).length, 2);
      await within(cluster.closeAll());
    } finally {
      pool.setConcurrency(64);
    }
  });
});

nothingLeft();
