import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { define, pool } from '../index.js';
import { native } from '../lib/native.js';
import { nests, nestsWarm } from './fixtures/nests.js';
import { tasks } from './fixtures/tasks.js';
import { warm } from './fixtures/warm.js';
import {
  arrivals,
  fixture,
  fixtureUrl,
  INDEX,
  newCell,
  open,
  poolIdle,
  rejection,
  runNode,
  runWell,
  threadsGone,
  until,
  within,
} from './helpers.js';

const both = /** @type {const} */ ([
  ['one-off', nests],
  ['warm', nestsWarm],
]);

for (const [kind, set] of both) {
  describe(`calls of a ${kind} task`, () => {
    beforeEach(async () => {
      await poolIdle();
      pool.setConcurrency(1);
    });
    afterEach(() => pool.setConcurrency('x1'));

    it('R7: at the cap, nested calls do not deadlock: one in another, five deep, of both kinds', async () => {
      assert.equal(await within(set({ name: 'deep', params: [4] }), 40_000), 4);
      assert.equal(await within(set({ name: 'deepWarm', params: [4] }), 40_000), 4);
      await poolIdle();
    });

    it('R7: at the cap, several at once of every holder', async () => {
      pool.setConcurrency(2);
      const calls = [1, 2, 3].map(() => set({ name: 'wide', params: [6] }));
      for (const sums of await within(Promise.all(calls), 40_000)) assert.deepEqual(sums, [1, 2, 3, 4, 5, 6]);
      await poolIdle();
    });

    it('R7: a holder that blocks its thread is no obstacle to nested warm work', async () => {
      const cell = newCell();
      await within(set({ name: 'blocksWithNested', params: [cell, 1] }), 40_000);
    });

    it('a slot is lent once: activeCount may exceed maxConcurrency by what is lent, and then it is maxed', async () => {
      const cell = newCell();
      const promise = set({ name: 'countsWhileNested', params: [cell] });
      await until(() => arrivals(cell) === 2);
      assert.deepEqual([pool.activeCount, pool.maxed], [2, true]);
      open(cell);
      assert.deepEqual(await within(promise), { active: 2, queued: 0, max: 1, maxed: true, idle: false });
      assert.equal(pool.activeCount, 0);
    });

    it('a shared buffer and transferred params reach a warm set', async () => {
      assert.equal(await within(set({ name: 'share' }), 40_000), 4);
      assert.deepEqual(await within(set({ name: 'transfer' })), { detached: true, back: [1, 2, 3] });
    });

    it('a shared buffer as the result of a warm set is a DataCloneError that says why', async () => {
      const { isolated, name, message } = await within(set({ name: 'sharedResult' }), 40_000);
      assert.equal(isolated, true);
      assert.equal(name, 'DataCloneError');
      assert.match(message, /port/i);
    });

    it('their errors arrive as errors, through both threads', async () => {
      const error = await rejection(set({ name: 'failing', params: ['inner'] }));
      assert.equal(error.message, 'outer');
      assert.ok(error.cause instanceof Error);
      assert.equal(error.cause.message, 'inner');
    });

    it('can be aborted, running, of both kinds', async () => {
      pool.setConcurrency(2);
      const names = await within(set({ name: 'aborts', params: [newCell()] }), 40_000);
      assert.deepEqual(names, ['AbortError', 'AbortError']);
      await poolIdle();
    });

    it('R28: a slot freed by a nested call wakes whatever waits, though the one who called goes on', async () => {
      pool.setConcurrency(2);
      for (const waits of [warm, tasks]) {
        const [nested, own] = [newCell(), newCell()];
        const outer = set({ name: 'outlivesNested', params: [nested, own] });
        await until(() => arrivals(nested) === 1);
        const waiting = waits({ name: 'add', params: [1, 2] });
        // No slot is lent: each of the two has one of its own. It is free once the nested task has answered.
        assert.deepEqual([pool.activeCount, pool.queueLength], [2, 1]);
        open(nested);
        // Before idle threads end, after 10 s: that would wake it too.
        assert.equal(await within(waiting, 8_000), 3);
        await until(() => arrivals(own) === 1);
        open(own);
        await within(outer);
        await poolIdle();
      }
    });

    it('R28: a slot lent to a nested call is one for whatever waits, once it is given back', async () => {
      const cell = newCell();
      const outer = set({ name: 'countsWhileNested', params: [cell] });
      const waiting = warm({ name: 'add', params: [1, 2] });
      await until(() => arrivals(cell) === 2);
      assert.equal(pool.queueLength, 1);
      open(cell);
      assert.equal(await within(waiting), 3);
      await within(outer);
    });

    it('nested one-off work that is left behind ends with its thread, nested warm work goes on', async () => {
      pool.setConcurrency(3);
      const [isolated, kept] = [newCell(), newCell()];
      assert.equal(await within(nests({ name: 'leaves', params: [isolated, false] })), 'answered');
      assert.equal(await within(nests({ name: 'leaves', params: [kept, true] })), 'answered');
      await until(() => arrivals(kept) === 1 || pool.idle);
      open(kept);
      await poolIdle();
      await threadsGone();
      open(isolated);
    });
  });
}

