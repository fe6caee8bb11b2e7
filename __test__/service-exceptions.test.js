import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { pool } from '../index.js';
import { serving } from './fixtures/service-tasks.js';
import {
  arrivals,
  fixtureUrl,
  INDEX,
  newCell,
  rejection,
  runNode,
  runWell,
  until,
  urlOf,
  within,
  write,
} from './helpers.js';
import { nothingLeft, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 4 };
const SERVING = JSON.stringify(fixtureUrl('service-tasks.js'));

/** The code of a child process that has a set of services. @param {string} body */
const child = (body) => `
  import { pool } from ${JSON.stringify(INDEX)};
  import { serving } from ${SERVING};
  const warnings = [];
  process.on('warning', ({ code, name, message }) => warnings.push({ code, name, message }));
  ${body}
`;

describe('exceptionHandler', all, () => {
  it('is called with each uncaught exception and unhandled rejection, and the service goes on', async () => {
    /** @type {any[]} */
    const seen = [];
    const exceptionHandler = (/** @type {any} */ context) => seen.push(context);
    await withService(serving, { exceptionHandler }, async (service) => {
      await within(service.call({ name: 'throwLater', params: ['error', 3] }));
      await within(service.call({ name: 'rejectLater', params: ['error'] }));
      await until(() => seen.length === 4);
      for (const { error, terminate } of seen) {
        assert.ok(error instanceof RangeError);
        assert.equal(error.message, 'of the service');
        assert.match(error.stack, /service-tasks\.js/);
        assert.equal(typeof terminate, 'function');
      }
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
      assert.equal(service.closed, false);
    });
  });

  it('gets an Error for what is none, with the thrown value as cause', async () => {
    /** @type {any[]} */
    const seen = [];
    const exceptionHandler = (/** @type {any} */ { error }) => seen.push(error);
    await withService(serving, { exceptionHandler }, async (service) => {
      const thrown = ['a string', undefined, null, { an: 'object' }];
      for (const what of thrown) await within(service.call({ name: 'throwLater', params: [what] }));
      await within(service.call({ name: 'throwUnprintable' }));
      await within(service.call({ name: 'throwLater', params: [{ shared: new SharedArrayBuffer(8) }] }));
      await until(() => seen.length === 6);
      for (const error of seen) assert.ok(error instanceof Error);
      assert.deepEqual(
        seen.slice(0, 4).map(({ cause }) => cause),
        thrown,
      );
      assert.match(seen[0].message, /a string/);
      assert.equal(seen[4].cause.valueOf, 'none either');
      assert.ok(seen[5].cause.shared instanceof SharedArrayBuffer);
    });
  });

  it('terminate() ends the service at once, rejects what is pending, and resolves when the thread is gone', async () => {
    /** @type {(value: unknown) => void} */
    let done = () => {};
    const terminated = new Promise((resolve) => {
      done = resolve;
    });
    /** @type {any} */
    let service;
    const exceptionHandler = async (/** @type {any} */ { terminate }) => {
      const ended = terminate();
      const refused = service.call({ name: 'add', params: [1, 2] });
      done([(await rejection(refused)).code, await ended, service.closed]);
    };
    service = await within(serving.launchService({ exceptionHandler }));
    const cell = newCell();
    const pending = rejection(service.call({ name: 'pend', params: [newCell()] }));
    await within(service.call({ name: 'throwLater', params: ['error'] }));
    const spinning = rejection(service.call({ name: 'spin', params: [cell] }));
    assert.deepEqual(await within(terminated), ['ERR_NANOLITH_SERVICE_CLOSED', undefined, true]);
    for (const { code } of [await pending, await spinning]) assert.equal(code, 'ERR_NANOLITH_SERVICE_CLOSED');
    assert.equal(service.activeCalls, 0);
    assert.throws(() => service.sendMessage(1), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
    await within(service.close());
  });

  it('R23: close() from the handler, and terminate() after it', async () => {
    /** @type {any} */
    let service;
    /** @type {Promise<void>[]} */
    const ends = [];
    const exceptionHandler = (/** @type {any} */ { terminate }) => ends.push(service.close(), terminate());
    service = await within(serving.launchService({ exceptionHandler }));
    const pending = rejection(service.call({ name: 'pend', params: [newCell()] }));
    await within(service.call({ name: 'throwLater', params: ['error'] }));
    assert.equal((await pending).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    await until(() => ends.length === 2);
    await within(Promise.all(ends));
    assert.equal(service.closed, true);
  });

  it('a listener in the service that throws is an uncaught exception there; the other listeners still run', async () => {
    /** @type {any[]} */
    const seen = [];
    const exceptionHandler = (/** @type {any} */ { error }) => seen.push(error.message);
    await withService(serving, { exceptionHandler }, async (service) => {
      const cell = newCell();
      await within(service.call({ name: 'listenerThrows', params: [cell] }));
      service.sendMessage('one');
      service.sendMessage('two');
      await until(() => seen.length === 2 && arrivals(cell) === 2);
      assert.deepEqual(seen, ['from a listener', 'from a listener']);
    });
  });
});

describe('without an exceptionHandler', all, () => {
  it('the service goes on, and the first exception of all emits exactly one process warning', async () => {
    const text = await runNode(
      child(`
        const services = await Promise.all([serving.launchService(), serving.launchService()]);
        for (const service of services) await service.call({ name: 'throwLater', params: ['error', 5] });
        for (const service of services) await service.call({ name: 'rejectLater', params: ['error'] });
        for (const service of services) if (await service.call({ name: 'add', params: [1, 2] }) !== 3) process.exit(9);
        for (const service of services) await service.close();
        console.log(JSON.stringify(warnings));
      `),
      { flags: ['--no-warnings'] },
    );
    assert.deepEqual([text.code, text.stderr], [0, '']);
    const warnings = JSON.parse(text.stdout);
    assert.equal(warnings.length, 1);
    assert.equal(warnings[0].code, 'NANOLITH_UNCAUGHT_IN_SERVICE');
    assert.match(warnings[0].message, /of the service/);
    assert.match(warnings[0].message, /exceptionHandler/);
  });

  it('the first of all threads: owners on other threads warn no more', async () => {
    const nested = write(
      `import { define } from ${JSON.stringify(INDEX)};
       import { serving } from ${SERVING};
       export const owner = await define({
         async ownOne() {
           const service = await serving.launchService();
           await service.call({ name: 'throwLater', params: ['error', 5] });
           await service.call({ name: 'rejectLater', params: ['error'] });
           const sum = await service.call({ name: 'add', params: [1, 2] });
           await service.close();
           return sum;
         },
       });`,
    );
    const { code, stdout, stderr } = await runNode(`
      import { pool } from ${JSON.stringify(INDEX)};
      import { owner } from ${JSON.stringify(urlOf(nested))};
      pool.setConcurrency(4);
      for (let at = 0; at < 3; at += 1) console.log(await owner({ name: 'ownOne' }));`);
    assert.deepEqual([code, stdout], [0, '3\n3\n3\n']);
    assert.equal(stderr.match(/NANOLITH_UNCAUGHT_IN_SERVICE/g)?.length, 1, stderr);
  });

  it('R6: what has no text harms nobody either', async () => {
    const { code, stdout } = await runNode(
      child(`
        const service = await serving.launchService();
        await service.call({ name: 'throwUnprintable' });
        await service.call({ name: 'add', params: [1, 2] });
        await service.close();
        console.log(warnings.length);
      `),
      { flags: ['--no-warnings'] },
    );
    assert.deepEqual([code, stdout], [0, '1\n']);
  });
});

describe('an exceptionHandler that fails', all, () => {
  it('emits a process warning, thrown or rejected, and the service goes on', async () => {
    const { code, stdout, stderr } = await runNode(
      child(`
        const handlers = [() => { throw new Error('thrown by it') }, async () => { throw 'rejected by it' }];
        for (const exceptionHandler of handlers) {
          const service = await serving.launchService({ exceptionHandler });
          await service.call({ name: 'throwLater', params: ['error'] });
          while (warnings.length <= handlers.indexOf(exceptionHandler)) await service.call({ name: 'nothing' });
          await service.close();
        }
        console.log(JSON.stringify(warnings));
      `),
      { flags: ['--no-warnings'] },
    );
    assert.deepEqual([code, stderr], [0, '']);
    const warnings = JSON.parse(stdout);
    assert.deepEqual(
      warnings.map((/** @type {any} */ { code }) => code),
      ['NANOLITH_EXCEPTION_HANDLER', 'NANOLITH_EXCEPTION_HANDLER'],
    );
    assert.match(warnings[0].message, /thrown by it/);
    assert.match(warnings[1].message, /rejected by it/);
  });
});

describe('R6: a dying or idle-crashing service never takes the main thread along', all, () => {
  const deaths = {
    'an idle one throws': `await service.call({ name: 'throwLater', params: ['error'] });`,
    'an idle one exits': `await service.call({ name: 'exitLater', params: [9] });`,
    'one exits in a call': `await service.call({ name: 'exit', params: [9] }).catch(() => {});`,
    'one is terminated': `service.worker.terminate();`,
  };
  for (const [title, death] of Object.entries(deaths)) {
    it(`${title}, nobody listening`, async () => {
      const text = await runNode(
        child(`
          const service = await serving.launchService();
          ${death}
          for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
          const after = await service.call({ name: 'add', params: [1, 2] }).catch(({ code }) => code);
          const next = await serving.launchService();
          console.log(after, await next.call({ name: 'add', params: [1, 2] }));
          await next.close();
          await service.close();
        `),
        { flags: ['--no-warnings'] },
      );
      assert.equal(text.code, 0, text.stderr);
      assert.match(text.stdout, /^(?:3|ERR_NANOLITH_SERVICE_CLOSED|ERR_NANOLITH_WORKER_EXITED) 3\n$/);
    });
  }

  it('out of memory, idle main thread', async () => {
    const { code, stdout } = await runNode(
      child(`
        const service = await serving.launchService({ options: { resourceLimits: { maxOldGenerationSizeMb: 24 } } });
        const pending = service.call({ name: 'pend', params: [0] }).catch(({ code }) => code);
        const growing = service.call({ name: 'grow' }).catch(({ code }) => code);
        console.log(await pending, await growing, service.closed);
      `),
      { timeout: 60_000 },
    );
    assert.deepEqual([code, stdout], [0, 'ERR_WORKER_OUT_OF_MEMORY ERR_WORKER_OUT_OF_MEMORY true\n']);
  });

  it('one exits while its owner is busy in a loop', async () => {
    const out = await runWell(
      child(`
        const service = await serving.launchService();
        const call = service.call({ name: 'exit', params: [3] }).catch(({ exitCode }) => exitCode);
        const end = Date.now() + 300;
        while (Date.now() < end);
        service.sendMessage('to nobody');
        console.log(await call);
      `),
    );
    assert.equal(out, '3\n');
  });
});

nothingLeft();
