import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BroadcastChannel, MessageChannel, Worker } from 'node:worker_threads';

import { Messenger, pool } from '../index.js';
import { native } from '../lib/native.js';
import { serving } from './fixtures/service-tasks.js';
import { INDEX, rejection, until, within, write } from './helpers.js';
import { hear, listenersOf, nothingLeft, stateOf, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 6 };
const upTo = (/** @type {number} */ count) => Array.from({ length: count }, (_, number) => number);
let names = 0;
const newName = () => `messenger ${++names}`;

/**
 * Instances of one new channel, for one test.
 * @param {number} count
 * @param {(...messengers: Messenger[]) => unknown} use
 */
async function withMessengers(count, use) {
  const name = newName();
  const messengers = upTo(count).map(() => new Messenger(name));
  try {
    await use(...messengers);
  } finally {
    messengers[0].closeAll();
  }
}

describe('new Messenger', all, () => {
  it('takes a name, nothing for a random ID, or what transfer() returned', () => {
    const [named, random, other] = [new Messenger('a name'), new Messenger(), new Messenger(undefined)];
    assert.equal(named.ID, 'a name');
    assert.equal(typeof random.ID, 'string');
    assert.notEqual(random.ID, other.ID);
    const again = new Messenger(random.transfer());
    assert.equal(again.ID, random.ID);
    const cloned = new Messenger(structuredClone(random.transfer()));
    assert.equal(cloned.ID, random.ID);
    for (const messenger of [named, random, other, again, cloned]) messenger.close();
  });

  it('refuses anything else with a TypeError, and leaves nothing', () => {
    const before = native.livingSubscriptions();
    const messenger = new Messenger();
    // Half of a surrogate pair: threads would know different names by the same one.
    const halves = ['\ud800', 'a\udbff', { __messengerID: '\udfffb' }];
    for (const bad of [null, 5, {}, [], true, Symbol('s'), () => {}, { __messengerID: 5 }, messenger, ...halves]) {
      assert.throws(() => new Messenger(/** @type {any} */ (bad)), {
        name: 'TypeError',
        code: 'ERR_NANOLITH_INVALID_ARGUMENT',
      });
    }
    messenger.close();
    assert.equal(native.livingSubscriptions(), before);
  });

  it('gives each instance a uniqueKey of its own', () =>
    withMessengers(2, (one, two) => {
      assert.equal(one.ID, two.ID);
      assert.equal(typeof one.uniqueKey, 'string');
      assert.notEqual(one.uniqueKey, two.uniqueKey);
      assert.equal(one.uniqueKey, one.uniqueKey);
    }));

  it('takes any well-formed string for a name', async () => {
    for (const name of ['', '__proto__', 'é\ud83d\ude00', 'x'.repeat(10_000), 'a\0b']) {
      const [one, two] = [new Messenger(name), new Messenger(name)];
      const heard = one.waitForMessage(() => true);
      two.sendMessage('hello');
      assert.equal(await within(heard), 'hello');
      one.closeAll();
    }
  });
});

