// Services, messengers and the life of the process that has them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fixtureUrl, INDEX, runNode, runWell } from '../helpers.js';

const head = `
  import { Messenger, pool, ServiceCluster } from ${JSON.stringify(INDEX)};
  import { serving } from ${JSON.stringify(fixtureUrl('service-tasks.js'))};
  import { doing, initialized } from ${JSON.stringify(fixtureUrl('initializers.js'))};
  /** Runs only if something else keeps the process. */
  const ifHeld = (work, ms = 600) => setTimeout(work, ms).unref();
`;
const all = { concurrency: 3 };

describe('R9: the process', all, () => {
  it('stays while a reffed service is open, and ends by itself when that is closed', async () => {
    const out = await runWell(`${head}
      const service = await serving.launchService();
      ifHeld(() => { console.log('held'); service.close().then(() => console.log('closed')); });`);
    assert.equal(out, 'held\nclosed\n');
  });

  it('ends by itself when its last reffed service has ended by itself', async () => {
    const out = await runWell(`${head}
      const service = await serving.launchService();
      service.on('terminated', (code) => console.log('terminated', code));
      service.call({ name: 'exitLater', params: [4] });`);
    assert.equal(out, 'terminated 4\n');
  });

  it('is not held by an unreffed service, even with calls in flight: exit code 0', async () => {
    const out = await runWell(`${head}
      serving.launchService({ reffed: false }).then((service) => {
        service.call({ name: 'pend', params: [0] }).then(() => console.log('never'));
        service.waitForMessage(() => true).then(() => console.log('never'));
        service.call({ name: 'add', params: [1, 2] }).then((sum) => console.log(sum));
        service.sendMessage('hello');
        ifHeld(() => console.log('held'), 3000);
        // What the loop still does for an answer that may come.
        setTimeout(() => {}, 300);
      });`);
    assert.equal(out, '3\n');
  });

  it('is not held by an unreffed one that spins or is idle', async () => {
    const out = await runWell(`${head}
      for (const name of ['spin', 'nothing']) {
        serving.launchService({ reffed: false }).then((service) => { service.call({ name, params: [0] }); });
      }
      ifHeld(() => console.log('held'), 10_000);`);
    assert.equal(out, '');
  });

  it('awaiting an unreffed service’s pending call at the top level is exit code 13, as with any promise', async () => {
    const { code } = await runNode(`${head}
      const service = await serving.launchService({ reffed: false });
      await service.call({ name: 'pend', params: [0] });`);
    assert.equal(code, 13);
  });

  it('is held by a launch until that has settled, an unreffed one’s too', async () => {
    const out = await runWell(`${head}
      serving.launchService({ reffed: false }).then(() => console.log('launched'));
      initialized.launchService({ ...doing('throws'), reffed: false }).catch(({ message }) => console.log(message));`);
    assert.deepEqual(out.trim().split('\n').sort(), ['from the initializer', 'launched']);
  });

  it('is held by a launch that waits in the queue, an unreffed one’s too', async () => {
    const out = await runWell(`${head}
      pool.setConcurrency(1);
      serving.launchService({ reffed: false }).then((first) => {
        serving.launchService({ reffed: false }).then(() => console.log('launched'));
        if (pool.queueLength !== 1) console.log('not queued');
        ifHeld(() => first.close());
      });`);
    assert.equal(out, 'launched\n');
  });

  it('is held by the close of an unreffed service until it is closed', async () => {
    const out = await runWell(`${head}
      serving.launchService({ reffed: false }).then((service) => {
        service.call({ name: 'spin', params: [0] }).catch(() => {});
        service.close().then(() => console.log('closed', service.closed));
      });`);
    assert.equal(out, 'closed true\n');
  });

  it('is not held by an aborted launch', async () => {
    const out = await runWell(`${head}
      const controller = new AbortController();
      initialized.launchService({ ...doing('spins', 0), signal: controller.signal }).catch(console.log);
      setTimeout(() => controller.abort('aborted'), 100);`);
    assert.equal(out, 'aborted\n');
  });

  it('service.worker.ref and unref decide as ever', async () => {
    const out = await runWell(`${head}
      const service = await serving.launchService();
      ifHeld(() => { console.log('held'); service.worker.unref(); });
      ifHeld(() => console.log('held in spite of it'), 5000);`);
    assert.equal(out, 'held\n');
  });

  it('a cluster’s services hold it until they are closed', async () => {
    const out = await runWell(`${head}
      pool.setConcurrency(3);
      const cluster = new ServiceCluster(serving);
      await cluster.launch(3);
      ifHeld(() => { console.log('held', cluster.activeServices); cluster.closeAll(); });`);
    assert.equal(out, 'held 3\n');
  });

  it('a Messenger does not hold it by default, setRef(true) does, setRef(false) and close let it go', async () => {
    const out = await runWell(`${head}
      const [one, two, three] = ['x', 'x', 'y'].map((name) => new Messenger(name));
      one.onMessage(() => {});
      two.waitForMessage(() => true).catch(() => {});
      two.setRef(true);
      three.setRef(true);
      ifHeld(() => { console.log('held by two'); two.setRef(false); });
      ifHeld(() => { console.log('held by one'); three.close(); }, 1200);
      ifHeld(() => console.log('held by none'), 6000);`);
    assert.equal(out, 'held by two\nheld by one\n');
  });

  it('closeAll on another thread lets go of a reffed Messenger', async () => {
    const out = await runWell(`${head}
      const messenger = new Messenger('far');
      messenger.setRef(true);
      const service = await serving.launchService({ messengers: [messenger], reffed: false });
      service.call({ name: 'closeAllOn', params: ['far'] }).then(() => console.log('closed'));`);
    assert.match(out, /^(closed\n)?$/);
  });
});

