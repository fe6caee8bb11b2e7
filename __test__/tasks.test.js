import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel, threadId } from 'node:worker_threads';

import { pool } from '../index.js';
import { pending, pendingWarm } from './fixtures/never-settles.js';
import { odd } from './fixtures/odd-results.js';
import { tasks } from './fixtures/tasks.js';
import { warm } from './fixtures/warm.js';
import {
  arrivals,
  fixtureUrl,
  INDEX,
  newCell,
  poolIdle,
  rejection,
  runWell,
  threadsGone,
  until,
  within,
} from './helpers.js';

const both = /** @type {const} */ ([
  ['one-off', tasks],
  ['warm', warm],
]);

for (const [kind, set] of both) {
  describe(`a ${kind} task`, () => {
    it('runs on another thread', async () => {
      assert.equal(await within(set({ name: 'isMain' })), false);
      assert.notEqual(await within(set({ name: 'thread' })), threadId);
    });

    it('resolves with what the function returns, sync or async', async () => {
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
      assert.equal(await within(set({ name: 'addLater', params: [1, 2] })), 3);
      assert.equal(await within(set({ name: 'nothing' })), undefined);
    });

    it('takes no params for an empty list', async () => {
      assert.deepEqual(await within(set({ name: 'echo' })), []);
      assert.deepEqual(await within(set({ name: 'echo', params: [] })), []);
    });

    it('carries what structured clone carries, both ways', async () => {
      const circle = { name: 'circle', self: /** @type {unknown} */ (undefined) };
      circle.self = circle;
      const params = [
        undefined,
        null,
        -0,
        10n ** 30n,
        'é\ud800',
        new Date(5),
        /x/gi,
        new Map([[{ a: 1 }, new Set([1])]]),
        new Float64Array([1.5, NaN]),
        Buffer.from('bytes'),
        new Error('an error as a value'),
        circle,
        [1, , 3],
      ];
      const results = await within(set({ name: 'echo', params }));
      assert.deepEqual(results, structuredClone(params));
    });

    it('carries a large value', async () => {
      const text = 'x'.repeat(5_000_000);
      const [back] = await within(set({ name: 'echo', params: [text] }));
      assert.equal(back.length, text.length);
      const bytes = await within(set({ name: 'bytes', params: [20_000_000] }));
      assert.equal(bytes.length, 20_000_000);
      assert.equal(bytes[19_999_999], 7);
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });

    it('has what it was given as it was at the call', async () => {
      const value = { at: 'the call' };
      const promise = set({ name: 'echo', params: [value] });
      value.at = 'later';
      assert.deepEqual(await within(promise), [{ at: 'the call' }]);
    });

    it('returns a promise of the caller’s realm', () => {
      const promise = set({ name: 'nothing' });
      assert.ok(promise instanceof Promise);
      return within(promise);
    });

    it('R4: an argument that cannot be cloned is a DataCloneError; counts are restored, the next call is fine', async () => {
      await poolIdle();
      for (const wrong of [() => {}, Symbol('s'), Promise.resolve(), new WeakMap()]) {
        const promise = set({ name: 'echo', params: [{ wrong }] });
        assert.equal(pool.activeCount, 0);
        assert.equal(pool.queueLength, 0);
        const error = await rejection(promise);
        assert.equal(error.name, 'DataCloneError');
        assert.ok(error instanceof DOMException);
        assert.equal(error.code, 25);
      }
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });

    it('R4: a result that cannot be cloned is a DataCloneError; counts are restored, the next call is fine', async () => {
      for (const name of /** @type {const} */ (['returnsFunction', 'returnsPromiseOfSymbol'])) {
        const error = await rejection(kind === 'warm' ? odd.warm({ name }) : odd.isolated({ name }));
        assert.equal(error.name, 'DataCloneError');
        assert.ok(error instanceof DOMException);
        assert.equal(pool.activeCount, 0);
      }
      assert.equal(await within(set({ name: 'add', params: [1, 2] })), 3);
    });

    it('a getter of the params that throws rejects with what it threw', async () => {
      const thrown = new Error('from a getter');
      const params = [
        {
          get bad() {
            throw thrown;
          },
        },
      ];
      assert.equal(await rejection(set({ name: 'echo', params })), thrown);
      assert.equal(pool.activeCount, 0);
    });

    it('a getter of the params that calls a task itself is no trouble', async () => {
      /** @type {Promise<unknown> | undefined} */
      let inner;
      const params = [
        {
          get nested() {
            inner = set({ name: 'add', params: [20, 2] });
            return 'read';
          },
        },
        'after',
      ];
      assert.deepEqual(await within(set({ name: 'echo', params })), [{ nested: 'read' }, 'after']);
      assert.equal(await within(/** @type {Promise<unknown>} */ (inner)), 22);
    });

    it('keeps its thread alive while it runs, though only an unreffed handle is pending', async () => {
      const call = { name: /** @type {const} */ ('waitsUnreffed'), params: /** @type {[number]} */ ([30]) };
      assert.equal(await within(kind === 'warm' ? odd.warm(call) : odd.isolated(call)), 'waited');
    });

    it('resolves with what a thenable resolves with', async () => {
      for (const name of /** @type {const} */ (['returnsThenable', 'returnsThenableFunction'])) {
        assert.equal(await within(kind === 'warm' ? odd.warm({ name }) : odd.isolated({ name })), 'then');
      }
    });

    it('shares a SharedArrayBuffer', async () => {
      const shared = new SharedArrayBuffer(8);
      const view = new Int32Array(shared);
      const results = await within(Promise.all([1, 2, 3].map(() => set({ name: 'increment', params: [shared] }))));
      assert.deepEqual(results.sort(), [0, 1, 2]);
      assert.equal(view[0], 3);
    });

    it('returns a SharedArrayBuffer', async () => {
      const shared = new SharedArrayBuffer(4);
      const [back] = await within(set({ name: 'echo', params: [shared] }));
      new Int32Array(back)[0] = 5;
      assert.equal(new Int32Array(shared)[0], 5);
    });

    it('transferList moves what it lists', async () => {
      const buffer = new Uint8Array([1, 2, 3]).buffer;
      const promise = set({ name: 'echo', params: [buffer], transferList: [buffer] });
      assert.equal(buffer.byteLength, 0);
      const [back] = await within(promise);
      assert.deepEqual(new Uint8Array(back), new Uint8Array([1, 2, 3]));
    });

    it('transferList moves a port, which works from there', async () => {
      const { port1, port2 } = new MessageChannel();
      const heard = new Promise((resolve) => port1.once('message', resolve));
      const call = { name: /** @type {const} */ ('post'), params: /** @type {[any, any]} */ ([port2, 'hello']) };
      const options = { transferList: [port2] };
      await within(kind === 'warm' ? odd.warm({ ...call, ...options }) : odd.isolated({ ...call, ...options }));
      assert.equal(await within(heard), 'hello');
      port1.close();
    });

    it('a transferList with what cannot be transferred rejects with what Node says', async () => {
      const { port1, port2 } = new MessageChannel();
      const twice = set({ name: 'echo', params: [port2], transferList: [port2, port2] });
      assert.equal((await rejection(twice)).name, 'DataCloneError');
      // A TypeError on Node 20, a DataCloneError later.
      const transferList = /** @type {any} */ ([{}]);
      const nodes = await rejection((async () => port1.postMessage(1, transferList))());
      const ours = await rejection(set({ name: 'echo', transferList }));
      assert.deepEqual([ours.name, ours.message, ours.code], [nodes.name, nodes.message, nodes.code]);
      assert.equal(pool.activeCount, 0);
      port1.close();
    });

    it('a port that is not in the transferList is a DataCloneError', async () => {
      const { port1, port2 } = new MessageChannel();
      const error = await rejection(set({ name: 'echo', params: [port2] }));
      assert.ok(error.name === 'DataCloneError' || error.code === 'ERR_MISSING_TRANSFERABLE_IN_TRANSFER_LIST', error);
      assert.equal(pool.activeCount, 0);
      port1.close();
    });

    it('never throws synchronously; what is wrong with the call rejects at once, before a thread is taken', async () => {
      const wrong = [
        undefined,
        null,
        3,
        'add',
        {},
        { name: 3 },
        { name: 'add', params: 'ab' },
        { name: 'add', params: { length: 1 } },
        { name: 'add', priority: 1 },
        { name: 'add', reffed: 'no' },
        { name: 'add', signal: {} },
        { name: 'add', transferList: {} },
        { name: 'add', messengers: {} },
        { name: 'add', options: 3 },
      ];
      for (const call of wrong) {
        const promise = set(/** @type {any} */ (call));
        assert.equal(pool.activeCount + pool.queueLength, 0);
        const error = await rejection(promise);
        assert.ok(error instanceof TypeError, String(call));
        assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      }
      const unknown = set(/** @type {any} */ ({ name: 'missing' }));
      assert.equal(pool.activeCount + pool.queueLength, 0);
      assert.equal((await rejection(unknown)).code, 'ERR_NANOLITH_UNKNOWN_TASK');
    });

    it('a getter of the call that throws rejects', async () => {
      const thrown = new Error('getter of the call');
      const call = {
        get name() {
          throw thrown;
        },
      };
      assert.equal(await rejection(set(/** @type {any} */ (call))), thrown);
    });
  });
}

