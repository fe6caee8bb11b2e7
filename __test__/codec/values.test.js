import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { makeCodec } from './helpers.js';

class Point {
  #hidden = 1;
  constructor(x) {
    this.x = x;
  }
  get sum() {
    return this.x + this.#hidden;
  }
}
class List extends Array {}
class Dictionary extends Map {}
function OldStyle() {
  this.own = 1;
}
OldStyle.prototype.inherited = () => 2;

const withExtras = (array, extras) => Object.assign(array, extras);
const sparse = (length, elements) => withExtras(new Array(length), elements);
const hidden = (object, key) => Object.defineProperty(object, key, { value: 1, enumerable: false });
const ownProto = (value) => JSON.parse(`{"a":1,"__proto__":${JSON.stringify(value)},"b":2}`);

/** Values that must arrive exactly as structuredClone makes them. @type {Record<string, () => unknown>} */
const asStructuredClone = {
  undefined: () => undefined,
  null: () => null,
  booleans: () => [true, false],
  'whole numbers': () => [0, 1, -1, 127, 128, 255, 256, -128, -129, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53],
  'odd numbers': () => [-0, NaN, Infinity, -Infinity, 0.1, Number.MIN_VALUE, Number.MAX_VALUE, 1e21],
  'negative zero': () => -0,
  bigints: () => [0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, -(2n ** 64n), 2n ** 1000n],
  'empty string': () => '',
  latin1: () => 'na\xefve \xff\x00\x80',
  'wide text': () => '\u4f60\u597d \u{1f600}',
  'lone surrogates': () => ['\ud800', '\udc00', 'a\ud800b', '\udfff\ud800'],
  'lone surrogates as keys': () => ({ '\ud800': 1, a: '\udc00' }),
  'long latin1': () => '\xe9'.repeat(100_000),
  'long wide text': () => '\u2603'.repeat(100_000),
  'concatenated text': () => ['ab'.repeat(30) + Math.PI, `${'x'.repeat(40)}\u1234`],
  'empty object': () => ({}),
  'empty array': () => [],
  nested: () => ({ a: { b: { c: [1, [2, [3, { d: null }]]] } } }),
  'order of keys': () => ({ z: 1, 10: 2, a: 3, 2: 4, '-1': 5, '01': 6, 4294967295: 7 }),
  'odd keys': () => ({ '': 1, ' ': 2, 'a"b': 3, 'a\\b': 4, '\n': 5, '\u2028': 6, constructor: 7, toString: 8 }),
  'own __proto__': () => ownProto(5),
  'own __proto__, an object': () => ownProto({ polluted: true }),
  'own __proto__ alone': () => JSON.parse('{"__proto__":null}'),
  'many keys': () => Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, i])),
  '32 and 33 keys': () => [32, 33].map((n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]))),
  'long keys': () => ({ ['k'.repeat(64)]: 1, ['l'.repeat(65)]: 2, ['m'.repeat(10_000)]: 3 }),
  'long key after short ones': () => ({ a: 1, b: 2, ['m'.repeat(65)]: 3, c: 4 }),
  'hidden and symbol keys': () => hidden({ a: 1, [Symbol('s')]: 2 }, 'b'),
  accessors: () => ({
    get a() {
      return { b: 1 };
    },
    set c(_) {},
  }),
  'null prototype': () => Object.assign(Object.create(null), { a: 1, hasOwnProperty: 2 }),
  frozen: () => Object.freeze({ a: Object.freeze([1]) }),
  'class instance': () => new Point(4),
  'old-style instance': () => new OldStyle(),
  'instance that inherits enumerable properties': () => Object.assign(Object.create({ inherited: 1 }), { own: 2 }),
  'instance of a class of two levels': () => new (class extends Point {})(4),
  EventTarget: () => new EventTarget(),
  Event: () => new Event('x'),
  AbortController: () => new AbortController(),
  'Math and JSON': () => [Math, JSON],
  'process.memoryUsage()': () => Object.keys(process.memoryUsage()),
  'array of one undefined': () => [undefined],
  holes: () => sparse(5, { 1: 1, 3: 2 }),
  'only holes': () => new Array(5),
  'undefined and holes': () => sparse(3, { 0: undefined, 2: undefined }),
  'as many extra properties as holes': () => sparse(2, { 1: 1, foo: 2 }),
  'extra property that looks like an index': () => sparse(2, { 1: 1, '1.0': 2 }),
  'long, as many extra properties as holes': () => {
    const array = Array.from({ length: 50 }, (_, i) => i);
    delete array[7];
    return withExtras(array, { foo: 2 });
  },
  'long, with undefined': () => Array.from({ length: 50 }, (_, i) => (i % 2 ? undefined : i)),
  'long, with a hole': () => sparse(50, { 3: 4 }),
  'very sparse': () => sparse(4_000_000_000, { 3: 4, 3999999999: 5 }),
  'array with extra properties': () => withExtras([1, 2], { foo: 'bar', '-1': 3, '01': 4, 4294967295: 5 }),
  match: () => 'xabc'.match(/a(?<named>b)/),
  'empty array with an extra property': () => withExtras([], { foo: 1 }),
  'array with a hidden property': () => hidden([1, 2], 'foo'),
  'template strings': () => ((strings) => strings)`a${1}b`,
  'array subclass': () => List.from([1, 2]),
  'lengths around the limits': () => [0, 1, 31, 32, 33, 254, 255, 256].map((n) => new Array(n).fill(1)),
  fractions: () => Array.from({ length: 100 }, (_, i) => i / 3),
  'fractions with odd ones': () => [...Array.from({ length: 40 }, (_, i) => i / 3), NaN, -0, Infinity, 1, -1],
  'fractions and a string': () => [...Array.from({ length: 40 }, (_, i) => i / 3), 'x'],
  'ints with odd ones': () => [...Array.from({ length: 40 }, (_, i) => i * 1000), 2 ** 31 - 1, -(2 ** 31), 0, -1],
  'ints and negative zero': () => [...Array.from({ length: 40 }, (_, i) => i * 1000), -0],
  'ints and a fraction': () => [...Array.from({ length: 40 }, (_, i) => i * 1000), 0.5],
  'ints and a hole': () =>
    Object.assign(
      new Array(50),
      Array.from({ length: 40 }, (_, i) => i * 1000),
    ),
  'ints with an extra property': () =>
    withExtras(
      Array.from({ length: 40 }, (_, i) => i * 1000),
      { foo: 1 },
    ),
  'small ints': () => Array.from({ length: 300 }, (_, i) => i % 100),
  '300 ints': () => Array.from({ length: 300 }, (_, i) => i * 1000),
  dates: () => [new Date(0), new Date(-1), new Date(8.64e15)],
  regexps: () => [/a/, /b\/c/gimsuy, /(?:)/, /\u{1f600}[\]/]/u, /(?<a>x)/d, /\n/],
  lastIndex: () => Object.assign(/a/g, { lastIndex: 5 }),
  boxed: () => [Object(1), Object(-0), Object(NaN), Object('str'), Object('\ud800'), Object(true), Object(false)],
  'boxed bigint': () => Object(10n),
  'boxed with properties': () => Object.assign(Object('str'), { a: 1 }),
  maps: () =>
    new Map([
      [1, 'a'],
      ['b', { c: 1 }],
      [{ k: 1 }, [2]],
      [NaN, -0],
      [undefined, null],
    ]),
  sets: () => new Set([1, 'a', { b: 1 }, [2], NaN, undefined, null]),
  'large map': () => new Map(Array.from({ length: 300 }, (_, i) => [i, { i }])),
  'empty map and set': () => [new Map(), new Set()],
  'map subclass with properties': () => Object.assign(new Dictionary([[1, 2]]), { a: 1 }),
  'nested maps': () => new Map([['m', new Map([['s', new Set([new Map()])]])]]),
  'array buffer': () => Uint8Array.from([1, 2, 3]).buffer,
  'empty array buffer': () => new ArrayBuffer(0),
  'typed arrays': () => [
    new Int8Array([-1]),
    new Uint8Array([255]),
    new Uint8ClampedArray([300]),
    new Int16Array([-2]),
    new Uint16Array([65535]),
    new Int32Array([-3]),
    new Uint32Array([4e9]),
    new Float32Array([1.5]),
    new Float64Array([Math.PI]),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 64n - 1n]),
  ],
  'data view': () => new DataView(Uint8Array.from([1, 2, 3, 4]).buffer),
  'empty views': () => [new Uint8Array(0), new Float64Array(0), new DataView(new ArrayBuffer(0))],
  'errors of all classes': () => [
    new Error('a'),
    new EvalError('b'),
    new RangeError('c'),
    new ReferenceError('d'),
    new SyntaxError('e'),
    new TypeError('f'),
    new URIError('g'),
  ],
  'error without a message': () => new Error(),
  'error with an empty message': () => new Error(''),
  'error with a cause': () => new Error('a', { cause: { b: 1 } }),
  'error without a stack': () => {
    const error = new Error('a');
    delete error.stack;
    return error;
  },
};
if (globalThis.Float16Array !== undefined) {
  asStructuredClone.Float16Array = () => new globalThis.Float16Array([1.5]);
}