describe('messages of a Messenger', all, () => {
  it('reach every other instance of the ID on the same thread, and never the sender', () =>
    withMessengers(3, async (one, two, three) => {
      const heard = [one, two, three].map(hear);
      one.sendMessage('from one');
      two.sendMessage('from two');
      await until(() => heard[2].length === 2);
      assert.deepEqual(heard, [['from two'], ['from one'], ['from one', 'from two']]);
    }));

  it('reach no other ID', async () => {
    const [one, other] = [new Messenger(newName()), new Messenger(newName())];
    const same = new Messenger(one.ID);
    const [heard, strange] = [hear(same), hear(other)];
    one.sendMessage(1);
    await until(() => heard.length === 1);
    assert.deepEqual(strange, []);
    for (const messenger of [one, same, other]) messenger.close();
  });

  it('arrive in the order sent, whatever their size', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      const sent = upTo(500).map((at) => ({ at, ballast: 'x'.repeat(at % 100 === 0 ? 300_000 : at) }));
      for (const message of sent) one.sendMessage(message);
      await until(() => heard.length === 500);
      assert.deepEqual(heard, sent);
    }));

  it('wait in memory until received: no drop and no bound', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      for (let number = 0; number < 100_000; number += 1) one.sendMessage(number);
      await until(() => heard.length === 100_000);
      assert.ok(heard.every((number, at) => number === at));
    }));

  it('are what structured clone makes of them, one for each receiver', () =>
    withMessengers(3, async (one, two, three) => {
      const [heardTwo, heardThree] = [hear(two), hear(three)];
      const circle = { self: /** @type {unknown} */ (undefined) };
      circle.self = circle;
      const rich = [
        undefined,
        null,
        -0,
        10n ** 20n,
        'é\ud800',
        new Date(3),
        /x/g,
        new Map([[1, new Set([2])]]),
        new Float32Array([1.5]),
        new Error('as a value'),
        circle,
        [1, , 3],
        new Uint8Array([1, 2]).buffer,
      ];
      for (const value of rich) one.sendMessage(value);
      await until(() => heardTwo.length === rich.length && heardThree.length === rich.length);
      assert.deepEqual(
        heardTwo,
        rich.map((value) => structuredClone(value)),
      );
      assert.notEqual(heardTwo[10], heardThree[10]);
      assert.equal(heardTwo[10].self, heardTwo[10]);
    }));

  it('are as they were when they were sent', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      const message = { at: 'the time of sending' };
      one.sendMessage(message);
      message.at = 'later';
      await until(() => heard.length === 1);
      assert.deepEqual(heard[0], { at: 'the time of sending' });
    }));

  it('what only a port could carry, and what cannot be cloned, is refused with DataCloneError', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      const { port1, port2 } = new MessageChannel();
      for (const value of [
        port1,
        { deep: [port2] },
        new SharedArrayBuffer(4),
        new Int32Array(new SharedArrayBuffer(4)),
        new Blob(['x']),
        () => {},
        Symbol('s'),
        new WeakMap(),
        Promise.resolve(),
      ]) {
        assert.throws(() => one.sendMessage(value), { name: 'DataCloneError' });
      }
      one.sendMessage('the next');
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ['the next']);
      port1.close();
    }));

  it('take no transferList: that is refused with DataCloneError, and moves nothing', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      const buffer = new ArrayBuffer(8);
      const send = /** @type {(data: unknown, transferList: unknown) => void} */ (one.sendMessage.bind(one));
      for (const transferList of [[buffer], [], null]) {
        assert.throws(() => send(buffer, transferList), { name: 'DataCloneError', message: /transferList/ });
      }
      assert.equal(buffer.byteLength, 8);
      send('the next', undefined);
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ['the next']);
    }));

  it('nothing else can inject any: a BroadcastChannel of the same name is another world', () =>
    withMessengers(2, async (one, two) => {
      const heard = hear(two);
      const channel = new BroadcastChannel(one.ID);
      let strange = 0;
      channel.onmessage = () => {
        strange += 1;
      };
      channel.postMessage('injected');
      one.sendMessage('sent');
      await until(() => heard.length > 0);
      await within(new Promise((resolve) => setImmediate(() => setImmediate(resolve))));
      channel.close();
      assert.deepEqual(heard, ['sent']);
      assert.equal(strange, 0);
    }));

  it('that find no listener are dropped', () =>
    withMessengers(3, async (one, two, three) => {
      const witness = hear(three);
      one.sendMessage('nobody listens');
      await until(() => witness.length === 1);
      const heard = hear(two);
      one.sendMessage('heard');
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ['heard']);
    }));
});

