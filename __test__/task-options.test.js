import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SHARE_ENV } from 'node:worker_threads';

import { pool } from '../index.js';
import { describes } from './fixtures/describes-its-thread.js';
import { tasks } from './fixtures/tasks.js';
import { newCell, open, rejection, within } from './helpers.js';

/** What a task sees of its thread, started with these options. @param {any} [options] */
const see = (options) => within(describes({ name: 'describe', params: ['NANOLITH_TEST_SEEN'], options }));

describe('the options of a one-off task', () => {
  it('env defaults to SHARE_ENV: what one thread sets, the others see', async () => {
    process.env.NANOLITH_TEST_SEEN = 'by all';
    assert.equal((await see()).variable, 'by all');
    assert.equal((await see({ env: SHARE_ENV })).variable, 'by all');
    await within(describes({ name: 'setVariable', params: ['NANOLITH_TEST_SEEN', 'from a thread'] }));
    assert.equal(process.env.NANOLITH_TEST_SEEN, 'from a thread');
    delete process.env.NANOLITH_TEST_SEEN;
  });

  it('an env given is honoured', async () => {
    process.env.NANOLITH_TEST_SEEN = 'by all';
    assert.deepEqual((await see({ env: { ONLY: 'this' } })).env, { ONLY: 'this' });
    delete process.env.NANOLITH_TEST_SEEN;
  });

  it('argv is appended to process.argv, as strings', async () => {
    assert.deepEqual((await see({ argv: ['one', 2, null] })).argv.slice(2), ['one', '2', 'null']);
  });

  it('execArgv replaces the flags of the process', async () => {
    assert.deepEqual((await see({ execArgv: ['--no-warnings'] })).execArgv, ['--no-warnings']);
  });

  it('resourceLimits hold', async () => {
    const { limits } = await see({ resourceLimits: { maxOldGenerationSizeMb: 48, stackSizeMb: 2 } });
    assert.equal(limits.maxOldGenerationSizeMb, 48);
    assert.equal(limits.stackSizeMb, 2);
  });

  it('trackUnmanagedFds is taken', async () => {
    assert.equal(typeof (await see({ trackUnmanagedFds: false })).thread, 'number');
  });

  it('name is the thread’s; without one it tells file and task', async () => {
    const names = [];
    const heard = (/** @type {any} */ worker) => names.push(worker);
    process.on('worker', heard);
    const [named, unnamed] = [await see({ name: 'mine' }), await see({ argv: [] })];
    process.off('worker', heard);
    if (named.name === undefined) return; // Node tells a thread its name from 24 on.
    assert.equal(named.name, 'mine');
    assert.match(unnamed.name, /describes-its-thread\.js/);
    assert.match(unnamed.name, /describe$/);
  });

  it('workerData, eval and stdio are ignored', async () => {
    const options = {
      workerData: { mine: true },
      eval: true,
      stdin: true,
      stdout: true,
      stderr: true,
      transferList: [],
    };
    const { workerData } = await see(options);
    assert.equal(workerData?.mine, undefined);
  });

  it('what Node refuses rejects with what Node says, and takes no slot', async () => {
    const refused = /** @type {const} */ ([
      [{ execArgv: ['--no-such-flag'] }, 'ERR_WORKER_INVALID_EXEC_ARGV'],
      [{ env: 3 }, 'ERR_INVALID_ARG_TYPE'],
      [{ argv: 3 }, 'ERR_INVALID_ARG_TYPE'],
    ]);
    for (const [options, code] of refused) {
      const error = await rejection(tasks(/** @type {any} */ ({ name: 'nothing', options })));
      assert.equal(error.code, code);
      assert.equal(pool.activeCount, 0);
    }
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
  });

  it('a task that waits gets what they were at its call', async () => {
    pool.setConcurrency(1);
    const gate = newCell();
    const before = tasks({ name: 'gate', params: [gate] });
    const call = { name: /** @type {const} */ ('describe'), params: ['PATH'], options: { argv: ['first'] } };
    const first = describes(/** @type {any} */ (call));
    call.options.argv = ['second'];
    const second = describes(/** @type {any} */ (call));
    open(gate);
    assert.deepEqual((await within(first)).argv.slice(2), ['first']);
    assert.deepEqual((await within(second)).argv.slice(2), ['second']);
    await within(before);
    pool.setConcurrency('x1');
  });

  it('a getter among them that throws rejects the call, at whatever time it is read, and takes no slot', async () => {
    for (const fine of [0, 1, 2]) {
      let reads = 0;
      const options = {
        get argv() {
          reads += 1;
          if (reads > fine) throw new Error('from a getter');
          return [];
        },
      };
      await within(describes({ name: 'describe', params: ['PATH'], options }).catch(() => {}));
      assert.equal(reads, 1);
      assert.equal(pool.activeCount, 0);
    }
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
  });

  it('an options that is no object is a TypeError', async () => {
    for (const options of [3, 'text', null, [], () => {}]) {
      const error = await rejection(tasks(/** @type {any} */ ({ name: 'nothing', options })));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    }
  });
});
