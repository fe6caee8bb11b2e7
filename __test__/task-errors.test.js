import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { define, pool } from '../index.js';
import { callsBroken } from './fixtures/calls-broken.js';
import { exits, exitsWarm } from './fixtures/exits.js';
import { hungry, hungryWarm } from './fixtures/out-of-memory.js';
import { tasks } from './fixtures/tasks.js';
import { throws, throwsWarm } from './fixtures/throws.js';
import { warm } from './fixtures/warm.js';
import {
  arrivals,
  fixture,
  fixtureUrl,
  newCell,
  poolIdle,
  rejection,
  runWell,
  threadsGone,
  until,
  within,
} from './helpers.js';

const thrown = /** @type {const} */ ([
  ['one-off', throws, 'sync'],
  ['one-off', throws, 'later'],
  ['warm', throwsWarm, 'sync'],
  ['warm', throwsWarm, 'later'],
]);

for (const [kind, set, name] of thrown) {
  describe(`what a ${kind} task throws (${name})`, () => {
    /** @param {string} what @returns {Promise<any>} */
    const reason = (what) => rejection(set({ name, params: /** @type {any} */ ([what]) }));

    it('R5: errors with function, getter, symbol and circular properties arrive, less what cannot be cloned', async () => {
      const reasons = await Promise.all(['withFunction', 'withSymbolValue', 'withGetter', 'circular'].map(reason));
      const [withFunction, withSymbol, withGetter, circular] = reasons;
      for (const error of reasons) assert.ok(error instanceof Error);
      assert.deepEqual(Object.keys(withFunction), ['kept']);
      assert.deepEqual(Object.keys(withSymbol), ['kept']);
      assert.deepEqual(Object.keys(withGetter), ['kept']);
      assert.equal(withGetter.message, 'with a getter');
      assert.equal(circular.self, circular);
      assert.equal(circular.list[0], circular);
    });

    it('R5: built-in classes stay instances of their class, with name, message, cause, errors and code', async () => {
      const reasons = await Promise.all(
        ['typeError', 'syntaxError', 'aggregate', 'coded', 'circularCause'].map(reason),
      );
      const [typeError, syntaxError, aggregate, coded, circularCause] = reasons;
      assert.ok(typeError instanceof TypeError);
      assert.equal(typeError.message, 'a type');
      assert.ok(typeError.cause instanceof RangeError);
      assert.equal(typeError.cause.cause, 'the root');
      assert.ok(syntaxError instanceof SyntaxError);
      assert.ok(aggregate instanceof AggregateError);
      assert.ok(aggregate.errors[0] instanceof TypeError);
      assert.deepEqual(aggregate.errors.slice(1), ['two', null]);
      assert.equal(coded.code, 'E_MINE');
      assert.equal(coded.status, 418);
      assert.equal(circularCause.cause, circularCause);
    });

    it('R5: a DOMException stays one', async () => {
      const error = await reason('domException');
      assert.ok(error instanceof DOMException);
      assert.deepEqual([error.name, error.message, error.code], ['AbortError', 'aborted by hand', 20]);
    });

    it('R5: a custom class arrives as Error with its name and properties', async () => {
      const error = await reason('custom');
      assert.ok(error instanceof Error);
      assert.equal(error.name, 'CustomError');
      assert.equal(error.message, 'of my own');
      assert.deepEqual(error.extra, { deep: [1, 2] });
    });

    it('R5: null, undefined, a string and whatever is no error arrive as they are', async () => {
      const reasons = await Promise.all(['nothing', 'null', 'string', 'number', 'object', 'date'].map(reason));
      assert.deepEqual(reasons, [undefined, null, 'a string', 42, { reason: 'an object' }, new Date(7)]);
    });

    it('R5: shared memory arrives, alone and with an error, each with its own', async () => {
      const [value, error, next] = await Promise.all(['shared', 'withShared', 'shared'].map(reason));
      assert.equal(error.message, 'with shared memory');
      assert.deepEqual(Object.keys(error), ['shared']);
      for (const { shared } of [value, error, next]) {
        assert.ok(shared instanceof SharedArrayBuffer);
        assert.equal(shared.byteLength, 8);
      }
    });

    it('R5: what cannot be cloned at all arrives as an Error that says so', async () => {
      for (const error of await Promise.all(['symbol', 'function'].map(reason))) assert.ok(error instanceof Error);
    });

    it('frozen errors, proxies of errors and long messages arrive', async () => {
      const [frozen, proxy, long] = await Promise.all(['frozen', 'proxy', 'longMessage'].map(reason));
      assert.equal(frozen.message, 'frozen');
      assert.ok(proxy instanceof Error);
      assert.equal(long.message.length, 1_000_000);
    });

    it('the thread or its set goes on: the next task is fine', async () => {
      assert.equal(await within(set({ name: 'fine' })), 'fine');
      assert.equal(pool.activeCount, 0);
    });
  });
}

