import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { ConcurrencyOption, pool } from '../index.js';
import { native } from '../lib/native.js';
import { exitsWarm } from './fixtures/exits.js';
import { nests } from './fixtures/nests.js';
import { tasks } from './fixtures/tasks.js';
import { warm } from './fixtures/warm.js';
import {
  arrivals,
  INDEX,
  living,
  newCell,
  open,
  poolIdle,
  rejection,
  runWell,
  until,
  within,
  write,
} from './helpers.js';

const cores = native.slots(1);

describe('setConcurrency', () => {
  afterEach(() => pool.setConcurrency('x1'));

  it('maxConcurrency is 1 where the process may use one core', { skip: process.platform !== 'linux' }, () => {
    const [, core] = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const file = write(`import { pool } from '${INDEX}'; console.log(pool.maxConcurrency);`);
    assert.equal(execFileSync('taskset', ['-c', String(core), process.execPath, file], { encoding: 'utf8' }), '1\n');
  });

  it('maxConcurrency defaults to the cores that this process may use', async () => {
    const code = `import { pool } from '${INDEX}'; console.log(pool.maxConcurrency);`;
    assert.equal(Number(await runWell(code)), cores);
  });

  it('takes every ConcurrencyOption: rounded, never below 1', () => {
    const factors = { Quarter: 0.25, Half: 0.5, Default: 1, x1: 1, x2: 2, x4: 4, x6: 6, x8: 8, x10: 10 };
    assert.deepEqual(Object.keys(ConcurrencyOption), Object.keys(factors));
    for (const [name, factor] of Object.entries(factors)) {
      pool.setConcurrency(ConcurrencyOption[/** @type {keyof typeof factors} */ (name)]);
      assert.equal(pool.maxConcurrency, Math.max(1, Math.round(cores * factor)), name);
    }
    assert.equal(pool.option, ConcurrencyOption);
  });

  it('takes a positive whole number, 2 as two slots', () => {
    for (const slots of [1, 2, 3, 64]) {
      pool.setConcurrency(slots);
      assert.equal(pool.maxConcurrency, slots);
    }
  });

  it('R13: refuses anything else, fractions and zero too, with a TypeError that names the options', () => {
    for (const wrong of [0, -1, 1.5, 2.5, NaN, Infinity, '2', 'x3', null, undefined, {}, 2n, true]) {
      assert.throws(
        () => pool.setConcurrency(/** @type {any} */ (wrong)),
        (/** @type {any} */ error) => {
          assert.ok(error instanceof TypeError);
          assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
          assert.match(error.message, /Quarter, Half, Default, x1, x2, x4, x6, x8, x10/);
          return true;
        },
      );
      assert.equal(pool.maxConcurrency, cores);
    }
  });

  it('R28: a raise starts waiting work at once', async () => {
    pool.setConcurrency(1);
    const cells = [newCell(), newCell(), newCell()];
    const calls = cells.map((cell) => warm({ name: 'gate', params: [cell, cell] }));
    assert.deepEqual([pool.activeCount, pool.queueLength], [1, 2]);
    pool.setConcurrency(3);
    assert.deepEqual([pool.activeCount, pool.queueLength], [3, 0]);
    await until(() => cells.every((cell) => arrivals(cell) === 1));
    for (const cell of cells) open(cell);
    assert.deepEqual(await within(Promise.all(calls)), cells);
  });

  it('lowering lets what runs go on, and starts nothing until there is a slot', async () => {
    pool.setConcurrency(2);
    const cells = [newCell(), newCell(), newCell()];
    const calls = cells.map((cell) => tasks({ name: 'gate', params: [cell, cell] }));
    await until(() => arrivals(cells[0]) + arrivals(cells[1]) === 2);
    pool.setConcurrency(1);
    assert.deepEqual([pool.activeCount, pool.queueLength, pool.maxed], [2, 1, true]);
    open(cells[0]);
    await within(calls[0]);
    assert.deepEqual([pool.activeCount, pool.queueLength], [1, 1]);
    open(cells[1]);
    open(cells[2]);
    assert.deepEqual(await within(Promise.all(calls)), cells);
  });
});

describe('the counts', () => {
  beforeEach(async () => {
    await poolIdle();
    pool.setConcurrency(2);
  });
  afterEach(() => pool.setConcurrency('x1'));

  for (const [kind, set] of /** @type {const} */ ([
    ['one-off', tasks],
    ['warm', warm],
  ])) {
    it(`are exact as soon as a ${kind} call returned, and when it settled`, async () => {
      assert.deepEqual([pool.idle, pool.maxed, pool.activeCount, pool.queueLength], [true, false, 0, 0]);
      const cell = newCell();
      const calls = [];
      for (let count = 1; count <= 5; count += 1) {
        calls.push(set({ name: 'gate', params: [cell] }));
        assert.equal(pool.activeCount, Math.min(count, 2));
        assert.equal(pool.queueLength, Math.max(count - 2, 0));
        assert.equal(pool.maxed, count >= 2);
        assert.equal(pool.idle, false);
      }
      open(cell);
      let settled = 0;
      for (const call of calls) {
        call.then(() => {
          settled += 1;
          assert.ok(pool.activeCount + pool.queueLength <= 5 - settled);
        });
      }
      await within(Promise.all(calls));
      assert.deepEqual([pool.idle, pool.maxed, pool.activeCount, pool.queueLength], [true, false, 0, 0]);
    });
  }

  it('are the same on every nanolith thread of the pool', async () => {
    const cell = newCell();
    const gate = warm({ name: 'gate', params: [cell] });
    const counts = await within(nests({ name: 'counts' }));
    assert.deepEqual(counts, { active: 2, queued: 0, max: 2, maxed: true, idle: false });
    open(cell);
    await within(gate);
    await within(nests({ name: 'setConcurrency', params: [5] }));
    assert.equal(pool.maxConcurrency, 5);
  });

  it('restored after every kind of failure', async () => {
    await rejection(tasks({ name: 'fail', params: ['x'] }));
    await rejection(warm({ name: 'fail', params: ['x'] }));
    await rejection(tasks(/** @type {any} */ ({ name: 'missing' })));
    await rejection(tasks({ name: 'nothing', options: { execArgv: ['--no-such-flag'] } }));
    await rejection(tasks({ name: 'nothing', options: { resourceLimits: /** @type {any} */ (3) } })).catch(() => {});
    assert.deepEqual([pool.activeCount, pool.queueLength], [0, 0]);
  });
});

