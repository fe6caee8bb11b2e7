import { AssertionError } from 'node:assert';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inspect, types } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { makeCodec } from './helpers.js';

const across = (value, options) => makeCodec().throwAcross(value, options);
const caught = (run) => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

/** An error of the class, with whatever it takes. */
function makeOne(Class) {
  switch (Class.name) {
    case 'AggregateError':
      return new Class([new TypeError('a'), 'b'], 'm', { cause: 1 });
    case 'SuppressedError':
      return new Class(new TypeError('a'), 'b', 'm');
    case 'DOMException':
      return new Class('m', 'AbortError');
    case 'QuotaExceededError':
      return new Class('m', { quota: 1, requested: 2 });
    default:
      return new Class('m', { cause: 1 });
  }
}

class HttpError extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.name = 'HttpError';
    this.status = status;
  }
}
class Unnamed extends TypeError {}
class NamedByPrototype extends Unnamed {
  get name() {
    return 'ByGetter';
  }
}
function OldStyle(message) {
  this.message = message;
  this.extra = 1;
}
OldStyle.prototype = Object.create(Error.prototype, { constructor: { value: OldStyle }, name: { value: 'OldStyle' } });

describe('thrown values that are no errors arrive as they are', () => {
  for (const value of [
    undefined,
    null,
    'text',
    '',
    0,
    -0,
    NaN,
    12n,
    false,
    { a: { b: 1 } },
    [1, 2],
    new Map([[1, 2]]),
  ]) {
    it(inspect(value), () => assert.deepStrictEqual(across(value), value));
  }
  it('an object that only looks like an error', () => {
    const value = { name: 'Error', message: 'm', stack: 's' };
    assert.deepStrictEqual(across(value), value);
    assert.ok(!types.isNativeError(across(value)));
  });
  it('references and all', () => {
    const shared = { a: 1 };
    const result = across([shared, shared]);
    assert.equal(result[0], result[1]);
  });
});

