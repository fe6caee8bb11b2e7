import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';

import * as args from '../lib/arguments.js';
import * as errors from '../lib/errors.js';

const codes = {
  LoadError: 'ERR_NANOLITH_LOAD',
  WorkerExitedError: 'ERR_NANOLITH_WORKER_EXITED',
  ServiceClosedError: 'ERR_NANOLITH_SERVICE_CLOSED',
  OwnerEndedError: 'ERR_NANOLITH_OWNER_ENDED',
  NestingError: 'ERR_NANOLITH_NESTING',
  NoParentError: 'ERR_NANOLITH_NO_PARENT',
  MessengerClosedError: 'ERR_NANOLITH_MESSENGER_CLOSED',
  MessengerTimeoutError: 'ERR_NANOLITH_MESSENGER_TIMEOUT',
  StreamUnclaimedError: 'ERR_NANOLITH_STREAM_UNCLAIMED',
  StreamTimeoutError: 'ERR_NANOLITH_STREAM_TIMEOUT',
  UnknownTaskError: 'ERR_NANOLITH_UNKNOWN_TASK',
  SafeModeError: 'ERR_NANOLITH_SAFE_MODE',
  DuplicateIdentifierError: 'ERR_NANOLITH_DUPLICATE_IDENTIFIER',
  PoolExceededError: 'ERR_NANOLITH_POOL_EXCEEDED',
  NoServiceError: 'ERR_NANOLITH_NO_SERVICE',
  PlatformError: 'ERR_NANOLITH_PLATFORM',
};

const throwingGetter = (name) =>
  Object.defineProperty({}, name, {
    get() {
      throw new Error('never seen');
    },
  });

