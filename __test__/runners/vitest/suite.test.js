import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import {
  LoadError,
  Messenger,
  pool,
  ServiceClosedError,
  ServiceCluster,
  UnknownTaskError,
  WorkerExitedError,
} from 'nanolith';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { missing } from '../missing.js';
import { counter, tasks, warm } from '../tasks.js';

beforeAll(() => pool.setConcurrency(4));

describe('tasks', () => {
  it('run on threads of their own, each with fresh state', async () => {
    await expect(tasks({ name: 'add', params: [2, 3] })).resolves.toBe(5);
    await expect(Promise.all([1, 2, 3].map(() => tasks({ name: 'count' })))).resolves.toEqual([1, 1, 1]);
  });

  it('stay warm where they may', async () => {
    const squares = await Promise.all(Array.from({ length: 50 }, (_, x) => warm({ name: 'square', params: [x] })));
    expect(squares).toEqual(Array.from({ length: 50 }, (_, x) => x * x));
    const counts = await Promise.all(Array.from({ length: 20 }, () => warm({ name: 'count' })));
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });

  it('return promises, arrays and objects of this realm', async () => {
    const promise = tasks({ name: 'describe', params: ['x'] });
    expect(promise).toBeInstanceOf(Promise);
    const described = await promise;
    expect(described).toBeInstanceOf(Object);
    expect(described.tags).toBeInstanceOf(Array);
    expect(described).toEqual({ name: 'x', tags: ['a', 'b'], at: new Date(0), seen: new Map([['x', 1]]) });
  });

  it('reject with what they throw, in this realm', async () => {
    await expect(tasks({ name: 'fail' })).rejects.toThrow(TypeError);
    const error = await tasks({ name: 'fail' }).catch((error) => error);
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'not like this', code: 'E_MINE', hints: ['try again'] });
    await expect(warm({ name: 'fail' })).rejects.toThrow(TypeError);
    await expect(tasks({ name: 'add', params: 3 })).rejects.toThrow(TypeError);
  });

  it("reject with nanolith's own errors", async () => {
    await expect(tasks({ name: 'exit', params: [3] })).rejects.toThrow(WorkerExitedError);
    await expect(tasks({ name: 'exit', params: [3] })).rejects.toMatchObject({ exitCode: 3 });
    await expect(tasks({ name: 'nothing' })).rejects.toThrow(UnknownTaskError);
    await expect(missing({ name: 'anything' })).rejects.toThrow(LoadError);
    await expect(missing({ name: 'anything' })).rejects.toMatchObject({ code: 'ERR_NANOLITH_LOAD' });
  });

  it('end by a signal', async () => {
    const controller = new AbortController();
    const running = tasks({ name: 'never', signal: controller.signal });
    controller.abort(new RangeError('enough'));
    await expect(running).rejects.toThrow(new RangeError('enough'));
    expect(pool.activeCount).toBe(0);
  });
});

describe('services', () => {
  it('answer calls and messages, and report what they throw', async () => {
    let handle;
    const exception = new Promise((resolve) => {
      handle = resolve;
    });
    const service = await counter.launchService({ exceptionHandler: ({ error }) => handle(error) });
    const heard = service.waitForMessage((message) => message.calls === 5);
    service.sendMessage(2);
    service.sendMessage('two');
    service.sendMessage(3);
    expect(await heard).toEqual({ calls: 5 });
    expect(await service.call({ name: 'value' })).toBe(5);
    expect(await exception).toBeInstanceOf(RangeError);
    const pending = service.call({ name: 'slow', params: [60_000] });
    await Promise.all([expect(pending).rejects.toThrow(ServiceClosedError), service.close()]);
    expect(service.closed).toBe(true);
  });

  it('exchange streams', async () => {
    const service = await counter.launchService();
    const answer = new Promise((resolve) => service.onStream(resolve));
    await pipeline(Readable.from(['some ', 'text']), await service.createStream({ name: 'first' }));
    const stream = await answer;
    expect(stream.metaData).toEqual({ re: 'first' });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('SOME TEXT');
    await service.close();
  });

  it('share work in a cluster', async () => {
    const cluster = new ServiceCluster(counter);
    await cluster.launch(2);
    const used = [cluster.use(), cluster.use()];
    expect(new Set(used).size).toBe(2);
    await expect(Promise.all(used.map((service) => service.call({ name: 'slow', params: [1] })))).resolves.toEqual([
      'slow',
      'slow',
    ]);
    await cluster.closeAll();
    expect(cluster.activeServices).toBe(0);
  });
});

describe('messengers', () => {
  it('reach this thread and others', async () => {
    const news = new Messenger('news');
    const other = new Messenger('news');
    const heard = Promise.all([news, other].map((one) => one.waitForMessage(() => true)));
    await tasks({ name: 'announce', params: ['hello'], messengers: [news] });
    expect(await heard).toEqual([{ text: 'hello' }, { text: 'hello' }]);
    news.closeAll();
  });
});

describe('fake timers', () => {
  it('leave nanolith alone', async () => {
    vi.useFakeTimers();
    try {
      await expect(tasks({ name: 'add', params: [1, 1] })).resolves.toBe(2);
      await expect(warm({ name: 'square', params: [3] })).resolves.toBe(9);
      const service = await counter.launchService();
      await expect(service.call({ name: 'value' })).resolves.toBe(0);
      await service.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
