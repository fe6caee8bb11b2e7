import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DamagedError } from '../../lib/codec/damaged.js';
import { makeCodec } from './helpers.js';

describe('header primitives', () => {
  it('come back as written, at any offset', () => {
    const { writer, reader } = makeCodec({ size: 16 });
    writer.position = 3;
    const texts = ['', 'plain', 'caf\xe9', 'snow \u2603', '\ud800 alone', 'x'.repeat(300), '\u2603'.repeat(300)];
    writer.u8(0);
    writer.u8(255);
    writer.u32(0xffffffff);
    writer.f64(-0);
    writer.f64(Math.PI);
    for (const text of texts) writer.text(text);
    reader.attach(writer.bytes, 3, writer.position);
    assert.equal(reader.u8(), 0);
    assert.equal(reader.u8(), 255);
    assert.equal(reader.u32(), 0xffffffff);
    assert.ok(Object.is(reader.f64(), -0));
    assert.equal(reader.f64(), Math.PI);
    for (const text of texts) assert.equal(reader.text(), text);
    assert.equal(reader.position, writer.position);
  });

  it('keep every length of text around the limits between encodings', () => {
    const { writer, reader } = makeCodec();
    for (let length = 0; length < 600; length++) {
      for (const text of ['a'.repeat(length), '\xff'.repeat(length), `${'b'.repeat(length)}\u0100`]) {
        writer.position = length % 7;
        writer.text(text);
        reader.attach(writer.bytes, length % 7, writer.position);
        assert.equal(reader.text(), text);
        assert.equal(reader.position, writer.position);
      }
    }
  });

  it('are not read beyond the end that was given', () => {
    const { writer, reader } = makeCodec();
    writer.u32(8);
    writer.u32(8);
    for (const read of ['u32', 'f64', 'text', 'value']) {
      reader.attach(writer.bytes, 0, 3);
      assert.throws(() => reader[read](), RangeError, read);
    }
    reader.attach(writer.bytes, 0, 3);
    assert.ok(reader.thrown() instanceof DamagedError, 'what was thrown is why it cannot be read');
    writer.position = 0;
    writer.value([1, 'text', { a: 1.5 }, new Map([[1, 2]]), 3]);
    for (let end = 0; end < writer.position; end++) {
      reader.attach(writer.bytes, 0, end);
      assert.throws(() => reader.value(), RangeError, `${end}`);
    }
    reader.attach(Uint8Array.from([0, 0x85]), 0, 1);
    assert.throws(() => reader.value(), RangeError);
    reader.attach(writer.bytes, 5, 5);
    assert.throws(() => reader.u8(), RangeError);
    reader.attach(writer.bytes, 0, 1e9);
    reader.position = writer.bytes.length;
    assert.throws(() => reader.u8(), RangeError);
    assert.throws(() => reader.value(), RangeError);
  });
});

describe('the scratch', () => {
  it('doubles, keeps what is in it, and is announced', () => {
    const { writer, reader, grown } = makeCodec({ size: 8 });
    const lengths = [writer.bytes.length];
    for (let i = 0; i < 2000; i++) {
      writer.u32(i);
      if (writer.bytes.length !== lengths.at(-1)) lengths.push(writer.bytes.length);
    }
    assert.equal(grown.length, lengths.length - 1);
    assert.equal(grown.at(-1), writer.bytes);
    for (let i = 2; i < lengths.length; i++) assert.equal(lengths[i], lengths[i - 1] * 2);
    reader.attach(writer.bytes, 0, writer.position);
    for (let i = 0; i < 2000; i++) assert.equal(reader.u32(), i);
  });

  it('grows in the middle of any value', () => {
    const value = {
      text: 'x'.repeat(100),
      wide: '\u2603'.repeat(100),
      list: Array.from({ length: 50 }, (_, i) => i / 3),
      ints: Array.from({ length: 50 }, (_, i) => i * 1000),
      bytes: new Uint8Array(200).fill(9),
      big: 1n << 900n,
      map: new Map([[{ a: 1 }, 'b'.repeat(70)]]),
      error: new TypeError('y'.repeat(80)),
      [`${'k'.repeat(90)}`]: 1,
    };
    for (let size = 0; size < 700; size += 13) {
      const { writer, roundTrip, grown } = makeCodec({ size, start: size >> 2 });
      writer.bytes.fill(0xaa);
      assert.deepStrictEqual(roundTrip(value), value);
      assert.ok(grown.length > 0);
      assert.ok(
        writer.bytes.subarray(0, size >> 2).every((byte) => byte === 0xaa),
        'earlier bytes are kept',
      );
    }
  });

  it('may be a view at an offset', () => {
    const { writer, reader } = makeCodec();
    writer.adopt(new Uint8Array(new ArrayBuffer(1024), 101, 900));
    writer.value({ a: [1.5, 'text', 'long '.repeat(20)] });
    const copy = new Uint8Array(2000);
    copy.set(writer.bytes.subarray(0, writer.position), 33);
    reader.attach(new Uint8Array(copy.buffer, 33, 1500), 0, writer.position);
    assert.deepEqual(reader.value(), { a: [1.5, 'text', 'long '.repeat(20)] });
  });
});