it('R5: errors keep their class where a program runs with --frozen-intrinsics', async () => {
  const code = `
    import { throws } from '${fixtureUrl('throws.js')}';
    for (const what of ['typeError', 'custom', 'aggregate']) {
      const error = await throws({ name: 'sync', params: [what] }).catch((reason) => reason);
      console.log(error instanceof Error, error.constructor.name, error.name, error.message, error.cause?.message);
    }`;
  assert.equal(
    await runWell(code, { flags: ['--frozen-intrinsics', '--no-warnings'] }),
    'true TypeError TypeError a type a range\n' +
      'true Error CustomError of my own undefined\n' +
      'true AggregateError AggregateError several undefined\n',
  );
});

for (const [kind, set] of /** @type {const} */ ([
  ['one-off', throws],
  ['warm', throwsWarm],
])) {
  describe(`the stack of an error of a ${kind} task`, () => {
    it('shows the thread’s frames, then the caller’s where the call is awaited', async () => {
      async function namedInTheCaller() {
        return await set({ name: 'outer' });
      }
      const { stack, message } = await rejection(namedInTheCaller());
      assert.equal(message, 'with a stack');
      const [inThread, inCaller] = [stack.indexOf('namedInTheThread'), stack.indexOf('namedInTheCaller')];
      assert.ok(stack.startsWith('RangeError: with a stack\n'), stack);
      assert.ok(inThread > 0, stack);
      assert.ok(inCaller > inThread, stack);
    });

    it('is a string whatever Error.prepareStackTrace returns', async () => {
      try {
        Error.prepareStackTrace = (_, frames) => frames;
        const { message, stack } = await rejection((async () => await set({ name: 'outer' }))());
        assert.equal(message, 'with a stack');
        assert.match(stack, /namedInTheThread/);
      } finally {
        Error.prepareStackTrace = undefined;
      }
    });
  });

  describe(`an exception in a ${kind} task that nothing catches`, () => {
    it('R1: rejects with that exception, as it was thrown', async () => {
      const reasons = [];
      const names = /** @type {const} */ (['typeError', 'withFunction', 'withShared', 'null', 'nothing', 'string']);
      for (const what of names) reasons.push(await rejection(set({ name: 'uncaught', params: [what] })));
      const [typeError, withFunction, withShared, ...rest] = reasons;
      assert.ok(typeError instanceof TypeError);
      assert.ok(typeError.cause instanceof RangeError);
      assert.equal(withFunction.kept, true);
      assert.ok(withShared.shared instanceof SharedArrayBuffer);
      assert.deepEqual(rest, [null, undefined, 'a string']);
      assert.equal(pool.activeCount, 0);
    });

    it('R1: it rejects its own task only, and those that wait are fine', async () => {
      const calls = Array.from({ length: 12 }, (_, at) =>
        at % 3 === 0 ? set({ name: 'uncaught', params: ['typeError'] }) : set({ name: 'fine' }),
      );
      const outcomes = await within(Promise.allSettled(calls));
      for (const [at, outcome] of outcomes.entries()) {
        if (at % 3 === 0) assert.ok(outcome.status === 'rejected' && outcome.reason instanceof TypeError, String(at));
        else assert.deepEqual(outcome, { status: 'fulfilled', value: 'fine' });
      }
      await poolIdle();
    });

    it('a rejection that nothing handles does so too', async () => {
      const error = await rejection(set({ name: 'unhandled', params: ['coded'] }));
      assert.equal(error.message, 'with a code');
      assert.equal(error.status, 418);
      const wrapped = await rejection(set({ name: 'unhandled', params: ['string'] }));
      assert.equal(wrapped.code, 'ERR_UNHANDLED_REJECTION');
      assert.equal(await within(set({ name: 'fine' })), 'fine');
    });
  });
}

