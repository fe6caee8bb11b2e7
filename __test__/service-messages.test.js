import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

import { Messenger, pool } from '../index.js';
import { doing, initialized } from './fixtures/initializers.js';
import { serving } from './fixtures/service-tasks.js';
import { arrivals, newCell, open, rejection, uncaughts, until, within } from './helpers.js';
import { hear, listenersOf, nothingLeft, stateOf, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 6 };
const upTo = (/** @type {number} */ count) => Array.from({ length: count }, (_, number) => number);

describe('messages between a service and its owner', all, () => {
  it('arrive in the order sent, whatever their size or kind, both ways', () =>
    withService(serving, undefined, async (service) => {
      await within(service.call({ name: 'sendBack' }));
      const heard = hear(service);
      const shared = new SharedArrayBuffer(4);
      const sent = upTo(400).map((at) => {
        if (at % 50 === 0) return { at, ballast: 'x'.repeat(100_000) };
        if (at % 7 === 0) return { at, shared };
        return at % 3 === 0 ? { at, map: new Map([[at, at]]) } : { at };
      });
      for (const message of sent) service.sendMessage(message);
      await until(() => heard.length === sent.length);
      assert.deepEqual(
        heard.map(({ at }) => at),
        upTo(400),
      );
      assert.ok(heard[7].shared instanceof SharedArrayBuffer);
    }));

  it('keep one order with calls and replies', () =>
    withService(serving, undefined, async (service) => {
      /** @type {unknown[]} */
      const order = [];
      service.onMessage((/** @type {unknown} */ data) => order.push(data));
      const first = service.call({ name: 'send', params: [1, 2] }).then(() => order.push('first'));
      const second = service.call({ name: 'sendThenAnswerLater', params: [3] }).then(() => order.push('second'));
      await within(Promise.all([first, second]));
      // Its task ran on before the first answer was read, or after.
      const [answered] = order.splice(order.indexOf('first'), 1);
      assert.equal(answered, 'first');
      assert.deepEqual(order, [1, 2, 0, 1, 2, 'last', 'second']);
    }));

  it('a failed call settles before one that was answered later', () =>
    withService(serving, undefined, async (service) => {
      /** @type {string[]} */
      const order = [];
      const failed = service.call({ name: 'fail', params: ['error'] }).catch(() => order.push('failed'));
      const answered = service.call({ name: 'add', params: [1, 2] }).then(() => order.push('answered'));
      await within(Promise.all([failed, answered]));
      assert.deepEqual(order, ['failed', 'answered']);
    }));

  it('what awaits one message hears the next, though both have arrived', () =>
    withService(serving, undefined, async (service) => {
      for (let round = 0; round < 20; round += 1) {
        await within(service.call({ name: 'sendLater', params: [1, 2, 3] }));
        const heard = [];
        while (heard.length < 3) heard.push(await within(service.waitForMessage(() => true)));
        assert.deepEqual(heard, [1, 2, 3]);
      }
    }));

  it('what awaits an answer hears the message that was sent after it, though both have arrived', () =>
    withService(serving, undefined, async (service) => {
      for (let round = 0; round < 20; round += 1) {
        const sent = service.call({ name: 'sendLater', params: [round] });
        busy(10);
        await sent;
        assert.equal(await within(service.waitForMessage(() => true)), round);
      }
    }));

  it('a task that awaits one message hears the next', () =>
    withService(serving, undefined, async (service) => {
      for (let round = 0; round < 20; round += 1) {
        const heard = service.call({ name: 'waitForSeveral', params: [3] });
        for (const message of [1, 2, 3]) service.sendMessage(message);
        assert.deepEqual(await within(heard), [1, 2, 3]);
      }
    }));

  it('a listener that a message’s continuation adds hears the next', () =>
    withService(serving, undefined, async (service) => {
      const heard = service.waitForMessage(() => true).then(() => hear(service));
      await within(service.call({ name: 'send', params: [1, 2, 3] }));
      assert.deepEqual(await heard, [2, 3]);
    }));

  it('calls go on in between: the event loop has its turns', () =>
    withService(serving, undefined, async (service) => {
      let turns = 0;
      const timer = setInterval(() => {
        turns += 1;
      });
      service.onMessage(() => busy(1));
      await within(service.call({ name: 'send', params: upTo(200) }));
      clearInterval(timer);
      assert.ok(turns >= 10, `${turns} turns in 200 ms`);
    }));

  it('a message that a task sent before its reply is dispatched before the call resolves', () =>
    withService(serving, undefined, async (service) => {
      const heard = hear(service);
      for (let round = 0; round < 50; round += 1) {
        heard.length = 0;
        await within(service.call({ name: 'send', params: [round, 'x'.repeat(round * 1000)] }));
        assert.deepEqual(heard, [round, 'x'.repeat(round * 1000)]);
      }
    }));

  it('a message that the owner sent before a call is heard before the task runs', () =>
    withService(serving, undefined, async (service) => {
      await within(service.call({ name: 'collect' }));
      service.sendMessage('first');
      service.call({ name: 'heardCall', params: ['second'] });
      service.sendMessage('third');
      assert.deepEqual(await within(service.call({ name: 'heard' })), ['first', 'second', 'third']);
    }));

  it('that find no listener are dropped', () =>
    withService(serving, undefined, async (service) => {
      service.sendMessage('nobody listens');
      await within(service.call({ name: 'send', params: ['nobody listens'] }));
      const heard = hear(service);
      await within(service.call({ name: 'sendBack' }));
      service.sendMessage('heard');
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ['heard']);
    }));

  it('an unclonable one throws a DataCloneError, on either side', () =>
    withService(serving, undefined, async (service) => {
      assert.throws(() => service.sendMessage(() => {}), { name: 'DataCloneError' });
      assert.throws(() => service.sendMessage({ deep: [Symbol('s')] }), { name: 'DataCloneError' });
      assert.equal((await rejection(service.call({ name: 'sendFunction' }))).name, 'DataCloneError');
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    }));

  it('the second argument of sendMessage is the transfer list', () =>
    withService(serving, undefined, async (service) => {
      const { port1, port2 } = new MessageChannel();
      await within(service.call({ name: 'sendBack' }));
      const back = service.waitForMessage(() => true);
      const { buffer } = new Uint8Array([1, 2, 3]);
      service.sendMessage({ buffer }, [buffer]);
      assert.equal(buffer.byteLength, 0);
      assert.deepEqual(new Uint8Array((await within(back)).buffer), new Uint8Array([1, 2, 3]));
      const fromService = service.waitForMessage(() => true);
      assert.equal(await within(service.call({ name: 'sendTransferred' })), 0);
      assert.deepEqual(await within(fromService), new Uint8Array([1, 2, 3]));
      assert.throws(() => service.sendMessage(port2), { name: 'DataCloneError' });
      assert.throws(() => service.sendMessage(1, /** @type {any} */ ('no list')), TypeError);
      port1.close();
    }));

  it('a port that was sent works on the other side', () =>
    withService(serving, undefined, async (service) => {
      const { port1, port2 } = new MessageChannel();
      await within(service.call({ name: 'sendBack' }));
      const back = service.waitForMessage(() => true);
      port1.postMessage('through the port');
      // Sent on and back: the service's sendBack sends the port without a list, which is refused there.
      const exceptions = service.waitForMessage(() => true);
      service.sendMessage({ text: 'plain' });
      assert.deepEqual(await within(back), { text: 'plain' });
      await within(exceptions);
      await within(service.call({ name: 'post', params: [port2, 'posted'], transferList: [port2] }));
      await until(() => receiveMessageOnPort(port1)?.message === 'posted');
      port1.close();
    }));
});

