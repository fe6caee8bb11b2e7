import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';

import { define, pool, Service } from '../index.js';
import { blockForArrivals } from './fixtures/barrier.js';
import { launchGuarded, launchUnguarded } from './fixtures/guarded-launch.js';
import { doing, initialized } from './fixtures/initializers.js';
import { loading } from './fixtures/loads-by-argument.js';
import { hooked, plainHook, slowHook } from './fixtures/service-hooks.js';
import { serving } from './fixtures/service-tasks.js';
import { sends, shares } from './fixtures/shared-results.js';
import {
  arrivals,
  clinging,
  newCell,
  open,
  poolIdle,
  refusing,
  rejection,
  threadsGone,
  uncaughts,
  until,
  within,
} from './helpers.js';
import { hear, listenersOf, nothingLeft, stateOf, withService } from './service-helpers.js';

pool.setConcurrency(64);

const all = { concurrency: 6 };

describe('launchService', all, () => {
  it('resolves with a Service on a thread of its own', () =>
    withService(serving, undefined, async (service) => {
      assert.ok(service instanceof Service);
      assert.ok(service.worker instanceof Worker);
      assert.equal(service.closed, false);
      assert.equal(service.activeCalls, 0);
      assert.equal(service.threadID, service.worker.threadId);
      assert.equal(await within(service.call({ name: 'thread' })), service.threadID);
      assert.equal(await within(service.call({ name: 'isMain' })), false);
    }));

  it('returns a promise, with any options; it never throws', async () => {
    for (const options of [
      5,
      null,
      { exceptionHandler: 'no function' },
      { messengers: {} },
      { messengers: [{}] },
      { priority: 1 },
      { reffed: 'yes' },
      { options: 'none' },
      { signal: {} },
    ]) {
      const promise = serving.launchService(/** @type {any} */ (options));
      assert.ok(promise instanceof Promise);
      const error = await rejection(promise);
      assert.ok(error instanceof TypeError, String(error));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    }
  });

  it('is what makes a Service: its constructor is for nobody else, and says so', () => {
    const Constructor = /** @type {new (...params: any[]) => Service} */ (/** @type {unknown} */ (Service));
    for (const params of [[], [{}], [{ id: 1, worker: {} }, serving, {}]]) {
      assert.throws(() => new Constructor(...params), {
        name: 'TypeError',
        code: 'ERR_NANOLITH_INVALID_ARGUMENT',
        message: /^Illegal constructor: .*launchService/,
      });
    }
  });

  it('resolves after __initializeService has finished', async () => {
    const cell = newCell();
    const launch = initialized.launchService(doing('waits', cell));
    await until(() => arrivals(cell) === 1);
    assert.equal(await stateOf(launch), 'pending');
    open(cell);
    const service = await within(launch);
    assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    await within(service.close());
  });

  it('__initializeService is called once, with the thread’s ID, its name and inService', () =>
    withService(initialized, undefined, async (service) => {
      assert.deepEqual(await within(service.call({ name: 'seen' })), [
        [service.threadID, { name: '__initializeService', inService: true }],
      ]);
    }));

  it('refuses the hooks and inherited names as names of calls', () =>
    withService(hooked, undefined, async (service) => {
      for (const name of ['__initializeService', '__beforeServiceTask', 'toString', 'constructor', '__proto__', 'no']) {
        const error = await rejection(service.call({ name }));
        assert.equal(error.name, 'UnknownTaskError');
        assert.equal(error.code, 'ERR_NANOLITH_UNKNOWN_TASK');
        assert.match(error.message, new RegExp(name));
      }
      assert.equal(service.activeCalls, 0);
    }));

  it('safeMode rejects a launch from the file that defines the set; safeMode: false allows it', async () => {
    const error = await rejection(launchGuarded());
    assert.equal(error.code, 'ERR_NANOLITH_SAFE_MODE');
    assert.match(error.message, /bundle/);
    const service = await within(launchUnguarded());
    assert.equal(await within(service.call({ name: 'fine' })), 'fine');
    await within(service.close());
  });

  it('options: argv, env, name, execArgv and resourceLimits reach the thread', () => {
    const options = {
      argv: ['one', 2],
      env: { NANOLITH_TEST_SERVICE: 'its own' },
      name: 'of the user',
      execArgv: ['--no-warnings'],
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    };
    return withService(serving, { options }, async (service) => {
      assert.deepEqual(await within(service.call({ name: 'about' })), {
        argv: ['one', '2'],
        flags: ['--no-warnings'],
        env: 'its own',
      });
      assert.equal(service.worker.resourceLimits.maxOldGenerationSizeMb, 64);
    });
  });

  it('options: env is the process’s own when none is given', () =>
    withService(serving, undefined, async (service) => {
      await within(service.call({ name: 'setEnv', params: ['NANOLITH_TEST_SHARED', 'by a service'] }));
      assert.equal(process.env.NANOLITH_TEST_SHARED, 'by a service');
    }));

  it('options: workerData and eval are nanolith’s own, and ignored', () =>
    withService(serving, { options: { workerData: { mine: 1 }, eval: true } }, async (service) => {
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    }));

  it('options: stdin, stdout and stderr are streams of service.worker', () =>
    withService(serving, { options: { stdin: true, stdout: true, stderr: true } }, async (service) => {
      const { stdin, stdout, stderr } = service.worker;
      const printed = new Promise((resolve) => stdout.once('data', (data) => resolve(String(data))));
      const complained = new Promise((resolve) => stderr.once('data', (data) => resolve(String(data))));
      await within(service.call({ name: 'print', params: ['to stdout'] }));
      await within(service.call({ name: 'complain', params: ['to stderr'] }));
      assert.equal(await within(printed), 'to stdout');
      assert.equal(await within(complained), 'to stderr');
      const read = service.call({ name: 'readInput' });
      stdin.end('from stdin');
      assert.equal(await within(read), 'from stdin');
    }));

  it('options: close() ends a service whose stdout nobody reads', async () => {
    const service = await within(serving.launchService({ options: { stdout: true } }));
    for (let count = 0; count < 100; count += 1) {
      await within(service.call({ name: 'print', params: ['x'.repeat(10_000)] }));
    }
    await within(service.close());
    assert.equal(service.closed, true);
  });
});

