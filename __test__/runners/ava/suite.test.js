// ava runs a file's tests side by side, on a thread of the file's own.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import {
  LoadError,
  Messenger,
  pool,
  ServiceClosedError,
  ServiceCluster,
  UnknownTaskError,
  WorkerExitedError,
} from 'nanolith';
import { missing } from '../missing.js';
import { counter, tasks, warm } from '../tasks.js';

test.before(() => pool.setConcurrency(6));

test('tasks run on threads of their own, each with fresh state', async (t) => {
  t.is(await tasks({ name: 'add', params: [2, 3] }), 5);
  t.deepEqual(await Promise.all([1, 2, 3].map(() => tasks({ name: 'count' }))), [1, 1, 1]);
});

test('tasks stay warm where they may', async (t) => {
  const numbers = Array.from({ length: 50 }, (_, x) => x);
  const squares = await Promise.all(numbers.map((x) => warm({ name: 'square', params: [x] })));
  t.deepEqual(
    squares,
    numbers.map((x) => x * x),
  );
});

test('tasks return plain values', async (t) => {
  const expected = { name: 'x', tags: ['a', 'b'], at: new Date(0), seen: new Map([['x', 1]]) };
  t.deepEqual(await tasks({ name: 'describe', params: ['x'] }), expected);
});

test('tasks reject with what they throw', async (t) => {
  const error = await t.throwsAsync(tasks({ name: 'fail' }), { instanceOf: TypeError, message: 'not like this' });
  t.true(error.cause instanceof RangeError);
  t.like(error, { code: 'E_MINE', hints: ['try again'] });
  await t.throwsAsync(warm({ name: 'fail' }), { instanceOf: TypeError });
  await t.throwsAsync(tasks({ name: 'add', params: 3 }), { instanceOf: TypeError });
});

test("tasks reject with nanolith's own errors", async (t) => {
  const exited = await t.throwsAsync(tasks({ name: 'exit', params: [3] }), { instanceOf: WorkerExitedError });
  t.is(exited.exitCode, 3);
  await t.throwsAsync(tasks({ name: 'nothing' }), { instanceOf: UnknownTaskError });
  await t.throwsAsync(missing({ name: 'anything' }), { instanceOf: LoadError, code: 'ERR_NANOLITH_LOAD' });
});

test('tasks end by a signal', async (t) => {
  const controller = new AbortController();
  const running = tasks({ name: 'never', signal: controller.signal });
  controller.abort(new RangeError('enough'));
  await t.throwsAsync(running, { instanceOf: RangeError, message: 'enough' });
});

test('services answer calls and messages, and report what they throw', async (t) => {
  let handle;
  const exception = new Promise((resolve) => {
    handle = resolve;
  });
  const service = await counter.launchService({ exceptionHandler: ({ error }) => handle(error) });
  const heard = service.waitForMessage((message) => message.calls === 5);
  service.sendMessage(2);
  service.sendMessage('two');
  service.sendMessage(3);
  t.deepEqual(await heard, { calls: 5 });
  t.is(await service.call({ name: 'value' }), 5);
  t.true((await exception) instanceof RangeError);
  const pending = service.call({ name: 'slow', params: [60_000] });
  await Promise.all([t.throwsAsync(pending, { instanceOf: ServiceClosedError }), service.close()]);
  t.true(service.closed);
});

test('services exchange streams', async (t) => {
  const service = await counter.launchService();
  const answer = new Promise((resolve) => service.onStream(resolve));
  await pipeline(Readable.from(['some ', 'text']), await service.createStream({ name: 'first' }));
  const stream = await answer;
  t.deepEqual(stream.metaData, { re: 'first' });
  t.is(Buffer.concat(await stream.toArray()).toString(), 'SOME TEXT');
  await service.close();
});

test('services share work in a cluster', async (t) => {
  const cluster = new ServiceCluster(counter);
  await cluster.launch(2);
  const used = [cluster.use(), cluster.use()];
  t.not(used[0], used[1]);
  const answers = await Promise.all(used.map((service) => service.call({ name: 'slow', params: [1] })));
  t.deepEqual(answers, ['slow', 'slow']);
  await cluster.closeAll();
  t.is(cluster.activeServices, 0);
});

test('messengers reach this thread and others', async (t) => {
  const news = new Messenger('news');
  const other = new Messenger('news');
  const heard = Promise.all([news, other].map((one) => one.waitForMessage(() => true)));
  await tasks({ name: 'announce', params: ['hello'], messengers: [news] });
  t.deepEqual(await heard, [{ text: 'hello' }, { text: 'hello' }]);
  news.closeAll();
});