describe('what a service sends before launchService resolved', all, () => {
  it('is delivered right after, in order, before later messages and before calls resolve', async () => {
    for (let round = 0; round < 5; round += 1) {
      const service = await within(initialized.launchService(doing('sends')));
      const heard = hear(service);
      await within(service.call({ name: 'sendMore' }));
      assert.deepEqual(heard, upTo(10));
      await within(service.close());
    }
  });

  it('many, while the launch resolves: none lost, none doubled, in order', async () => {
    const service = await within(initialized.launchService(doing('sendsForLong')));
    const heard = hear(service);
    await until(() => heard.length === 2_000);
    assert.deepEqual(heard, upTo(2_000));
    await within(service.close());
  });

  it('is delivered although the service has ended by then', async () => {
    const launch = initialized.launchService(doing('sendsAndExits'));
    // Both the launch and the end arrive while this thread does not look.
    const service = await within(launch);
    const heard = hear(service);
    await until(() => service.closed && heard.length > 0);
    assert.deepEqual(heard, ['the last word']);
    await within(service.close());
  });

  it('is overtaken by what it sends on a Messenger meanwhile', async () => {
    const messenger = new Messenger('both ways');
    const heard = hear(messenger);
    await withService(initialized, doing('sendsBothWays'), async (service) => {
      service.onMessage((/** @type {unknown} */ data) => heard.push(data));
      await until(() => heard.length === 2);
      assert.deepEqual(heard, ['to whoever listens', 'to the owner']);
    });
    messenger.close();
  });

  it('parent.waitForMessage in the initializer hears what the owner sends after the launch', () =>
    withService(initialized, doing('waitsForMessage'), async (service) => {
      const answer = service.waitForMessage(() => true);
      service.sendMessage('for the waiting');
      assert.deepEqual(await within(answer), { waited: 'for the waiting' });
    }));
});