describe('a launch that fails', all, () => {
  const failures = /** @type {const} */ ([
    ['the initializer throws', 'throws', { name: 'RangeError', message: 'from the initializer' }],
    ['the initializer rejects', 'rejects', { name: 'RangeError', message: 'from the initializer' }],
    ['an exception is uncaught before it', 'uncaught', { name: 'RangeError', message: 'uncaught in the initializer' }],
    [
      'a rejection is unhandled before it',
      'unhandled',
      { name: 'RangeError', message: 'unhandled in the initializer' },
    ],
    ['the thread exits', 'exits', { code: 'ERR_NANOLITH_WORKER_EXITED', exitCode: 7 }],
  ]);
  for (const [title, what, expected] of failures) {
    it(`rejects when ${title}`, async () => {
      const error = await rejection(initialized.launchService(doing(what)));
      for (const [key, value] of Object.entries(expected)) assert.equal(error[key], value, key);
      assert.ok(error instanceof Error);
      if (error.name === 'RangeError') assert.ok(error instanceof RangeError);
    });
  }

  it('rejects with what the initializer threw, error or not', async () => {
    const sentinel = {};
    const outcome = await within(
      initialized.launchService(doing('throwsUndefined')).then(
        () => sentinel,
        (why) => why,
      ),
    );
    assert.equal(outcome, undefined);
  });

  it('rejects with ERR_WORKER_OUT_OF_MEMORY when the initializer runs out of memory', async () => {
    const { options } = doing('grows');
    const limited = { ...options, resourceLimits: { maxOldGenerationSizeMb: 24 } };
    const error = await rejection(initialized.launchService({ options: limited }), 60_000);
    assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY');
  });

  it('rejects with a LoadError for a missing file, a throw at the top level, and a file without the set', async () => {
    const functions = { fine: () => 'fine' };
    const missing = await define(functions, { identifier: 'missing', file: '/nowhere/missing.js' });
    const broken = await define(functions, {
      identifier: 'broken',
      file: new URL('./fixtures/syntax-error.js', import.meta.url),
    });
    const without = await define(functions, {
      identifier: 'without',
      file: new URL('./fixtures/barrier.js', import.meta.url),
    });
    for (const set of [missing, broken, without, missing]) {
      const error = await rejection(set.launchService());
      assert.equal(error.code, 'ERR_NANOLITH_LOAD');
      assert.ok(error.message.startsWith(`Cannot load ${set.file}: `), error.message);
      assert.notEqual(error.cause, undefined);
    }
    const error = await rejection(loading.launchService({ options: { argv: ['throws'] } }));
    assert.equal(error.code, 'ERR_NANOLITH_LOAD');
    assert.ok(error.cause instanceof RangeError);
    assert.equal(error.cause.message, 'from the top level');
  });

  it('rejects when the top level of the file ends the thread', async () => {
    const error = await rejection(loading.launchService({ options: { argv: ['exits'] } }));
    assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
    assert.equal(error.exitCode, 5);
  });

  it('rejects with what the Worker’s constructor throws', async () => {
    const error = await rejection(serving.launchService({ options: { execArgv: ['--no-such-flag'] } }));
    assert.equal(error.code, 'ERR_WORKER_INVALID_EXEC_ARGV');
  });

  it('ends although nobody reads the stdout it asked for', async () => {
    const { options } = doing('prints');
    const error = await rejection(initialized.launchService({ options: { ...options, stdout: true } }));
    assert.equal(error.message, 'after much output');
  });
});

describe('a launch that failed', () => {
  for (const what of ['throws', 'uncaught', 'exits']) {
    it(`leaves nothing behind: ${what}`, async () => {
      await rejection(initialized.launchService(doing(what)));
      assert.equal(pool.activeCount, 0, 'the slot is free when the promise rejects');
      assert.equal(pool.idle, true);
      await threadsGone();
    });
  }

  it('leaves nothing behind: a file that does not load, the Worker’s constructor, much output', async () => {
    await rejection(loading.launchService({ options: { argv: ['throws'] } }));
    assert.equal(pool.activeCount, 0);
    await rejection(serving.launchService({ options: { execArgv: ['--no-such-flag'] } }));
    assert.equal(pool.activeCount, 0);
    const { options } = doing('prints');
    await rejection(initialized.launchService({ options: { ...options, stdout: true } }));
    assert.equal(pool.activeCount, 0);
    await threadsGone();
  });
});

