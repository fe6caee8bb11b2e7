// Broadcasts: one channel with instances on this thread and in services, and senders of all kinds, some of which die on
// the way. Whoever lives hears everything of everybody else, once and in order.

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

import { Messenger } from '../../../index.js';
import { newCell, read } from '../board.js';
import { service as set } from '../fixtures/service.js';
import { setOf } from '../fixtures/sets.js';
import { serviceDooms } from '../ledger.js';
import { anySignal } from '../signals.js';
import { SMALL, valueOf } from '../values.js';

/** @param {import('../random.js').Random} random */
export function planBroadcast(random) {
  return {
    kind: 'broadcast',
    at: random.int(0, 1500),
    here: random.int(1, 3),
    services: random.list(random.int(0, 2), () => ({
      attached: random.chance(0.5),
      doom: random.weighted({ none: 4, terminate: 1, close: 1 }),
      doomMs: random.int(0, 200),
    })),
    senders: random.list(random.int(1, 6), () => ({
      via: random.weighted({ here: 2, service: 3, warm: 3, isolated: 1, stranger: 1 }),
      many: random.chance(0.1) ? random.int(1000, 5000) : random.int(1, 200),
      seed: random.int(0, 5000) + (random.chance(0.7) ? SMALL : 0),
      signal: random.chance(0.2) ? anySignal(random) : undefined,
    })),
    closesAll: random.chance(0.5),
  };
}

/** @param {ReturnType<typeof planBroadcast>} plan @param {import('../world.js').World} world */
export async function runBroadcast(plan, world) {
  await sleep(plan.at);
  const { ledger } = world;
  const id = world.newId();
  const name = `channel ${id}`;
  /** What each sender has sent: at least `after`, at most `before`. @type {Map<string, { before: number, after: number, sure: boolean, from?: any }>} */
  const sent = new Map();
  const newSender = (/** @type {any} */ from) => {
    const sender = `${id}.${sent.size}`;
    const cells = { before: newCell(), after: newCell(), sure: true, from };
    sent.set(sender, cells);
    return { sender, cells };
  };

  const here = Array.from({ length: plan.here }, (_, at) => {
    const messenger = new Messenger(at === 0 ? name : { __messengerID: name });
    /** @type {Map<string, number>} */
    const heard = new Map();
    messenger.onMessage(({ sender, seq, seed, value }) => {
      const last = heard.get(sender) ?? 0;
      ledger.check(seq === last + 1, `${name}: instance ${at} heard ${seq} of ${sender} after ${last}`);
      ledger.check(isDeepStrictEqual(value, valueOf(seed)), `${name}: ${seq} of ${sender} has another value`);
      heard.set(sender, seq);
    });
    return { messenger, heard };
  });
  const [first] = here;

  const services = await Promise.all(
    plan.services.map(async ({ attached, doom, doomMs }) => {
      const launched = set.launchService(attached ? { messengers: [first.messenger] } : {});
      const { value: service } = await ledger.enter(`launch for ${name}`, launched, { check: () => undefined });
      const wrong = newCell();
      const cell = newCell();
      if (!attached) await ledger.enter(`sendMessenger ${name}`, service.sendMessenger(first.messenger));
      await ledger.enter(
        `call listens ${cell} for ${name}`,
        service.call({ name: 'listens', params: [cell, name, wrong] }),
        { cell },
      );
      return { service, wrong, doomMs, doom: doom === 'none' ? undefined : serviceDooms[doom](), how: doom };
    }),
  );

  const troubles = services.map(async ({ service, doom, doomMs, how }) => {
    if (doom === undefined) return;
    const ended = new Promise((resolve) => service.once('terminated', resolve));
    await sleep(doomMs);
    doom.begin();
    if (how === 'close') service.close();
    else service.worker.terminate();
    await ledger.enter(`end of a listener of ${name} by ${how}`, ended);
  });

  await Promise.all(
    plan.senders.map(async ({ via, many, seed, signal }) => {
      const controlled = signal === undefined ? undefined : world.signals[signal];
      if (via === 'here' || (via === 'service' && services.length === 0)) {
        const { sender, cells } = newSender(first.messenger);
        for (let seq = 1; seq <= many; seq += 1) {
          const made = seed + (seq % 8);
          world.count(cells.before);
          first.messenger.sendMessage({ sender, seq, seed: made, value: valueOf(made) });
          world.count(cells.after);
          if (seq % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        return;
      }
      const cell = newCell();
      const through = via === 'service' ? services[seed % services.length] : undefined;
      const { sender, cells } = newSender(through?.service);
      const what = { name, sender, many, seed, before: cells.before, after: cells.after };
      const abort = controlled?.controller.signal;
      const call = { name: 'broadcasts', params: [cell, what], signal: abort };
      const promise =
        via === 'service'
          ? through?.service.call(call)
          : setOf(via === 'stranger' ? 'hooked' : via)({ ...call, messengers: [first.messenger] });
      const { error } = await ledger.enter(`broadcast ${cell} of ${sender} via ${via} on ${name}`, promise, {
        cell,
        value: many,
        dooms: [controlled?.doom, through?.doom],
      });
      if (error !== undefined) {
        // Its thread may go on for a moment.
        cells.sure = false;
        return;
      }
      // What it sent before its reply has been dispatched here.
      for (const { heard } of here) {
        ledger.check(
          heard.get(sender) === many,
          `${name}: ${heard.get(sender)} of ${many} of ${sender} came before its reply`,
        );
      }
      ledger.count('broadcast sent', many);
    }),
  );
  await Promise.all(troubles);

  for (const { service, wrong, doom } of services) {
    ledger.check(read(wrong) === 0, `${name}: a service heard ${read(wrong)} messages out of order, twice or changed`);
    if (doom !== undefined) continue;
    const cell = newCell();
    const { value: tallies } = await ledger.enter(
      `call tallies ${cell} for ${name}`,
      service.call({ name: 'tallies', params: [cell, name] }),
      { cell, check: () => undefined },
    );
    for (const [sender, { before, after, sure, from }] of sent) {
      if (from === service) continue;
      const heard = tallies?.get(sender) ?? 0;
      const fine = sure ? heard === read(after) : heard <= read(before);
      ledger.check(fine, `${name}: a service heard ${heard} of ${sender}, who sent ${read(after)} to ${read(before)}`);
    }
  }
  for (const { service } of services) await ledger.enter(`close a listener of ${name}`, service.close());
  world.atEnd(async () => {
    // What is in this thread's inbox is read in turns of the event loop.
    const lacks = () =>
      [...sent].some(([sender, { after, from }]) =>
        here.some(({ messenger, heard }) => messenger !== from && (heard.get(sender) ?? 0) < read(after)),
      );
    await world.until(() => !lacks(), `${name}: all messages to be heard`);
    for (const [at, { heard }] of here.entries()) {
      for (const [sender, { before, after, from }] of sent) {
        if (from === here[at].messenger) continue;
        const got = heard.get(sender) ?? 0;
        const fine = got <= read(before) && got >= read(after);
        ledger.check(
          fine,
          `${name}: instance ${at} heard ${got} of ${sender}, who sent ${read(after)} to ${read(before)}`,
        );
        ledger.count('broadcast heard here', got);
      }
    }
    if (plan.closesAll) first.messenger.closeAll();
    else for (const { messenger } of here) messenger.close();
    try {
      first.messenger.sendMessage(1);
      ledger.fault(`${name}: a closed messenger sends`);
    } catch (error) {
      ledger.check(/** @type {any} */ (error).code === 'ERR_NANOLITH_MESSENGER_CLOSED', `${name}: ${error}`);
    }
  });
}
