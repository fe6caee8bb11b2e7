import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DamagedError } from '../../lib/codec/damaged.js';
import { Tag } from '../../lib/codec/tags.js';
import { makeCodec, random } from './helpers.js';

const KEYS = [
  'a',
  'b',
  'id',
  'name',
  'k\xe9y',
  '\u4f60',
  '__proto__',
  'constructor',
  '1',
  '20',
  ' ',
  '',
  'x'.repeat(70),
];

/** A random value of up to `depth` levels; earlier objects come again. */
function makeValue(rng, depth, met = []) {
  const inner = () => makeValue(rng, depth - 1, met);
  const many = (limit, make) => Array.from({ length: rng.below(limit) }, make);
  const object = (value) => {
    met.push(value);
    return value;
  };
  const leaf = rng.below(depth > 0 ? 20 : 11);
  switch (leaf) {
    case 0:
      return rng.below(300) - 100;
    case 1:
      return (rng.next() - 0.5) * 1e10;
    case 2:
      return rng.pick([-0, NaN, Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, 255, 256]);
    case 3:
      return many(40, () => String.fromCharCode(rng.below(256))).join('');
    case 4:
      return many(40, () => String.fromCharCode(rng.below(65536))).join('');
    case 5:
      return rng.pick([true, false, null, undefined]);
    case 6:
      return BigInt(rng.below(1e9)) ** BigInt(rng.below(9)) * (rng.below(2) ? 1n : -1n);
    case 7:
      return object(new Date(rng.below(1e12)));
    case 8:
      return object(Uint8Array.from(many(30, () => rng.below(256))));
    case 9:
      return object(Object(rng.pick([1, 'text', true, 5n])));
    case 10:
      return object(/a+b?/gi);
    case 11:
    case 12:
    case 13: {
      const value = object({});
      for (const key of many(6, () => rng.pick(KEYS))) {
        Object.defineProperty(value, key, { value: inner(), enumerable: true, writable: true, configurable: true });
      }
      return value;
    }
    case 14: {
      const value = object([]);
      value.push(...many(6, inner));
      return value;
    }
    case 15: {
      const value = object(new Array(rng.below(5)));
      for (const index of many(4, () => rng.below(8))) value[index] = inner();
      if (rng.below(2)) value.extra = inner();
      return value;
    }
    case 16: {
      const value = object(new Map());
      for (let n = rng.below(5); n > 0; n--) value.set(inner(), inner());
      return value;
    }
    case 17: {
      const value = object(new Set());
      for (let n = rng.below(5); n > 0; n--) value.add(inner());
      return value;
    }
    case 18:
      return met.length > 0 ? rng.pick(met) : null;
    default: {
      const value = object(Array.from({ length: 30 + rng.below(10) }, () => rng.next()));
      return value;
    }
  }
}

/** What tells two values apart: types, contents, order, and which objects are the same. */
function print(value, met = new Map()) {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  if (met.has(value)) return `#${met.get(value)}`;
  met.set(value, met.size);
  const type = Object.prototype.toString.call(value);
  assert.equal(globalThis[type.slice(8, -1)].prototype, Object.getPrototypeOf(value));
  const parts = [];
  if (value instanceof Map) for (const [k, v] of value) parts.push(`${print(k, met)}=>${print(v, met)}`);
  else if (value instanceof Set) for (const v of value) parts.push(print(v, met));
  else if (ArrayBuffer.isView(value)) parts.push(value.join());
  else if (value instanceof Date || value instanceof RegExp) parts.push(String(value), Number(value));
  else if (!Array.isArray(value) && type !== '[object Object]') parts.push(print(value.valueOf(), met));
  else for (const key of Object.keys(value)) parts.push(`${JSON.stringify(key)}:${print(value[key], met)}`);
  if (Array.isArray(value)) parts.push(`length ${value.length}`);
  return `${type}(${parts.join()})`;
}

/** Damaged bytes may decode to something; if not, DamagedError is the only way out. */
function survives(decode, bytes, what) {
  try {
    decode(bytes);
  } catch (error) {
    if (error instanceof DamagedError || / bytes left$/.test(error.message)) return;
    throw new Error(`${what}: ${error?.stack}\nbytes ${Buffer.from(bytes).toString('hex')}`);
  }
}

