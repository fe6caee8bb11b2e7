// What arrives and cannot be read at once: values nested deeper than this thread's stack, and those of which the reading
// fails. Every call settles all the same.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { define, Messenger, pool } from '../index.js';
import { native } from '../lib/native.js';
import { breakDates, deep, deepService, deepWarm, depthOf, nest } from './fixtures/deep.js';
import { fixture, poolIdle, rejection, until, within } from './helpers.js';
import { hear, nothingLeft, withService } from './service-helpers.js';

pool.setConcurrency(8);

/** More than the reader of the main thread reaches by recursion, and less than what threads write. */
const DEPTH = 6000;

/** Does something while nothing on this thread can make a Date. @template T @param {() => Promise<T>} use */
async function withoutDates(use) {
  const { Date } = globalThis;
  breakDates();
  try {
    return await use();
  } finally {
    globalThis.Date = Date;
  }
}

describe('values nested deeper than this thread’s stack', () => {
  for (const [kind, set] of /** @type {const} */ ([
    ['one-off', deep],
    ['warm', deepWarm],
  ])) {
    it(`arrive as the result of a ${kind} task`, async () => {
      assert.equal(depthOf(await within(set({ name: 'nested', params: [DEPTH] }))), DEPTH);
      await poolIdle();
    });

    it(`arrive with what a ${kind} task throws`, async () => {
      const error = /** @type {any} */ (await rejection(set({ name: 'throwsNested', params: [DEPTH] })));
      assert.equal(error.message, 'deep');
      assert.equal(depthOf(error.nested), DEPTH);
    });
  }

  it('arrive as results, messages and thrown errors of a service', () =>
    withService(deepService, undefined, async (service) => {
      const heard = hear(service);
      await within(service.call({ name: 'sendsNested', params: [DEPTH] }));
      await until(() => heard.length === 1);
      assert.equal(depthOf(heard[0]), DEPTH);
      assert.equal(depthOf(await within(service.call({ name: 'nested', params: [DEPTH] }))), DEPTH);
      const error = /** @type {any} */ (await rejection(service.call({ name: 'throwsNested', params: [DEPTH] })));
      assert.equal(depthOf(error.nested), DEPTH);
      assert.equal(service.activeCalls, 0);
    }));

  it('arrive at a service whose stack is small', () =>
    withService(deepService, { options: { resourceLimits: { stackSizeMb: 0.5 } } }, async (service) => {
      assert.equal(await within(service.call({ name: 'depth', params: [nest(1500)] })), 1500);
    }));

  it('that are too deep for the writer are refused as by structuredClone, and nothing is shifted', async () => {
    const messenger = new Messenger();
    const value = nest(1_000_000);
    assert.throws(() => structuredClone(value), RangeError);
    assert.throws(() => messenger.sendMessage(value), RangeError);
    assert.ok((await rejection(deepWarm({ name: 'depth', params: [value] }))) instanceof RangeError);
    assert.equal(await within(deepWarm({ name: 'depth', params: [nest(3)] })), 3);
    messenger.close();
  });
});