/** Where the codec keeps more than structured clone does, or less, on purpose. */
const otherwise = {
  'Node Buffer: a Uint8Array of its bytes': [() => Buffer.from('abc'), () => Uint8Array.from([97, 98, 99])],
  'error with properties': [
    () => Object.assign(new Error('a'), { code: 'E_A', details: { b: 1 } }),
    () => Object.assign(new Error('a'), { code: 'E_A', details: { b: 1 } }),
  ],
  AggregateError: [
    () => new AggregateError([new TypeError('x'), 2], 'a'),
    () => new AggregateError([new TypeError('x'), 2], 'a'),
  ],
};

/** deepStrictEqual says nothing about these. */
function check(actual, expected) {
  assert.deepStrictEqual(actual, expected);
  assert.equal(Object.prototype.toString.call(actual), Object.prototype.toString.call(expected));
  if (typeof actual === 'object' && actual !== null) {
    assert.deepStrictEqual(Reflect.ownKeys(actual), Reflect.ownKeys(expected));
    assert.equal(Object.getPrototypeOf(actual), Object.getPrototypeOf(expected));
  }
  if (actual instanceof Error) assert.equal(actual.stack, expected.stack);
  if (actual instanceof RegExp) assert.equal(actual.lastIndex, expected.lastIndex);
}