describe('the exit code', all, () => {
  it('process.exit with services open, idle or spinning or launching, at twenty moments', async () => {
    const code = `${head}
      const at = Number(process.argv[2]);
      setTimeout(() => process.exit(at), at * 10);
      pool.setConcurrency(8);
      const messenger = new Messenger('at exit');
      for (let more = 0; more < 4; more += 1) {
        serving.launchService({ messengers: [messenger] }).then((service) => {
          service.onMessage((data) => service.sendMessage(data));
          service.call({ name: 'sendBack' }).catch(() => {});
          service.call({ name: 'sendBackOn', params: ['at exit'] }).catch(() => {});
          for (let count = 0; count < 20; count += 1) service.sendMessage(count);
          messenger.sendMessage('hello');
          if (more === 1) service.call({ name: 'spin', params: [0] });
          if (more === 2) service.close();
        });
      }`;
    for (let at = 1; at <= 20; at += 1) {
      const result = await runNode(code, { args: [String(at)] });
      assert.deepEqual([result.code, result.signal, result.stderr], [at, null, ''], `at ${at}`);
    }
  });

  it('an uncaught exception of the main thread ends it with code 1, whatever services do', async () => {
    const { code, stderr } = await runNode(`${head}
      const service = await serving.launchService();
      service.call({ name: 'spin', params: [0] });
      setTimeout(() => { throw new Error('of the main thread'); }, 50);`);
    assert.equal(code, 1);
    assert.match(stderr, /of the main thread/);
  });

  it('a rejected call that nobody handles is exit code 1, with the error', async () => {
    const { code, stderr } = await runNode(`${head}
      const service = await serving.launchService();
      service.call({ name: 'fail', params: ['error'] });`);
    assert.equal(code, 1);
    assert.match(stderr, /RangeError: of the service/);
  });
});

describe('R22: the last console output of a service', all, () => {
  it('before close() arrives', async () => {
    const out = await runWell(`${head}
      const service = await serving.launchService();
      for (let line = 0; line < 50; line += 1) await service.call({ name: 'print', params: [line + '\\n'] });
      await service.close();
      console.log('closed');`);
    const lines = Array.from({ length: 50 }, (_, line) => String(line));
    assert.deepEqual(out.trim().split('\n').slice(0, 50), lines);
    assert.match(out, /closed\n$/);
  });

  it('before a failed launch arrives', async () => {
    const out = await runWell(`${head}
      try {
        await initialized.launchService(doing('prints'));
      } catch ({ message }) {
        process.on('exit', () => process.stdout.write('end ' + message));
      }`);
    assert.equal(out.match(/x{10000}\n/g)?.length, 100);
    assert.match(out, /end after much output$/);
  });
});