describe('listening on a Messenger', all, () => {
  it('onMessage returns what removes the listener, as offMessage does; order of registration', () =>
    withMessengers(2, async (one, two) => {
      /** @type {string[]} */
      const order = [];
      const named = () => order.push('named');
      const remove = two.onMessage(() => order.push('first'));
      two.onMessage(named);
      const heard = hear(two);
      one.sendMessage(1);
      await until(() => heard.length === 1);
      assert.deepEqual(order, ['first', 'named']);
      remove();
      two.offMessage(named);
      one.sendMessage(2);
      await until(() => heard.length === 2);
      assert.equal(order.length, 2);
      assert.throws(() => two.onMessage(/** @type {any} */ (5)), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
    }));

  it('waitForMessage takes sync and async predicates: tried in order, one at a time; one that throws rejects', () =>
    withMessengers(2, async (one, two) => {
      /** @type {number[]} */
      const tried = [];
      const later = two.waitForMessage(async (/** @type {number} */ data) => {
        tried.push(data);
        await new Promise((resolve) => setTimeout(resolve, 3 - data));
        return data === 2;
      });
      const first = two.waitForMessage((data) => data === 1);
      const failing = rejection(
        two.waitForMessage(() => {
          throw new RangeError('from a predicate');
        }),
      );
      for (const number of [0, 1, 2, 3]) one.sendMessage(number);
      assert.equal(await within(first), 1);
      assert.equal(await within(later), 2);
      assert.deepEqual(tried, [0, 1, 2]);
      assert.equal((await failing).message, 'from a predicate');
    }));

  it('what awaits one message hears the next, though both have arrived', () =>
    withMessengers(2, async (one, two) => {
      const heard = [];
      for (const message of [1, 2, 3]) one.sendMessage(message);
      while (heard.length < 3) heard.push(await within(two.waitForMessage(() => true)));
      assert.deepEqual(heard, [1, 2, 3]);
    }));

  it('signal of waitForMessage: rejects with the reason; no listener is left', () =>
    withMessengers(2, async (one, two) => {
      const controller = new AbortController();
      const { signal } = controller;
      const found = two.waitForMessage(() => true, { signal });
      one.sendMessage('found');
      assert.equal(await within(found), 'found');
      assert.equal(listenersOf(signal), 0);
      const waited = rejection(two.waitForMessage(() => true, { signal }));
      controller.abort('enough');
      assert.equal(await waited, 'enough');
      assert.equal(await rejection(two.waitForMessage(() => true, { signal })), 'enough');
      assert.equal(listenersOf(signal), 0);
    }));
});

describe('close and closeAll', all, () => {
  it('close ends one instance: sending throws, waits reject, the others go on', () =>
    withMessengers(3, async (one, two, three) => {
      const heardTwo = hear(two);
      const heardThree = hear(three);
      const { signal } = new AbortController();
      const waited = rejection(two.waitForMessage(() => true, { signal }));
      two.close();
      two.close();
      assert.throws(() => two.sendMessage(1), { name: 'MessengerClosedError', code: 'ERR_NANOLITH_MESSENGER_CLOSED' });
      assert.equal((await waited).code, 'ERR_NANOLITH_MESSENGER_CLOSED');
      assert.equal(listenersOf(signal), 0);
      const error = await rejection(two.waitForMessage(() => true));
      assert.equal(error.code, 'ERR_NANOLITH_MESSENGER_CLOSED');
      assert.match(error.message, new RegExp(one.ID));
      one.sendMessage('for three');
      await until(() => heardThree.length === 1);
      assert.deepEqual(heardTwo, []);
      two.offMessage(() => {});
      two.setRef(true);
      assert.equal(two.ID, one.ID);
    }));

  it('a message under way to an instance that closes is not delivered', () =>
    withMessengers(3, async (one, two, three) => {
      const [heardTwo, heardThree] = [hear(two), hear(three)];
      one.sendMessage('under way');
      two.close();
      await until(() => heardThree.length === 1);
      assert.deepEqual(heardTwo, []);
    }));

  it('closeAll ends all of that ID, after what was sent before; another ID goes on', async () => {
    const [one, two] = [new Messenger(newName()), new Messenger(`messenger ${names}`)];
    const [other, another] = [new Messenger(newName()), new Messenger(`messenger ${names}`)];
    const heard = hear(two);
    const waited = rejection(two.waitForMessage(() => false));
    for (const number of upTo(10)) one.sendMessage(number);
    one.closeAll();
    one.closeAll();
    assert.equal((await waited).code, 'ERR_NANOLITH_MESSENGER_CLOSED');
    assert.deepEqual(heard, upTo(10));
    for (const messenger of [one, two]) {
      assert.throws(() => messenger.sendMessage(1), { code: 'ERR_NANOLITH_MESSENGER_CLOSED' });
    }
    const heardOther = hear(another);
    other.sendMessage('goes on');
    await until(() => heardOther.length === 1);
    other.closeAll();
  });

  it('sending on an instance that another one’s closeAll ended throws at once', () =>
    withMessengers(2, (one, two) => {
      one.closeAll();
      assert.throws(() => two.sendMessage(1), { code: 'ERR_NANOLITH_MESSENGER_CLOSED' });
    }));

  it('after closeAll the name begins anew', async () => {
    const name = newName();
    const old = new Messenger(name);
    old.closeAll();
    const [one, two] = [new Messenger(name), new Messenger(name)];
    const heard = hear(two);
    one.sendMessage('anew');
    await until(() => heard.length === 1);
    assert.throws(() => old.sendMessage(1), { code: 'ERR_NANOLITH_MESSENGER_CLOSED' });
    one.closeAll();
  });

  it('closing within a listener harms no one', () =>
    withMessengers(3, async (one, two, three) => {
      /** @type {unknown[]} */
      const heard = [];
      two.onMessage((data) => {
        heard.push(data);
        two.close();
      });
      const all = hear(three);
      one.sendMessage(1);
      one.sendMessage(2);
      await until(() => all.length === 2);
      assert.deepEqual(heard, [1]);
    }));

  it('a listener that closes it keeps no message from the rest; one that is removed meanwhile hears nothing', () =>
    withMessengers(2, async (one, two) => {
      /** @type {string[]} */
      const heard = [];
      two.onMessage(() => {
        remove();
        two.close();
      });
      const remove = two.onMessage(() => heard.push('removed'));
      two.onMessage(() => heard.push('the rest'));
      one.sendMessage(1);
      await until(() => heard.length > 0);
      assert.deepEqual(heard, ['the rest']);
    }));

  it('leave no subscription', async () => {
    const before = native.livingSubscriptions();
    const messengers = upTo(20).map(() => new Messenger('left by nobody'));
    assert.ok(native.livingSubscriptions() >= before + 20);
    messengers[0].close();
    messengers[1].closeAll();
    await until(() => native.livingSubscriptions() <= before);
  });

  it('setRef takes a boolean', () =>
    withMessengers(1, (one) => {
      one.setRef(true);
      one.setRef(true);
      one.setRef(false);
      for (const bad of [1, undefined, 'yes']) {
        assert.throws(() => one.setRef(/** @type {any} */ (bad)), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
      }
    }));
});

describe('a Messenger between threads', all, () => {
  it('main ↔ service ↔ service: all hear what any other one sends', async () => {
    const messenger = new Messenger(newName());
    const name = messenger.ID;
    await withService(serving, { messengers: [messenger] }, (one) =>
      withService(serving, { messengers: [messenger] }, async (two) => {
        const heard = hear(messenger);
        const collected = [one, two].map((service) => service.call({ name: 'collectOn', params: [name, 2] }));
        await within(Promise.all([one, two].map((service) => service.call({ name: 'nothing' }))));
        messenger.sendMessage('from main');
        await within(one.call({ name: 'sendOn', params: [name, 'from one'] }));
        await within(two.call({ name: 'sendOn', params: [name, 'from two'] }));
        await within(Promise.all(collected));
        await until(() => heard.length === 2);
        assert.deepEqual(heard, ['from one', 'from two']);
        assert.deepEqual(await within(one.call({ name: 'heard' })), ['from main', 'from two']);
        assert.deepEqual(await within(two.call({ name: 'heard' })), ['from main', 'from one']);
      }),
    );
    messenger.close();
  });

  it('what one thread sends keeps one order: messenger messages, messages, replies', async () => {
    const messenger = new Messenger(newName());
    await withService(serving, { messengers: [messenger] }, async (service) => {
      /** @type {unknown[]} */
      const order = [];
      messenger.onMessage((data) => order.push(data));
      service.onMessage((/** @type {unknown} */ data) => order.push(data));
      for (const round of upTo(20)) {
        await within(service.call({ name: 'sendOn', params: [messenger.ID, `on ${round}`] }));
        order.push(`answered ${round}`);
        await within(service.call({ name: 'send', params: [`message ${round}`] }));
      }
      assert.deepEqual(
        order,
        upTo(20).flatMap((round) => [`on ${round}`, `answered ${round}`, `message ${round}`]),
      );
    });
    messenger.close();
  });

  it('two instances on one service’s thread both hear, and hear each other', async () => {
    const messenger = new Messenger(newName());
    // What they say after closeAll throws.
    const exceptionHandler = () => {};
    await withService(serving, { messengers: [messenger], exceptionHandler }, async (service) => {
      const heard = hear(messenger);
      await within(service.call({ name: 'sendBackOn', params: [messenger.ID] }));
      // A second one, which answers what the first one says, without end: so it is closed with all.
      await within(service.call({ name: 'opens', params: [messenger.ID] }));
      messenger.sendMessage('echo');
      await until(() => heard.length > 20);
      assert.ok(heard.every(({ from }) => from === service.threadID));
      messenger.closeAll();
    });
  });

  it('what transfer() returned makes an instance on another thread', async () => {
    const messenger = new Messenger();
    await withService(serving, undefined, async (service) => {
      const heard = messenger.waitForMessage(() => true);
      await within(service.call({ name: 'sendOnTransferred', params: [messenger.transfer(), 'transferred'] }));
      assert.equal(await within(heard), 'transferred');
    });
    messenger.close();
  });

  it('closeAll on one thread ends the instances of all', async () => {
    const messenger = new Messenger(newName());
    await withService(serving, { messengers: [messenger] }, async (service) => {
      const waited = rejection(messenger.waitForMessage(() => false));
      await within(service.call({ name: 'closeAllOn', params: [messenger.ID] }));
      assert.equal((await waited).code, 'ERR_NANOLITH_MESSENGER_CLOSED');
      assert.throws(() => messenger.sendMessage(1), { code: 'ERR_NANOLITH_MESSENGER_CLOSED' });
      const failed = await within(service.call({ name: 'useFails', params: [messenger.ID] }));
      assert.equal(failed.code, 'ERR_NANOLITH_MESSENGER_CLOSED');
    });
  });

  it('a thread that ends takes its instances with it, however it ends; the others go on', async () => {
    const [messenger, second] = [new Messenger(newName()), new Messenger(`messenger ${names}`)];
    const heard = hear(second);
    for (const end of ['close', 'exit', 'terminate']) {
      const service = await within(serving.launchService({ messengers: [messenger] }));
      await within(service.call({ name: 'opens', params: [messenger.ID] }));
      if (end === 'close') await within(service.close());
      else if (end === 'exit') await rejection(service.call({ name: 'exit' }));
      else await within(service.worker.terminate());
      messenger.sendMessage(`after ${end}`);
      await until(() => heard.includes(`after ${end}`));
    }
    assert.deepEqual(
      heard.filter((data) => typeof data === 'string'),
      ['after close', 'after exit', 'after terminate'],
    );
    messenger.closeAll();
  });

  it('reaches threads that the user started, in both directions', async () => {
    const file = write(`
      import { Messenger } from ${JSON.stringify(INDEX)};
      import { parentPort, workerData } from 'node:worker_threads';
      const messenger = new Messenger(workerData);
      messenger.onMessage((data) => messenger.sendMessage({ back: data }));
      messenger.setRef(true);
      parentPort.postMessage('ready');
    `);
    const messenger = new Messenger(newName());
    const worker = new Worker(file, { workerData: messenger.ID });
    await within(new Promise((resolve) => worker.once('message', resolve)));
    const back = messenger.waitForMessage(() => true);
    messenger.sendMessage('there');
    assert.deepEqual(await within(back), { back: 'there' });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    messenger.closeAll();
    assert.equal(await within(ended), 0, 'its messenger, reffed, was what kept it');
  });

  it('R18: sending to threads that end right now is nobody’s error', async () => {
    const messenger = new Messenger(newName());
    const services = await within(Promise.all(upTo(4).map(() => serving.launchService({ messengers: [messenger] }))));
    for (const service of services) await within(service.call({ name: 'sendBackOn', params: [messenger.ID] }));
    const ends = services.map((service, at) => (at % 2 ? service.worker.terminate() : service.close()));
    const ended = Promise.all(ends);
    while ((await stateOf(ended)) === 'pending') for (const number of upTo(20)) messenger.sendMessage(number);
    await within(ended);
    messenger.close();
  });
});

nothingLeft();