for (const generate of [true, false]) {
  describe(`values, ${generate ? 'generated' : 'plain'} decoders`, () => {
    for (const [name, make] of Object.entries(asStructuredClone)) {
      it(name, () => {
        const { roundTrip } = makeCodec({ generate });
        const value = make();
        const expected = structuredClone(value);
        // Inline at first, then as a shape, then with a generated decoder.
        for (let i = 0; i < (name.startsWith('long') ? 3 : 150); i++) check(roundTrip(value), expected);
        const [inArray, again] = roundTrip([value, value]);
        check(inArray, expected);
        assert.ok(Object.is(inArray, again));
        check(roundTrip({ value, other: {} }).value, expected);
      });
    }
    for (const [name, [make, expected]] of Object.entries(otherwise)) {
      it(name, () => {
        const { roundTrip } = makeCodec({ generate });
        const value = make();
        const result = roundTrip(value);
        assert.deepStrictEqual(result, expected());
        assert.equal(result.stack, value.stack);
      });
    }
  });
}

it('an invalid date stays one', () => {
  const copy = makeCodec().roundTrip(new Date(NaN));
  assert.ok(copy instanceof Date);
  assert.ok(Number.isNaN(copy.getTime()));
});

describe('shapes', () => {
  const decoders = (reader) => reader.shapes.dense.filter((shape) => shape?.make);

  it('are interned from the second object on, and decoded by generated code when used often', () => {
    const { roundTrip, encode, atoms, reader } = makeCodec();
    const first = encode({ id: 1, name: 'a' });
    assert.deepEqual(atoms, []);
    const second = encode({ id: 2, name: 'b' });
    assert.deepEqual(atoms, ['["id","name"]']);
    assert.ok(second.length < first.length);
    for (let i = 0; i < 200; i++) assert.deepEqual(roundTrip({ id: i, name: 'x' }), { id: i, name: 'x' });
    assert.equal(decoders(reader).length, 1);
  });

  it('are not generated when that is switched off', () => {
    const { roundTrip, reader, atoms } = makeCodec({ generate: false });
    for (let i = 0; i < 200; i++) assert.deepEqual(roundTrip({ id: i }), { id: i });
    assert.equal(atoms.length, 1);
    assert.equal(decoders(reader).length, 0);
  });

  it('keep to the bounds: keys, their length, and how many', () => {
    const { roundTrip, atoms } = makeCodec();
    const keysOf = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i]));
    for (const value of [keysOf(33), { ['x'.repeat(65)]: 1 }]) {
      for (let i = 0; i < 4; i++) assert.deepEqual(roundTrip(value), value);
    }
    assert.equal(atoms.length, 0);
    for (let i = 0; i < 4; i++) roundTrip(keysOf(32));
    for (let i = 0; i < 4; i++) roundTrip({ ['x'.repeat(64)]: 1 });
    assert.equal(atoms.length, 2);
    for (let i = 0; i < 10_000; i++) {
      for (let n = 0; n < 2; n++) {
        const value = { [`made up ${i}`]: i, other: n };
        assert.deepEqual(roundTrip(value), value);
      }
    }
    assert.equal(atoms.length, 4096);
  });

  it('have their keys with them when the table is full, and are not asked for again', () => {
    const { roundTrip, encode, atoms, asked } = makeCodec({ room: 1 });
    for (let i = 0; i < 4; i++) {
      for (const value of [{ first: i }, { second: i, third: i }, { fourth: { first: i, second: i } }]) {
        assert.deepEqual(roundTrip(value), value);
      }
    }
    assert.deepEqual(atoms, ['["first"]']);
    assert.equal(asked.length, 4, 'each key list once');
    assert.ok(encode({ first: 1 }).length < encode({ other: 1 }).length, 'what got in before stays');
  });

  it('do not grow without bound for objects that are used as dictionaries', () => {
    const { encode, writer, atoms } = makeCodec();
    for (let i = 0; i < 30_000; i++) encode({ [`key ${i}`]: i });
    assert.equal(atoms.length, 0);
    assert.equal(writer.tree.prefixes, 16384);
  });
});