describe('R21: the collection of a handle', all, () => {
  it('R21: comes once its service has ended: until then calls in flight, and listeners, are safe', async () => {
    const out = await runWell(
      `${head}
      const collected = new Set();
      const registry = new FinalizationRegistry((what) => collected.add(what));
      const collect = async () => { gc(); await new Promise((resolve) => setTimeout(resolve, 1)); };
      async function call() {
        const service = await serving.launchService();
        const cluster = new ServiceCluster(serving);
        cluster.addService(service);
        registry.register(service, 'service');
        registry.register(cluster, 'cluster');
        await service.call({ name: 'add', params: [0, 0] });
        const calls = [1, 2, 3].map((value) => service.call({ name: 'addLater', params: [value, value] }));
        const gone = new Promise((resolve) => service.once('terminated', resolve));
        service.call({ name: 'gate', params: [0] }).then(() => service.call({ name: 'exitLater', params: [6] })).catch(() => {});
        return { calls, gone };
      }
      const { open } = await import(${JSON.stringify(fixtureUrl('barrier.js'))});
      const { calls, gone } = await call();
      registry.register({}, 'something else');
      while (!collected.has('something else')) await collect();
      for (let round = 0; round < 20; round += 1) await collect();
      console.log(await Promise.all(calls), [...collected]);
      open(0);
      console.log(await gone);
      for (const end = Date.now() + 20_000; collected.size < 3 && Date.now() < end; ) await collect();
      console.log([...collected].sort());`,
      { flags: ['--expose-gc'] },
    );
    assert.equal(out, "[ 2, 4, 6 ] [ 'something else' ]\n6\n[ 'cluster', 'service', 'something else' ]\n");
  });

  it('R21: a call settles although nothing but its promise is kept', async () => {
    const out = await runWell(
      `${head}
      const launch = async () => (await serving.launchService()).call({ name: 'gate', params: [0, 'settled'] });
      const { open, arrivals } = await import(${JSON.stringify(fixtureUrl('barrier.js'))});
      launch().then((value) => { console.log(value); process.exit(); });
      while (arrivals(0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let round = 0; round < 20; round += 1) { gc(); await new Promise(setImmediate); }
      open(0);`,
      { flags: ['--expose-gc'] },
    );
    assert.equal(out, 'settled\n');
  });

  it('clusters and messengers that are done with leave nothing behind', async () => {
    const out = await runWell(
      `${head}
      const { native } = await import(${JSON.stringify(new URL('../../lib/native.js', import.meta.url).href)});
      for (let round = 0; round < 10; round += 1) {
        const cluster = new ServiceCluster(serving);
        const [service] = await cluster.launch(1);
        const messenger = new Messenger();
        await service.sendMessenger(messenger);
        messenger.close();
        await cluster.closeAll();
      }
      gc();
      while (native.livingAgents() + native.livingWakers() > 2) await new Promise(setImmediate);
      const counts = [native.livingAgents(), native.livingWakers(), native.livingSubscriptions()];
      console.log(...counts, pool.activeCount, pool.queueLength);`,
      { flags: ['--expose-gc'] },
    );
    assert.equal(out, '1 1 0 0 0\n');
  });
});

describe('close, of a service whose thread has ended before its owner heard of that', () => {
  it('leaves no call active', async () => {
    const out = await runWell(`${head}
      const { native } = await import(${JSON.stringify(new URL('../../lib/native.js', import.meta.url).href)});
      const service = await serving.launchService();
      const call = service.call({ name: 'exit', params: [3] });
      call.catch((error) => console.log(error.code));
      while (native.livingAgents() > 1);
      console.log(service.activeCalls);
      const closed = service.close();
      console.log(service.activeCalls);
      await closed;`);
    assert.equal(out, '1\n0\nERR_NANOLITH_SERVICE_CLOSED\n');
  });
});

