import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { DamagedError } from '../../lib/codec/damaged.js';
import { makeCodec } from './helpers.js';

for (const generate of [true, false]) {
  describe(`references, ${generate ? 'generated' : 'plain'} decoders`, () => {
    it('to oneself', () => {
      const { roundTrip } = makeCodec({ generate });
      for (let i = 0; i < 150; i++) {
        const object = { a: 1 };
        object.self = object;
        const copy = roundTrip(object);
        assert.equal(copy.self, copy);
        assert.notEqual(copy, object);
        assert.deepEqual(Object.keys(copy), ['a', 'self']);
      }
      const array = [];
      array.push(array, [array]);
      const list = roundTrip(array);
      assert.equal(list[0], list);
      assert.equal(list[1][0], list);
    });

    it('through every type that holds others', () => {
      const { roundTrip } = makeCodec({ generate });
      const makers = {
        object: (o) => ({ o }),
        array: (o) => [o],
        loose: (o) => Object.assign(new Array(2), { 1: 1, o }),
        mapKey: (o) => new Map([[o, 1]]),
        mapValue: (o) => new Map([[1, o]]),
        set: (o) => new Set([o]),
        cause: (o) => new Error('x', { cause: o }),
        property: (o) => Object.assign(new Error('x'), { o }),
        errors: (o) => new AggregateError([o]),
        many: (o) => Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, o])),
      };
      const openers = {
        object: (c) => c.o,
        array: (c) => c[0],
        loose: (c) => c.o,
        mapKey: (c) => [...c.keys()][0],
        mapValue: (c) => c.get(1),
        set: (c) => [...c][0],
        cause: (c) => c.cause,
        property: (c) => c.o,
        errors: (c) => c.errors[0],
        many: (c) => c.k39,
      };
      for (let i = 0; i < 4; i++) {
        for (const [name, make] of Object.entries(makers)) {
          const root = { before: {}, list: [[]] };
          root.holder = make(root);
          root.again = root.holder;
          root.last = root.list[0];
          const copy = roundTrip(root);
          assert.equal(openers[name](copy.holder), copy, name);
          assert.equal(copy.again, copy.holder, name);
          assert.equal(copy.last, copy.list[0], name);
        }
      }
    });

    it('to leaves: the same date, regexp, box, view, buffer', () => {
      const { roundTrip } = makeCodec({ generate });
      const leaves = [
        new Date(1),
        /a/,
        Object(1),
        new Uint8Array(4),
        new ArrayBuffer(4),
        new DataView(new ArrayBuffer(2)),
        new Error('x'),
        new Map(),
        [],
        {},
        Array.from({ length: 40 }, (_, i) => i / 3),
        Object.assign([1], { a: 1 }),
      ];
      const copy = roundTrip({ one: leaves, two: [...leaves].reverse() });
      for (const [i, leaf] of copy.two.reverse().entries()) assert.equal(leaf, copy.one[i], String(leaves[i]));
      assert.deepStrictEqual(copy.one, leaves);
    });

    it('among many objects, below and above the switch to a map', () => {
      const { roundTrip } = makeCodec({ generate });
      for (const n of [1, 14, 15, 16, 17, 18, 40, 1000]) {
        const nodes = Array.from({ length: n }, (_, i) => ({ i }));
        nodes.forEach((node, i) => {
          node.next = nodes[(i + 1) % n];
          node.other = nodes[(i * 7) % n];
        });
        const copies = roundTrip(nodes);
        copies.forEach((copy, i) => {
          assert.equal(copy.i, i);
          assert.equal(copy.next, copies[(i + 1) % n]);
          assert.equal(copy.other, copies[(i * 7) % n]);
        });
      }
    });
  });
}

