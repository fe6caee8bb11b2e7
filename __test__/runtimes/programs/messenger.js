import { assert } from '../fixtures/check.js';
import { Messenger, pool } from '../fixtures/nanolith.js';
import { talker } from '../fixtures/service.js';

pool.setConcurrency(2);
const news = new Messenger('news');
const services = await Promise.all([1, 2].map(() => talker.launchService({ messengers: [news] })));
await Promise.all(services.map((service) => service.call({ name: 'joins', params: ['news'] })));
/** @type {unknown[]} */
const answers = [];
const done = news.waitForMessage((/** @type {any} */ { answer }) => {
  answers.push(answer);
  return answers.length === 200;
});
for (let n = 0; n < 100; n += 1) news.sendMessage({ ask: n });
await done;
assert.deepEqual(
  answers.map(Number).sort((a, b) => a - b),
  Array.from({ length: 200 }, (_, n) => 2 * Math.floor(n / 2)),
);
news.close();
await Promise.all(services.map((service) => service.close()));
