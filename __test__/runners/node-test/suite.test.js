import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { before, describe, it, mock } from 'node:test';
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

before(() => pool.setConcurrency(4));

describe('tasks', () => {
  it('run on threads of their own, each with fresh state', async () => {
    assert.equal(await tasks({ name: 'add', params: [2, 3] }), 5);
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => tasks({ name: 'count' }))), [1, 1, 1]);
  });

  it('stay warm where they may', async () => {
    const numbers = Array.from({ length: 50 }, (_, x) => x);
    const squares = await Promise.all(numbers.map((x) => warm({ name: 'square', params: [x] })));
    assert.deepEqual(
      squares,
      numbers.map((x) => x * x),
    );
  });

  it('return plain values', async () => {
    const expected = { name: 'x', tags: ['a', 'b'], at: new Date(0), seen: new Map([['x', 1]]) };
    assert.deepEqual(await tasks({ name: 'describe', params: ['x'] }), expected);
  });

  it('reject with what they throw', async () => {
    await assert.rejects(tasks({ name: 'fail' }), (error) => {
      assert.ok(error instanceof TypeError && error.cause instanceof RangeError);
      assert.deepEqual([error.message, error.code, error.hints], ['not like this', 'E_MINE', ['try again']]);
      return true;
    });
    await assert.rejects(warm({ name: 'fail' }), TypeError);
    await assert.rejects(tasks({ name: 'add', params: 3 }), TypeError);
  });

  it("reject with nanolith's own errors", async () => {
    await assert.rejects(tasks({ name: 'exit', params: [3] }), WorkerExitedError);
    await assert.rejects(tasks({ name: 'exit', params: [3] }), { exitCode: 3 });
    await assert.rejects(tasks({ name: 'nothing' }), UnknownTaskError);
    await assert.rejects(missing({ name: 'anything' }), LoadError);
  });

  it('end by a signal', async () => {
    const controller = new AbortController();
    const running = tasks({ name: 'never', signal: controller.signal });
    controller.abort(new RangeError('enough'));
    await assert.rejects(running, new RangeError('enough'));
    assert.equal(pool.activeCount, 0);
  });
});

describe('services', () => {
  it('answer calls and messages, and report what they throw', async () => {
    let handle;
    const exception = new Promise((resolve) => {
      handle = resolve;
    });
    const exceptionHandler = mock.fn(({ error }) => handle(error));
    const service = await counter.launchService({ exceptionHandler });
    const heard = service.waitForMessage((message) => message.calls === 5);
    service.sendMessage(2);
    service.sendMessage('two');
    service.sendMessage(3);
    assert.deepEqual(await heard, { calls: 5 });
    assert.equal(await service.call({ name: 'value' }), 5);
    assert.ok((await exception) instanceof RangeError);
    assert.equal(exceptionHandler.mock.callCount(), 1);
    const pending = service.call({ name: 'slow', params: [60_000] });
    await Promise.all([assert.rejects(pending, ServiceClosedError), service.close()]);
    assert.ok(service.closed);
  });

  it('exchange streams', async () => {
    const service = await counter.launchService();
    const answer = new Promise((resolve) => service.onStream(resolve));
    await pipeline(Readable.from(['some ', 'text']), await service.createStream({ name: 'first' }));
    const stream = await answer;
    assert.deepEqual(stream.metaData, { re: 'first' });
    assert.equal(Buffer.concat(await stream.toArray()).toString(), 'SOME TEXT');
    await service.close();
  });

  it('share work in a cluster', async () => {
    const cluster = new ServiceCluster(counter);
    await cluster.launch(2);
    const used = [cluster.use(), cluster.use()];
    assert.notEqual(used[0], used[1]);
    const answers = await Promise.all(used.map((service) => service.call({ name: 'slow', params: [1] })));
    assert.deepEqual(answers, ['slow', 'slow']);
    await cluster.closeAll();
    assert.equal(cluster.activeServices, 0);
  });
});

describe('messengers', () => {
  it('reach this thread and others', async () => {
    const news = new Messenger('news');
    const other = new Messenger('news');
    const heard = Promise.all([news, other].map((one) => one.waitForMessage(() => true)));
    await tasks({ name: 'announce', params: ['hello'], messengers: [news] });
    assert.deepEqual(await heard, [{ text: 'hello' }, { text: 'hello' }]);
    news.closeAll();
  });
});

describe('mocked timers', () => {
  it('leave nanolith alone', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
    try {
      assert.equal(await tasks({ name: 'add', params: [1, 1] }), 2);
      assert.equal(await warm({ name: 'square', params: [3] }), 9);
      const service = await counter.launchService();
      assert.equal(await service.call({ name: 'value' }), 0);
      await service.close();
    } finally {
      mock.timers.reset();
    }
  });
});