for (const [kind, set] of /** @type {const} */ ([
  ['one-off', exits],
  ['warm', exitsWarm],
])) {
  describe(`a ${kind} task that exits`, () => {
    /** @param {any} error @param {number} code */
    function assertExited(error, code) {
      assert.equal(error.name, 'WorkerExitedError');
      assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
      assert.equal(error.exitCode, code);
      assert.equal(error.message, code === 0 ? 'Worker exited early!' : `Worker exited early with code ${code}!`);
    }

    it('R3: process.exit(0) is an error, not a result', async () => {
      assertExited(await rejection(set({ name: 'exit', params: [0] })), 0);
      assertExited(await rejection(set({ name: 'exit' })), 0);
      assert.equal(pool.activeCount, 0);
    });

    it('any other code is told', async () => {
      assertExited(await rejection(set({ name: 'exit', params: [3] })), 3);
      assertExited(await rejection(set({ name: 'exitLater', params: [4] })), 4);
      assertExited(await rejection(set({ name: 'exitByCode', params: [5] })), 5);
      assertExited(await rejection(set({ name: 'exitInHandler', params: [6] })), 6);
    });

    it('R1: rejects its own task only, and those that wait are fine', async () => {
      const names = Array.from({ length: 12 }, (_, at) => (at % 3 === 0 ? 'exit' : 'fine'));
      const calls = names.map((name) => set(/** @type {any} */ ({ name })));
      const outcomes = (await within(Promise.allSettled(calls))).map(({ status }) => status);
      assert.deepEqual(
        outcomes,
        names.map((name) => (name === 'fine' ? 'fulfilled' : 'rejected')),
      );
      await poolIdle();
    });
  });
}

describe('exit handlers', () => {
  it('run at the end of a one-off task', async () => {
    const cell = newCell();
    assert.equal(await within(exits({ name: 'handlesExit', params: [cell] })), 'answered');
    await until(() => arrivals(cell) === 1);
  });

  it('that throw or exit change nothing about the result', async () => {
    assert.equal(await within(exits({ name: 'handlerThrows' })), 'answered');
    assert.equal(await within(exits({ name: 'handlerExits' })), 'answered');
    await threadsGone();
  });
});

describe('running out of a resourceLimits limit', () => {
  const limits = { maxOldGenerationSizeMb: 24 };

  it('R1: rejects with ERR_WORKER_OUT_OF_MEMORY, and the process lives', async () => {
    const error = await rejection(hungry({ name: 'grow', options: { resourceLimits: limits } }), 60_000);
    assert.ok(error instanceof Error);
    assert.equal(error.code, 'ERR_WORKER_OUT_OF_MEMORY');
    assert.equal(pool.activeCount, 0);
    assert.equal(await within(hungry({ name: 'fine' })), 'fine');
  });

  it('rejects so too after an exception that the task has handled', async () => {
    const options = { resourceLimits: limits };
    const calls = [hungry({ name: 'handlesThenGrows', options }), hungryWarm({ name: 'handlesThenGrows' })];
    for (const outcome of await within(Promise.allSettled(calls), 60_000)) {
      assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'ERR_WORKER_OUT_OF_MEMORY');
    }
    await poolIdle();
  });

  it('R1: rejects that task alone, and those that wait are fine', async () => {
    const grows = () => hungry({ name: 'grow', options: { resourceLimits: limits } });
    const growsWarm = () => hungryWarm({ name: 'grow' });
    for (const [set, growing] of /** @type {const} */ ([
      [hungry, grows],
      [hungryWarm, growsWarm],
    ])) {
      const calls = [set({ name: 'fine' }), growing(), set({ name: 'fine' }), set({ name: 'fine' })];
      const [before, grown, ...later] = await within(Promise.allSettled(calls), 60_000);
      assert.equal(grown.status === 'rejected' && grown.reason.code, 'ERR_WORKER_OUT_OF_MEMORY');
      for (const outcome of [before, ...later]) assert.deepEqual(outcome, { status: 'fulfilled', value: 'fine' });
      await poolIdle();
    }
  });
});

