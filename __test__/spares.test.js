import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setEnvironmentData } from 'node:worker_threads';

import { pool } from '../index.js';
import { native } from '../lib/native.js';
import { describes } from './fixtures/describes-its-thread.js';
import { tasks } from './fixtures/tasks.js';
import {
  fixtureUrl,
  INDEX,
  living,
  poolIdle,
  rejection,
  runWell,
  threadsGone,
  until,
  urlOf,
  within,
  write,
} from './helpers.js';

const ready = () => native.poolCounts(1).ready;

const major = Number.parseInt(process.versions.node, 10);

describe('spares', () => {
  afterEach(() => pool.setConcurrency('x1'));

  it('are kept after one-off tasks, are not active, and serve the next ones', async () => {
    pool.setConcurrency(2);
    await within(tasks({ name: 'nothing' }));
    await until(() => ready() === 1);
    assert.equal(pool.activeCount, 0);
    assert.ok(pool.idle);
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
    assert.equal(await within(tasks({ name: 'isMain' })), false);
  });

  it('do not see environment data that was set after they started; a call with options does not get one', async () => {
    pool.setConcurrency(1);
    await within(describes({ name: 'describe', params: [''] }));
    await until(() => ready() === 1);
    setEnvironmentData('set late', 'late');
    const call = /** @type {const} */ ({ name: 'environmentData', params: ['set late'] });
    assert.equal(await within(describes({ ...call, options: { name: 'its own' } })), 'late');
    assert.equal(ready(), 1);
    assert.equal(await within(describes(call)), undefined);
  });

  it('have fresh module state, and nothing of the user’s ran early', async () => {
    for (let round = 0; round < 4; round += 1) assert.equal(await within(tasks({ name: 'counted' })), 1);
  });

  it('R13: never more than maxConcurrency, however many tasks there were', async () => {
    pool.setConcurrency(3);
    await within(Promise.all(Array.from({ length: 12 }, () => tasks({ name: 'nothing' }))));
    assert.ok(ready() <= 3);
    await until(() => living() <= 1 + 3);
  });

  it('setSpares(0) forbids them, setSpares(n) bounds them', async () => {
    pool.setConcurrency(4);
    await within(Promise.all([1, 2, 3].map(() => tasks({ name: 'nothing' }))));
    pool.setSpares(0);
    await until(() => ready() === 0);
    await within(tasks({ name: 'nothing' }));
    assert.equal(ready(), 0);
    await threadsGone();
    assert.equal(living(), 1);
    pool.setSpares(1);
    await within(Promise.all([1, 2, 3].map(() => tasks({ name: 'nothing' }))));
    assert.ok(ready() <= 1);
    pool.setSpares(64);
  });

  it('R13: setSpares refuses fractions, negatives and what is no number', () => {
    for (const wrong of [-1, 1.5, NaN, Infinity, '1', null, undefined, {}]) {
      assert.throws(
        () => pool.setSpares(/** @type {any} */ (wrong)),
        (/** @type {any} */ error) => error instanceof TypeError && error.code === 'ERR_NANOLITH_INVALID_ARGUMENT',
      );
    }
  });

  it('are not used for a call with options', async () => {
    await within(tasks({ name: 'nothing' }));
    await until(() => ready() > 0);
    const { env } = await within(describes({ name: 'describe', params: [''], options: { env: { ONLY: 'this' } } }));
    assert.deepEqual(env, { ONLY: 'this' });
  });

  it('R13: given up and taken at the same time: every task runs', async () => {
    for (let round = 0; round < 6; round += 1) {
      pool.setSpares(64);
      await within(tasks({ name: 'nothing' }));
      const calls = [tasks({ name: 'add', params: [round, 1] })];
      pool.setSpares(0);
      calls.push(tasks({ name: 'add', params: [round, 1] }));
      assert.deepEqual(await within(Promise.all(calls)), [round + 1, round + 1]);
    }
    await poolIdle();
    await threadsGone();
    pool.setSpares(64);
  });

  it('an aborted task on a spare ends it', async () => {
    await within(tasks({ name: 'nothing' }));
    await until(() => ready() > 0);
    const error = await rejection(tasks({ name: 'spin', signal: AbortSignal.timeout(30) }));
    assert.equal(error.name, 'TimeoutError');
    await poolIdle();
    await threadsGone();
  });

  it('R13: spares and idle warm threads end after 10 s of idleness, and the set works on', async () => {
    const code = `
      import { native } from '${new URL('../lib/native.js', import.meta.url).href}';
      import { tasks } from '${fixtureUrl('tasks.js')}';
      import { warm } from '${fixtureUrl('warm.js')}';
      import { pool } from '${INDEX}';
      pool.setConcurrency(3);
      const add = { name: 'add', params: [1, 2] };
      await Promise.all([tasks(add), warm(add)]);
      const began = performance.now();
      const most = native.livingAgents();
      while (native.livingAgents() > 1) {
        if (performance.now() - began > 25_000) throw new Error('still ' + native.livingAgents());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const waited = performance.now() - began;
      console.log(most > 1, waited > 9_000, await warm(add), await tasks(add));`;
    assert.equal(await runWell(code, { timeout: 50_000 }), 'true true 3 3\n');
  });

  it('are not made with a preload, which would run something of the user’s', async () => {
    const code = `
      import { native } from '${new URL('../lib/native.js', import.meta.url).href}';
      import { tasks } from '${fixtureUrl('tasks.js')}';
      await tasks({ name: 'nothing' });
      console.log(native.poolCounts(1).ready, process.env.LOADED);`;
    const preload = urlOf(write('process.env.LOADED = Number(process.env.LOADED ?? 0) + 1;'));
    assert.equal(await runWell(code, { flags: ['--import', preload] }), '0 2\n');
    assert.equal(await runWell(code, { env: { NODE_OPTIONS: `--import=${preload}` } }), '0 2\n');
    if (major < 24) return;
    const config = write(JSON.stringify({ nodeOptions: { import: [preload] } }), 'node.config.json');
    const flags = ['--no-warnings', `--experimental-config-file=${config}`];
    assert.equal(await runWell(code, { flags }), '0 2\n');
  });
});