describe('isolation', () => {
  it('a one-off task has fresh module state', async () => {
    const counts = [1, 2, 3].map(() => tasks({ name: 'counted' }));
    assert.deepEqual(await within(Promise.all(counts)), [1, 1, 1]);
  });

  it('its thread ends after the task, and none is left behind', async () => {
    await within(Promise.all(Array.from({ length: 6 }, () => tasks({ name: 'nothing' }))));
    await threadsGone();
  });

  it('ends its thread whatever is still pending in it', async () => {
    const cell = newCell();
    assert.equal(await within(pending({ name: 'leavesTimer', params: [cell] })), 'answered');
    await threadsGone();
    const ticks = arrivals(cell);
    await within(tasks({ name: 'nothing' }));
    assert.equal(arrivals(cell), ticks);
  });

  it('has a slot that is free when its promise settles', async () => {
    await poolIdle();
    for (let round = 0; round < 5; round += 1) {
      const promise = tasks({ name: 'nothing' });
      assert.equal(pool.activeCount, 1);
      await within(promise);
      assert.equal(pool.activeCount, 0);
      const failing = tasks({ name: 'fail', params: ['on purpose'] });
      await rejection(failing);
      assert.equal(pool.activeCount, 0);
    }
  });

  it('a task that never settles stays, its thread alive though nothing is pending there, until it is aborted', async () => {
    for (const set of [pending, pendingWarm]) {
      const cell = newCell();
      const controller = new AbortController();
      let settled = false;
      const promise = set({ name: 'pend', params: [cell], signal: controller.signal }).finally(() => {
        settled = true;
      });
      promise.catch(() => {});
      await until(() => arrivals(cell) === 1);
      // A whole other task in the meantime.
      await within(tasks({ name: 'nothing' }));
      assert.equal(settled, false);
      assert.equal(pool.activeCount, 1);
      controller.abort(new Error('enough'));
      assert.equal((await rejection(promise)).message, 'enough');
      await poolIdle();
    }
  });

  it('R14: every task runs exactly once, also when neighbours exit', async () => {
    const cells = Array.from({ length: 40 }, newCell);
    const controller = new AbortController();
    const stop = newCell();
    const spinning = warm({ name: 'spin', params: [stop], signal: controller.signal });
    const calls = cells.map((cell) => warm({ name: 'tick', params: [cell] }));
    await until(() => arrivals(stop) === 1);
    controller.abort();
    await rejection(spinning);
    await within(Promise.all(calls));
    assert.deepEqual(
      cells.map(arrivals),
      cells.map(() => 1),
    );
  });

  it('has results with the right keys, however many key lists the process has seen', async () => {
    // In a process of its own, whose table is full afterwards: 32,768 texts.
    const code = `
      import { Messenger } from '${INDEX}';
      import { columns } from '${fixtureUrl('makes-up-keys.js')}';
      const messenger = new Messenger('takes the first key list');
      for (let i = 0; i < 2; i++) messenger.sendMessage({ first: i });
      for (let call = 0; call < 10; call++) {
        const rows = await columns({ name: 'rows', params: [call] });
        const wrong = rows.findIndex((row, at) => JSON.stringify(row) !== JSON.stringify({ ['c' + call + '_' + (at >> 1)]: at }));
        if (wrong >= 0) throw new Error('call ' + call + ', row ' + wrong + ': ' + JSON.stringify(rows[wrong]));
      }
      console.log('right');`;
    assert.equal(await runWell(code), 'right\n');
  });
});