describe('the queue', () => {
  beforeEach(async () => {
    await poolIdle();
    pool.setConcurrency(1);
  });
  afterEach(() => pool.setConcurrency('x1'));

  it('next is undefined when it is empty, else tells { type, name, file, identifier, priority, reffed }', async () => {
    assert.equal(pool.next, undefined);
    const cell = newCell();
    const gate = tasks({ name: 'gate', params: [cell] });
    assert.equal(pool.next, undefined);
    const { file, identifier } = tasks;
    const calls = [tasks({ name: 'add', params: [1, 2] })];
    const plain = { type: 'task', name: 'add', file, identifier, priority: false, reffed: true };
    assert.deepEqual(pool.next, plain);
    calls.push(warm({ name: 'addLater', params: [1, 2], priority: true, reffed: false }));
    const { file: warmFile, identifier: warmIdentifier } = warm;
    const first = { type: 'task', name: 'addLater', file: warmFile, identifier: warmIdentifier };
    assert.deepEqual(pool.next, { ...first, priority: true, reffed: false });
    open(cell);
    assert.deepEqual(await within(Promise.all([gate, ...calls])), [undefined, 3, 3]);
    assert.equal(pool.next, undefined);
  });

  it('R12: one sequence for all kinds: the oldest waiting item gets the next slot', async () => {
    const cell = newCell();
    const gate = tasks({ name: 'gate', params: [cell] });
    /** @type {number[]} */
    const order = [];
    const sets = [tasks, warm, warm, tasks, warm, tasks];
    const calls = sets.map((set, at) => set({ name: 'nothing' }).then(() => order.push(at)));
    open(cell);
    await within(Promise.all([gate, ...calls]));
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });

  it('R12: a priority item goes to the very front, the latest first, whatever its kind', async () => {
    const cell = newCell();
    const gate = tasks({ name: 'gate', params: [cell] });
    /** @type {string[]} */
    const order = [];
    const items = /** @type {const} */ ([
      ['a', tasks],
      ['P', warm],
      ['b', warm],
      ['Q', tasks],
    ]);
    const calls = items.map(([name, set]) =>
      set({ name: 'nothing', priority: name < 'a' }).then(() => order.push(name)),
    );
    open(cell);
    await within(Promise.all([gate, ...calls]));
    assert.deepEqual(order, ['Q', 'P', 'a', 'b']);
  });

  it('has no bound of its own', async () => {
    const cell = newCell();
    const gate = warm({ name: 'gate', params: [cell] });
    const calls = Array.from({ length: 50_000 }, (_, at) => warm({ name: 'add', params: [at, 1] }));
    assert.equal(pool.queueLength, 50_000);
    open(cell);
    const sums = await within(Promise.all(calls), 60_000);
    assert.ok(sums.every((sum, at) => sum === at + 1));
    await within(gate);
  });

  it('R12: nothing starves while others feed the queue without end', async () => {
    pool.setConcurrency(2);
    const oneOff = () => tasks({ name: 'nothing' });
    const warmOne = () => warm({ name: 'rest', params: [2] });
    const warmOther = () => exitsWarm({ name: 'fine' });
    // So many at once that the queue does not run dry while this thread waits for a CPU.
    for (const [feeds, atOnce, waits] of /** @type {const} */ ([
      [warmOne, 100, oneOff],
      [oneOff, 8, warmOne],
      [warmOne, 100, warmOther],
    ])) {
      let [fed, goesOn] = [0, true];
      const feed = async () => {
        for (; goesOn; fed += 1) await feeds();
      };
      const feeders = Array.from({ length: atOnce }, feed);
      try {
        await until(() => fed > atOnce);
        for (let count = 0; count < 3; count += 1) {
          assert.ok(pool.queueLength > 0);
          await within(waits());
        }
      } finally {
        goesOn = false;
        await within(Promise.all(feeders));
      }
    }
  });

  it('every item of a long mixed queue runs', async () => {
    pool.setConcurrency(2);
    const calls = Array.from({ length: 400 }, (_, at) =>
      at % 40 === 0
        ? tasks({ name: 'add', params: [at, 1] })
        : warm({ name: 'add', params: [at, 1], priority: at % 3 === 0 }),
    );
    const sums = await within(Promise.all(calls), 60_000);
    assert.deepEqual(
      sums,
      sums.map((_, at) => at + 1),
    );
  });
});

describe('R13: spares and idle warm threads', () => {
  it('together never exceed maxConcurrency', async () => {
    pool.setConcurrency(4);
    const cell = newCell();
    const meeting = [1, 2, 3, 4].map(() => warm({ name: 'meet', params: [cell, 4] }));
    await within(Promise.all(meeting));
    await within(Promise.all(Array.from({ length: 6 }, () => tasks({ name: 'nothing' }))));
    await poolIdle();
    await until(() => living() <= 1 + 4);
    pool.setConcurrency(1);
    await until(() => living() <= 1 + 1);
    pool.setConcurrency('x1');
  });
});
