// Everything that crosses into the native part, once or a few times, and every way for a thread to end: for runs under
// valgrind, where the tests' own time bounds do not hold.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import process from 'node:process';

import { Messenger, pool } from '../../index.js';
import { native } from '../../lib/native.js';
import { exits, exitsWarm } from '../fixtures/exits.js';
import { pending, pendingWarm } from '../fixtures/never-settles.js';
import { serving } from '../fixtures/service-tasks.js';
import { streams } from '../fixtures/streams.js';
import { tasks } from '../fixtures/tasks.js';
import { warm } from '../fixtures/warm.js';
import { arrivals, newCell } from '../helpers.js';

pool.setConcurrency(3);

/** Something of each kind that the codec writes, and more of it than the first scratch holds. */
const value = {
  text: 'é💡',
  list: [1, 2.5, -3n, null, undefined],
  map: new Map([['key', new Set([1])]]),
  at: new Date(0),
};
const large = new Uint8Array(300_000).fill(7);

assert.deepEqual(await tasks({ name: 'echo', params: [value] }), [value]);
assert.deepEqual(await tasks({ name: 'echo', params: [large] }), [large]);
assert.deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map((at) => warm({ name: 'echo', params: [at] }))), [
  [1],
  [2],
  [3],
  [4],
  [5],
  [6],
]);
for (const set of [exits, exitsWarm]) await assert.rejects(set({ name: 'exit', params: [3] }), { exitCode: 3 });

for (const set of [pending, pendingWarm]) {
  const controller = new AbortController();
  const cell = newCell();
  const call = set({ name: 'pend', params: [cell], signal: controller.signal });
  while (arrivals(cell) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
}

const service = await serving.launchService();
const answers = Array.from({ length: 20 }, (_, at) => service.call({ name: 'add', params: [at, 1] }));
assert.deepEqual(
  await Promise.all(answers),
  Array.from({ length: 20 }, (_, at) => at + 1),
);
const messengers = [new Messenger('smoke'), new Messenger('smoke')];
const heard = new Promise((resolve) => messengers[1].onMessage(resolve));
messengers[1].setRef(true);
messengers[0].sendMessage(value);
assert.deepEqual(await heard, value);
for (const messenger of messengers) messenger.close();
const call = service.call({ name: 'pend', params: [newCell()] });
await Promise.all([assert.rejects(call, { code: 'ERR_NANOLITH_SERVICE_CLOSED' }), service.close()]);

const reader = await streams.launchService();
await reader.call({ name: 'listen' });
const summary = reader.waitForMessage((message) => message?.sha256 !== undefined);
const stream = await reader.createStream({ take: 'summarize', id: 'smoke' });
for (const size of [1, 10, 70_000, 2_000_000, 5]) if (!stream.write(Buffer.alloc(size, 1))) await once(stream, 'drain');
stream.end();
assert.equal(
  (await summary).lengths.reduce((sum, length) => sum + length, 0),
  2_070_016,
);
await reader.worker.terminate();

pool.setSpares(0);
// The owner frees a slot when it hears of the end, which may be after the thread has gone.
const left = () => native.livingAgents() > 1 + native.poolCounts(1).ready || pool.activeCount > 0;
while (left()) await new Promise((resolve) => setTimeout(resolve, 20));
assert.deepEqual(
  [pool.activeCount, pool.queueLength, native.livingPipes(), native.livingSubscriptions()],
  [0, 0, 0, 0],
);
process.stdout.write('smoke: all of it\n');