describe('user code that runs while a value is written', () => {
  it('may write a message of its own with the same writer', () => {
    const { writer, reader, roundTrip } = makeCodec({ size: 32 });
    const shared = { shared: true };
    const sent = [];
    const value = {
      before: shared,
      get nested() {
        const start = writer.position;
        const inner = { inner: 'x'.repeat(500), shared, again: shared, list: [] };
        inner.list.push(inner);
        writer.value(inner);
        sent.push(writer.bytes.slice(start, writer.position));
        writer.position = start;
        return 'from the getter';
      },
      list: [
        1,
        {
          get deep() {
            return value.nested;
          },
        },
        shared,
      ],
      after: shared,
    };
    const result = roundTrip(value);
    assert.deepEqual(Object.keys(result), ['before', 'nested', 'list', 'after']);
    assert.equal(result.nested, 'from the getter');
    assert.deepEqual(result.list, [1, { deep: 'from the getter' }, { shared: true }]);
    assert.equal(result.after, result.before);
    assert.equal(result.list[2], result.before);
    assert.equal(sent.length, 2);
    for (const bytes of sent) {
      reader.attach(bytes);
      const inner = reader.value();
      assert.equal(inner.inner, 'x'.repeat(500));
      assert.equal(inner.again, inner.shared);
      assert.equal(inner.list[0], inner);
    }
  });

  it('may throw, and the next value is as ever', () => {
    const { writer, roundTrip } = makeCodec();
    const shared = {};
    const failure = new Error('getter');
    for (let i = 0; i < 3; i++) {
      assert.throws(
        () =>
          roundTrip({
            a: shared,
            b: [
              shared,
              {
                get c() {
                  throw failure;
                },
              },
            ],
          }),
        failure,
      );
      writer.position = 0;
      assert.deepEqual(roundTrip([shared, shared, 1]), [{}, {}, 1]);
    }
  });

  it('may delete what is still to come, shorten an array, and fill a map', () => {
    const { roundTrip } = makeCodec();
    const object = {
      get a() {
        delete object.b;
        return 1;
      },
      b: 2,
      c: 3,
    };
    assert.deepEqual(Object.entries(roundTrip(object)), [
      ['a', 1],
      ['c', 3],
    ]);
    const array = [
      {
        get a() {
          array.length = 1;
          return 1;
        },
      },
      2,
      3,
    ];
    const copy = roundTrip(array);
    assert.deepStrictEqual(copy, Object.assign(new Array(3), { 0: { a: 1 } }));
    const map = new Map([
      [
        'x',
        {
          get a() {
            map.set('new', 1);
            return 1;
          },
        },
      ],
    ]);
    assert.deepEqual(roundTrip(map), new Map([['x', { a: 1 }]]));
    const set = new Set([
      {
        get a() {
          set.add('new');
          return 1;
        },
      },
    ]);
    assert.equal(roundTrip(set).size, 1);
  });
});