describe('values from another realm', () => {
  const foreign = (code) => runInNewContext(code);

  it("arrive as this realm's", () => {
    const { roundTrip } = makeCodec();
    const value = foreign(`
      class Point { constructor() { this.x = 1 } }
      ({ list: [1, { a: 2 }], date: new Date(5), re: /a/g, map: new Map([[1, { b: 1 }]]), set: new Set([1]),
         bytes: new Uint8Array([1, 2]), buffer: new ArrayBuffer(3), view: new DataView(new ArrayBuffer(2)),
         boxed: Object('s'), bare: Object.create(null), point: new Point(), big: Object(1n),
         error: Object.assign(new RangeError('r', { cause: new TypeError('t') }), { code: 'C' }) })`);
    const expected = {
      list: [1, { a: 2 }],
      date: new Date(5),
      re: /a/g,
      map: new Map([[1, { b: 1 }]]),
      set: new Set([1]),
      bytes: new Uint8Array([1, 2]),
      buffer: new ArrayBuffer(3),
      view: new DataView(new ArrayBuffer(2)),
      boxed: Object('s'),
      bare: {},
      point: { x: 1 },
      big: Object(1n),
      error: Object.assign(new RangeError('r', { cause: new TypeError('t') }), { code: 'C' }),
    };
    for (let i = 0; i < 3; i++) {
      const result = roundTrip(value);
      assert.deepStrictEqual(result, expected);
      assert.equal(Object.getPrototypeOf(result.error), RangeError.prototype);
      assert.equal(Object.getPrototypeOf(result.error.cause), TypeError.prototype);
      assert.equal(result.error.stack, value.error.stack);
    }
  });

  it("are refused like this realm's", () => {
    const { roundTrip } = makeCodec();
    for (const code of [
      'Promise.resolve()',
      'new WeakMap()',
      '() => 1',
      'Symbol("x")',
      'new Proxy({}, {})',
      '(function* () {})()',
      '(function () { return arguments })(1)',
      '(function () { return arguments })()',
    ]) {
      assert.throws(() => roundTrip(foreign(code)), { name: 'DataCloneError' }, code);
      assert.throws(() => structuredClone(foreign(code)), { name: 'DataCloneError' }, code);
    }
  });
});
