// Which threads are nanolith's, and which are roots with a pool of their own.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fixtureUrl, INDEX, runWell } from '../helpers.js';

const imports = `
  import { Worker, isMainThread, parentPort, workerData, threadId } from 'node:worker_threads';
  import { pool } from '${INDEX}';
  import { tasks } from '${fixtureUrl('tasks.js')}';
  import { warm } from '${fixtureUrl('warm.js')}';
  const add = { name: 'add', params: [1, 2] };
  const both = async () => [await tasks(add), await warm(add)].join(' ');
  const done = (worker) => new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', resolve);
  });
`;

describe('a thread that nanolith did not start', () => {
  it('is a root with a pool of its own', async () => {
    const code = `${imports}
      if (isMainThread) {
        pool.setConcurrency(7);
        console.log(await both(), await done(new Worker(new URL(import.meta.url))), pool.maxConcurrency);
      } else {
        pool.setConcurrency(3);
        console.log(await both(), pool.maxConcurrency);
      }`;
    assert.equal(await runWell(code), '3 3 3\n3 3 0 7\n');
  });

  it('may be blocked: its warm threads go on', async () => {
    const code = `${imports}
      import { arrivals, blockForArrivals, newCell } from '${fixtureUrl('barrier.js')}';
      if (isMainThread) {
        await done(new Worker(new URL(import.meta.url)));
      } else {
        pool.setConcurrency(1);
        await warm(add);
        const cell = newCell();
        const calls = Array.from({ length: 100 }, () => warm({ name: 'tick', params: [cell] }));
        blockForArrivals(cell, 100);
        console.log(arrivals(cell));
        await Promise.all(calls);
      }`;
    assert.equal(await runWell(code), '100\n');
  });

  it('is one with a forged token, and with the workerData of a nanolith thread', async () => {
    const code = `${imports}
      if (isMainThread) {
        const forged = { nanolith: { token: '0'.repeat(32) } };
        console.log(await done(new Worker(new URL(import.meta.url), { workerData: forged })));
        console.log(await done(new Worker(new URL(import.meta.url), { workerData: { nanolith: {} } })));
        console.log(await done(new Worker(new URL(import.meta.url), { workerData: { nanolith: null } })));
      } else {
        console.log(await both(), pool.activeCount);
      }`;
    assert.equal(await runWell(code), '3 3 0\n0\n'.repeat(3));
  });

  it('is one inside of a nanolith thread too', async () => {
    const code = `
      import { starts } from '${fixtureUrl('starts-workers.js')}';
      console.log(JSON.stringify(await starts({ name: 'worker' })));
      console.log(JSON.stringify(await starts({ name: 'workerWithMyData' })));`;
    const expected = '{"sum":3,"active":0}\n';
    assert.equal(await runWell(code), expected.repeat(2));
  });

  it('R17: the addon loads in the main thread and in many workers, at once and one after the other', async () => {
    const code = `${imports}
      if (isMainThread) {
        const start = () => done(new Worker(new URL(import.meta.url)));
        for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 8 }, start));
        console.log(await both());
      } else if (threadId % 2) {
        await both();
      }`;
    assert.equal(await runWell(code, { timeout: 60_000 }), '3 3\n');
  });

  it('R17: the addon loads only in workers, and the last of them ends', async () => {
    const code = `
      import { Worker } from 'node:worker_threads';
      for (let round = 0; round < 5; round += 1) {
        const workers = Array.from({ length: 4 }, () => new Worker("import('${INDEX}')", { eval: true }));
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
      }
      console.log('ended');`;
    assert.equal(await runWell(code), 'ended\n');
  });

  it('its end takes its threads along, running and queued, and the rest lives', async () => {
    const code = `${imports}
      import { native } from '${new URL('../../lib/native.js', import.meta.url).href}';
      if (isMainThread) {
        const before = native.livingAgents();
        for (const how of ['exit', 'terminate', 'throw']) {
          const worker = new Worker(new URL(import.meta.url), { workerData: how });
          worker.on('error', () => {});
          const ended = new Promise((resolve) => worker.once('exit', resolve));
          await new Promise((resolve) => worker.once('message', resolve));
          if (how === 'terminate') worker.terminate();
          await ended;
          while (native.livingAgents() > before) await new Promise((resolve) => setTimeout(resolve, 5));
        }
        console.log(await both());
      } else {
        pool.setConcurrency(2);
        for (let at = 0; at < 6; at += 1) (at % 2 ? tasks : warm)({ name: 'spin' }).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 100));
        parentPort.postMessage('running');
        if (workerData === 'exit') process.exit();
        if (workerData === 'throw') throw new Error('the root ends');
        setInterval(() => {}, 1000);
      }`;
    assert.equal(await runWell(code), '3 3\n');
  });
});

describe('realms', () => {
  it('what a caller in a vm context receives belongs to its realm', async () => {
    const code = `
      import { load } from '${fixtureUrl('vm-modules.js')}';
      const { namespace, context } = await load('${INDEX}');
      const file = '${fixtureUrl('throws.js')}';
      const echo = '${fixtureUrl('tasks.js')}';
      const { runInContext } = await import('node:vm');
      const check = runInContext(\`async (define, file, echo) => {
        const api = await define({ sync() {} }, { identifier: 'throws', file });
        const values = await define({ echo() {} }, { identifier: 'tasks', file: echo });
        const promise = values({ name: 'echo', params: [{ a: [1] }] });
        const [plain] = await promise;
        const error = await api({ name: 'sync', params: ['typeError'] }).catch((error) => error);
        const wrong = await values({ name: 'missing' }).catch((error) => error);
        const argument = await values(3).catch((error) => error);
        return [
          promise instanceof Promise,
          plain instanceof Object && plain.a instanceof Array,
          error instanceof TypeError && error.cause instanceof RangeError,
          wrong instanceof Error,
          argument instanceof TypeError,
        ].join(' ');
      }\`, context);
      console.log(await check(namespace.define, file, echo));`;
    const flags = ['--experimental-vm-modules', '--no-warnings'];
    assert.equal(await runWell(code, { flags }), 'true true true true true\n');
  });
});