describe('equal values that are not the same', () => {
  it('stay apart', () => {
    const { roundTrip, encode } = makeCodec();
    const copy = roundTrip([{}, {}, [], [], 'a', 'a']);
    assert.notEqual(copy[0], copy[1]);
    assert.notEqual(copy[2], copy[3]);
    assert.equal(encode([{}, {}])[0], 0, 'no table is needed');
    const shared = {};
    assert.equal(encode([shared, shared])[0], 1);
    assert.equal(encode([{}, {}])[0], 0, 'nor after a value that needed one');
  });
});

describe('buffers', () => {
  it('are shared by the views on them', () => {
    const { roundTrip } = makeCodec();
    const buffer = Uint8Array.from({ length: 16 }, (_, i) => i).buffer;
    for (const order of [
      ['whole', 'part', 'data', 'buffer'],
      ['buffer', 'part', 'whole', 'data'],
      ['part', 'data', 'buffer', 'whole'],
      ['data', 'part'],
      ['part', 'whole'],
      ['whole', 'data'],
    ]) {
      const views = {
        whole: new Uint8Array(buffer),
        part: new Int16Array(buffer, 4, 2),
        data: new DataView(buffer, 3, 5),
        buffer,
      };
      const copy = roundTrip(Object.fromEntries(order.map((name) => [name, views[name]])));
      assert.deepEqual(Object.keys(copy), order);
      const buffers = new Set(order.map((name) => (name === 'buffer' ? copy.buffer : copy[name].buffer)));
      assert.equal(buffers.size, 1, order.join());
      assert.equal([...buffers][0].byteLength, 16);
      for (const name of order) {
        assert.equal(copy[name].byteLength, views[name].byteLength);
        assert.equal(copy[name].byteOffset, views[name].byteOffset);
        assert.deepStrictEqual(copy[name], views[name]);
      }
    }
  });

  it('run getters only once more when sharing shows late', () => {
    const { roundTrip } = makeCodec();
    const buffer = new ArrayBuffer(8);
    let reads = 0;
    const value = {
      get n() {
        return ++reads;
      },
      a: new Uint8Array(buffer, 1, 2),
      b: new Uint8Array(buffer, 3, 2),
    };
    const hosts = ['earlier'];
    const { port1 } = new MessageChannel();
    const copy = roundTrip({ port: port1, value, self: value }, { hosts, transfer: new Set([port1]) });
    assert.equal(reads, 2);
    assert.equal(copy.value.a.buffer, copy.value.b.buffer);
    assert.equal(copy.self, copy.value);
    assert.equal(copy.port, port1);
    assert.deepEqual(hosts, ['earlier', port1]);
    port1.close();
  });

  it('run getters only once more, however many buffers turn out to be shared', () => {
    const { roundTrip } = makeCodec();
    const buffers = Array.from({ length: 1000 }, () => new ArrayBuffer(8));
    let reads = 0;
    const copy = roundTrip({
      get n() {
        return ++reads;
      },
      pairs: buffers.map((buffer) => [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4)]),
    });
    assert.equal(reads, 2);
    for (const [a, b] of copy.pairs) assert.equal(a.buffer, b.buffer);
  });

  it('that a getter makes anew each time are shared as well, in the end', () => {
    const { roundTrip, throwAcross } = makeCodec();
    const makers = {
      parts: (b) => [new Uint8Array(b, 0, 4), new Float64Array(b, 8, 1)],
      partAndWhole: (b) => [new Uint8Array(b, 0, 4), new Uint8Array(b)],
      partAndBuffer: (b) => [new Uint8Array(b, 0, 4), new DataView(b), b],
    };
    const old = new ArrayBuffer(24);
    for (const [name, make] of Object.entries(makers)) {
      let reads = 0;
      const value = {
        old: new Uint8Array(old, 1, 2),
        get views() {
          reads += 1;
          const buffer = new ArrayBuffer(16);
          new Uint8Array(buffer).fill(reads);
          return make(buffer);
        },
        get buffer() {
          return this.views[0].buffer;
        },
        again: new Uint8Array(old, 3, 2),
      };
      for (const copy of [roundTrip(value), throwAcross(Object.assign(new Error('x'), { value })).value]) {
        assert.ok(reads <= 12, `${name}: ${reads} reads`);
        const [first, ...others] = copy.views;
        for (const view of others) assert.equal(view.buffer ?? view, first.buffer, name);
        assert.equal(first.buffer.byteLength, 16);
        assert.equal(copy.buffer.byteLength, 16);
        assert.equal(copy.old.buffer, copy.again.buffer);
        assert.equal(copy.old.buffer.byteLength, 24);
      }
    }
  });

  it('that a getter makes anew each time: a Node Buffer brings no more than its own bytes', () => {
    const { roundTrip } = makeCodec();
    const copy = roundTrip({
      get mixed() {
        const buffer = new ArrayBuffer(64);
        return [Buffer.from(buffer, 8, 4), new Uint8Array(buffer, 0, 1), new Uint8Array(buffer, 1, 1), buffer];
      },
      pooled: Buffer.from('pooled'),
    });
    const [mine, a, b, buffer] = copy.mixed;
    assert.deepEqual([mine.buffer.byteLength, copy.pooled.buffer.byteLength], [4, 6]);
    assert.equal(a.buffer, buffer);
    assert.equal(b.buffer, buffer);
  });

  it('bring only the bytes of a lone view', () => {
    const { roundTrip } = makeCodec();
    const pooled = Buffer.from('secret? no');
    assert.ok(pooled.buffer.byteLength > pooled.length, 'the buffer is pooled');
    const copy = roundTrip(pooled);
    assert.equal(Object.getPrototypeOf(copy), Uint8Array.prototype);
    assert.equal(copy.buffer.byteLength, pooled.length);
    assert.equal(Buffer.from(copy).toString(), 'secret? no');
    const floats = roundTrip(new Float64Array(new Float64Array([1, 2, 3]).buffer, 8, 1));
    assert.deepStrictEqual(floats, new Float64Array([2]));
    assert.equal(floats.buffer.byteLength, 8);
  });

  it('keep several Node Buffers of one pool apart, unless the pool itself is sent', () => {
    const { roundTrip, encode } = makeCodec();
    const one = Buffer.from('one');
    const two = Buffer.from('two');
    assert.equal(one.buffer, two.buffer);
    const copy = roundTrip([one, two, one, new Uint8Array(one.buffer, one.byteOffset, 2)]);
    assert.deepEqual(
      copy.map((view) => view.buffer.byteLength),
      [3, 3, 3, 2],
    );
    assert.equal(copy[2], copy[0]);
    assert.ok(encode([one, two]).length < 100);
    const shared = { shared: 1 };
    const [before, first, second, after] = roundTrip([one, shared, shared, one]);
    assert.equal(first, second);
    assert.deepEqual(first, shared);
    assert.equal(before, after);
    const [a, b, pool] = roundTrip([one, two, one.buffer]);
    assert.equal(a.buffer, pool);
    assert.equal(b.buffer, pool);
    assert.equal(Buffer.from(b).toString(), 'two');
  });

  it('stay resizable', { skip: ArrayBuffer.prototype.resize === undefined }, () => {
    const { roundTrip } = makeCodec();
    const buffer = new ArrayBuffer(4, { maxByteLength: 16 });
    new Uint8Array(buffer).set([1, 2, 3, 4]);
    const copy = roundTrip({ tracking: new Uint8Array(buffer), fixed: new Uint8Array(buffer, 0, 2), buffer });
    assert.equal(copy.buffer.maxByteLength, 16);
    assert.equal(copy.tracking.buffer, copy.buffer);
    copy.buffer.resize(8);
    assert.equal(copy.tracking.length, 8);
    assert.equal(copy.fixed.length, 2);
    assert.equal(roundTrip(new Uint8Array(buffer)).buffer.maxByteLength, 16);
    const beyond = new DataView(buffer, 2, 2);
    buffer.resize(1);
    assert.throws(() => roundTrip(beyond), { name: 'DataCloneError' });
  });

  it('that are resizable may end within an element', { skip: ArrayBuffer.prototype.resize === undefined }, () => {
    const { roundTrip } = makeCodec();
    const buffer = new ArrayBuffer(11, { maxByteLength: 16 });
    for (const view of [new BigUint64Array(buffer, 8, 0), new Int16Array(buffer, 2, 4), new Int32Array(buffer, 0, 2)]) {
      const copy = roundTrip(view);
      assert.deepStrictEqual(copy, view);
      assert.equal(copy.buffer.byteLength, 11);
      assert.equal(copy.buffer.maxByteLength, 16);
    }
  });

  it('of some size keep their bytes', () => {
    const { roundTrip } = makeCodec({ size: 0 });
    const bytes = Uint8Array.from({ length: 1_000_003 }, (_, i) => i * 7);
    assert.deepStrictEqual(roundTrip(bytes), bytes);
    assert.deepStrictEqual(roundTrip([bytes.buffer])[0], bytes.buffer);
  });

  it('that are detached are refused', () => {
    const { roundTrip } = makeCodec();
    const view = new Uint8Array(8);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    assert.throws(() => roundTrip(view.buffer), { name: 'DataCloneError' });
    assert.throws(() => roundTrip({ view }), { name: 'DataCloneError' });
  });
});