describe('listeners', all, () => {
  it('run in order of registration; onMessage returns what removes one, as offMessage does', () =>
    withService(serving, undefined, async (service) => {
      /** @type {string[]} */
      const order = [];
      const one = () => order.push('one');
      const removeTwo = service.onMessage(() => order.push('two'));
      service.onMessage(one);
      service.onMessage(() => order.push('three'));
      await within(service.call({ name: 'send', params: [1] }));
      assert.deepEqual(order, ['two', 'one', 'three']);
      removeTwo();
      removeTwo();
      service.offMessage(one);
      service.offMessage(one);
      service.offMessage(() => {});
      order.length = 0;
      await within(service.call({ name: 'send', params: [1] }));
      assert.deepEqual(order, ['three']);
    }));

  it('what onMessage returned removes its own registration once, not another of the same callback', () =>
    withService(serving, undefined, async (service) => {
      let calls = 0;
      const callback = () => {
        calls += 1;
      };
      const remove = service.onMessage(callback);
      service.onMessage(callback);
      remove();
      remove();
      await within(service.call({ name: 'send', params: [1] }));
      assert.equal(calls, 1);
      service.offMessage(callback);
      const removeGone = service.onMessage(callback);
      service.offMessage(callback);
      service.onMessage(callback);
      removeGone();
      await within(service.call({ name: 'send', params: [1] }));
      assert.equal(calls, 2);
    }));

  it('may remove themselves and others, and add some, while a message is delivered', () =>
    withService(serving, undefined, async (service) => {
      /** @type {string[]} */
      const order = [];
      const once = () => {
        order.push('once');
        service.offMessage(once);
        removeLast();
        service.onMessage(() => order.push('added'));
      };
      service.onMessage(once);
      service.onMessage(() => order.push('stays'));
      const removeLast = service.onMessage(() => order.push('removed by the first'));
      await within(service.call({ name: 'send', params: [1] }));
      assert.deepEqual(order, ['once', 'stays']);
      order.length = 0;
      await within(service.call({ name: 'send', params: [1] }));
      assert.deepEqual(order, ['stays', 'added']);
    }));

  it('refuse what is no function', () =>
    withService(serving, undefined, async (service) => {
      assert.throws(() => service.onMessage(/** @type {any} */ ({})), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
      const error = await rejection(service.waitForMessage(/** @type {any} */ ('x')));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    }));

  it('in a service work the same: removal while a message is delivered', () =>
    withService(serving, undefined, async (service) => {
      const cell = newCell();
      await within(service.call({ name: 'removesItsListener', params: [cell] }));
      service.sendMessage(1);
      service.sendMessage(2);
      await within(service.call({ name: 'nothing' }));
      assert.equal(arrivals(cell), 1);
    }));
});

describe('a listener that throws', () => {
  it('is an uncaught exception of its thread, and the rest still run', () =>
    withService(serving, undefined, async (service) => {
      service.onMessage(() => {
        throw new Error('from the first listener');
      });
      const heard = hear(service);
      const errors = await uncaughts(2, () => service.call({ name: 'send', params: [1, 2] }));
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['from the first listener', 'from the first listener'],
      );
      assert.deepEqual(heard, [1, 2]);
    }));
});

