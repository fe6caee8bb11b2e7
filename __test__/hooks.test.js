import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { pool } from '../index.js';
import { hooked, hookedWarm } from './fixtures/hooks.js';
import { sends } from './fixtures/shared-results.js';
import { poolIdle, rejection, within } from './helpers.js';

const both = /** @type {const} */ ([
  ['one-off', hooked],
  ['warm', hookedWarm],
]);

for (const [kind, set] of both) {
  describe(`the hooks of a ${kind} task`, () => {
    // One warm thread, so that each call meets what the last one left.
    before(() => pool.setConcurrency(1));
    after(() => pool.setConcurrency('x1'));

    /** The hooks that ran in a call, which leaves them in shared memory. @param {Record<string, any>} how */
    async function traceOf(how) {
      const memory = new SharedArrayBuffer(4096);
      process.env.NANOLITH_TEST_BEFORE = how.before ?? '';
      const outcome = await within(
        set({ name: 'task', params: [memory, how] }).then(
          (value) => ({ value }),
          (error) => ({ error }),
        ),
      );
      const text = Buffer.from(new Uint8Array(memory)).toString('utf8').replaceAll('\0', '');
      return {
        ...outcome,
        trace: text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line)),
      };
    }

    it('run before and after it, awaited, with (threadID, { name, inService })', async () => {
      const { value, trace } = await traceOf({});
      const { threadId } = /** @type {any} */ (value);
      assert.deepEqual(trace, [
        ['before', 'object', threadId, { name: 'task', inService: false }],
        ['task'],
        ['after', threadId, { name: 'task', inService: false }],
      ]);
    });

    it('the after hook runs also when the task threw, and the result is delivered after it', async () => {
      const { error, trace } = await traceOf({ task: 'throws' });
      assert.equal(error.message, 'from the task');
      assert.deepEqual(
        trace.map(([what]) => what),
        ['before', 'task', 'after'],
      );
    });

    it('a before hook that throws rejects the call, and the task does not run', async () => {
      const { error, trace } = await traceOf({ before: 'throws' });
      assert.equal(error.message, 'from the before hook');
      assert.ok(!trace.some(([what]) => what === 'task'));
    });

    it('an after hook that throws rejects the call', async () => {
      const { error } = await traceOf({ after: 'throws' });
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, 'from the after hook');
      assert.equal(pool.activeCount, 0);
    });

    it('the task’s own error wins over the after hook’s', async () => {
      const { error } = await traceOf({ task: 'throws', after: 'throws' });
      assert.equal(error.message, 'from the task');
    });

    it('the result is encoded when the task settles: what the after hook changes is not seen', async () => {
      const { value } = await traceOf({ after: 'changes' });
      assert.equal(/** @type {any} */ (value).state, 'as returned');
    });

    it('R4: a result that cannot be cloned runs the after hook too', async () => {
      const { error, trace } = await traceOf({ task: 'unclonable' });
      assert.equal(error.name, 'DataCloneError');
      assert.deepEqual(
        trace.map(([what]) => what),
        ['before', 'task', 'after'],
      );
    });

    it('an after hook that throws on a result with shared memory does not disturb the next one', async () => {
      const first = await traceOf({ task: 'shares', after: 'throws' });
      assert.equal(first.error.message, 'from the after hook');
      for (const mark of [1, 2, 3]) {
        const { value } = await traceOf({ task: 'shares', mark });
        assert.equal(new Int32Array(/** @type {any} */ (value).shared)[0], mark);
      }
    });

    it('a hook that exits rejects with the exit', async () => {
      for (const hook of ['before', 'after']) {
        const { error } = await traceOf({ [hook]: 'exits' });
        assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
        assert.equal(error.exitCode, 4);
      }
      await poolIdle();
    });

    it('an abort while a hook runs ends its thread', async () => {
      const controller = new AbortController();
      const memory = new SharedArrayBuffer(4096);
      const params = /** @type {[SharedArrayBuffer, object]} */ ([memory, { after: 'pends' }]);
      const promise = set({ name: 'task', params, signal: controller.signal });
      const bytes = new Int32Array(memory);
      while (!Buffer.from(new Uint8Array(memory)).includes('"after"')) {
        await within(new Promise((resolve) => setTimeout(resolve, 2)));
      }
      assert.notEqual(bytes[0], 0);
      controller.abort(new Error('enough'));
      assert.equal((await rejection(promise)).message, 'enough');
      await poolIdle();
    });
  });
}

for (const [kind, set] of /** @type {const} */ ([
  ['one-off', sends.isolated],
  ['warm', sends.warm],
])) {
  it(`shared memory that the after hook of a ${kind} task sends is not taken for the result’s`, async () => {
    for (const mark of [1, 2]) assert.equal((await within(set({ name: 'share', params: [mark] })))[0], mark);
    await poolIdle();
  });
}