describe('thrown errors', () => {
  for (const Class of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    it(`${Class.name} keeps class, message, stack, cause, code and properties`, () => {
      const error = new Class('went wrong', { cause: { why: ['this'] } });
      Object.assign(error, { code: 'E_CODE', details: { a: [1] }, nothing: undefined });
      const result = across(error);
      assert.equal(Object.getPrototypeOf(result), Class.prototype);
      assert.ok(types.isNativeError(result));
      assert.equal(result.stack, error.stack);
      assert.deepStrictEqual(result, error);
      assert.deepStrictEqual(Object.getOwnPropertyDescriptors(result), Object.getOwnPropertyDescriptors(error));
    });
  }

  const Errors = [globalThis, WebAssembly].flatMap((home) =>
    Object.getOwnPropertyNames(home)
      .filter((name) => /(Error|Exception)$/.test(name))
      .map((name) => /** @type {any} */ (home)[name])
      .filter((Class) => Class === Error || Class.prototype instanceof Error),
  );
  for (const Class of Errors) {
    it(`${Class.name}, as this runtime has it, keeps its class and own properties`, () => {
      const { throwAcross, encode, decodeDeep } = makeCodec();
      const error = Object.assign(makeOne(Class), { details: { a: [1] } });
      for (const result of [throwAcross(error), decodeDeep(encode(error))]) {
        assert.equal(Object.getPrototypeOf(result), Class.prototype);
        assert.deepEqual(Object.getOwnPropertyNames(result).sort(), Object.getOwnPropertyNames(error).sort());
        for (const key of ['name', 'stack', 'quota', 'requested', ...Object.getOwnPropertyNames(error)]) {
          assert.deepStrictEqual(result[key], error[key], key);
          assert.equal(Object.keys(result).includes(key), Object.keys(error).includes(key), key);
        }
      }
    });
  }

  it('a trap of WebAssembly is a WebAssembly.RuntimeError', () => {
    // (module (func (export "f") unreachable))
    const bytes = '0061736d010000000104016000000302010007050101660000' + '0a05010300000b';
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(bytes, 'hex')));
    const result = across(caught(() => exports.f()));
    assert.ok(result instanceof WebAssembly.RuntimeError);
    assert.match(result.message, /unreachable/);
  });

  it('of a class that this realm lacks arrive as Error with its name', () => {
    const { encode, decode } = makeCodec();
    const bytes = encode(new WebAssembly.LinkError('m'));
    const { WebAssembly: kept } = globalThis;
    delete globalThis.WebAssembly;
    try {
      const result = decode(bytes);
      assert.equal(Object.getPrototypeOf(result), Error.prototype);
      assert.equal(String(result), 'LinkError: m');
    } finally {
      Object.defineProperty(globalThis, 'WebAssembly', { value: kept, writable: true, configurable: true });
    }
  });

  it('AggregateError keeps its errors', () => {
    const error = new AggregateError([new TypeError('a'), 'text', undefined, new HttpError(5)], 'all');
    const result = across(error);
    assert.equal(Object.getPrototypeOf(result), AggregateError.prototype);
    assert.equal(result.message, 'all');
    assert.equal(result.errors.length, 4);
    assert.ok(result.errors[0] instanceof TypeError);
    assert.equal(result.errors[0].message, 'a');
    assert.deepEqual(result.errors.slice(1, 3), ['text', undefined]);
    assert.equal(result.errors[3].name, 'HttpError');
    assert.ok(!Object.keys(result).includes('errors'));
  });

  it('AggregateError: a hole among its errors stays one', () => {
    const errors = ['first', 'left out', undefined, 'last'];
    delete errors[1];
    const { errors: copy } = across(Object.assign(new Error('with a hole'), { errors }));
    assert.deepEqual(Object.keys(copy), ['0', '2', '3']);
    assert.equal(copy.length, 4);
  });

  it('AggregateError: what its errors have besides elements stays', () => {
    const errors = Object.assign(['first'], { more: 'text' });
    const { errors: copy } = across(Object.assign(new Error('with more'), { errors }));
    assert.deepEqual(Object.entries(copy), [
      ['0', 'first'],
      ['more', 'text'],
    ]);
  });

  it('AggregateError: what cannot be cloned of its errors is replaced, not dropped', () => {
    const self = new AggregateError([1], 'self');
    const shared = new Error('shared');
    self.errors = [() => {}, Symbol('s'), new WeakMap(), self, shared, shared, 'last'];
    const result = across(self);
    assert.equal(result.errors.length, 7);
    for (const error of result.errors.slice(0, 3)) assert.match(error.message, /could not be cloned/);
    assert.match(result.errors[2].message, /WeakMap/);
    assert.equal(result.errors[3], result);
    assert.equal(result.errors[4].message, 'shared');
    assert.equal(result.errors[5], result.errors[4]);
    assert.equal(result.errors[6], 'last');
  });

  it('DOMException keeps name, message and code', () => {
    for (const error of [new DOMException('gone', 'AbortError'), caught(() => structuredClone(() => {}))]) {
      const result = across(error);
      assert.ok(result instanceof DOMException);
      assert.equal(result.name, error.name);
      assert.equal(result.message, error.message);
      assert.equal(result.code, error.code);
      assert.equal(result.stack, error.stack);
    }
    const result = across(Object.assign(new DOMException('gone', 'AbortError'), { extra: 1, fn() {} }));
    assert.equal(result.extra, 1);
    assert.ok(!('fn' in result));
    assert.ok(across(AbortSignal.abort().reason) instanceof DOMException);
  });

  it('errors of Node itself keep their code', () => {
    const missing = across(caught(() => readFileSync('/does/not/exist')));
    assert.equal(missing.code, 'ENOENT');
    assert.equal(missing.syscall, 'open');
    assert.equal(missing.path, '/does/not/exist');
    const invalid = across(caught(() => readFileSync({})));
    assert.equal(Object.getPrototypeOf(invalid), TypeError.prototype);
    assert.equal(invalid.code, 'ERR_INVALID_ARG_TYPE');
    assert.equal(invalid.name, 'TypeError');
    assert.equal(Object.getPrototypeOf(across(new (class extends RangeError {})('m'))), RangeError.prototype);
    const failed = across(caught(() => assert.equal(1, 2)));
    assert.equal(failed.name, 'AssertionError');
    assert.equal(failed.code, 'ERR_ASSERTION');
    assert.deepEqual([failed.actual, failed.expected], [1, 2]);
    assert.ok(new AssertionError({ message: 'x' }) instanceof Error);
  });

  it('custom classes arrive as Error with their name and properties', () => {
    const result = across(new HttpError(404));
    assert.equal(Object.getPrototypeOf(result), Error.prototype);
    assert.equal(result.name, 'HttpError');
    assert.equal(result.status, 404);
    assert.equal(result.message, 'status 404');
    assert.equal(String(result), 'HttpError: status 404');

    const unnamed = across(new Unnamed('m'));
    assert.equal(Object.getPrototypeOf(unnamed), Error.prototype);
    assert.equal(unnamed.name, 'Unnamed');
    assert.deepEqual(Object.keys(unnamed), []);
    assert.equal(across(new NamedByPrototype('m')).name, 'ByGetter');

    const old = across(new OldStyle('old'));
    assert.ok(types.isNativeError(old));
    assert.equal(old.name, 'OldStyle');
    assert.equal(old.message, 'old');
    assert.equal(old.extra, 1);
    const cause = across(new Error('x', { cause: new OldStyle('inner') })).cause;
    assert.equal(cause.name, 'OldStyle');
    assert.ok(types.isNativeError(cause));
  });

  it('a name that was set is kept, shown or hidden as it was', () => {
    const shown = Object.assign(new RangeError('m'), { name: 'Shown' });
    assert.deepStrictEqual(across(shown), shown);
    const hidden = Object.defineProperty(new RangeError('m'), 'name', { value: 'Hidden', configurable: true });
    const result = across(hidden);
    assert.equal(result.name, 'Hidden');
    assert.deepEqual(Object.keys(result), []);
    assert.ok(result instanceof RangeError);
  });

  it('functions, symbols, throwing getters and uncloneable values are left out, the rest is kept', () => {
    const error = Object.assign(new TypeError('m'), {
      before: 1,
      fn() {},
      symbol: Symbol('s'),
      weak: new WeakMap(),
      deep: { a: [{ fn() {} }] },
      after: 2,
      promise: Promise.resolve(),
      proxy: new Proxy({}, {}),
      ok: { nested: [true] },
    });
    Object.defineProperty(error, 'throws', {
      enumerable: true,
      get() {
        throw new Error('getter');
      },
    });
    Object.defineProperty(error, 'gets', { enumerable: true, get: () => 'got' });
    const result = across(error);
    assert.deepEqual({ ...result }, { before: 1, after: 2, ok: { nested: [true] }, gets: 'got' });
    assert.ok(result instanceof TypeError);
    assert.equal(result.message, 'm');
  });

  it('what a left-out property had met is met anew', () => {
    const shared = { shared: 1 };
    const error = Object.assign(new Error('m'), { bad: [shared, {}, [], () => {}], good: shared, again: [shared] });
    const result = across(error);
    assert.deepEqual({ ...result }, { good: shared, again: [shared] });
    assert.equal(result.again[0], result.good);
    const many = Array.from({ length: 100 }, (_, i) => ({ i }));
    const large = Object.assign(new Error('m'), { bad: [many, () => {}], good: many, again: many });
    const copy = across(large);
    assert.deepEqual(copy.good, many);
    assert.equal(copy.again, copy.good);
  });

  it('that are DOMExceptions stay so, whatever properties they were given', () => {
    for (const [key, value] of Object.entries({ code: 'E_ODD', name: 5, message: {}, stack: undefined, other: 1 })) {
      const error = new DOMException('m', 'AbortError');
      Object.defineProperty(error, key, { value });
      assert.ok(across(error) instanceof DOMException, key);
    }
  });

  it('tells an undefined cause from none', () => {
    assert.ok(Object.hasOwn(across(new Error('x', { cause: undefined })), 'cause'));
    assert.ok(!Object.hasOwn(across(new Error('x')), 'cause'));
  });

  it('circles through cause and properties', () => {
    const error = new Error('m');
    error.self = error;
    error.cause = new TypeError('inner', { cause: error });
    error.list = [error, error.cause];
    const result = across(error);
    assert.equal(result.self, result);
    assert.ok(result.cause instanceof TypeError);
    assert.equal(result.cause.cause, result);
    assert.equal(result.list[1], result.cause);
  });

  it('chains of causes, bounded', () => {
    let error = new Error('bottom');
    for (let i = 0; i < 40; i++) error = new Error(`level ${i}`, { cause: error });
    let result = across(error);
    let depth = 0;
    for (; result.cause !== undefined; result = result.cause) depth++;
    assert.equal(depth, 40);
    assert.equal(result.message, 'bottom');
    for (let i = 0; i < 100_000; i++) error = new Error('x', { cause: error });
    result = across(error);
    for (depth = 0; result.cause !== undefined; result = result.cause) depth++;
    assert.ok(depth >= 60 && depth <= 64, `${depth}`);
  });

  it('views of one buffer among the properties share it', () => {
    const buffer = new ArrayBuffer(8);
    const [one, two] = [new Uint8Array(buffer, 0, 2), new Uint8Array(buffer, 2, 2)];
    const result = across(Object.assign(new Error('m', { cause: { one } }), { one, two }));
    assert.equal(result.two.buffer, result.one.buffer);
    assert.equal(result.cause.one, result.one);
  });

  it('causes that are no errors', () => {
    assert.equal(across(new Error('m', { cause: 'text' })).cause, 'text');
    assert.equal(across(new Error('m', { cause: null })).cause, null);
    assert.ok(!('cause' in across(new Error('m', { cause: () => {} }))));
    assert.ok(!('cause' in across(new Error('m'))));
  });

  it("of another realm arrive as this realm's", () => {
    const context = createContext({});
    const run = (code) => across(runInContext(code, context));
    const result = run(
      'Object.assign(new RangeError("r", { cause: new AggregateError([new URIError("u")]) }), { a: 1 })',
    );
    assert.equal(Object.getPrototypeOf(result), RangeError.prototype);
    assert.equal(Object.getPrototypeOf(result.cause), AggregateError.prototype);
    assert.equal(Object.getPrototypeOf(result.cause.errors[0]), URIError.prototype);
    assert.equal(result.a, 1);
    const custom = run('class Custom extends TypeError { x = 1 } new Custom("c")');
    assert.equal(Object.getPrototypeOf(custom), Error.prototype);
    assert.equal(custom.name, 'Custom');
    assert.equal(custom.x, 1);
  });

  it('are the same as values', () => {
    const { roundTrip } = makeCodec();
    const error = Object.assign(new HttpError(1), { fn() {}, keep: 1 });
    const result = roundTrip({ error, again: error });
    assert.equal(result.error.keep, 1);
    assert.equal(result.error.name, 'HttpError');
    assert.ok(!('fn' in result.error));
    assert.equal(result.again, result.error);
  });

  it('do not leave Error.stackTraceLimit changed', () => {
    const before = Error.stackTraceLimit;
    across(new Error('m'));
    assert.equal(Error.stackTraceLimit, before);
    assert.match(new Error('later').stack, /thrown\.test/);
  });
});