const refusal = new Error('no listeners here');

describe('the signal of a launch', () => {
  it('rejects with what it throws when a listener is added, taking no slot', async () => {
    const launch = serving.launchService({ signal: refusing(refusal) });
    assert.equal(await rejection(launch), refusal);
    assert.equal(pool.activeCount, 0);
  });

  it('rejects at once with the reason when it is aborted already, taking no slot', async () => {
    const reason = new Error('too late');
    const launch = serving.launchService({ signal: AbortSignal.abort(reason) });
    assert.equal(pool.activeCount, 0);
    assert.equal(await rejection(launch), reason);
  });

  const moments = /** @type {const} */ ([
    ['R23: while the initializer waits', initialized, 'pends'],
    ['R24: while the initializer spins', initialized, 'spins'],
    ['R24: while the file’s top level spins', loading, 'spins'],
    ['while the file’s top level waits', loading, 'pends'],
  ]);
  for (const [title, set, what] of moments) {
    it(`${title}: rejects with the reason, undoes the launch, leaves no listener`, async () => {
      const cell = newCell();
      const controller = new AbortController();
      const launch = set.launchService({ ...doing(what, cell), signal: controller.signal });
      const begun = pool.activeCount;
      const reason = new Error('no more');
      try {
        await until(() => arrivals(cell) === 1);
      } finally {
        controller.abort(reason);
      }
      assert.equal(begun, 1);
      assert.equal(pool.activeCount, 0, 'the slot is free at once');
      assert.equal(await rejection(launch), reason);
      assert.equal(listenersOf(controller.signal), 0);
      await threadsGone();
    });
  }

  it('R23: in the tick of the launch, before the thread is up', async () => {
    const controller = new AbortController();
    const launch = serving.launchService({ signal: controller.signal });
    controller.abort('at once');
    assert.equal(pool.activeCount, 0);
    assert.equal(await rejection(launch), 'at once');
    await threadsGone();
  });

  it('does nothing to a launched service, and is not listened to any more', async () => {
    const controller = new AbortController();
    await withService(serving, { signal: controller.signal }, async (service) => {
      assert.equal(listenersOf(controller.signal), 0);
      controller.abort();
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    });
  });
});