describe('waitForMessage', all, () => {
  it('resolves with the first message from now on that the predicate accepts', () =>
    withService(serving, undefined, async (service) => {
      await within(service.call({ name: 'send', params: [5] }));
      /** @type {number[]} */
      const tried = [];
      const waited = service.waitForMessage((/** @type {number} */ data) => {
        tried.push(data);
        return data > 2;
      });
      await within(service.call({ name: 'send', params: [1, 2, 3, 4] }));
      assert.equal(await within(waited), 3);
      assert.deepEqual(tried, [1, 2, 3]);
    }));

  it('takes a truthy answer for a yes, and leaves the message to other listeners', () =>
    withService(serving, undefined, async (service) => {
      const heard = hear(service);
      const waits = [1, 'yes', {}].map((yes) => service.waitForMessage(() => /** @type {any} */ (yes)));
      await within(service.call({ name: 'send', params: ['for all'] }));
      assert.deepEqual(await within(Promise.all(waits)), ['for all', 'for all', 'for all']);
      assert.deepEqual(heard, ['for all']);
    }));

  it('takes an async predicate: tried in order, one at a time', () =>
    withService(serving, undefined, async (service) => {
      /** @type {unknown[]} */
      const log = [];
      const waited = service.waitForMessage(async (/** @type {number} */ data) => {
        log.push(`try ${data}`);
        await new Promise((resolve) => setTimeout(resolve, 6 - data));
        log.push(`tried ${data}`);
        return data >= 3;
      });
      await within(service.call({ name: 'send', params: [1, 2, 3, 4, 5] }));
      assert.equal(await within(waited), 3);
      assert.deepEqual(log, ['try 1', 'tried 1', 'try 2', 'tried 2', 'try 3', 'tried 3']);
    }));

  it('rejects with what the predicate throws or rejects with', () =>
    withService(serving, undefined, async (service) => {
      const thrown = new Error('from the predicate');
      const waits = [
        rejection(
          service.waitForMessage(() => {
            throw thrown;
          }),
        ),
        rejection(
          service.waitForMessage(async () => {
            throw thrown;
          }),
        ),
      ];
      await within(service.call({ name: 'send', params: [1, 2] }));
      assert.deepEqual(await Promise.all(waits), [thrown, thrown]);
    }));

  it('signal: rejects with the reason, at once if aborted already; no listener is left', () =>
    withService(serving, undefined, async (service) => {
      const controller = new AbortController();
      const { signal } = controller;
      const before = service.waitForMessage(() => true, { signal: AbortSignal.abort('before') });
      assert.equal(await rejection(before), 'before');
      const found = service.waitForMessage(() => true, { signal });
      await within(service.call({ name: 'send', params: ['found'] }));
      assert.equal(await within(found), 'found');
      assert.equal(listenersOf(signal), 0);
      let tried = 0;
      const waits = upTo(30).map(() =>
        rejection(
          service.waitForMessage(
            () => {
              tried += 1;
              return false;
            },
            { signal },
          ),
        ),
      );
      controller.abort('given up');
      assert.deepEqual(new Set(await Promise.all(waits)), new Set(['given up']));
      assert.equal(listenersOf(signal), 0);
      await within(service.call({ name: 'send', params: ['later'] }));
      assert.equal(tried, 0);
      const error = await rejection(service.waitForMessage(() => true, /** @type {any} */ ({ signal: 5 })));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    }));

  it('signal: an abort while an async predicate decides ends the tries', () =>
    withService(serving, undefined, async (service) => {
      const controller = new AbortController();
      /** @type {unknown[]} */
      const tried = [];
      /** @type {(value: boolean) => void} */
      let decide = () => {};
      const waited = rejection(
        service.waitForMessage(
          (/** @type {unknown} */ data) => {
            tried.push(data);
            return new Promise((resolve) => {
              decide = resolve;
            });
          },
          { signal: controller.signal },
        ),
      );
      await within(service.call({ name: 'send', params: [1, 2] }));
      controller.abort('enough');
      assert.equal(await waited, 'enough');
      decide(false);
      await within(service.call({ name: 'nothing' }));
      assert.deepEqual(tried, [1]);
    }));

  it('rejects when the service closes without the message, and leaves no listener on the signal', async () => {
    const service = await within(serving.launchService());
    const { signal } = new AbortController();
    const never = rejection(service.waitForMessage(() => false, { signal }));
    const deciding = rejection(service.waitForMessage(() => new Promise(() => {})));
    await within(service.call({ name: 'send', params: [1] }));
    const closing = service.close();
    for (const { code } of await Promise.all([never, deciding])) assert.equal(code, 'ERR_NANOLITH_SERVICE_CLOSED');
    assert.equal(listenersOf(signal), 0);
    await within(closing);
  });

  it('of parent: the first message that the predicate accepts; one that throws rejects', () =>
    withService(serving, undefined, async (service) => {
      const waited = service.call({ name: 'waitFor', params: ['this'] });
      service.sendMessage('that');
      assert.equal(await stateOf(waited), 'pending');
      service.sendMessage('this');
      assert.equal(await within(waited), 'this');
      const failed = service.call({ name: 'waitForThrows' });
      service.sendMessage('any');
      const error = await rejection(failed);
      assert.ok(error instanceof RangeError);
      assert.equal(error.message, 'from a predicate');
    }));
});

