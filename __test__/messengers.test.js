import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Messenger, messengers, pool } from '../index.js';
import { native } from '../lib/native.js';
import { doing, initialized } from './fixtures/initializers.js';
import { nestsWarm } from './fixtures/nests.js';
import { serving, servingOnce, servingWarm } from './fixtures/service-tasks.js';
import { arrivals, newCell, rejection, until, within } from './helpers.js';
import { hear, nothingLeft, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 6 };
let names = 0;
const newName = () => `attached ${++names}`;

describe('messengers outside of nanolith’s threads', () => {
  it('everything on it throws ERR_NANOLITH_NO_PARENT', () => {
    for (const attempt of [() => messengers.use('x'), () => messengers.seek()]) {
      assert.throws(attempt, { name: 'NoParentError', code: 'ERR_NANOLITH_NO_PARENT' });
    }
    assert.ok(Object.isFrozen(messengers));
  });
});

describe('the messengers of a service', all, () => {
  it('attached at launch are there for use() and seek(), by name', async () => {
    const [one, two] = [new Messenger(newName()), new Messenger(newName())];
    await withService(serving, { messengers: [one, two] }, async (service) => {
      assert.deepEqual(await within(service.call({ name: 'attached' })), [one.ID, two.ID].sort());
      assert.equal(await within(service.call({ name: 'uses', params: [one.ID] })), true);
      const heard = hear(two);
      await within(service.call({ name: 'sendOn', params: [two.ID, 'hello'] }));
      await until(() => heard.length === 1);
    });
    one.close();
    two.close();
  });

  it('sendMessenger attaches one later, and resolves when the service has it', async () => {
    const messenger = new Messenger(newName());
    await withService(serving, undefined, async (service) => {
      assert.deepEqual(await within(service.call({ name: 'attached' })), []);
      assert.equal(await within(service.sendMessenger(messenger)), undefined);
      assert.deepEqual(await within(service.call({ name: 'attached' })), [messenger.ID]);
      await within(service.sendMessenger(messenger));
      await within(service.call({ name: 'sendBackOn', params: [messenger.ID] }));
      const back = messenger.waitForMessage(() => true);
      messenger.sendMessage('there');
      assert.deepEqual(await within(back), { from: service.threadID, data: 'there' });
    });
    messenger.close();
  });

  it('sendMessenger refuses what is no Messenger', () =>
    withService(serving, undefined, async (service) => {
      for (const bad of [undefined, {}, 'a name', { __messengerID: 'x' }]) {
        const error = await rejection(service.sendMessenger(bad));
        assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      }
    }));

  it('those that only look like Messengers are refused, or are those of the ID that was looked at', async () => {
    const refusal = new Error('no more of its ID');
    const transfer = () => {};
    const service = await within(serving.launchService());
    const takers = /** @type {((messenger: any) => Promise<unknown>)[]} */ ([
      (messenger) => service.sendMessenger(messenger),
      (messenger) => serving.launchService({ messengers: [messenger] }).then((launched) => launched.close()),
      (messenger) => servingOnce({ name: 'nothing', messengers: [messenger] }),
      (messenger) => servingWarm({ name: 'nothing', messengers: [messenger] }),
    ]);
    const half = () => '\ud800';
    const refuse = () => {
      throw refusal;
    };
    for (const take of takers) {
      for (const second of [half, () => 5, refuse]) {
        for (let good = 0; good < 4; good += 1) {
          let looks = 0;
          const messenger = {
            transfer,
            get ID() {
              looks += 1;
              return looks > good ? second() : 'looked at';
            },
          };
          const outcome = await within(take(messenger).catch((/** @type {any} */ reason) => reason));
          assert.ok(outcome === undefined || outcome === refusal || outcome.code === 'ERR_NANOLITH_INVALID_ARGUMENT');
          assert.ok(good > 0 || outcome !== undefined);
        }
      }
    }
    assert.deepEqual(await within(service.call({ name: 'attached' })), ['looked at']);
    await within(service.close());
  });

  it('one that is refused on a warm thread is nothing of its task’s answer', async () => {
    assert.equal(await within(nestsWarm({ name: 'sendsNoMessenger' })), 'refused');
  });

  it('use() waits for one that sendMessenger brings, also from the initializer', async () => {
    const messenger = new Messenger(newName());
    await withService(serving, undefined, async (service) => {
      const used = [1, 2].map(() => service.call({ name: 'uses', params: [messenger.ID] }));
      await within(service.call({ name: 'nothing' }));
      await within(service.sendMessenger(messenger));
      assert.deepEqual(await within(Promise.all(used)), [true, true]);
    });
    messenger.close();
    const late = new Messenger('late');
    await withService(initialized, doing('usesMessenger'), async (service) => {
      const found = late.waitForMessage(() => true);
      await within(service.sendMessenger(late));
      assert.equal(await within(found), 'found late');
    });
    late.close();
  });

  it('use() rejects after ten seconds, naming it', () =>
    withService(serving, undefined, async (service) => {
      const failed = await within(service.call({ name: 'useFails', params: ['never brought'] }), 40_000);
      assert.equal(failed.kind, 'MessengerTimeoutError');
      assert.equal(failed.code, 'ERR_NANOLITH_MESSENGER_TIMEOUT');
      assert.match(failed.message, /never brought/);
      assert.ok(failed.waited >= 9_900, String(failed.waited));
    }));

  it('use() with a signal rejects with its reason', () =>
    withService(serving, undefined, async (service) => {
      assert.equal(await within(service.call({ name: 'useAborted', params: ['x'] })), 'no more');
    }));

  it('use() with a signal that takes no listener rejects with what it throws, and waits for nothing', () =>
    withService(serving, undefined, async (service) => {
      const { reason, timers } = await within(service.call({ name: 'useRefused', params: ['x'] }));
      assert.deepEqual([reason, timers], ['no listeners here', 0]);
    }));

  it('use() keeps nothing of a name once it has settled', () =>
    withService(serving, { options: { resourceLimits: { maxOldGenerationSizeMb: 32 } } }, async (service) => {
      for (let number = 0; number < 100; number += 1) {
        assert.equal(await within(service.call({ name: 'useAborted', params: [`${number}`.padEnd(1e6)] })), 'no more');
      }
    }));

  it('use() refuses a name that is no string, or has half of a surrogate pair', () =>
    withService(serving, undefined, async (service) => {
      for (const name of [5, '\ud800']) {
        const failed = await within(service.call({ name: 'useFails', params: [name] }));
        assert.equal(failed.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      }
    }));

  it('use() after closeAll rejects as closed; sendMessenger brings it back', async () => {
    const messenger = new Messenger(newName());
    await withService(serving, { messengers: [messenger] }, async (service) => {
      messenger.closeAll();
      const failed = await within(service.call({ name: 'useFails', params: [messenger.ID] }));
      assert.equal(failed.kind, 'MessengerClosedError');
      const again = new Messenger(messenger.ID);
      await within(service.sendMessenger(again));
      assert.equal(await within(service.call({ name: 'uses', params: [messenger.ID] })), true);
      again.close();
    });
  });
});

describe('the closed messengers of a service', all, () => {
  it('are not among those of seek(); use() rejects as closed, whoever closed them', () =>
    withService(serving, undefined, async (service) => {
      for (const close of ['closeOn', 'closeAllOn']) {
        const messenger = new Messenger(newName());
        await within(service.sendMessenger(messenger));
        await within(service.call({ name: close, params: [messenger.ID] }));
        assert.deepEqual(await within(service.call({ name: 'attached' })), []);
        const failed = await within(service.call({ name: 'useFails', params: [messenger.ID] }));
        assert.equal(failed.code, 'ERR_NANOLITH_MESSENGER_CLOSED');
        messenger.close();
      }
    }));

  it('are forgotten, but for the names of the last 100', () =>
    withService(serving, undefined, async (service) => {
      const closed = Array.from({ length: 101 }, () => new Messenger(newName()));
      for (const messenger of closed) {
        await within(service.sendMessenger(messenger));
        messenger.closeAll();
      }
      assert.equal(await within(service.call({ name: 'useAborted', params: [closed[0].ID] })), 'no more');
      for (const { ID } of closed.slice(1)) {
        const failed = await within(service.call({ name: 'useFails', params: [ID] }));
        assert.equal(failed.code, 'ERR_NANOLITH_MESSENGER_CLOSED');
      }
    }));

  it('keep nothing of who listened to them', () =>
    withService(serving, { options: { resourceLimits: { maxOldGenerationSizeMb: 32 } } }, async (service) => {
      for (let number = 0; number < 100; number += 1) {
        const messenger = new Messenger();
        await within(service.sendMessenger(messenger));
        await within(service.call({ name: 'listensHeavily', params: [messenger.ID] }));
        messenger.closeAll();
      }
    }));
});

for (const [kind, set] of /** @type {const} */ ([
  ['one-off', servingOnce],
  ['warm', servingWarm],
])) {
  describe(`the messengers of a ${kind} task`, all, () => {
    it('are those of its option, for use() and seek()', async () => {
      const [one, two] = [new Messenger(newName()), new Messenger(newName())];
      const attached = await within(set({ name: 'attached', messengers: [one, two] }));
      assert.deepEqual(attached, [one.ID, two.ID].sort());
      const heard = one.waitForMessage(() => true);
      await within(set({ name: 'sendOn', params: [one.ID, 'from a task'], messengers: [one] }));
      assert.equal(await within(heard), 'from a task');
      one.close();
      two.close();
    });

    it('use() rejects at once without it, as nothing can bring one', async () => {
      const failed = await within(set({ name: 'useFails', params: ['absent'] }));
      assert.equal(failed.kind, 'MessengerTimeoutError');
      assert.match(failed.message, /absent/);
      assert.ok(failed.waited < 5_000);
    });

    it('of one name given twice are one', async () => {
      const [one, same] = [new Messenger(newName()), new Messenger(`attached ${names}`)];
      assert.deepEqual(await within(set({ name: 'attached', messengers: [one, same] })), [one.ID]);
      one.closeAll();
    });

    it('keep the thread while the task waits on one, though it is unreffed', async () => {
      const messenger = new Messenger(newName());
      const waited = set({ name: 'collectOn', params: [messenger.ID, 1], messengers: [messenger] });
      // One instance here, one there.
      const timer = setInterval(() => messenger.sendMessage('at last'), 20);
      try {
        assert.equal(await within(waited), 'at last');
      } finally {
        clearInterval(timer);
      }
      messenger.close();
    });

    it('go with the task: no subscription is left, also when it fails', async () => {
      const messenger = new Messenger(newName());
      const heard = hear(new Messenger(messenger.ID));
      const subscribers = () => {
        // How many instances answer a message: only those that still listen do.
        heard.length = 0;
        messenger.sendMessage('who is there?');
        return until(() => heard.length > 0);
      };
      await within(set({ name: 'sendBackOn', params: [messenger.ID], messengers: [messenger] }));
      await rejection(set({ name: 'fail', params: ['x'], messengers: [messenger] }));
      await subscribers();
      await within(set({ name: 'nothing' }));
      await subscribers();
      assert.deepEqual(heard, ['who is there?']);
      messenger.closeAll();
    });
  });
}

describe('messengers given to a warm task', () => {
  it('leave with it: the next task on its thread has none, and no subscription is left', async () => {
    pool.setConcurrency(1);
    try {
      const messenger = new Messenger(newName());
      const before = native.livingSubscriptions();
      assert.deepEqual(await within(servingWarm({ name: 'attached', messengers: [messenger] })), [messenger.ID]);
      assert.equal(native.livingSubscriptions(), before);
      assert.deepEqual(await within(servingWarm({ name: 'attached' })), []);
      const failing = servingWarm({ name: 'fail', params: ['x'], messengers: [messenger] });
      assert.equal(await rejection(failing), 'x');
      assert.equal(native.livingSubscriptions(), before);
      // Closed by the task itself, it is as absent for the next one.
      const closed = new Messenger(newName());
      await within(servingWarm({ name: 'closeAllOn', params: [closed.ID], messengers: [closed] }));
      const absent = await within(servingWarm({ name: 'useFails', params: [closed.ID] }));
      assert.equal(absent.code, 'ERR_NANOLITH_MESSENGER_TIMEOUT');
      const cell = newCell();
      const controller = new AbortController();
      const options = { messengers: [messenger], signal: controller.signal };
      const spinning = rejection(servingWarm({ name: 'spin', params: [cell], ...options }));
      await until(() => arrivals(cell) === 1);
      controller.abort();
      await spinning;
      await until(() => native.livingSubscriptions() === before);
      messenger.close();
    } finally {
      pool.setConcurrency(64);
    }
  });
});

nothingLeft();