describe('hostile values: something arrives, and nothing is thrown on the way', () => {
  const fail = () => {
    throw new Error('hostile');
  };
  const traps = new Proxy({}, { get: () => fail });
  const withGetters = (object, ...names) => {
    for (const name of names) Object.defineProperty(object, name, { get: fail, enumerable: true, configurable: true });
    return object;
  };
  const cases = {
    function: () => function named() {},
    symbol: () => Symbol('s'),
    promise: () => Promise.resolve(),
    proxy: () => new Proxy({}, traps),
    'proxy of an error': () => new Proxy(new Error('x'), traps),
    'proxy of a function': () => new Proxy(() => {}, traps),
    'revoked proxy': () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    'object with a function': () => ({ a: 1, fn() {} }),
    'object whose getter throws': () => withGetters({}, 'a'),
    'object whose toString, valueOf and inspect throw': () => ({
      toString: fail,
      valueOf: fail,
      [Symbol.toPrimitive]: fail,
      [inspect.custom]: fail,
    }),
    'error whose every getter throws': () =>
      withGetters(new Error('x'), 'stack', 'name', 'message', 'cause', 'errors', 'code', 'constructor', 'toString'),
    'error whose message is an object': () => Object.assign(new Error('x'), { message: { a: 1 } }),
    'error whose message is a symbol': () => Object.assign(new Error('x'), { message: Symbol('m') }),
    'error whose hidden message cannot be a string': () =>
      Object.defineProperty(new Error('x'), 'message', { value: { toString: fail } }),
    'error whose name is an object': () => Object.assign(new Error('x'), { name: { toString: fail } }),
    'error with a proxy for a prototype': () => Object.setPrototypeOf(new Error('x'), new Proxy({}, traps)),
    'error with an endless prototype chain': () => {
      const endless = new Proxy({}, { getPrototypeOf: () => endless });
      return Object.setPrototypeOf(new Error('x'), endless);
    },
    'error without a prototype': () => Object.setPrototypeOf(new Error('x'), null),
    'frozen error': () => Object.freeze(new Error('x')),
    'pretended DOMException': () => Object.create(DOMException.prototype),
    'error with a getter that encodes': () =>
      Object.assign(new Error('x'), {
        get a() {
          return across('inner');
        },
      }),
    'error with a very deep property': () => {
      let deep = null;
      for (let i = 0; i < 100_000; i++) deep = { deep };
      return Object.assign(new Error('x'), { deep, after: 1 });
    },
    'very deep value': () => {
      let deep = null;
      for (let i = 0; i < 100_000; i++) deep = [deep];
      return deep;
    },
    'errors that are no list': () => Object.assign(new AggregateError([]), { errors: 5 }),
    'errors that are a proxy': () => Object.assign(new AggregateError([]), { errors: new Proxy([], traps) }),
    'errors with holes and getters': () =>
      Object.assign(new AggregateError([]), { errors: withGetters(Object.assign(new Array(4), { 1: 1, 3: 2 }), '2') }),
    'a prepareStackTrace that throws': () => new Error('x'),
    'function whose toString throws': () => Object.assign(() => {}, { toString: fail, [inspect.custom]: fail }),
    'a huge object that cannot be cloned': () => ({
      big: Array.from({ length: 1e5 }, (_, i) => 'x'.repeat(i % 50)),
      fn() {},
    }),
  };
  for (const [name, make] of Object.entries(cases)) {
    it(name, () => {
      const { throwAcross, writer } = makeCodec({ size: 16 });
      const value = make();
      const prepare = Error.prepareStackTrace;
      if (name.startsWith('a prepareStackTrace')) Error.prepareStackTrace = fail;
      let result;
      try {
        result = throwAcross(value);
      } finally {
        Error.prepareStackTrace = prepare;
      }
      assert.ok(types.isNativeError(result) || result instanceof DOMException, inspect(result));
      assert.equal(typeof result.message, typeof result.message === 'object' ? 'object' : 'string');
      // And the writer is as ever.
      writer.position = 0;
      const shared = {};
      const after = throwAcross([shared, shared]);
      assert.equal(after[0], after[1]);
    });
  }

  it('an object with a proxy for a prototype is an object', () => {
    for (const target of [{}, Error.prototype]) {
      assert.deepStrictEqual(across(Object.create(new Proxy(target, traps), { a: { value: 1, enumerable: true } })), {
        a: 1,
      });
    }
  });

  it('what cannot be cloned is described, in bounds', () => {
    assert.match(across(function named() {}).message, /could not be cloned: \[Function: named\]/);
    assert.match(across(Symbol('s')).message, /Symbol\(s\)/);
    assert.match(across({ a: 1, fn() {} }).message, /a: 1, fn: \[Function: fn\]/);
    assert.ok(across({ text: 'x'.repeat(1e6), fn() {} }).message.length < 700);
    const result = across(Object.assign(new Error('x'), { deep: { fn() {} }, after: 1 }));
    assert.deepEqual([result.message, result.after, 'deep' in result], ['x', 1, false]);
  });
});