describe('error classes', () => {
  it('are all exported, under their names', () => {
    const classes = Object.entries(errors).filter(([name]) => name.endsWith('Error'));
    assert.deepEqual(classes.map(([name]) => name).sort(), Object.keys(codes).sort());
    for (const [name, Class] of classes) assert.equal(Class.name, name);
  });

  for (const [name, code] of Object.entries(codes)) {
    it(`${name} has its name and code`, () => {
      const error = new errors[name]('what happened', { cause: 1 });
      assert.ok(error instanceof errors[name]);
      assert.ok(error instanceof Error);
      assert.equal(error.name, name);
      assert.equal(error.code, code);
      assert.ok(Object.keys(error).includes('code'), 'code crosses threads with the error');
      assert.ok(!Object.keys(error).includes('name'));
      assert.ok(error.stack.startsWith(`${name}: ${error.message}\n`), error.stack);
      assert.match(error.stack.split('\n')[1], /errors\.test\.js/, 'the stack starts where it was made');
      assert.match(inspect(error), new RegExp(code));
    });
  }

  it('take a message and a cause', () => {
    const error = new errors.PlatformError('No binary for plan9-mips', { cause: 'dlopen' });
    assert.equal(error.message, 'No binary for plan9-mips');
    assert.equal(error.cause, 'dlopen');
    assert.ok(!('cause' in new errors.NestingError('too deep')));
  });

  it('WorkerExitedError tells the exit code', () => {
    const clean = new errors.WorkerExitedError(0);
    assert.equal(clean.message, 'Worker exited early!');
    assert.equal(clean.exitCode, 0);
    const crashed = new errors.WorkerExitedError(134);
    assert.equal(crashed.message, 'Worker exited early with code 134!');
    assert.equal(crashed.exitCode, 134);
    assert.deepEqual(Object.keys(crashed).sort(), ['code', 'exitCode']);
  });

  it('LoadError says what to do, where what was thrown tells', () => {
    const coded = (code, message) => Object.assign(new Error(message), { code });
    const hintOf = (thrown) => new errors.LoadError('/tasks', thrown).message.split('\n')[1];
    const unknown = (extension) =>
      coded('ERR_UNKNOWN_FILE_EXTENSION', `Unknown file extension "${extension}" for /tasks`);
    for (const extension of ['.ts', '.mts', '.cts', '.tsx']) assert.match(hintOf(unknown(extension)), /--import tsx/);
    assert.match(hintOf(coded('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'enum')), /erasableSyntaxOnly/);
    for (const message of [
      'describe is not defined',
      'vi is not defined',
      'Vitest failed to access its internal state.',
    ]) {
      assert.match(hintOf(new ReferenceError(message)), /keep define\(\) in a file that has no tests/);
    }
    for (const thrown of [unknown('.css'), new ReferenceError('window is not defined'), null, throwingGetter('code')]) {
      assert.equal(hintOf(thrown), undefined);
    }
  });

  it('LoadError tells the file, the original message and the cause', () => {
    const cases = [
      [new SyntaxError('Unexpected token'), 'Unexpected token'],
      [new RangeError(''), 'RangeError'],
      [{ message: 'not an Error' }, 'not an Error'],
      ['a string', 'a string'],
      ['', ''],
      [null, 'null'],
      [undefined, 'undefined'],
      [7, '7'],
      [Symbol('s'), 'Symbol(s)'],
      [{ message: 3 }, '{ message: 3 }'],
      [throwingGetter('message'), '{}'],
    ];
    for (const [thrown, message] of cases) {
      const error = new errors.LoadError('/app/worker.js', thrown);
      assert.equal(error.message, `Cannot load /app/worker.js: ${message}`);
      assert.equal(error.cause, thrown);
    }
  });
});

describe('limitReached', () => {
  it('is a RangeError with a code', () => {
    const error = errors.limitReached('too many');
    assert.ok(error instanceof RangeError);
    assert.deepEqual({ ...error, message: error.message }, { code: 'ERR_NANOLITH_LIMIT', message: 'too many' });
  });
});

describe('invalidArgument', () => {
  it('is a TypeError that tells what was expected and what was given', () => {
    const error = errors.invalidArgument('params', 'an array', 'foo');
    assert.ok(error instanceof TypeError);
    assert.equal(error.name, 'TypeError');
    assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    assert.equal(error.message, "params must be an array, received 'foo'");
  });

  it('shows any value, in bounded length and without running its code', () => {
    const message = (given) => {
      const { message } = errors.invalidArgument('it', 'else', given);
      return message.replace('it must be else, ', '');
    };
    assert.equal(message(undefined), 'received undefined');
    assert.equal(
      message(function foo() {}),
      'received function foo',
    );
    assert.equal(
      message(() => {}),
      'received a function',
    );
    // Node 26 inspects it all the same.
    assert.match(message(throwingGetter(Symbol.toStringTag)), /^received (?:an object|\{\})$/);
    assert.ok(message('x'.repeat(1e6)).length < 150);
    assert.ok(message(Array.from({ length: 1000 }, () => 'x'.repeat(1000))).length < 150);
    assert.ok(message({ [inspect.custom]: () => assert.fail() }).startsWith('received {'));
    const trap = () => assert.fail();
    const traps = { get: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap };
    message(new Proxy({}, traps));
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    message(proxy);
  });
});

describe('arguments', () => {
  const invalid = (name) => (error) => {
    assert.ok(error instanceof TypeError, inspect(error));
    assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
    assert.ok(error.message.startsWith(`${name} must be `), error.message);
    return true;
  };
  const refuses = (validate, name, ...lists) => {
    for (const list of lists) assert.throws(() => validate(...list), invalid(name), inspect(list));
  };
  const fn = () => {};
  const { signal } = new AbortController();
  const messenger = { ID: 'foo', transfer: fn };
  const foreign = (code) => runInContext(code, createContext({ URL, AbortController }));

  it('definitions', () => {
    args.validateDefinitions({});
    args.validateDefinitions({ add: fn, __beforeTask: fn });
    args.validateDefinitions(Object.assign(Object.create(null), { add: fn }));
    args.validateDefinitions(Object.create({ inherited: 3 }, {}));
    args.validateDefinitions(foreign('({ add() {} })'));
    refuses(args.validateDefinitions, 'definitions', [], [null], [[fn]], ['foo'], [fn]);
    const member = 'definitions.add';
    refuses(args.validateDefinitions, member, [{ add: 3 }], [{ add: undefined }], [{ fn, add: {} }]);
  });

  it('define options', () => {
    const validate = args.validateDefineOptions;
    validate();
    validate({});
    validate({ identifier: undefined, file: undefined, safeMode: undefined, isolate: undefined });
    validate({ identifier: 'foo', file: '/a/b.js', safeMode: false, isolate: true });
    validate({ file: 'file:///a/b.js', unknown: 3 });
    validate({ file: new URL('file:///a/b.js') });
    validate({ isolate: false, options: { argv: [] } });
    refuses(validate, 'options', [null], ['foo'], [fn]);
    refuses(validate, 'identifier', [{ identifier: 3 }], [{ identifier: '' }], [{ identifier: null }]);
    const remote = new URL('http://a/b.js');
    refuses(validate, 'file', [{ file: '' }], [{ file: 3 }], [{ file: {} }], [{ file: remote }]);
    refuses(validate, 'safeMode', [{ safeMode: 0 }]);
    refuses(validate, 'isolate', [{ isolate: 'no' }]);
    refuses(
      validate,
      'options',
      [{ options: {} }],
      [{ isolate: true, options: {} }],
      [{ isolate: false, options: null }],
    );
  });

  it('task calls', () => {
    const validate = args.validateTaskCall;
    validate({ name: 'add' }, true);
    validate({ name: 'add', params: undefined, priority: undefined, options: undefined }, false);
    validate(
      {
        name: 'add',
        params: [],
        priority: true,
        reffed: false,
        options: { env: {} },
        messengers: [messenger],
        signal,
        transferList: [],
      },
      true,
    );
    validate({ name: 'add', params: foreign('[1]'), signal: foreign('new AbortController().signal') }, true);
    refuses(validate, 'call', [], [undefined, true], [null, true], ['add', true], [fn, true]);
    refuses(validate, 'name', [{}, true], [{ name: 3 }, true], [{ name: Symbol('s') }, true]);
    const call = (extra) => [{ name: 'add', ...extra }, true];
    refuses(validate, 'params', call({ params: null }), call({ params: {} }), call({ params: 'foo' }));
    refuses(validate, 'priority', call({ priority: 1 }));
    refuses(validate, 'reffed', call({ reffed: 'no' }));
    refuses(validate, 'options', call({ options: null }), call({ options: 'foo' }));
    refuses(validate, 'options', [{ name: 'add', options: {} }, false]);
    refuses(validate, 'messengers', call({ messengers: messenger }), call({ messengers: null }));
    refuses(validate, 'messengers[1]', call({ messengers: [messenger, 'foo'] }));
    refuses(validate, 'signal', call({ signal: {} }), call({ signal: null }), call({ signal: fn }));
    refuses(validate, 'transferList', call({ transferList: {} }), call({ transferList: null }));
  });

  it('service calls and launches', () => {
    args.validateServiceCall({ name: 'add', params: [1], signal, transferList: [] });
    refuses(args.validateServiceCall, 'name', [{ params: [] }]);
    refuses(args.validateServiceCall, 'signal', [{ name: 'add', signal: 3 }]);

    const validate = args.validateLaunchOptions;
    validate();
    validate({ exceptionHandler: fn, priority: true, reffed: false, options: {}, messengers: [], signal });
    refuses(validate, 'options', [null], [3], [{ options: 3 }]);
    refuses(validate, 'exceptionHandler', [{ exceptionHandler: {} }]);
    refuses(validate, 'priority', [{ priority: null }]);
    refuses(validate, 'reffed', [{ reffed: 1 }]);
    refuses(validate, 'messengers[0]', [{ messengers: [{}] }]);
    refuses(validate, 'signal', [{ signal: true }]);
  });

  it('the rest', () => {
    args.validateSignalOptions();
    args.validateSignalOptions({ signal });
    refuses(args.validateSignalOptions, 'options', [3]);
    refuses(args.validateSignalOptions, 'signal', [{ signal: 3 }]);
    args.validateMetaData({});
    refuses(args.validateMetaData, 'metaData', [], [null], ['foo']);
    args.validateApi(Object.assign(() => {}, { launchService: fn }));
    refuses(args.validateApi, 'api', [], [null], [{}]);
    args.validateCount(0);
    refuses(args.validateCount, 'count', [-1], [1.5], ['1'], [Infinity], [NaN], [1n], []);
    args.validateFunction(fn);
    refuses(args.validateFunction, 'callback', [], [{}]);
    args.validateMessengerName('');
    refuses(args.validateMessengerName, 'name', [3], ['\ud800']);
    args.validateTransferList();
    assert.equal(args.messengerID(messenger), 'foo');
    refuses(args.messengerID, 'messenger', [null], ['foo'], [{ ID: 'foo' }], [{ ...messenger, ID: 3 }]);
    refuses(args.messengerID, 'messenger.ID', [{ ...messenger, ID: '\ud800' }]);
    assert.deepEqual([args.messengerIDs(), args.messengerIDs([messenger])], [[], ['foo']]);
    refuses(args.messengerIDs, 'messengers[1]', [[messenger, , messenger]]);
  });

  it('concurrency, naming the options', () => {
    const options = { Quarter: 'Quarter', Default: 'x1', x1: 'x1', x10: 'x10' };
    for (const concurrency of [1, 64, 'Quarter', 'x1', 'x10']) args.validateConcurrency(concurrency, options);
    const wrong = [0, -1, 1.5, NaN, Infinity, 2 ** 53, 'Default', 'x3', '4', undefined, null, {}, 4n];
    for (const concurrency of wrong) {
      assert.throws(
        () => args.validateConcurrency(concurrency, options),
        (error) => {
          assert.match(error.message, /\(Quarter, Default, x1, x10\)/);
          return invalid('concurrency')(error);
        },
      );
    }
  });
});