describe('a warm set whose file waits for others’ work while it loads', () => {
  // In processes of their own: each set loads there for the first time.
  /** @param {number} slots @param {string} name @param {string} code */
  const prints = (slots, name, code) =>
    runWell(`
      import { pool } from '${INDEX}';
      const { default: _, ...sets } = await import('${fixtureUrl(name)}');
      const [set] = Object.values(sets);
      pool.setConcurrency(${slots});
      console.log(${code});
      // One thread may have run all, while another still loads.
      while (!pool.idle) await new Promise(setImmediate);
      console.log(pool.activeCount, pool.queueLength);`);

  it('R7: in a full pool, the slot of the task that waits for the load is lent to that work', async () => {
    const price = `await set({ name: 'price', params: [2] })`;
    assert.equal(await prints(1, 'loads-with-work.js', price), '42\n0 0\n');
  });

  it('R7: in a full pool, two first calls that load at once', async () => {
    const two = `await Promise.all([1, 2].map((count) => set({ name: 'price', params: [count] })))`;
    assert.equal(await prints(2, 'loads-with-work.js', two), '[ 21, 42 ]\n0 0\n');
  });

  it('R7: in a full pool, launches a service and calls it', async () => {
    const price = `await set({ name: 'price', params: [2] })`;
    assert.equal(await prints(1, 'loads-with-service.js', price), '6\n0 0\n');
  });

  it('R7: in a full pool, and its tasks wait for that work, after others that do not', async () => {
    const calls = `[set({ name: 'without' }), set({ name: 'price', params: [2] })]`;
    assert.equal(await prints(1, 'loads-and-waits-later.js', `await Promise.all(${calls})`), "[ 'at once', 6 ]\n0 0\n");
  });

  it('R7: two whose files wait for each other end in a NestingError', async () => {
    const codes = `await set({ name: 'task' }).catch((error) => {
      const codes = new Set();
      for (; error; error = error.cause) codes.add(error.code);
      return [...codes].join();
    })`;
    const printed = await runNode(
      `
      import { pool } from '${INDEX}';
      import { left as set } from '${fixtureUrl('loads-left.js')}';
      pool.setConcurrency(1);
      console.log(${codes});`,
      { timeout: 60_000 },
    );
    assert.deepEqual(printed, {
      code: 0,
      signal: null,
      stdout: 'ERR_NANOLITH_LOAD,ERR_NANOLITH_NESTING\n',
      stderr: '',
    });
  });
});

describe('nesting', () => {
  afterEach(() => pool.setConcurrency('x1'));

  it('deeper than 64 rejects with a NestingError', async () => {
    const error = await rejection(nestsWarm({ name: 'deepWarm', params: [65] }), 55_000);
    assert.equal(error.name, 'NestingError');
    assert.equal(error.code, 'ERR_NANOLITH_NESTING');
    await poolIdle();
  });

  it('is over when the task is: one that leaves a successor behind may go on like that', async () => {
    for (const max of [1, 3]) {
      pool.setConcurrency(max);
      const cell = newCell();
      await within(nestsWarm({ name: 'chain', params: [cell, 200] }));
      await until(() => arrivals(cell) === 201);
      await poolIdle();
    }
  });

  it('calling a set whose file is still loading on that thread rejects', async () => {
    for (const isolate of [true, false]) {
      const file = fixture('calls-while-loading.js');
      const identifier = `calls while loading ${isolate}`;
      const set = await define({ task: () => 1 }, { identifier, file, isolate, safeMode: false });
      const error = await rejection(set({ name: 'task' }));
      assert.equal(error.code, 'ERR_NANOLITH_LOAD');
      assert.equal(error.cause.code, 'ERR_NANOLITH_NESTING');
    }
    await poolIdle();
  });

  it('a warm task whose caller ended before its shared memory arrived frees its slot and its thread', async () => {
    pool.setConcurrency(2);
    for (let round = 0; round < 15; round += 1) {
      const cell = newCell();
      const error = await rejection(nests({ name: 'leavesShared', params: [cell] }));
      assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
      open(cell);
      await poolIdle();
    }
    assert.equal(await within(warm({ name: 'increment', params: [new SharedArrayBuffer(8)] })), 0);
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
  });

  it('a warm task whose caller ended before its shared memory arrived leaves no messenger on its thread', async () => {
    pool.setConcurrency(2);
    const before = native.livingSubscriptions();
    const cell = newCell();
    const ended = rejection(nests({ name: 'leavesSharedAndMessenger', params: [cell, 'left with a warm task'] }));
    // One instance on the caller's thread, one on the warm thread, which now waits.
    await until(() => native.livingSubscriptions() === before + 2);
    open(cell);
    assert.equal((await ended).code, 'ERR_NANOLITH_WORKER_EXITED');
    await poolIdle();
    assert.equal(native.livingSubscriptions(), before);
    // Or it ends at any moment in between.
    for (let round = 0; round < 15; round += 1) {
      const opened = newCell();
      open(opened);
      await rejection(nests({ name: 'leavesSharedAndMessenger', params: [opened, 'left with a warm task'] }));
      await poolIdle();
      assert.equal(native.livingSubscriptions(), before);
    }
  });

  it('queued nested work leaves with its caller', async () => {
    pool.setConcurrency(1);
    const cell = newCell();
    const promise = nests({ name: 'leaves', params: [cell, false] });
    const [before] = [warm({ name: 'nothing' })];
    assert.equal(await within(promise), 'answered');
    await within(before);
    await poolIdle();
  });
});