describe('service.call', all, () => {
  it('resolves with what the task returns, sync or async', () =>
    withService(serving, undefined, async (service) => {
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
      assert.equal(await within(service.call({ name: 'addLater', params: [1, 2] })), 3);
      assert.equal(await within(service.call({ name: 'nothing' })), undefined);
      assert.deepEqual(await within(service.call({ name: 'echo', params: [] })), []);
    }));

  it('never throws synchronously', () =>
    withService(serving, undefined, async (service) => {
      for (const bad of [undefined, null, 5, {}, { name: 5 }, { name: 'add', params: 5 }, { name: 'add', signal: 5 }]) {
        const promise = service.call(bad);
        assert.ok(promise instanceof Promise);
        const error = await rejection(promise);
        assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
        assert.ok(error instanceof TypeError);
      }
      assert.equal(service.activeCalls, 0);
    }));

  it('keeps module state between calls, and runs calls side by side', () =>
    withService(serving, undefined, async (service) => {
      const [one, two] = [newCell(), newCell()];
      const first = service.call({ name: 'gate', params: [one, 'first'] });
      const second = service.call({ name: 'gate', params: [two, 'second'] });
      await until(() => arrivals(one) === 1 && arrivals(two) === 1);
      open(two);
      assert.equal(await within(second), 'second');
      assert.equal(await stateOf(first), 'pending');
      open(one);
      assert.equal(await within(first), 'first');
      await within(service.call({ name: 'heardCall', params: [1] }));
      await within(service.call({ name: 'heardCall', params: [2] }));
      assert.deepEqual(await within(service.call({ name: 'heard' })), [1, 2]);
    }));

  it('begins calls in the order of the calls, whatever their size', () =>
    withService(serving, undefined, async (service) => {
      const calls = Array.from({ length: 300 }, (_, at) =>
        service.call({ name: 'heardCall', params: [{ at, ballast: 'x'.repeat(at % 50 === 0 ? 200_000 : at) }] }),
      );
      await within(Promise.all(calls));
      const heard = await within(service.call({ name: 'heard' }));
      assert.deepEqual(
        heard.map(({ at }) => at),
        Array.from({ length: 300 }, (_, at) => at),
      );
    }));

  it('carries rich values, large ones, and the params as they were at the call', () =>
    withService(serving, undefined, async (service) => {
      const value = [new Map([[1, new Set(['x'])]]), new Date(5), 10n, new Float64Array([1.5]), { deep: [null] }];
      assert.deepEqual(await within(service.call({ name: 'echo', params: value })), structuredClone(value));
      const text = 'é'.repeat(3_000_000);
      const [back] = await within(service.call({ name: 'echo', params: [text] }));
      assert.equal(back, text);
      const changed = { at: 'the call' };
      const promise = service.call({ name: 'echo', params: [changed] });
      changed.at = 'later';
      assert.deepEqual(await within(promise), [{ at: 'the call' }]);
    }));

  it('transferList is a key: buffers move, ports travel, SharedArrayBuffer is shared', () =>
    withService(serving, undefined, async (service) => {
      const { buffer } = new Uint8Array(10);
      const length = service.call({ name: 'lengthOf', params: [buffer], transferList: [buffer] });
      assert.equal(buffer.byteLength, 0);
      assert.equal(await within(length), 10);
      const { port1, port2 } = new MessageChannel();
      await within(service.call({ name: 'post', params: [port2, 'by port'], transferList: [port2] }));
      await until(() => receiveMessageOnPort(port1)?.message === 'by port');
      port1.close();
      const shared = new SharedArrayBuffer(4);
      await within(service.call({ name: 'increment', params: [shared] }));
      assert.equal(new Int32Array(shared)[0], 1);
    }));

  it('R4: an unclonable argument or result is a DataCloneError; counts are restored, the service usable', () =>
    withService(serving, undefined, async (service) => {
      const promise = service.call({ name: 'echo', params: [() => {}] });
      assert.equal(service.activeCalls, 0);
      assert.equal((await rejection(promise)).name, 'DataCloneError');
      const error = await rejection(service.call({ name: 'returnsFunction' }));
      assert.equal(error.name, 'DataCloneError');
      assert.equal(service.activeCalls, 0);
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    }));

  it('rejects with what the task threw: class, code, cause; or the value as it is', () =>
    withService(serving, undefined, async (service) => {
      const error = await rejection(service.call({ name: 'failWithCause' }));
      assert.ok(error instanceof TypeError);
      assert.equal(error.message, 'a type');
      assert.equal(error.code, 'E_MINE');
      assert.ok(error.cause instanceof RangeError);
      const custom = await rejection(service.call({ name: 'failWithAProgramsClass' }));
      assert.equal(Object.getPrototypeOf(custom), Error.prototype);
      assert.equal(custom.name, 'CustomError');
      assert.deepEqual(custom.extra, [1]);
      assert.equal(await rejection(service.call({ name: 'fail', params: ['a string'] })), 'a string');
      assert.equal(await rejection(service.call({ name: 'fail', params: [undefined] })), undefined);
      const shared = new SharedArrayBuffer(8);
      const back = /** @type {any} */ (await rejection(service.call({ name: 'fail', params: [{ shared }] })));
      assert.ok(back.shared instanceof SharedArrayBuffer);
    }));

  it('the stack of an error shows the thread’s frames, then the caller’s', () =>
    withService(serving, undefined, async (service) => {
      async function theCaller() {
        return await service.call({ name: 'failWithCause' });
      }
      const { stack } = await rejection(theCaller());
      const [inThread, inCaller] = [stack.indexOf('service-tasks.js'), stack.indexOf('theCaller')];
      assert.ok(inThread > 0, stack);
      assert.ok(inCaller > inThread, stack);
    }));

  it('activeCalls is exact in the tick of the calls and when they settled', () =>
    withService(serving, undefined, async (service) => {
      const cell = newCell();
      const calls = [1, 2, 3].map((value) => {
        const call = service.call({ name: 'gate', params: [cell, value] });
        assert.equal(service.activeCalls, value);
        return call;
      });
      const failing = service.call({ name: 'fail', params: ['x'] });
      assert.equal(service.activeCalls, 4);
      await rejection(failing);
      assert.equal(service.activeCalls, 3);
      open(cell);
      await within(Promise.all(calls));
      assert.equal(service.activeCalls, 0);
    }));

  it('a call counts until it has settled here, however fast the service answers', () =>
    withService(serving, undefined, async (service) => {
      const answered = newCell();
      for (let round = 1; round <= 20; round += 1) {
        const calls = [1, 2, 3].map(() => service.call({ name: 'tick', params: [answered] }));
        // In this very tick the service answers them.
        const end = Date.now() + 20_000;
        while (arrivals(answered) < 3 * round && Date.now() < end);
        assert.equal(arrivals(answered), 3 * round);
        assert.equal(service.activeCalls, 3);
        await within(Promise.all(calls));
        assert.equal(service.activeCalls, 0);
      }
    }));

  it('a call whose signal takes no listener rejects with what it throws, and does not count', () =>
    withService(serving, undefined, async (service) => {
      const call = service.call({ name: 'add', params: [1, 2], signal: refusing(refusal) });
      assert.equal(await rejection(call), refusal);
      assert.equal(service.activeCalls, 0);
    }));

  it('a signal that keeps its listener keeps nobody waiting: its calls settle, and the service closes', () =>
    withService(serving, undefined, async (service) => {
      const signal = () => clinging(refusal);
      const answered = service.call({ name: 'add', params: [1, 2], signal: signal() });
      const pending = [0, 1].map(() =>
        rejection(service.call({ name: 'pend', params: [newCell()], signal: signal() })),
      );
      const seen = await uncaughts(3, () => answered.then(() => service.close()));
      assert.deepEqual(seen, [refusal, refusal, refusal]);
      assert.equal(await within(answered), 3);
      for (const call of pending) assert.equal((await call).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      await within(service.close());
      assert.equal(service.closed, true);
    }));

  it('a call among whose params a getter closes the service rejects, and does not count', () =>
    withService(serving, undefined, async (service) => {
      const closes = {
        get closing() {
          return void service.close();
        },
      };
      const call = rejection(service.call({ name: 'echo', params: [closes] }));
      assert.equal(service.activeCalls, 0);
      assert.equal((await call).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    }));

  it('a call whose signal throws leaves none of its host values to the next one', () =>
    withService(serving, undefined, async (service) => {
      let looks = 0;
      const looked = {
        ...refusing(refusal),
        addEventListener() {},
        get aborted() {
          looks += 1;
          // The first look is whether it is a signal at all.
          if (looks > 2) throw refusal;
          return false;
        },
      };
      for (const signal of [refusing(refusal), looked]) {
        const [refused, shared] = [new SharedArrayBuffer(4), new SharedArrayBuffer(4)];
        const call = service.call({ name: 'increment', params: [refused], signal });
        const outcome = await within(call.catch((/** @type {unknown} */ reason) => reason));
        await within(service.call({ name: 'increment', params: [shared] }));
        assert.deepEqual([new Int32Array(refused)[0], new Int32Array(shared)[0]], [outcome === refusal ? 0 : 1, 1]);
      }
    }));

  it('a call whose signal makes another call meanwhile has its own host values, and so has the other', () =>
    withService(serving, undefined, async (service) => {
      const [own, other] = [new SharedArrayBuffer(4), new SharedArrayBuffer(8)];
      /** @type {Promise<unknown> | undefined} */
      let made;
      const signal = {
        ...refusing(refusal),
        addEventListener() {
          made = service.call({ name: 'lengthOf', params: [other] });
        },
      };
      assert.equal(await within(service.call({ name: 'lengthOf', params: [own], signal })), 4);
      assert.equal(await within(Promise.resolve(made)), 8);
    }));

  it('sendMessenger, messages and refused calls do not count as calls', () =>
    withService(serving, undefined, async (service) => {
      const { Messenger } = await import('../index.js');
      const cell = newCell();
      const messenger = new Messenger();
      const call = service.call({ name: 'gate', params: [cell] });
      await within(service.sendMessenger(messenger));
      service.sendMessage('a message');
      await rejection(service.call({ name: 'no such task' }));
      assert.equal(service.activeCalls, 1);
      open(cell);
      await within(call);
      assert.equal(service.activeCalls, 0);
      messenger.close();
    }));

  it('signal: the call rejects with the reason, the task runs on, its result is dropped', () =>
    withService(serving, undefined, async (service) => {
      const cell = newCell();
      const controller = new AbortController();
      const call = service.call({ name: 'gate', params: [cell, 'dropped'], signal: controller.signal });
      await until(() => arrivals(cell) === 1);
      const others = [1, 2, 3].map((value) => service.call({ name: 'gate', params: [cell, value] }));
      controller.abort('given up');
      assert.equal(await rejection(call), 'given up');
      assert.equal(listenersOf(controller.signal), 0);
      open(cell);
      assert.deepEqual(await within(Promise.all(others)), [1, 2, 3]);
      await until(() => service.activeCalls === 0);
      assert.equal(await within(service.call({ name: 'add', params: [1, 2] })), 3);
    }));

  it('signal: an aborted one rejects without a call; a settled call leaves no listener', () =>
    withService(serving, undefined, async (service) => {
      const cell = newCell();
      const call = service.call({ name: 'tick', params: [cell], signal: AbortSignal.abort('before') });
      assert.equal(service.activeCalls, 0);
      assert.equal(await rejection(call), 'before');
      const { signal } = new AbortController();
      await within(service.call({ name: 'nothing', signal }));
      await rejection(service.call({ name: 'fail', params: ['x'], signal }));
      await rejection(service.call({ name: 'echo', params: [() => {}], signal }));
      assert.equal(listenersOf(signal), 0);
      assert.equal(arrivals(cell), 0);
    }));

  it('aborted by a getter of its own params, rejects with the reason', () =>
    withService(serving, undefined, async (service) => {
      const controller = new AbortController();
      const aborts = {
        get it() {
          controller.abort('by the getter');
          return true;
        },
      };
      const call = service.call({ name: 'echo', params: [aborts], signal: controller.signal });
      assert.equal(await rejection(call), 'by the getter');
      assert.equal(listenersOf(controller.signal), 0);
      await until(() => service.activeCalls === 0);
    }));

  it('R10: one signal shared by many calls, aborted once', () =>
    withService(serving, undefined, async (service) => {
      const cell = newCell();
      const controller = new AbortController();
      const calls = Array.from({ length: 200 }, () =>
        service.call({ name: 'gate', params: [cell], signal: controller.signal }),
      );
      const spared = service.call({ name: 'gate', params: [cell, 'spared'] });
      assert.equal(listenersOf(controller.signal), 1, 'Node warns of many');
      const reasons = Promise.all(calls.map((call) => rejection(call)));
      controller.abort('all');
      assert.deepEqual(new Set(await reasons), new Set(['all']));
      assert.equal(listenersOf(controller.signal), 0);
      open(cell);
      assert.equal(await within(spared), 'spared');
      await until(() => service.activeCalls === 0);
    }));
});

describe('the hooks of services', all, () => {
  it('__beforeServiceTask and __afterServiceTask are awaited around the task, with (threadID, { name, inService })', () =>
    withService(hooked, undefined, async (service) => {
      await within(service.call({ name: 'order', params: [{}] }));
      await within(service.call({ name: 'task' }));
      const told = [service.threadID, { name: 'task', inService: true }];
      const log = await within(service.call({ name: 'log' }));
      const of = log.filter((entry) => entry[2] === undefined || entry[2].name === 'task');
      assert.deepEqual(of, [
        ['before', ...told],
        ['before ended', ...told],
        ['task'],
        ['after', ...told],
        ['after ended', ...told],
      ]);
      assert.ok(!log.some(([what]) => what === 'a hook of tasks'));
    }));

  it('the result is encoded when the task settles, before the hook that follows', () =>
    withService(hooked, undefined, async (service) => {
      await within(service.call({ name: 'order', params: [{}] }));
      assert.deepEqual(await within(service.call({ name: 'task' })), { value: 'of the task' });
    }));

  it('a hook that throws rejects the call; the task does not run after a failed before', () =>
    withService(hooked, undefined, async (service) => {
      await within(service.call({ name: 'order', params: [{ before: 'throws' }] }));
      assert.equal((await rejection(service.call({ name: 'task' }))).message, 'from before');
      const log = await within(service.call({ name: 'log' }));
      assert.ok(!log.some(([what]) => what === 'task'));
      await within(service.call({ name: 'order', params: [{ after: 'throws' }] }));
      assert.equal((await rejection(service.call({ name: 'task' }))).message, 'from after');
      assert.equal(service.activeCalls, 0);
    }));

  it('the task’s own error wins, and the after hook runs all the same', () =>
    withService(hooked, undefined, async (service) => {
      await within(service.call({ name: 'order', params: [{ after: 'throws' }] }));
      assert.equal((await rejection(service.call({ name: 'fails' }))).message, 'from the task');
      const log = await within(service.call({ name: 'log' }));
      assert.ok(log.some(([what, , info]) => what === 'after' && info.name === 'fails'));
    }));

  it('shared memory comes with its own result, whichever answer waits for its hook', () =>
    withService(shares, undefined, async (service) => {
      const cell = newCell();
      const waiting = service.call({ name: 'shareLater', params: [1, cell] });
      await until(() => arrivals(cell) === 1);
      assert.equal((await within(service.call({ name: 'share', params: [2] })))[0], 2);
      open(cell);
      assert.equal((await within(waiting))[0], 1);
    }));

  it('shared memory that the after hook sends is not taken for the result’s', () =>
    withService(sends.service, undefined, async (service) => {
      const heard = hear(service);
      assert.equal((await within(service.call({ name: 'share', params: [1] })))[0], 1);
      assert.equal(heard[0][0], 99);
    }));

  it('a __beforeServiceTask that returns no promise delays nothing: the task comes before what was sent after it', () =>
    withService(plainHook, undefined, async (service) => {
      const first = service.call({ name: 'task' });
      service.sendMessage('sent after it');
      await within(first);
      assert.deepEqual(await within(service.call({ name: 'task' })), ['task', 'sent after it', 'task']);
    }));

  it('an async __beforeServiceTask delays its own task only', () =>
    withService(slowHook, undefined, async (service) => {
      const cell = newCell();
      await within(service.call({ name: 'setCell', params: [cell] }));
      const slow = service.call({ name: 'slow' });
      await until(() => arrivals(cell) === 1);
      assert.equal(await within(service.call({ name: 'fast' })), 'fast');
      assert.equal(await stateOf(slow), 'pending');
      open(cell);
      assert.equal(await within(slow), 'slow');
    }));
});

describe('close', all, () => {
  it('R8: close is graceful, bounded, idempotent', async () => {
    const service = await within(serving.launchService());
    const cell = newCell();
    await within(service.call({ name: 'countMessages', params: [cell] }));
    for (let count = 0; count < 100; count += 1) service.sendMessage({ count, ballast: 'x'.repeat(1000) });
    const first = service.close();
    const second = service.close();
    assert.equal(await within(first), undefined);
    assert.equal(arrivals(cell), 100, 'what was sent before was handled');
    await within(second);
    await within(service.close());
    assert.equal(service.closed, true);
  });

  it('R8: later calls reject instead of respawning', async () => {
    const service = await within(serving.launchService());
    const closing = service.close();
    const call = () => rejection(service.call({ name: 'add', params: [1, 2] }));
    const calls = [call()];
    await within(closing);
    calls.push(call());
    for (const { code } of await Promise.all(calls)) assert.equal(code, 'ERR_NANOLITH_SERVICE_CLOSED');
    assert.equal(service.closed, true);
    assert.equal(service.activeCalls, 0);
  });

  it('rejects pending calls at once', async () => {
    const service = await within(serving.launchService());
    const cell = newCell();
    const calls = ['spin', 'pend', 'add'].map((name) => service.call({ name, params: [cell, 1] }));
    await until(() => arrivals(cell) === 1);
    const closing = service.close();
    assert.equal(service.activeCalls, 0);
    // Before the thread is gone, which spins until it is ended.
    for (const call of calls) assert.equal((await rejection(call)).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    assert.equal(service.closed, false);
    await within(closing);
    assert.equal(service.closed, true);
  });

  it('receives nothing any more, not even answers and messages that are there', async () => {
    const service = await within(serving.launchService());
    const heard = hear(service);
    const cell = newCell();
    const answered = service.call({ name: 'send', params: ['a message'] });
    service.call({ name: 'tick', params: [cell] }).catch(() => {});
    // Both are in this thread's inbox, which it does not get to read.
    blockForArrivals(cell, 1);
    const closing = service.close();
    assert.equal((await rejection(answered)).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    await within(closing);
    assert.deepEqual(heard, []);
  });

  it('R8: a service that spins is ended after 100 ms', async () => {
    const service = await within(serving.launchService());
    const cell = newCell();
    rejection(service.call({ name: 'spin', params: [cell] }));
    await until(() => arrivals(cell) === 1);
    const begun = performance.now();
    await within(service.close());
    assert.ok(performance.now() - begun >= 95);
    assert.equal(service.closed, true);
  });

  it('a service that is blocked is ended (R24)', async () => {
    const service = await within(serving.launchService());
    const cell = newCell();
    const call = rejection(service.call({ name: 'block', params: [cell] }));
    await until(() => arrivals(cell) === 1);
    await within(service.close());
    assert.equal((await call).code, 'ERR_NANOLITH_SERVICE_CLOSED');
  });

  it('handles the messages sent before it if the thread gets to them in time', async () => {
    const service = await within(serving.launchService());
    const [gate, counted] = [newCell(), newCell()];
    await within(service.call({ name: 'countMessages', params: [counted] }));
    const blocked = rejection(service.call({ name: 'block', params: [gate] }));
    await until(() => arrivals(gate) === 1);
    for (let count = 0; count < 10; count += 1) service.sendMessage(count);
    const closing = service.close();
    open(gate);
    await within(closing);
    await blocked;
    assert.equal(arrivals(counted), 10);
  });

  it('R1: everything that is promised rejects: calls, waits, messengers, streams', async () => {
    const { Messenger } = await import('../index.js');
    const service = await within(serving.launchService());
    const cell = newCell();
    const messenger = new Messenger();
    const blocked = service.call({ name: 'block', params: [cell] });
    await until(() => arrivals(cell) === 1);
    const controller = new AbortController();
    const promises = [
      blocked,
      service.call({ name: 'add', params: [1, 2], signal: controller.signal }),
      service.waitForMessage(() => true, { signal: controller.signal }),
      service.sendMessenger(messenger),
      service.createStream({}, { signal: controller.signal }),
    ];
    const closing = service.close();
    promises.push(
      service.call({ name: 'add', params: [1, 2] }),
      service.waitForMessage(() => true),
      service.sendMessenger(messenger),
      service.createStream({}),
    );
    const codes = await Promise.all(promises.map(async (promise) => (await rejection(promise)).code));
    assert.deepEqual(codes, new Array(9).fill('ERR_NANOLITH_SERVICE_CLOSED'));
    assert.throws(() => service.sendMessage(1), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
    assert.equal(listenersOf(controller.signal), 0);
    await within(closing);
    messenger.close();
  });

  it('on a closed service sendMessage throws; close, the properties and removing listeners work', async () => {
    const service = await within(serving.launchService());
    const listener = () => {};
    const { threadID } = service;
    const remove = service.onMessage(listener);
    service.onStream(listener);
    await within(service.close());
    assert.throws(() => service.sendMessage('x'), { name: 'ServiceClosedError', code: 'ERR_NANOLITH_SERVICE_CLOSED' });
    service.offMessage(listener);
    remove();
    await within(service.close());
    assert.equal(service.closed, true);
    assert.equal(service.activeCalls, 0);
    assert.equal(service.threadID, threadID);
    assert.ok(service.worker instanceof Worker);
    for (const promised of [
      () => service.call({ name: 'add', params: [1, 2] }),
      () => service.waitForMessage(() => true),
      () => service.createStream({}),
    ]) {
      assert.equal((await rejection(promised())).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    }
  });

  it('R23: close re-entered, from where its effects are felt', async () => {
    const service = await within(serving.launchService());
    const again = service.call({ name: 'pend', params: [newCell()] }).catch(() => service.close());
    let inListener;
    service.on('terminated', () => {
      inListener = service.close();
    });
    await within(Promise.all([service.close(), service.close(), again]));
    await within(inListener);
  });

  it('R23: send and call while it ends', async () => {
    const service = await within(serving.launchService());
    const closing = service.close();
    const refused = [];
    while ((await stateOf(closing)) === 'pending') {
      assert.throws(() => service.sendMessage(1), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
      refused.push(rejection(service.call({ name: 'add', params: [1, 2] })));
    }
    for (const { code } of await Promise.all(refused)) assert.equal(code, 'ERR_NANOLITH_SERVICE_CLOSED');
  });

  it('Symbol.asyncDispose closes it', async () => {
    const service = await within(serving.launchService());
    const pending = rejection(service.call({ name: 'pend', params: [newCell()] }));
    await within(service[Symbol.asyncDispose]());
    assert.equal(service.closed, true);
    assert.equal((await pending).code, 'ERR_NANOLITH_SERVICE_CLOSED');
  });

  it('emits terminated once, with the exit code, when the thread is gone', async () => {
    const service = await within(serving.launchService());
    const codes = [];
    service.on('terminated', (code) => codes.push([code, service.closed]));
    await within(Promise.all([service.close(), service.close()]));
    assert.deepEqual(codes, [[0, true]]);
    await within(service.close());
    assert.equal(codes.length, 1);
  });
});

describe('a service that ends by itself', all, () => {
  const ends = /** @type {const} */ ([
    [
      'process.exit()',
      'exit',
      [],
      { code: 'ERR_NANOLITH_WORKER_EXITED', exitCode: 0, message: 'Worker exited early!' },
    ],
    [
      'process.exit(3)',
      'exit',
      [3],
      { code: 'ERR_NANOLITH_WORKER_EXITED', exitCode: 3, message: 'Worker exited early with code 3!' },
    ],
    ['process.exit(4), a little later', 'exitLater', [4], { code: 'ERR_NANOLITH_WORKER_EXITED', exitCode: 4 }],
  ]);
  for (const [title, name, params, expected] of ends) {
    it(`R1: ${title}: every pending call rejects with the exit code, waits with the service’s end`, async () => {
      const service = await within(serving.launchService());
      const codes = [];
      service.on('terminated', (code) => codes.push(code));
      const calls = [
        service.call({ name: 'pend', params: [newCell()] }),
        service.call({ name: 'pend', params: [newCell()] }),
      ];
      const waiting = service.waitForMessage(() => true);
      const last = service.call({ name, params: [...params] });
      if (name === 'exit') calls.push(last);
      for (const call of calls) {
        const error = await rejection(call);
        for (const [key, value] of Object.entries(expected)) assert.equal(error[key], value);
      }
      await last.catch(() => {});
      assert.equal((await rejection(waiting)).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      assert.equal(service.closed, true);
      assert.equal(service.activeCalls, 0);
      assert.deepEqual(codes, [expected.exitCode]);
      assert.throws(() => service.sendMessage(1), { code: 'ERR_NANOLITH_SERVICE_CLOSED' });
      assert.equal((await rejection(service.call({ name: 'nothing' }))).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      await within(service.close());
    });
  }

  it('R1: out of memory rejects what is pending with ERR_WORKER_OUT_OF_MEMORY', async () => {
    const options = { resourceLimits: { maxOldGenerationSizeMb: 24 } };
    const service = await within(serving.launchService({ options }));
    async function pends() {
      await service.call({ name: 'pend', params: [newCell()] });
    }
    async function grows() {
      await service.call({ name: 'grow' });
    }
    const [pending, growing] = await within(
      Promise.all([pends(), grows()].map((promise) => promise.catch((error) => error))),
      60_000,
    );
    for (const error of [pending, growing]) {
      assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY');
      assert.ok(error instanceof Error);
    }
    // Each has an error of its own, with its caller's frames.
    assert.match(pending.stack, /async pends/);
    assert.doesNotMatch(pending.stack, /async grows/);
    assert.match(growing.stack, /async grows/);
    assert.doesNotMatch(growing.stack, /async pends/);
    assert.equal(service.closed, true);
    await within(service.close());
  });

  it('R1: service.worker.terminate() rejects what is pending; terminated has its code', async () => {
    const service = await within(serving.launchService());
    const codes = [];
    service.on('terminated', (code) => codes.push(code));
    const cell = newCell();
    const pending = service.call({ name: 'spin', params: [cell] });
    const waiting = service.waitForMessage(() => true);
    await until(() => arrivals(cell) === 1);
    const ended = service.worker.terminate();
    const error = await rejection(pending);
    assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
    assert.equal(error.exitCode, 1);
    assert.equal((await rejection(waiting)).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    await within(ended);
    assert.deepEqual(codes, [1]);
    assert.equal(service.closed, true);
  });

  it('what it answered and sent before the end counts', async () => {
    const service = await within(serving.launchService());
    const heard = [];
    service.onMessage((data) => heard.push(data));
    const sent = service.call({ name: 'send', params: [1, 2, 3] });
    const ended = service.call({ name: 'exit', params: [0] });
    assert.equal(await within(sent), 'sent');
    await rejection(ended);
    assert.deepEqual(heard, [1, 2, 3]);
  });

  it('a terminated listener that throws harms no promise: close() resolves, what is pending rejects', async () => {
    const service = await within(serving.launchService());
    const pending = rejection(service.call({ name: 'pend', params: [newCell()] }));
    service.on('terminated', () => {
      throw new Error('from a terminated listener');
    });
    const [uncaught] = await uncaughts(1, () => service.close());
    assert.equal(uncaught.message, 'from a terminated listener');
    await pending;
    assert.equal(service.closed, true);
  });
});

describe('the slot of a service', () => {
  it('is free when close() resolves, when it exits, and when it is terminated', async () => {
    await poolIdle();
    const service = await within(serving.launchService());
    assert.equal(pool.activeCount, 1);
    await within(service.close());
    assert.equal(pool.activeCount, 0);
    const exiting = await within(serving.launchService());
    await rejection(exiting.call({ name: 'exit' }));
    assert.equal(pool.activeCount, 0);
    const terminated = await within(serving.launchService());
    const ended = once(terminated, 'terminated');
    await terminated.worker.terminate();
    await within(ended);
    assert.equal(pool.activeCount, 0);
  });
});

nothingLeft();