describe('random values', () => {
  for (const generate of [true, false]) {
    it(`come back the same, ${generate ? 'generated' : 'plain'} decoders`, () => {
      const rng = random(generate ? 1 : 2);
      const { roundTrip } = makeCodec({ generate, size: 64 });
      let length = 0;
      for (let i = 0; i < 5000; i++) {
        const value = makeValue(rng, 4);
        const expected = print(value);
        length += expected.length;
        assert.equal(print(roundTrip(value)), expected, `value ${i}`);
      }
      assert.ok(length > 500_000, 'the values are worth it');
    });
  }

  it('come back as structuredClone makes them', () => {
    const rng = random(3);
    const { roundTrip } = makeCodec();
    for (let i = 0; i < 2000; i++) {
      const value = makeValue(rng, 3);
      assert.equal(print(roundTrip(value)), print(structuredClone(value)), `value ${i}`);
    }
  });
});

describe('random bytes', () => {
  it('20,000 buffers neither crash nor hang', () => {
    const rng = random(4);
    const { decode, roundTrip } = makeCodec();
    for (let i = 0; i < 3; i++) roundTrip([{ a: 1 }, { a: 1, b: 2 }, { ['__proto__']: 1 }]);
    const tags = Object.values(Tag);
    for (let i = 0; i < 20_000; i++) {
      // Pure noise rarely gets past the first tag: half of them are made of tags and small numbers.
      const bytes = Uint8Array.from({ length: rng.below(200) }, () =>
        i % 2 ? rng.below(256) : rng.below(3) ? rng.pick(tags) : rng.below(6),
      );
      if (bytes.length > 0) bytes[0] = rng.below(2);
      survives(decode, bytes, `buffer ${i}`);
      survives((b) => decode(b, [new ArrayBuffer(8), {}]), bytes, `buffer ${i} with hosts`);
    }
  });

  it('every truncation of a valid encoding is found damaged', () => {
    const rng = random(5);
    const { encode, decode } = makeCodec();
    const rich = [
      { error: new AggregateError([new TypeError('x', { cause: 1 })], 'm'), date: new Date(1), big: 1n << 80n },
      [new Float64Array(4), new DataView(new ArrayBuffer(5)), /a/g, 'long'.repeat(100), '\u2603'.repeat(40)],
      { view: new Uint8Array(new ArrayBuffer(9), 1, 3), domain: new DOMException('a', 'AbortError') },
    ];
    for (let i = 0; i < 300; i++) {
      const bytes = encode(i < rich.length ? rich[i] : makeValue(rng, 3));
      for (let length = 0; length < bytes.length; length += 1 + (bytes.length >> 8)) {
        assert.throws(() => decode(bytes.slice(0, length)), DamagedError, `${length} of ${bytes.length}`);
      }
    }
  });

  it('mutations of valid encodings neither crash nor hang', () => {
    const rng = random(6);
    const { encode, decode } = makeCodec();
    const buffer = new ArrayBuffer(32);
    const rich = () => [
      new Error('m', { cause: new TypeError('t') }),
      new DOMException('a', 'AbortError'),
      new Uint16Array(buffer, 2, 3),
      new BigInt64Array(buffer),
      Object.assign(new Array(3), { 0: 1, 2: 2, a: 1 }),
      new Map([[{}, new Set([1])]]),
      1n << 70n,
      /x/gu,
    ];
    for (let i = 0; i < 10_000; i++) {
      const bytes = encode(i % 4 ? makeValue(rng, 3) : rich());
      for (let n = 1 + rng.below(4); n > 0; n--)
        bytes[rng.below(bytes.length)] = rng.pick([0, 1, 16, 255, rng.below(256)]);
      survives(decode, bytes, `mutation ${i}`);
    }
  });

  it('forged lengths allocate nothing', () => {
    const { decode } = makeCodec();
    const u32 = [0xf0, 0xff, 0xff, 0x7f];
    const before = process.memoryUsage().rss;
    for (const head of [
      [Tag.Latin1Long, ...u32],
      [Tag.Utf16, ...u32],
      [Tag.Array, 0xff, ...u32],
      [Tag.Floats, 0xff, ...u32],
      [Tag.Map, 0xff, ...u32],
      [Tag.Set, 0xff, ...u32],
      [Tag.Object, ...u32],
      [Tag.Buffer, ...u32],
      [Tag.Bytes, 1, ...u32],
      [Tag.ArrayLoose, ...u32, ...u32],
      [Tag.Error, 0, ...u32],
      [Tag.Shaped, ...u32],
      [Tag.BufferResizable, ...u32, 0, 0, 0, 0, 0, 0, 0, 0],
    ]) {
      for (let i = 0; i < 50; i++) assert.throws(() => decode(Uint8Array.from([0, ...head])), RangeError, String(head));
      assert.throws(() => decode(Uint8Array.from([1, ...head, 0, 0, 0])), RangeError, String(head));
    }
    decode(Uint8Array.from([0, Tag.ArrayLoose, 0xff, 0xff, 0xff, 0x01, 0, 0, 0, 0]));
    assert.ok(process.memoryUsage().rss - before < 200e6);
  });

  it('arrays of forged lengths take no room for elements that are not there', () => {
    const { decode } = makeCodec();
    const loose = (length) => [Tag.ArrayLoose, ...new Uint8Array(Uint32Array.of(length).buffer), 0, 0, 0, 0];
    const before = process.memoryUsage().heapUsed;
    const arrays = decode(
      Uint8Array.from([0, Tag.Array, 200, ...Array.from({ length: 200 }, () => loose(65_536)).flat()]),
    );
    assert.ok(process.memoryUsage().heapUsed - before < 10e6);
    for (const array of arrays) assert.equal(array.length, 65_536);
    for (const length of [0, 1, 64, 65, 1000, 2 ** 31, 2 ** 32 - 1]) {
      const array = decode(Uint8Array.from([0, ...loose(length)]));
      assert.equal(array.length, length);
      assert.deepEqual(Object.keys(array), []);
      array[3] = 'x';
      assert.equal(array.length, Math.max(length, 4));
    }
  });

  it('what the engine would refuse is told by the reader', () => {
    const { decode } = makeCodec();
    const f64 = (n) => [...new Uint8Array(Float64Array.of(n).buffer)];
    const buffer = [Tag.Buffer, 4, 0, 0, 0, 1, 2, 3, 4];
    const uint16 = 4;
    for (const bytes of [
      [Tag.View, uint16, 0, ...f64(1), ...f64(1), ...buffer],
      [Tag.View, uint16, 0, ...f64(2), ...f64(2), ...buffer],
      [Tag.View, uint16, 0, ...f64(-2), ...f64(1), ...buffer],
      [Tag.View, uint16, 0, ...f64(NaN), ...f64(1), ...buffer],
      [Tag.View, uint16, 0, ...f64(0), ...f64(0.5), ...buffer],
      [Tag.View, uint16, 1, ...f64(6), ...f64(0), ...buffer],
      [Tag.View, uint16, 0, ...f64(0), ...f64(1), Tag.Date, ...f64(1)],
      [Tag.Bytes, uint16, 3, 0, 0, 0, 1, 2, 3],
      [Tag.BufferResizable, 4, 0, 0, 0, ...f64(3), 1, 2, 3, 4],
      [Tag.BufferResizable, 4, 0, 0, 0, ...f64(NaN), 1, 2, 3, 4],
      [Tag.Boxed, Tag.Boxed, 0x81],
      [Tag.Boxed, Tag.Null],
      [Tag.RegExp, Tag.Latin1, 1, 113, Tag.Latin1, 0],
      [Tag.RegExp, Tag.Latin1, 0, Tag.Latin1, 1, 40],
      [Tag.BigIntHex, 0, Tag.Latin1, 1, 122],
    ]) {
      assert.throws(() => decode(Uint8Array.from([0, ...bytes])), DamagedError, String(bytes));
    }
  });

  it('atoms that are no key lists are refused', () => {
    for (const text of ['', 'name', '{}', '[1]', '["a","a"]', 'null', undefined, `[${'"a",'.repeat(40)}"b"]`]) {
      const { reader } = makeCodec();
      reader.shapes.atomText = () => text;
      reader.attach(Uint8Array.from([0, Tag.Shaped, 9, 0, 0, 0, 0x81, 0x82, 0x83]));
      assert.throws(() => reader.value(), RangeError, String(text));
    }
  });
});

describe('tags', () => {
  it('are distinct, and below the small whole numbers', () => {
    const numbers = Object.values(Tag);
    assert.equal(new Set(numbers).size, numbers.length);
    assert.ok(numbers.every((tag) => tag < 0x80));
  });
});