describe('services in threads that the user started', all, () => {
  const cycles = Number(process.env.NANOLITH_TEST_CYCLES ?? 50);
  const worker = `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      const { Messenger, parent, pool } = await import(${JSON.stringify(INDEX)});
      const { serving } = await import(${JSON.stringify(fixtureUrl('service-tasks.js'))});
      const messenger = new Messenger('of workers');
      const service = await serving.launchService({ messengers: [messenger] });
      await service.call({ name: 'sendBack' });
      await service.call({ name: 'sendBackOn', params: ['of workers'] });
      service.onMessage((data) => { service.sendMessage(data); messenger.sendMessage(data); });
      for (let count = 0; count < 20; count += 1) service.sendMessage(count);
      const sum = await service.call({ name: 'add', params: [1, 2] });
      parentPort.postMessage([sum, pool.activeCount]);
      if (workerData === 'closes') { await service.close(); messenger.close(); }
      if (workerData === 'exits') process.exit(0);
    })();
  `;

  it('R16: the addon loaded only in workers, and the last of them ends, again and again', async () => {
    const out = await runWell(
      `import { Worker } from 'node:worker_threads';
      let ended = 0;
      for (let cycle = 0; cycle < ${Math.ceil(cycles / 5)}; cycle += 1) {
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData: cycle % 2 ? 'closes' : 'exits' });
        const exited = new Promise((resolve) => worker.once('exit', resolve));
        const [sum, active] = await new Promise((resolve) => worker.once('message', resolve));
        const code = await exited;
        if (sum === 3 && active === 1 && code === 0) ended += 1;
      }
      console.log(ended);`,
      { timeout: 100_000 },
    );
    assert.equal(out, `${Math.ceil(cycles / 5)}\n`);
  });

  it(`R15, R18: ${cycles} times, a root ends with wake-ups, messages and errors in flight`, async () => {
    const out = await runWell(
      `import { Worker } from 'node:worker_threads';
      import ${JSON.stringify(INDEX)};
      let left = ${cycles};
      let ended = 0;
      async function cycle() {
        while (left-- > 0) {
          const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData: 'is ended' });
          const exited = new Promise((resolve) => worker.once('exit', resolve));
          if (left % 4 > 0) await new Promise((resolve) => worker.once('message', resolve));
          else await new Promise((resolve) => setTimeout(resolve, 3 * left % 150));
          worker.terminate();
          await exited;
          ended += 1;
        }
      }
      await Promise.all([cycle(), cycle(), cycle()]);
      const { native } = await import(${JSON.stringify(new URL('../../lib/native.js', import.meta.url).href)});
      const end = Date.now() + 10_000;
      const living = () => native.livingAgents() + native.livingWakers();
      while (living() > 2 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
      console.log(ended, native.livingAgents(), native.livingWakers(), native.livingSubscriptions());`,
      { timeout: 150_000 },
    );
    assert.equal(out, `${cycles} 1 1 0\n`);
  });
});

describe('an idle process', () => {
  it('with services open and messengers listening burns no CPU', async () => {
    const out = await runWell(`${head}
      pool.setConcurrency(4);
      const messenger = new Messenger('idle');
      messenger.onMessage(() => {});
      const services = await Promise.all([1, 2, 3].map(() => serving.launchService({ messengers: [messenger] })));
      for (const service of services) await service.call({ name: 'add', params: [1, 2] });
      services[0].call({ name: 'pend', params: [0] }).catch(() => {});
      services[0].waitForMessage(() => true).catch(() => {});
      // Until what the start left to do is done.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const { user, system } = process.cpuUsage(before);
      for (const service of services) await service.close();
      console.log((user + system) / 1000);`);
    assert.ok(Number(out) < 100, `${out.trim()} ms of 2000`);
  });
});

describe('an uncaught exception between two messages', all, () => {
  // With the flag Node's own function for what runs between two events warns, and is left alone.
  for (const flags of [[], ['--pending-deprecation']])
    for (const later of ['process.nextTick', 'queueMicrotask', 'setImmediate']) {
      it(`by ${later} keeps none of them back, ${flags.join() || 'no flags'}`, async () => {
        const code = `${head}
        const thrown = [];
        process.on('uncaughtException', ({ message }) => thrown.push(message));
        const service = await serving.launchService();
        const heard = [];
        service.onMessage((data) => {
          heard.push(data);
          ${later}(() => { throw new Error(data); });
        });
        await service.call({ name: 'send', params: [1, 2, 3] });
        console.log(heard.join(), await service.call({ name: 'add', params: [1, 2] }));
        await service.close();
        console.log(thrown.sort().join());`;
        assert.equal(await runWell(code, { flags }), '1,2,3 3\n1,2,3\n');
      });
    }
});
