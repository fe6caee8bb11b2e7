import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { makeCodec } from './helpers.js';

class Named {
  method = () => 1;
}

function argumentsOf() {
  // biome-ignore lint/complexity/noArguments: it is the very object that is refused
  return arguments;
}

const values = {
  'arrow function': () => () => {},
  function: () =>
    function foo(a) {
      return a;
    },
  class: () =>
    class A {
      x = 1;
    },
  'bound function': () => function q() {}.bind(null),
  'async function': () => async () => 1,
  symbol: () => Symbol('x'),
  'symbol without a description': () => Symbol(),
  'boxed symbol': () => Object(Symbol('y')),
  promise: () => Promise.resolve(1),
  'promise subclass': () => new (class Later extends Promise {})(() => {}),
  'weak map': () => new WeakMap(),
  'weak map subclass with fields': () =>
    new (class Foo extends WeakMap {
      x = 1;
    })(),
  'weak set': () => new WeakSet(),
  'weak reference': () => new WeakRef({}),
  'weak reference with a property': () => Object.assign(new WeakRef({}), { a: 1 }),
  'finalization registry': () => new FinalizationRegistry(() => {}),
  generator: () => (function* () {})(),
  'async generator': () => (async function* () {})(),
  'map iterator': () => new Map().entries(),
  'set iterator': () => new Set().values(),
  'array iterator': () => [][Symbol.iterator](),
  'string iterator': () => 'a'[Symbol.iterator](),
  'regexp iterator': () => 'a'.matchAll(/a/g),
  arguments: () => argumentsOf(1, 2),
  'no arguments': () => argumentsOf(),
  module: () => import('node:path'),
  // Node 20 clones a URL, to an empty object.
  ...(clones(new URL('http://example.com/a')) ? {} : { URL: () => new URL('http://example.com/a') }),
  Intl: () => new Intl.NumberFormat(),
  'WebAssembly.Memory': () => new WebAssembly.Memory({ initial: 1 }),
  proxy: () => new Proxy({}, {}),
  'proxy of an array': () => new Proxy([], {}),
  'port outside the transfer list': () => new MessageChannel().port1,
  'stream outside the transfer list': () => new ReadableStream(),
};

/** Where each of them may hide. */
const places = {
  alone: (v) => v,
  'in an object': (v) => ({ a: { b: v } }),
  'in an array': (v) => [1, [v]],
  'in a map': (v) => new Map([['a', v]]),
  'as a key of a map': (v) => new Map([[v, 'a']]),
  'in a set': (v) => new Set([v]),
  'in a class instance': (v) =>
    new (class Holder {
      held = v;
    })(),
  'in a loose array': (v) => Object.assign([1], { extra: v }),
};

describe('what structured clone refuses', () => {
  for (const [name, make] of Object.entries(values)) {
    it(`${name} is refused in the same words`, async () => {
      const value = name === 'module' ? await make() : make();
      let expected;
      try {
        structuredClone(value);
      } catch (error) {
        expected = error;
      }
      assert.ok(expected);
      for (const [place, put] of Object.entries(places)) {
        for (const options of [undefined, { hosts: [] }]) {
          const { roundTrip } = makeCodec();
          assert.throws(
            () => roundTrip(put(value), options),
            (error) => {
              assert.ok(error instanceof DOMException, place);
              assert.equal(error.name, 'DataCloneError', place);
              assert.equal(error.code, 25, place);
              assert.equal(error.message, expected.message, place);
              return true;
            },
            place,
          );
          assert.deepEqual(options?.hosts ?? [], []);
        }
      }
      value.close?.();
    });
  }

  it('a proxy: without running its traps', () => {
    const { roundTrip } = makeCodec();
    const traps = new Proxy(
      {},
      {
        get(_, trap) {
          throw new Error(`trap ${String(trap)} ran`);
        },
      },
    );
    for (const target of [{}, [], () => {}, new Map(), new Error('x')]) {
      for (const put of Object.values(places)) {
        assert.throws(() => roundTrip(put(new Proxy(target, traps))), { name: 'DataCloneError' });
      }
    }
  });

  it('a class instance: the inner value is named', () => {
    const { roundTrip } = makeCodec();
    assert.throws(() => roundTrip(new Named()), { name: 'DataCloneError', message: '() => 1 could not be cloned.' });
  });

  it('a value whose constructor and toString try to interfere', () => {
    const { roundTrip } = makeCodec();
    const promise = Promise.resolve();
    for (const key of ['constructor', 'toString', Symbol.toStringTag]) {
      Object.defineProperty(promise, key, {
        get() {
          throw new Error('ran');
        },
      });
    }
    assert.throws(() => roundTrip(promise), { name: 'DataCloneError' });
  });

  it('a file handle outside the transfer list', async () => {
    const handle = await open(new URL(import.meta.url));
    const { roundTrip } = makeCodec();
    assert.throws(() => roundTrip({ handle }, { hosts: [] }), { name: 'DataCloneError' });
    await handle.close();
  });
});

describe('what a getter throws', () => {
  it('comes through as it is', () => {
    const { roundTrip } = makeCodec();
    for (const thrown of [new Error('x'), 'text', undefined, null]) {
      let caught = 'nothing';
      try {
        roundTrip({
          get a() {
            throw thrown;
          },
        });
      } catch (error) {
        caught = error;
      }
      assert.equal(caught, thrown);
    }
  });
});

/** @param {unknown} value */
function clones(value) {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
