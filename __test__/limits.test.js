import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Messenger, pool } from '../index.js';
import { agent, writer } from '../lib/agent.js';
import { service as services, small } from './fixtures/small-scratch.js';
import { poolIdle, rejection, runWell, urlOf, within, write } from './helpers.js';

const FITS = 255 * 1024;
const TOO_MUCH = 300 * 1024;

/** @param {any} error */
function isLimit(error) {
  assert.ok(error instanceof RangeError);
  assert.equal(/** @type {any} */ (error).code, 'ERR_NANOLITH_LIMIT');
  const numbers = error.message.match(/\d+/g)?.map(Number) ?? [];
  assert.equal(numbers.length, 2, error.message);
  assert.ok(numbers[0] >= TOO_MUCH && numbers[1] > FITS && numbers[1] < writer.most, error.message);
  return true;
}

for (const [kind, set] of Object.entries(small)) {
  describe(`more than can be sent at once: a ${kind} task`, () => {
    it('its params', async () => {
      for (const tooMuch of [[new Uint8Array(TOO_MUCH)], [new Uint8Array(FITS), new Uint8Array(FITS)]]) {
        isLimit(await rejection(set({ name: 'length', params: tooMuch })));
      }
      await poolIdle();
      assert.equal(await within(set({ name: 'length', params: [new Uint8Array(FITS)] })), FITS);
    });

    it('its result', async () => {
      isLimit(await rejection(set({ name: 'make', params: [TOO_MUCH] })));
      await poolIdle();
      assert.equal((await within(set({ name: 'make', params: [FITS] }))).length, FITS);
    });

    it('what it throws arrives without it', async () => {
      const error = await rejection(set({ name: 'fail', params: [TOO_MUCH] }));
      assert.equal(error.message, 'on purpose');
      assert.equal(error.bytes, undefined);
      assert.equal((await rejection(set({ name: 'fail', params: [FITS - 4096] }))).bytes.length, FITS - 4096);
    });
  });
}

describe('more than can be sent at once: a service', () => {
  /** @type {Awaited<ReturnType<typeof services.launchService>>} */
  let service;
  before(async () => {
    service = await within(services.launchService());
  });
  after(() => service.close());

  it('params and results of calls', async () => {
    isLimit(await rejection(service.call({ name: 'length', params: [new Uint8Array(TOO_MUCH)] })));
    isLimit(await rejection(service.call({ name: 'make', params: [TOO_MUCH] })));
    assert.equal(service.activeCalls, 0);
    assert.equal(await within(service.call({ name: 'length', params: [new Uint8Array(FITS)] })), FITS);
  });

  it('messages, both ways', async () => {
    assert.throws(() => service.sendMessage(new Uint8Array(TOO_MUCH)), isLimit);
    isLimit(await rejection(service.call({ name: 'send', params: [TOO_MUCH] })));
    const answer = within(service.waitForMessage((data) => typeof data === 'number'));
    service.sendMessage(new Uint8Array(FITS));
    assert.equal(await answer, FITS);
  });

  it('what comes with a stream', async () => {
    isLimit(await rejection(service.createStream({ bytes: new Uint8Array(TOO_MUCH) })));
  });

  it('a Messenger', () => {
    const messenger = new Messenger('limits');
    assert.throws(() => messenger.sendMessage(new Uint8Array(TOO_MUCH)), isLimit);
    messenger.sendMessage(new Uint8Array(FITS));
    messenger.close();
    assert.equal(pool.activeCount, 1);
  });
});

describe('more than 32 bits hold', () => {
  it('of a chunk: the place to go on from is not taken modulo 4 GiB', () => {
    assert.throws(() => agent.pipeWrite(0, new Uint8Array(8), 2 ** 32), /outside of the array/);
  });
});

/** Has the thread get no memory for arrays of more than a megabyte, so many times. @param {number} times */
const withoutMemory = (times) => `{
  let left = ${times};
  globalThis.Uint8Array = new Proxy(Uint8Array, {
    construct(Class, given, Target) {
      if (given[0] > 2 ** 20 && left-- > 0) throw new RangeError('Array buffer allocation failed');
      return Reflect.construct(Class, given, Target);
    },
  });
}`;

const INDEX = new URL('../index.js', import.meta.url).href;

describe('no memory for what has arrived', () => {
  const large = write(`
    import { isMainThread } from 'node:worker_threads';
    import { define, parent } from '${INDEX}';
    const Bytes = Uint8Array;
    if (!isMainThread && process.env.WITHOUT) ${withoutMemory(1)}
    export const sends = await define({
      make: (length) => new Bytes(length),
      // After the call has been answered, and the owner's loop sleeps.
      send(length) { setTimeout(() => parent.sendMessage(new Bytes(length)), 100); },
    }, { identifier: 'sends' });
    export const warm = await define({ length: (bytes) => bytes.length }, { identifier: 'warm', isolate: false });
  `);

  it('is an uncaught exception, after which the loop goes on: asleep or awake', async () => {
    const code = `
      import { sends } from '${urlOf(large)}';
      const service = await sends.launchService();
      const messages = [];
      process.on('uncaughtException', (error) => messages.push(error.message));
      const heard = new Promise((resolve) => service.onMessage(({ length }) => resolve(length)));
      ${withoutMemory(2)}
      await service.call({ name: 'send', params: [2 ** 21] });
      console.log(await heard);
      ${withoutMemory(1)}
      console.log((await service.call({ name: 'make', params: [2 ** 22] })).length);
      while (messages.length < 3) await new Promise((resolve) => setImmediate(resolve));
      console.log(messages.join());
      await service.close();`;
    const failed = 'Array buffer allocation failed';
    assert.equal(await runWell(code, { timeout: 15_000 }), `${2 ** 21}\n${2 ** 22}\n${[failed, failed, failed]}\n`);
  });

  it('fails the call whose params they are on a warm thread, which goes on', async () => {
    const code = `
      import { warm } from '${urlOf(large)}';
      console.log(await warm({ name: 'length', params: [new Uint8Array(1)] }));
      const call = () => warm({ name: 'length', params: [new Uint8Array(2 ** 21)] });
      console.log(await call().catch((error) => error.message));
      console.log(await call());`;
    const stdout = await runWell(code, { env: { WITHOUT: 'yes' }, timeout: 15_000 });
    assert.equal(stdout, `1\nArray buffer allocation failed\n${2 ** 21}\n`);
  });
});