describe('depth', () => {
  const nest = (depth, wrap, inner = null) => {
    let value = inner;
    for (let i = 0; i < depth; i++) value = wrap(value);
    return value;
  };
  const wraps = {
    objects: (v) => ({ v }),
    arrays: (v) => [v],
    maps: (v) => new Map([[1, v]]),
    sets: (v) => new Set([v]),
    instances: (v) =>
      new (class {
        v = v;
      })(),
    causes: (v) => new Error('x', { cause: v }),
  };

  it('of a thousand works for all types', () => {
    const { roundTrip } = makeCodec();
    for (const [name, wrap] of Object.entries(wraps)) {
      if (name === 'causes') continue;
      for (let i = 0; i < 3; i++) roundTrip(nest(1000, wrap, 'bottom'));
      let copy = roundTrip(nest(1000, wrap, 'bottom'));
      let depth = 0;
      for (; copy !== 'bottom'; depth++) {
        copy = copy instanceof Map ? copy.get(1) : copy instanceof Set ? [...copy][0] : (copy.v ?? copy[0]);
      }
      assert.equal(depth, 1000, name);
    }
  });

  it('beyond the stack is a clear error, and the next value is as ever', () => {
    const { writer, roundTrip } = makeCodec();
    for (const [name, wrap] of Object.entries(wraps)) {
      for (const depth of [5000, 200_000]) {
        const deep = nest(depth, wrap);
        try {
          roundTrip(deep);
        } catch (error) {
          assert.ok(error instanceof RangeError || error.name === 'DataCloneError', `${name}: ${error}`);
        }
        writer.position = 0;
        const shared = { a: 1 };
        const copy = roundTrip({ shared, list: [shared, 'x'] });
        assert.deepEqual(copy, { shared, list: [shared, 'x'] });
        assert.equal(copy.list[0], copy.shared);
      }
    }
  });

  it('is no way to break the reader', () => {
    const { decode } = makeCodec();
    const deep = new Uint8Array(1_000_000).fill(1);
    deep[0] = 0;
    for (let i = 1; i < deep.length; i += 2) deep[i] = 16;
    assert.throws(() => decode(deep), DamagedError);
    assert.equal(decode(Uint8Array.from([0, 0x85])), 5);
    // Complete, it is a value of that depth, whatever the stack.
    deep[deep.length - 1] = 0x85;
    let value = decode(deep);
    for (let depth = 0; depth < 499_999; depth++) value = value[0];
    assert.equal(value, 5);
  });
});
