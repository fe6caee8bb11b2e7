import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { SHARE_ENV } from 'node:worker_threads';

import { define, pool } from '../index.js';
import { native } from '../lib/native.js';
import { blockForArrivals } from './fixtures/barrier.js';
import { asks } from './fixtures/calls-warm-sets.js';
import { exitsWarm } from './fixtures/exits.js';
import { handedOver, lostMayBeMore, lostOneEnds, overdue } from './fixtures/leftovers.js';
import { tasks } from './fixtures/tasks.js';
import { warm } from './fixtures/warm.js';
import { alsoPlain, beats, ordered, plain, warmOptions } from './fixtures/warm-sets.js';
import {
  arrivals,
  fixture,
  living,
  newCell,
  open,
  poolIdle,
  rejection,
  threadsGone,
  until,
  within,
} from './helpers.js';

/** What a thread sees whose set has these options. @param {any} options */
async function describedWith(options) {
  const set = await define(
    { describe: () => /** @type {any} */ ({}) },
    { identifier: 'warm options', isolate: false, safeMode: false, options, file: fixture('warm-sets.js') },
  );
  return set({ name: 'describe' });
}

describe('isolate: false', () => {
  before(() => pool.setConcurrency(2));
  after(() => pool.setConcurrency('x1'));
  beforeEach(poolIdle);

  it('keeps a set’s threads and their module state', async () => {
    pool.setConcurrency(1);
    const first = await within(warm({ name: 'counted' }));
    const thread = await within(warm({ name: 'thread' }));
    assert.equal(await within(warm({ name: 'counted' })), first + 1);
    assert.equal(await within(warm({ name: 'thread' })), thread);
    pool.setConcurrency(2);
  });

  it('runs one task at a time on each thread, as many threads as there are slots', async () => {
    const cell = newCell();
    const ids = await within(Promise.all([1, 2].map(() => warm({ name: 'meet', params: [cell, 2] }))));
    assert.equal(new Set(ids).size, 2);
    const gates = [newCell(), newCell()];
    const held = gates.map((gate) => warm({ name: 'gateLater', params: [gate, gate] }));
    await until(() => gates.every((gate) => arrivals(gate) === 1));
    const third = newCell();
    const waiting = warm({ name: 'tick', params: [third] });
    assert.equal(pool.queueLength, 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(arrivals(third), 0, 'though both threads only await');
    open(gates[0]);
    await within(waiting);
    open(gates[1]);
    assert.deepEqual(await within(Promise.all(held)), gates);
  });

  it('an idle warm thread is not active', async () => {
    await within(warm({ name: 'nothing' }));
    assert.equal(pool.activeCount, 0);
    assert.ok(pool.idle);
  });

  it('R12: first in, first out', async () => {
    pool.setConcurrency(1);
    const cell = newCell();
    const gate = warm({ name: 'gate', params: [cell] });
    /** @type {number[]} */
    const order = [];
    const calls = Array.from({ length: 50 }, (_, at) =>
      warm({ name: 'echo', params: [at] }).then(() => order.push(at)),
    );
    open(cell);
    await within(Promise.all([gate, ...calls]));
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    pool.setConcurrency(2);
  });

  it('priority goes to the very front, the latest first', async () => {
    pool.setConcurrency(1);
    const cell = newCell();
    const gate = warm({ name: 'gate', params: [cell] });
    /** @type {string[]} */
    const order = [];
    const calls = ['a', 'b', 'P', 'Q'].map((name) =>
      warm({ name: 'nothing', priority: name < 'a' }).then(() => order.push(name)),
    );
    open(cell);
    await within(Promise.all([gate, ...calls]));
    assert.deepEqual(order, ['Q', 'P', 'a', 'b']);
    pool.setConcurrency(2);
  });

  it('goes on while the main thread is blocked', async () => {
    const ids = newCell();
    await within(Promise.all([1, 2].map(() => warm({ name: 'meet', params: [ids, 2] }))));
    const done = newCell();
    const calls = Array.from({ length: 100 }, () => warm({ name: 'tick', params: [done] }));
    blockForArrivals(done, 100);
    assert.equal(arrivals(done), 100);
    await within(Promise.all(calls));
  });

  it('a burst of calls answers each with its own result', async () => {
    const calls = Array.from({ length: 20_000 }, (_, at) =>
      warm({ name: at % 2 ? 'add' : 'addLater', params: [at, 1] }),
    );
    const sums = await within(Promise.all(calls));
    assert.ok(sums.every((sum, at) => sum === at + 1));
  });

  it('many tasks in a row leave the event loop of their thread its turns', async () => {
    pool.setConcurrency(1);
    for (const name of /** @type {const} */ (['sync', 'async'])) {
      // All of it is queued before the first of it runs, so that the queue never runs dry.
      const cell = newCell();
      const started = beats({ name: 'start', params: [cell] });
      const before = beats({ name: 'turns' });
      const calls = Array.from({ length: 50_000 }, () => beats({ name }));
      const after = beats({ name: 'turns' });
      open(cell);
      await within(Promise.all([started, ...calls]));
      assert.ok((await after) - (await before) >= 3, name);
    }
    await within(beats({ name: 'stop' }));
    pool.setConcurrency(2);
  });

  it('R14: a thread that exits rejects only its own task, is replaced, and nothing runs twice', async () => {
    const cells = Array.from({ length: 60 }, newCell);
    const calls = cells.map((cell, at) =>
      at % 10 === 5 ? exitsWarm({ name: 'exit', params: [1] }) : exitsWarm({ name: 'tickThenFine', params: [cell] }),
    );
    const outcomes = await within(Promise.allSettled(calls));
    for (const [at, outcome] of outcomes.entries()) {
      assert.equal(outcome.status, at % 10 === 5 ? 'rejected' : 'fulfilled', String(at));
      assert.equal(arrivals(cells[at]), at % 10 === 5 ? 0 : 1);
    }
    await poolIdle();
  });

  it('R6: an exception of an idle thread, of what a task left behind, harms nobody', async () => {
    for (let round = 0; round < 3; round += 1) {
      const cell = newCell();
      await within(exitsWarm({ name: 'throwsAfterwards', params: [cell] }));
      await until(() => arrivals(cell) === 1);
      await threadsGone();
      await until(async () => (await exitsWarm({ name: 'fine' }).catch(() => '')) === 'fine');
    }
    assert.ok(pool.idle);
  });

  it('a task goes to another idle thread when the one that is woken for it is kept by what a task left behind', async () => {
    const [cell, blocked] = [newCell(), newCell()];
    await within(Promise.all([1, 2].map(() => warm({ name: 'meet', params: [cell, 2] }))));
    // The thread that became idle last is woken first.
    await within(warm({ name: 'blockAfterwards', params: [blocked] }));
    await until(() => arrivals(blocked) === 1);
    for (let sum = 0; sum < 3; sum += 1) assert.equal(await within(warm({ name: 'add', params: [sum, 0] })), sum);
    open(blocked);
    assert.equal(await within(warm({ name: 'add', params: [1, 2] })), 3);
  });

  it('another thread is started when what a task left behind keeps the only one', async () => {
    pool.setConcurrency(1);
    await poolIdle();
    const cell = newCell();
    await within(warm({ name: 'blockAfterwards', params: [cell] }));
    await until(() => arrivals(cell) === 1);
    assert.equal(await within(warm({ name: 'add', params: [1, 2] })), 3);
    open(cell);
    await threadsGone();
    assert.ok(native.poolCounts(1).ready <= 1, 'and one of them is given up');
    pool.setConcurrency(2);
  });

  it('what a task leaves behind takes along no task that follows it, whether it exits, throws or keeps the thread', async () => {
    pool.setConcurrency(1);
    await poolIdle();
    for (const how of ['exits', 'throws']) {
      const cells = Array.from({ length: 3 }, newCell);
      const calls = [overdue({ name: 'runsLongAndEnds', params: [how] })];
      for (const cell of cells) calls.push(overdue({ name: 'tick', params: [cell] }));
      assert.deepEqual(await within(Promise.all(calls)), [undefined, 'ran', 'ran', 'ran'], how);
      assert.deepEqual(cells.map(arrivals), [1, 1, 1]);
    }
    const blocked = newCell();
    const calls = [
      overdue({ name: 'runsLongAndBlocks', params: [blocked] }),
      overdue({ name: 'tick', params: [newCell()] }),
    ];
    assert.deepEqual(await within(Promise.all(calls)), [undefined, 'ran']);
    assert.equal(arrivals(blocked), 1, 'and the barrier is still shut');
    open(blocked);
    pool.setConcurrency(2);
  });

  it('what a task leaves behind takes along no task whose host values are still with its caller', async () => {
    pool.setConcurrency(1);
    for (const how of ['exits', 'throws']) {
      await within(handedOver({ name: 'tick', params: [newCell()] }));
      await threadsGone();
      const counts = new Int32Array(new SharedArrayBuffer(4));
      const [before, end] = [living(), Date.now() + 20_000];
      const calls = [handedOver({ name: 'ends', params: [how] }), handedOver({ name: 'count', params: [counts] })];
      // This thread is busy until the one that asks it for the values has ended.
      while (living() === before && Date.now() < end) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      assert.equal(living(), before - 1);
      assert.deepEqual(await within(Promise.all(calls)), [undefined, 'ran'], how);
      assert.equal(counts[0], 1);
    }
    pool.setConcurrency(2);
  });

  it('another thread is started when one of those that are kept so ends, or the limit is raised', async () => {
    for (const set of [lostOneEnds, lostMayBeMore]) {
      pool.setConcurrency(1);
      await poolIdle();
      const cells = [newCell(), newCell()];
      for (const cell of cells) {
        await within(set({ name: 'blocks', params: [cell, set === lostOneEnds] }));
        await until(() => arrivals(cell) === 1);
      }
      const third = set({ name: 'tick', params: [newCell()] });
      const early = await Promise.race([third, new Promise((resolve) => setTimeout(resolve, 1_500, 'waits'))]);
      assert.equal(early, 'waits', 'as many have been replaced as there are slots');
      if (set === lostOneEnds) open(cells[0]);
      else pool.setConcurrency(2);
      assert.equal(await within(third), 'ran');
      for (const cell of cells) open(cell);
      await threadsGone();
    }
    pool.setConcurrency(2);
  });

  it('a thread that is kept by what a task left behind is ended when the task that waits for it is aborted', async () => {
    pool.setConcurrency(1);
    await poolIdle();
    const cell = newCell();
    await within(warm({ name: 'blockAfterwards', params: [cell] }));
    await until(() => arrivals(cell) === 1);
    const signal = AbortSignal.timeout(200);
    assert.equal((await rejection(warm({ name: 'nothing', signal }))).name, 'TimeoutError');
    assert.equal(await within(warm({ name: 'add', params: [1, 2] })), 3);
    await threadsGone();
    pool.setConcurrency(2);
  });

  it('R12: gives up its slot between tasks to an older item', async () => {
    pool.setConcurrency(1);
    const cell = newCell();
    /** @type {string[]} */
    const order = [];
    const gate = warm({ name: 'gate', params: [cell] });
    const older = tasks({ name: 'nothing' }).then(() => order.push('one-off'));
    const younger = warm({ name: 'nothing' }).then(() => order.push('warm'));
    open(cell);
    await within(Promise.all([gate, older, younger]));
    assert.deepEqual(order, ['one-off', 'warm']);
    pool.setConcurrency(2);
  });

  it('has one set for what one define() says, whoever calls it first, and after which others', async () => {
    // Room for three idle threads, and one that asks.
    pool.setConcurrency(4);
    const sets = { plain, alsoPlain, ordered };
    /** @type {Record<string, number>} */
    const threads = {};
    for (const [name, set] of Object.entries(sets)) threads[name] = await within(set({ name: 'thread' }));
    for (const names of [
      ['plain', 'alsoPlain', 'ordered'],
      ['alsoPlain', 'plain'],
      ['ordered', 'alsoPlain'],
    ]) {
      const asked = /** @type {(keyof typeof sets)[]} */ (names);
      assert.deepEqual(
        await within(asks({ name: 'threads', params: [asked] })),
        asked.map((name) => threads[name]),
      );
    }
    pool.setConcurrency(2);
  });

  it('WorkerOptions go to define', async () => {
    const { argv, env, name, limits, execArgv } = await within(warmOptions({ name: 'describe' }));
    assert.deepEqual(argv.slice(-2), ['one', '2']);
    assert.deepEqual(env, { ONLY: 'this' });
    assert.equal(limits.maxOldGenerationSizeMb, 64);
    assert.deepEqual(execArgv, ['--no-warnings']);
    if (name !== undefined) assert.equal(name, 'mine');
  });

  it('an env of theirs that is none is the process’s own, and one that Node refuses rejects', async () => {
    const seenWith = async (/** @type {any} */ env) => (await describedWith({ env })).env;
    for (const env of [undefined, null, SHARE_ENV]) assert.deepEqual(await within(seenWith(env)), { ...process.env });
    for (const env of [3, 'text']) assert.equal((await rejection(seenWith(env))).code, 'ERR_INVALID_ARG_TYPE');
    await poolIdle();
  });

  it('an argv of theirs arrives as strings, made where it was given', async () => {
    const { argv } = await within(describedWith({ argv: [new URL('file:///a/b'), Symbol('c'), () => 1] }));
    assert.deepEqual(argv.slice(-3), ['file:///a/b', 'Symbol(c)', '() => 1']);
    assert.equal((await rejection(describedWith({ argv: 'text' }))).code, 'ERR_INVALID_ARG_TYPE');
    await poolIdle();
  });

  it('a per-call options is a TypeError', async () => {
    for (const options of [{}, { env: {} }]) {
      const error = await rejection(warm(/** @type {any} */ ({ name: 'nothing', options })));
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      assert.match(error.message, /options/);
    }
  });

  it('options that no Worker takes reject every call with what Node says, and start nothing', async () => {
    const options = { execArgv: ['--no-such-flag-of-node'] };
    const how = /** @type {const} */ ({ identifier: 'bad options', isolate: false, safeMode: false });
    const set = await define({ task: () => 1 }, { ...how, options, file: fixture('warm.js') });
    const calls = Array.from({ length: 5 }, () => set({ name: 'task' }));
    for (const outcome of await within(Promise.allSettled(calls))) {
      assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'ERR_WORKER_INVALID_EXEC_ARGV');
    }
    await poolIdle();
  });

  it('R13: aborts, exits and new work at the moment when threads become idle', async () => {
    const calls = Array.from({ length: 300 }, (_, at) => {
      const controller = new AbortController();
      const call = { signal: controller.signal };
      const promise =
        at % 29 === 3
          ? exitsWarm({ name: 'exit', params: [1], ...call })
          : warm({ name: 'add', params: [at, 0], ...call });
      if (at % 7 === 0) setImmediate(() => controller.abort());
      return promise.then(
        (value) => assert.equal(value, at),
        (error) => assert.ok(at % 29 === 3 || error.name === 'AbortError', error),
      );
    });
    await within(Promise.all(calls), 60_000);
    await poolIdle();
    assert.equal(await within(warm({ name: 'add', params: [1, 2] })), 3);
  });
});
