// Large values: calls, messages, a Messenger and a stream, from 1 to 100 MB.
//
//   node --expose-gc __test__/load/large.js [--small]

import { once } from 'node:events';

import { Messenger } from '../../index.js';
import { sink } from './fixtures/sink.js';
import { Report, settledMemory, sizesOf } from './report.js';

const SIZES = sizesOf([1, 10, 100], [1, 8]);
const MB = 2 ** 20;
/** What may be kept of the largest after all is over: caches, and what the allocator does not give back at once. */
const KEPT_MB = 120;

const report = new Report('large', 'Large values', { title: 'MB' });
const messenger = new Messenger('large');
const service = await sink.launchService({ messengers: [messenger] });
await service.call({ name: 'answers', params: ['large'] });

/** @param {any} answer @param {Uint8Array | string} value */
const checkAnswer = (answer, value) =>
  report.check(
    answer.length === value.length && answer.last === value.at(-1),
    `${answer.length} of ${value.length} came`,
  );

/** @type {Record<string, (value: Uint8Array, text: string) => Promise<void>>} */
const ways = {
  async 'call with bytes'(value) {
    checkAnswer(await service.call({ name: 'length', params: [value] }), value);
  },
  async 'call with bytes back'(value) {
    const back = await service.call({ name: 'echo', params: [value] });
    report.check(Buffer.compare(back, value) === 0, 'other bytes came back');
  },
  async 'call with text'(_, text) {
    checkAnswer(await service.call({ name: 'length', params: [text] }), text);
  },
  async 'transferred call'(value) {
    const copy = value.slice();
    checkAnswer(await service.call({ name: 'length', params: [copy], transferList: [copy.buffer] }), value);
  },
  async message(value) {
    const answer = service.waitForMessage(() => true);
    service.sendMessage(value);
    checkAnswer(await answer, value);
  },
  async Messenger(value) {
    const answer = messenger.waitForMessage(() => true);
    messenger.sendMessage(value);
    checkAnswer(await answer, value);
  },
  async stream(value) {
    await service.call({ name: 'forget' });
    const stream = await service.createStream({});
    stream.end(value);
    await once(stream, 'close');
    const end = performance.now() + 60_000;
    while ((await service.call({ name: 'taken' })).bytes < value.length) {
      if (performance.now() > end) throw new Error('the stream has not arrived');
    }
  },
};

const before = await settledMemory();
for (const [name, way] of Object.entries(ways)) {
  await way(new Uint8Array(1000).fill(1), 'x'.repeat(1000));
  for (const size of SIZES) {
    const value = new Uint8Array(size * MB).fill(size);
    value[value.length - 1] = 99;
    const text = `${'x'.repeat(size * MB - 1)}y`;
    for (let round = 0; round < 3; round += 1) {
      const started = performance.now();
      await way(value, text);
      report.add(`${name}, ms a MB`, size, (performance.now() - started) / size);
    }
  }
}
await service.close();
messenger.close();
// The service's garbage went with it.
const kept = ((await settledMemory()) - before) / MB;
report.check(kept <= KEPT_MB, `${kept.toFixed(0)} MB are kept after all is over`);
const names = Object.keys(ways).map((name) => `${name}, ms a MB`);
for (const name of names) report.flat(name, { ratio: 4, slack: 10 });
report.end({ 'Time of one MB': names });
