// Many Messengers: channels of two, and one channel of all.
//
//   node --expose-gc __test__/load/messengers.js [--small]

import { Messenger } from '../../index.js';
import { native } from '../../lib/native.js';
import { Report, sizesOf } from './report.js';

const SIZES = sizesOf([10, 100, 1_000], [10, 100]);
const DELIVERIES = 100_000;

const report = new Report('messengers', 'Messengers at once', { title: 'messengers' });

/** Resolves when so many messages were heard. @param {readonly Messenger[]} listeners @param {number} many */
function heard(listeners, many) {
  let count = 0;
  return new Promise((resolve) => {
    for (const listener of listeners) {
      listener.onMessage(() => {
        count += 1;
        if (count === many) resolve(undefined);
      });
    }
  });
}

/** @param {number} size @param {boolean} record */
async function channels(size, record) {
  const started = performance.now();
  const pairs = Array.from({ length: size / 2 }, (_, at) => [
    new Messenger(`channel ${at}`),
    new Messenger(`channel ${at}`),
  ]);
  const made = performance.now();
  const many = Math.ceil(DELIVERIES / pairs.length) * pairs.length;
  const all = heard(
    pairs.map(([, listener]) => listener),
    many,
  );
  const sending = performance.now();
  for (let at = 0; at < many; at += 1) {
    pairs[at % pairs.length][0].sendMessage(at);
    // In turns, so that the loop goes on and the inbox stays small.
    if (at % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await all;
  const received = performance.now();
  for (const pair of pairs) for (const messenger of pair) messenger.close();
  const closed = performance.now();
  if (!record) return;
  report.add('make, us', size, ((made - started) / size) * 1000);
  report.add('deliver, own channel, us', size, ((received - sending) / many) * 1000);
  report.add('close, us', size, ((closed - received) / size) * 1000);
}

/** @param {number} size @param {boolean} record */
async function together(size, record) {
  const all = Array.from({ length: size }, () => new Messenger('all'));
  const [sender, ...listeners] = all;
  const sends = Math.ceil(DELIVERIES / listeners.length);
  const done = heard(listeners, sends * listeners.length);
  const sending = performance.now();
  for (let at = 0; at < sends; at += 1) {
    sender.sendMessage(at);
    if (at % Math.ceil(5_000 / size) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  const received = performance.now();
  sender.closeAll();
  if (record) report.add('deliver, one channel, us', size, ((received - sending) / (sends * listeners.length)) * 1000);
}

for (const part of [channels, together]) {
  await part(10, false);
  for (const size of SIZES) for (let round = 0; round < 3; round += 1) await part(size, true);
}
report.check(native.livingSubscriptions() === 0, `${native.livingSubscriptions()} subscriptions are left`);
report.flat('make, us', { ratio: 4, slack: 20 });
report.flat('close, us', { ratio: 4, slack: 20 });
report.flat('deliver, own channel, us', { ratio: 4 });
report.flat('deliver, one channel, us', { ratio: 4 });
report.end({
  'Time of one delivery': ['deliver, own channel, us', 'deliver, one channel, us'],
  'Time of one Messenger': ['make, us', 'close, us'],
});