describe('service.worker', all, () => {
  it('its message events carry only what the user posts with it, both ways', () =>
    withService(serving, undefined, async (service) => {
      /** @type {unknown[]} */
      const posted = [];
      service.worker.on('message', (/** @type {unknown} */ data) => posted.push(data));
      const heard = hear(service);
      await within(service.call({ name: 'send', params: ['by nanolith', new SharedArrayBuffer(1)] }));
      await within(service.call({ name: 'postByPort', params: ['by the user'] }));
      await until(() => posted.length > 0);
      const next = service.call({ name: 'nextByPort' });
      service.sendMessage('not this one');
      service.worker.postMessage('to the port');
      assert.equal(await within(next), 'to the port');
      assert.deepEqual(posted, ['by the user']);
      assert.equal(heard[0], 'by nanolith');
      assert.equal(heard.length, 2);
    }));
});

describe('close with messages under way', all, () => {
  it('messages sent before it are handled although the thread is busy when it comes', async () => {
    const service = await within(serving.launchService());
    const [gate, counted] = [newCell(), newCell()];
    await within(service.call({ name: 'countMessages', params: [counted] }));
    const blocked = rejection(service.call({ name: 'block', params: [gate] }));
    await until(() => arrivals(gate) === 1);
    for (const number of upTo(1_000)) service.sendMessage(number);
    const closing = service.close();
    open(gate);
    await within(closing);
    assert.equal(arrivals(counted), 1_000);
    assert.equal((await blocked).code, 'ERR_NANOLITH_SERVICE_CLOSED');
  });

  it('what the service sends after close() finds no listener, and harms nobody', async () => {
    const service = await within(serving.launchService());
    await within(service.call({ name: 'sendBack' }));
    const heard = hear(service);
    service.sendMessage({ shared: new SharedArrayBuffer(4) });
    await within(service.close());
    assert.deepEqual(heard, []);
  });
});

nothingLeft();

/** Keeps this thread from its event loop for so many milliseconds. @param {number} ms */
function busy(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