describe('R2: a file that cannot be loaded', () => {
  const functions = { task: () => 'never' };
  const files = /** @type {const} */ ([
    ['is missing', 'missing.js', /missing\.js/],
    ['has a syntax error', 'syntax-error.js', /./],
    ['throws at its top level', 'throws-on-load.js', /^Cannot load .*: thrown at the top level$/],
    ['throws null at its top level', 'throws-null-on-load.js', /null$/],
    ['imports what is missing', 'imports-missing.js', /nowhere/],
    ['does not define the identifier', 'defines-nothing.js', /does not define/],
  ]);

  for (const isolate of [true, false]) {
    for (const [what, name, message] of files) {
      it(`and ${what}: a LoadError for queued and later ${isolate ? 'one-off' : 'warm'} calls`, async () => {
        const file = fixture(name);
        const identifier = `load ${name} ${isolate}`;
        const set = await define(functions, { identifier, file, isolate, safeMode: false });
        const calls = Array.from({ length: 5 }, () => set({ name: 'task' }));
        const reasons = [];
        for (const { reason } of /** @type {any[]} */ (await within(Promise.allSettled(calls)))) reasons.push(reason);
        reasons.push(await rejection(set({ name: 'task' })));
        for (const error of reasons) {
          assert.equal(error.name, 'LoadError');
          assert.equal(error.code, 'ERR_NANOLITH_LOAD');
          assert.ok(error.message.startsWith(`Cannot load ${file}: `), error.message);
          assert.match(error.message, message);
          assert.ok(Object.hasOwn(error, 'cause'));
        }
        await poolIdle();
      });
    }
  }

  it('has the thrown value as cause', async () => {
    const causeOf = async (/** @type {string} */ name) => {
      const set = await define(functions, { identifier: `cause of ${name}`, file: fixture(name), safeMode: false });
      return (await rejection(set({ name: 'task' }))).cause;
    };
    assert.ok((await causeOf('syntax-error.js')) instanceof SyntaxError);
    const thrown = await causeOf('throws-on-load.js');
    assert.ok(thrown instanceof RangeError);
    assert.equal(thrown.code, 'E_TOP_LEVEL');
    assert.equal(await causeOf('throws-null-on-load.js'), null);
    assert.equal((await causeOf('missing.js')).code, 'ERR_MODULE_NOT_FOUND');
  });

  it('causes no respawn storm: a failure starts no thread by itself', async () => {
    const file = fixture('counts-loads.js');
    const set = await define(functions, { identifier: 'storm', file, isolate: false, safeMode: false });
    const loads = () => Number(process.env.NANOLITH_TEST_LOADS ?? 0);
    const calls = Array.from({ length: 200 }, () => set({ name: 'task' }));
    await within(Promise.allSettled(calls));
    await threadsGone();
    assert.ok(loads() >= 1 && loads() <= pool.maxConcurrency * 2, `loaded ${loads()} times`);
    const before = loads();
    await rejection(set({ name: 'task' }));
    await threadsGone();
    assert.equal(loads(), before + 1);
  });

  it('R2: nor does one that a task calls two hundred times in a full pool: one thread tries', async () => {
    let started = 0;
    const count = () => {
      started += 1;
    };
    await poolIdle();
    await threadsGone();
    pool.setConcurrency(1);
    process.on('worker', count);
    try {
      const codes = await within(callsBroken({ name: 'fan', params: [200] }), 60_000);
      assert.deepEqual(codes, Array(200).fill('ERR_NANOLITH_LOAD'));
      // The one that tries, and a spare; the task's own was one, most likely.
      assert.ok(started >= 1 && started <= 3, `started ${started} threads`);
      assert.equal(pool.activeCount, 0);
    } finally {
      process.off('worker', count);
      pool.setConcurrency('x1');
    }
  });

  it('that exits while it loads rejects with the exit', async () => {
    for (const isolate of [true, false]) {
      const identifier = `exits on load ${isolate}`;
      const file = fixture('exits-on-load.js');
      const set = await define(functions, { identifier, file, isolate, safeMode: false });
      const error = await rejection(set({ name: 'task' }));
      assert.equal(error.code, 'ERR_NANOLITH_WORKER_EXITED');
      assert.equal(error.exitCode, 7);
    }
    await poolIdle();
  });

  it('R24: that never finishes loading is ended by an abort', async () => {
    for (const isolate of [true, false]) {
      for (const name of ['never-loads.js', 'spins-on-load.js']) {
        const identifier = `${name} ${isolate}`;
        const set = await define({ task: () => 1 }, { identifier, file: fixture(name), isolate, safeMode: false });
        for (let round = 0; round < 2; round += 1) {
          const cell = newCell();
          process.env.NANOLITH_TEST_CELL = String(cell);
          const controller = new AbortController();
          const promise = set({ name: 'task', signal: controller.signal });
          await until(() => arrivals(cell) === 1);
          controller.abort(new Error('gave up'));
          assert.equal((await rejection(promise)).message, 'gave up');
          await poolIdle();
          await threadsGone();
        }
      }
    }
    assert.equal(await within(tasks({ name: 'add', params: [1, 2] })), 3);
    assert.equal(await within(warm({ name: 'add', params: [1, 2] })), 3);
  });

  it('a file that defines the set without the task says so', async () => {
    for (const isolate of [true, false]) {
      const identifier = `lacks ${isolate}`;
      const file = fixture('lacks-task.js');
      const set = await define({ present: () => 1, absent: () => 2 }, { identifier, file, isolate, safeMode: false });
      assert.match((await rejection(set({ name: 'absent' }))).message, /no task 'absent'/);
      assert.equal(await within(set({ name: 'present' })), 'present');
    }
  });
});
