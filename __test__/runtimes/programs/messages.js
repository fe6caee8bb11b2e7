import { assert } from '../fixtures/check.js';
import { talker } from '../fixtures/service.js';

const service = await talker.launchService();
/** @type {unknown[]} */
const heard = [];
service.onMessage(({ heard: message }) => heard.push(message));
const all = service.waitForMessage(({ heard: message }) => message === 'last');
const sent = Array.from({ length: 1_000 }, (_, n) => (n % 3 ? n : { n, text: 'x'.repeat(n) }));
for (const message of [...sent, 'last']) service.sendMessage(message);
await all;
assert.deepEqual(heard, [...sent, 'last']);
await service.close();