describe('a value that cannot be read', () => {
  it('rejects the call whose parameter it is: one-off', async () => {
    // The parameters are read before the file is loaded.
    const options = { execArgv: ['--import', `data:text/javascript,(${breakDates})()`] };
    const reason = /** @type {any} */ (await rejection(deep({ name: 'takes', params: [new Date(1)], options })));
    assert.equal(reason.message, 'no dates here');
    await poolIdle();
  });

  it('rejects the call whose parameter it is: warm', async () => {
    pool.setConcurrency(1);
    try {
      await within(deepWarm({ name: 'breakDates' }));
      for (const transferList of [undefined, [new ArrayBuffer(8)]]) {
        const params = [new Date(1), transferList?.[0]];
        const reason = /** @type {any} */ (await rejection(deepWarm({ name: 'takes', params, transferList })));
        assert.equal(reason.message, 'no dates here');
        assert.equal(await within(deepWarm({ name: 'takes', params: [1] })), 'number');
      }
    } finally {
      pool.setConcurrency(8);
    }
    await poolIdle();
  });

  it('rejects the call of the warm set among whose options it is, and the next is fine', async () => {
    const options = /** @type {any} */ ({ whichNodeDoesNotKnow: new Date(1) });
    const how = /** @type {const} */ ({ identifier: 'deep warm', isolate: false, options, file: fixture('deep.js') });
    const set = await define({ takes: () => {} }, how);
    const reason = /** @type {any} */ (await withoutDates(() => rejection(set({ name: 'takes', params: [1] }))));
    assert.equal(reason.message, 'no dates here');
    await poolIdle();
    assert.equal(await within(set({ name: 'takes', params: [1] })), 'number');
    await poolIdle();
  });

  it('rejects the call whose parameter it is: a service, which goes on', () =>
    withService(deepService, undefined, async (service) => {
      await within(service.call({ name: 'breakDates' }));
      const reason = /** @type {any} */ (await rejection(service.call({ name: 'takes', params: [new Date(1)] })));
      assert.equal(reason.message, 'no dates here');
      assert.equal(await within(service.call({ name: 'takes', params: ['text'] })), 'string');
      assert.equal(service.activeCalls, 0);
    }));

  it('rejects the call whose result it is, of any kind, and the next is fine', () =>
    withService(deepService, undefined, async (service) => {
      for (const call of [deep, deepWarm, service.call.bind(service)]) {
        const reason = /** @type {any} */ (await withoutDates(() => rejection(call({ name: 'date' }))));
        assert.equal(reason.message, 'no dates here');
        assert.equal(await within(call({ name: 'takes', params: [1] })), 'number');
      }
      assert.equal(service.activeCalls, 0);
      await service.close();
      await poolIdle();
    }));

  it('of an uncaught exception of a service: its exceptionHandler hears why', async () => {
    /** @type {any[]} */
    const seen = [];
    const exceptionHandler = (/** @type {any} */ { error }) => seen.push(error);
    await withService(deepService, { exceptionHandler }, async (service) => {
      await withoutDates(async () => {
        await within(service.call({ name: 'throwsDatedLater' }));
        await until(() => seen.length === 1);
      });
      assert.equal(seen[0].message, 'no dates here');
      assert.equal(await within(service.call({ name: 'takes', params: [1] })), 'number');
    });
  });

  it('of the error that ends a stream: the stream ends, and says why', () =>
    withService(deepService, undefined, async (service) => {
      await within(service.call({ name: 'listens' }));
      const stream = await within(service.createStream({}));
      const ended = once(stream, 'error');
      await withoutDates(() => within(service.call({ name: 'destroysDated' })));
      const [error] = await within(ended);
      assert.equal(error.message, 'no dates here');
      assert.equal(stream.destroyed, true);
      await until(() => native.livingPipes() === 0);
    }));

  it('rejects the createStream whose metaData it is, and leaves no pipe behind', () =>
    withService(deepService, undefined, async (service) => {
      await within(service.call({ name: 'listens' }));
      await within(service.call({ name: 'breakDates' }));
      const reason = /** @type {any} */ (await rejection(service.createStream({ when: new Date(1) })));
      assert.equal(reason.message, 'no dates here');
      await until(() => native.livingPipes() === 0);
      const stream = await within(service.createStream({ when: 'now' }));
      stream.destroy();
      await until(() => native.livingPipes() === 0);
    }));

  it('as a message is an uncaught exception of the thread that receives it, and the next message arrives', async () => {
    /** @type {any[]} */
    const seen = [];
    const exceptionHandler = (/** @type {any} */ { error }) => seen.push(error.message);
    const messenger = new Messenger();
    await withService(deepService, { exceptionHandler }, async (service) => {
      const heard = hear(service);
      await within(service.call({ name: 'echoes', params: [messenger.ID] }));
      await within(service.call({ name: 'breakDates' }));
      for (const message of [new Date(1), 'next']) service.sendMessage(message);
      for (const message of [new Date(1), 'last']) messenger.sendMessage(message);
      await until(() => seen.length === 2 && heard.length === 2);
      assert.deepEqual(seen, ['no dates here', 'no dates here']);
      assert.deepEqual(heard, ['next', 'last']);
    });
    messenger.close();
  });
});

nothingLeft();
