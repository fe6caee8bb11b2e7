import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { finished, PassThrough, pipeline as pipelineWithCallback, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';

import { parent, pool } from '../index.js';
import { native } from '../lib/native.js';
import { doing, initialized } from './fixtures/initializers.js';
import { streams } from './fixtures/streams.js';
import {
  fixtureUrl,
  INDEX,
  living,
  newCell,
  open,
  refusing,
  rejection,
  runWell,
  until,
  within,
  write,
} from './helpers.js';
import { listenersOf } from './service-helpers.js';

// The folder of files for child processes goes when what made it has ended: this file, that is, not one of its tests.
write('');

// One test has two services at a time, on one processor too.
pool.setConcurrency(4);

const KB = 1024;
const MB = 1024 * 1024;
/** A stream's high-water mark, the pipe's queue, the block in the reader's hands, and the chunk that went over. */
const MAX_IN_FLIGHT = 3 * MB;

/**
 * Runs a test with a service of its own, and sees that it leaves no pipe behind.
 * @param {(service: Awaited<ReturnType<typeof streams.launchService>>) => unknown} test
 * @param {object} [options]
 * @param {{ launchService: (options?: any) => Promise<any> }} [set]
 */
async function withService(test, options, set = streams) {
  const service = await within(set.launchService(options));
  try {
    return await within(Promise.resolve(test(service)), 50_000);
  } finally {
    await within(service.close());
    await until(() => native.livingPipes() === 0);
  }
}

/** As `withService`, with a listener in the service. @param {Parameters<typeof withService>} params */
const withListener = (...params) =>
  withService(async (service) => {
    await service.call({ name: 'listen' });
    return params[0](service);
  }, params[1]);

/** What the service reports of the stream with this id. @param {any} service @param {string} id */
async function reportOf(service, id = 'it') {
  const report = await service.waitForMessage((/** @type {any} */ data) => data?.id === id);
  // A cloned Buffer is a Uint8Array.
  report.chunks &&= report.chunks.map((/** @type {Uint8Array} */ chunk) => Buffer.from(chunk));
  return report;
}

/** The next stream that the service makes. @param {any} service @returns {Promise<any>} */
function nextStream(service) {
  return new Promise((resolve) => {
    const stop = service.onStream((/** @type {any} */ stream) => {
      stop();
      resolve(stream);
    });
  });
}

/** The error that a stream ends with. @param {any} stream */
const errorOf = (stream) => new Promise((resolve) => finished(stream, resolve));

/** @param {number} index @param {number} length */
const filled = (index, length) => Buffer.alloc(length, index);

/** Lets both event loops turn. @param {any} service */
async function turns(service) {
  for (let i = 0; i < 20; i += 1) {
    await service.call({ name: 'nothing' });
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Blocks this thread for as long as the condition holds. @param {() => boolean} condition */
function blockWhile(condition) {
  const end = Date.now() + 20_000;
  while (condition()) assert.ok(Date.now() < end, `still so after 20 s: ${condition}`);
}

/** Writes until the stream refuses more, and says how much that was. @param {import('node:stream').Writable} stream */
function fill(stream) {
  const chunk = Buffer.alloc(10_000);
  let bytes = 0;
  do bytes += chunk.length;
  while (stream.write(chunk));
  return bytes;
}

/** Lengths on both sides of what blocks hold. */
const LENGTHS = [1, 5, 16 * KB, 16 * KB + 1, 64 * KB - 1, 64 * KB, 3, 1000, 2, 64 * KB, 1];

describe('a stream to a service', () => {
  it('arrives in the chunks in which it was written, as Buffers', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      assert.ok(stream instanceof Writable);
      for (const [index, length] of LENGTHS.entries()) stream.write(filled(index, length));
      stream.end();
      const { chunks, buffers } = await reportOf(service);
      assert.ok(buffers);
      assert.deepEqual(
        chunks.map((/** @type {Buffer} */ chunk) => chunk.length),
        LENGTHS,
      );
      assert.deepEqual(Buffer.concat(chunks), Buffer.concat(LENGTHS.map((length, index) => filled(index, length))));
    }));

  it('keeps its chunks when it is iterated, too, and when writes are corked', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'summarize', id: 'it' });
      stream.cork();
      for (const [index, length] of LENGTHS.entries()) stream.write(filled(index, length));
      stream.uncork();
      stream.end();
      assert.deepEqual((await reportOf(service)).lengths, LENGTHS);
    }));

  it('keeps thousands of small chunks apart', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      const lengths = Array.from({ length: 5000 }, (_, index) => 1 + ((index * 31) % 50));
      await pipeline(Readable.from(lengths.map((length, index) => filled(index, length))), stream);
      const { chunks } = await reportOf(service);
      assert.deepEqual(
        chunks,
        lengths.map((length, index) => filled(index, length)),
      );
    }));

  it('may split what is larger than 64 KiB, and loses none of it', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'summarize', id: 'it' });
      const large = filled(1, 5 * MB + 1);
      for (let i = 0; i + 4 <= large.length; i += 4096) large.writeUInt32LE(i, i);
      stream.end(large);
      const { sha256, lengths } = await reportOf(service);
      assert.equal(sha256, createHash('sha256').update(large).digest('hex'));
      assert.ok(Math.max(...lengths) <= 64 * KB);
    }));

  it('takes strings, typed arrays and views, and what is in shared memory', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(9);
      stream.write('grüße');
      stream.write('ff00', 'hex');
      stream.write(new Uint8Array([1, 2, 3]).subarray(1));
      stream.write(shared);
      stream.end('é', 'latin1');
      const { chunks } = await reportOf(service);
      const expected = [Buffer.from('grüße'), [255, 0], [2, 3], [9, 9, 9], [0xe9]];
      assert.deepEqual(
        chunks,
        expected.map((bytes) => Buffer.from(bytes)),
      );
    }));

  it('does not change with a buffer that is used again', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      const buffer = Buffer.alloc(10, 'a');
      await new Promise((resolve) => stream.write(buffer, resolve));
      buffer.fill('b');
      stream.end(buffer);
      const { chunks } = await reportOf(service);
      assert.deepEqual(chunks.map(String), ['a'.repeat(10), 'b'.repeat(10)]);
    }));

  it('R25: keeps falsy chunks, and those without a byte are none', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      for (const chunk of [Buffer.from([0]), '0', '', Buffer.alloc(0), '\0', 'false', 'null']) stream.write(chunk);
      stream.end('');
      const { chunks } = await reportOf(service);
      assert.deepEqual(chunks.map(String), ['\0', '0', '\0', 'false', 'null']);
    }));

  it('ends without having carried anything', () =>
    withListener(async (service) => {
      (await service.createStream({ take: 'collect', id: 'it' })).end();
      assert.deepEqual((await reportOf(service)).chunks, []);
    }));
});

describe('a stream from a service', () => {
  it('arrives in the chunks in which it was written', () =>
    withService(async (service) => {
      const sending = service.call({ name: 'send', params: [{ a: 1 }, LENGTHS] });
      const stream = await nextStream(service);
      assert.ok(stream instanceof Readable);
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      assert.deepEqual(
        chunks,
        LENGTHS.map((length, index) => filled(index, length)),
      );
      await sending;
    }));

  it('can be read by size, and as text', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'echo' });
      const sized = await nextStream(service);
      /** @type {string[]} */
      const parts = [];
      sized.on('readable', () => {
        for (let part = sized.read(4); part !== null; part = sized.read(4)) parts.push(String(part));
      });
      out.write('abc');
      await turns(service);
      assert.deepEqual(parts, []);
      out.write('defgh');
      await until(() => parts.length === 2);
      assert.deepEqual(parts, ['abcd', 'efgh']);
      out.end();
      await once(sized, 'end');

      const writing = service.call({ name: 'open', params: [{ id: 'text' }] });
      const text = (await nextStream(service)).setEncoding('utf8');
      await writing;
      await service.call({ name: 'end', params: ['text'] });
      assert.deepEqual(await text.toArray(), ['first']);
    }));

  it('puts characters together again that were written in pieces', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'echo' });
      const echo = await nextStream(service);
      echo.setEncoding('utf8');
      for (const byte of Buffer.from('€uro')) out.write(Buffer.from([byte]));
      out.end();
      assert.equal((await echo.toArray()).join(''), '€uro');
    }));

  it('is a Readable to toWeb, pipe and compose, like any other', () =>
    withService(async (service) => {
      const whole = Buffer.concat([filled(0, 70_000), filled(1, 10)]);
      /** @param {(stream: any) => Promise<Buffer>} read */
      const reads = async (read) => {
        const sending = service.call({ name: 'send', params: [{}, [70_000, 10]] });
        assert.deepEqual(await read(await nextStream(service)), whole);
        await sending;
      };
      await reads(async (stream) => Buffer.from(await new Response(Readable.toWeb(stream)).arrayBuffer()));
      await reads(async (stream) => Buffer.concat(await stream.pipe(new PassThrough()).toArray()));
      await reads(async (stream) => Buffer.concat(await stream.map((/** @type {Buffer} */ chunk) => chunk).toArray()));
      await reads(
        (stream) =>
          new Promise((resolve) => {
            /** @type {Buffer[]} */
            const chunks = [];
            const sink = new Writable({
              write(chunk, _, callback) {
                chunks.push(chunk);
                setImmediate(callback);
              },
            });
            pipelineWithCallback(stream, sink, () => resolve(Buffer.concat(chunks)));
          }),
      );
    }));
});

describe('streams', () => {
  const much = Number(process.env.NANOLITH_TEST_STREAM_MB ?? 64) * MB;

  it('carry much, both ways, unchanged', () =>
    withListener(async (service) => {
      const sending = service.call({ name: 'sendMuch', params: [{}, much] });
      const incoming = await nextStream(service);
      const outgoing = await service.createStream({ take: 'summarize', id: 'it' });
      const report = reportOf(service);
      const hash = createHash('sha256');
      await pipeline(
        incoming,
        async function* (source) {
          for await (const chunk of source) {
            hash.update(chunk);
            yield chunk;
          }
        },
        outgoing,
      );
      const [here, there, back] = [hash.digest('hex'), await sending, await report];
      assert.equal(here, there);
      assert.equal(back.sha256, there);
      assert.equal(
        back.lengths.reduce((/** @type {number} */ sum, /** @type {number} */ n) => sum + n, 0),
        much,
      );
    }));

  it('run side by side, fifty at once, there and back', () =>
    withListener(async (service) => {
      /** @type {Map<number, Buffer>} */
      const echoes = new Map();
      service.onStream(async (stream) => {
        echoes.set(/** @type {any} */ (stream.metaData).echo.index, Buffer.concat(await stream.toArray()));
      });
      const numbers = Array.from({ length: 50 }, (_, index) => index);
      await Promise.all(
        numbers.map(async (index) => {
          const parts = Array.from({ length: 20 }, (_, part) =>
            filled(index + part, 1 + ((index * 997 * part) % 30_000)),
          );
          await pipeline(Readable.from(parts), await service.createStream({ take: 'echo', index }));
          await until(() => echoes.has(index));
          assert.deepEqual(echoes.get(index), Buffer.concat(parts));
        }),
      );
    }));

  it('leave the event loop its turns, however fast the other side is', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'echo' });
      const back = await nextStream(service);
      let turnsTaken = 0;
      const timer = setInterval(() => {
        turnsTaken += 1;
      }, 1);
      const chunk = Buffer.alloc(64 * KB);
      let bytes = 0;
      back.on('data', (/** @type {Buffer} */ data) => {
        bytes += data.length;
      });
      await pipeline(function* () {
        for (let i = 0; turnsTaken < 5; i += 1) {
          assert.ok(i < 1_000_000, 'a timer never had its turn');
          yield chunk;
        }
      }, out);
      await once(back, 'end');
      clearInterval(timer);
      assert.equal(bytes % chunk.length, 0);
    }));
});

describe('R25: backpressure', () => {
  it('stops a writer whose reader in the service does not read', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'stall', id: 'it' });
      let produced = 0;
      const source = new Readable({
        read() {
          produced += 50_000;
          this.push(Buffer.alloc(50_000));
        },
      });
      source.pipe(stream);
      await until(() => stream.writableNeedDrain);
      const before = produced;
      await turns(service);
      assert.ok(stream.writableNeedDrain);
      assert.ok(produced < MAX_IN_FLIGHT, `${produced} bytes were produced`);
      assert.ok(produced - before <= 1 * MB);
      source.unpipe(stream);
      const report = reportOf(service);
      const drained = once(stream, 'drain');
      await service.call({ name: 'resume', params: ['it'] });
      await drained;
      stream.end();
      assert.deepEqual(await report, { id: 'it', closed: true });
    }));

  it('stops a writer in a service', () =>
    withService(async (service) => {
      service.call({ name: 'open', params: [{ id: 'it' }] });
      const stream = await nextStream(service);
      const reading = once(stream, 'readable');
      await reading;
      let bytes = 0;
      do bytes += await service.call({ name: 'fill', params: ['it'] });
      while (!(await service.call({ name: 'needsDrain', params: ['it'] })));
      await turns(service);
      assert.equal(await service.call({ name: 'needsDrain', params: ['it'] }), true);
      assert.ok(bytes < MAX_IN_FLIGHT, `${bytes} bytes were taken`);
      let read = 0;
      stream.on('data', (/** @type {Buffer} */ chunk) => {
        read += chunk.length;
      });
      stream.resume();
      await until(() => read === bytes + 'first'.length);
      assert.equal(await service.call({ name: 'needsDrain', params: ['it'] }), false);
      const end = once(stream, 'end');
      await service.call({ name: 'end', params: ['it'] });
      await end;
    }));
});

describe('R25: errors', () => {
  it('of the writer reach a reader in the service, as thrown', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'keep', id: 'it' });
      const report = reportOf(service);
      stream.on('error', () => {});
      stream.destroy(Object.assign(new RangeError('no more'), { code: 'E_NO_MORE' }));
      const { error, destroyed } = await report;
      assert.ok(error instanceof RangeError);
      assert.deepEqual([error.message, /** @type {any} */ (error).code, destroyed], ['no more', 'E_NO_MORE', true]);
    }));

  it('of a reader in the service reach the writer', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'fail', id: 'it' });
      const ended = errorOf(stream);
      const late = new Promise((resolve) => {
        const chunk = Buffer.alloc(2 * MB);
        stream.write(chunk, (error) => resolve(error));
        stream.write(chunk);
      });
      const error = await ended;
      assert.ok(error instanceof RangeError);
      assert.equal(/** @type {any} */ (error).code, 'E_ENOUGH');
      assert.equal(await late, error);
    }));

  it('of a writer in the service reach the reader, those that are none of an error class too', () =>
    withService(async (service) => {
      for (const thrown of [new SyntaxError('in the service'), 'a string']) {
        service.call({ name: 'open', params: [{ id: 'it' }] });
        const stream = await nextStream(service);
        const ended = new Promise((resolve) => stream.on('error', resolve));
        await once(stream, 'data');
        await service.call({ name: 'destroy', params: ['it', thrown] });
        const error = await ended;
        if (typeof thrown === 'string') assert.equal(error, thrown);
        else assert.ok(error instanceof SyntaxError && error.message === thrown.message);
      }
    }));

  it('of the reader reach a writer in the service', () =>
    withService(async (service) => {
      service.call({ name: 'open', params: [{ id: 'it' }] });
      const stream = await nextStream(service);
      const report = reportOf(service);
      stream.on('error', () => {});
      stream.destroy(new RangeError('no more'));
      const { error } = await report;
      assert.ok(error instanceof RangeError && error.message === 'no more');
    }));

  it('are a premature close where one side just goes away', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'keep', id: 'reader' });
      const atReader = reportOf(service, 'reader');
      out.destroy();
      assert.equal((await atReader).error.code, 'ERR_STREAM_PREMATURE_CLOSE');

      const other = await service.createStream({ take: 'keep', id: 'other' });
      const ended = errorOf(other);
      await service.call({ name: 'destroy', params: ['other'] });
      assert.equal((await ended).code, 'ERR_STREAM_PREMATURE_CLOSE');

      const opening = service.call({ name: 'open', params: [{ id: 'writer' }] });
      const incoming = await nextStream(service);
      await opening;
      const atWriter = reportOf(service, 'writer');
      incoming.destroy();
      assert.equal((await atWriter).error.code, 'ERR_STREAM_PREMATURE_CLOSE');
    }));

  it('are what Node makes of a loop that is left', () =>
    withService(async (service) => {
      const opening = service.call({ name: 'open', params: [{ id: 'writer' }] });
      const incoming = await nextStream(service);
      await opening;
      const atWriter = reportOf(service, 'writer');
      for await (const chunk of incoming) {
        assert.equal(String(chunk), 'first');
        break;
      }
      assert.equal((await atWriter).error.code, 'ABORT_ERR');
    }));

  it('end a pipeline through both threads', () =>
    withListener(async (service) => {
      const source = new PassThrough();
      const failing = rejection(pipeline(source, await service.createStream({ take: 'fail', id: 'it' })));
      source.write('something');
      assert.equal((await failing).code, 'E_ENOUGH');
      assert.ok(source.destroyed);
    }));

  it('call back for every write that was under way', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'stall', id: 'it' });
      stream.on('error', () => {});
      /** @type {Promise<any>[]} */
      const outcomes = [];
      for (let i = 0; i < 5; i += 1) {
        outcomes.push(new Promise((resolve) => stream.write(Buffer.alloc(1 * MB), resolve)));
      }
      const end = new Promise((resolve) => stream.end(resolve));
      stream.destroy();
      const errors = await Promise.all(outcomes);
      assert.ok(errors.at(-1) instanceof Error);
      assert.ok((await end) instanceof Error);
    }));
});

describe('a chunk that is transferred before it is written', () => {
  const message = 'A chunk was detached or made smaller before all of it was written.';
  /** @param {Uint8Array} chunk */
  const transfer = ({ buffer }) => structuredClone(buffer, { transfer: [/** @type {ArrayBuffer} */ (buffer)] });
  /** What the callback of a write gets. @param {Writable} stream @param {Uint8Array} chunk */
  const written = (stream, chunk) =>
    new Promise((resolve) => {
      stream.write(chunk, (error) => resolve(error ?? 'written'));
    });

  it('fails its write and the stream, here and there', () =>
    withListener(async (service) => {
      for (const many of [false, true]) {
        for (const begun of [true, false]) {
          const id = `${many} ${begun}`;
          const stream = await service.createStream({ take: 'stall', id });
          const ended = errorOf(stream);
          const there = service.waitForMessage((/** @type {any} */ data) => data?.id === id && data.error);
          const [first, second] = [new Uint8Array(5 * MB), new Uint8Array(16)];
          const results = [written(stream, first), written(stream, second)];
          if (many) results.push(written(stream, new Uint8Array(1)));
          assert.ok(stream.writableNeedDrain);
          transfer(begun ? first : second);
          await service.call({ name: 'resume', params: [id] });
          const [one, two] = await within(Promise.all(results));
          if (begun) assert.equal(one.message, message);
          else assert.equal(one, 'written');
          assert.equal(two.message, message);
          const error = await within(ended);
          assert.deepEqual([error.message, error.code], [message, 'ERR_NANOLITH_INVALID_ARGUMENT']);
          assert.ok(error instanceof TypeError);
          assert.ok(stream.destroyed);
          assert.equal((await within(there)).error.message, message);
        }
      }
    }));

  it('fails where its buffer was made smaller, too, whole or in part', () =>
    withListener(async (service) => {
      for (const length of [0, 8]) {
        const id = `to ${length}`;
        const stream = await service.createStream({ take: 'stall', id });
        const ended = errorOf(stream);
        /** @type {any} */
        const buffer = Reflect.construct(ArrayBuffer, [16, { maxByteLength: 16 }]);
        const results = [written(stream, new Uint8Array(5 * MB)), written(stream, new Uint8Array(buffer))];
        assert.ok(stream.writableNeedDrain);
        buffer.resize(length);
        await service.call({ name: 'resume', params: [id] });
        const [one, two] = await within(Promise.all(results));
        assert.deepEqual([one, two.message], ['written', message]);
        assert.equal((await within(ended)).message, message);
      }
    }));

  it('is no chunk that was empty to begin with', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'collect', id: 'it' });
      assert.equal(await written(stream, new Uint8Array(0)), 'written');
      stream.end('end');
      assert.equal(String(Buffer.concat((await reportOf(service)).chunks)), 'end');
    }));
});

describe('a thread that ends', () => {
  it('ends what it reads', () =>
    withListener(async (service) => {
      const stream = await service.createStream({ take: 'exit' });
      const ended = errorOf(stream);
      stream.write('last words');
      assert.equal((await ended).code, 'ERR_STREAM_PREMATURE_CLOSE');
      assert.ok(stream.destroyed);
    }));

  it('ends what it writes', () =>
    withService(async (service) => {
      const opening = service.call({ name: 'open', params: [{ id: 'it' }] });
      const stream = await nextStream(service);
      await opening;
      const ended = errorOf(stream);
      stream.resume();
      const call = rejection(service.call({ name: 'exit' }));
      assert.equal((await ended).code, 'ERR_STREAM_PREMATURE_CLOSE');
      await call;
    }));

  it('leaves to the reader what it had written to the end', () =>
    withService(async (service) => {
      const lengths = Array.from({ length: 10 }, () => 50_000);
      const sending = service.call({ name: 'send', params: [{}, lengths] });
      const stream = await nextStream(service);
      await sending;
      await service.close();
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      assert.deepEqual(
        chunks,
        lengths.map((length, index) => filled(index, length)),
      );
    }));

  it('is what close() makes of it, for both ways', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'stall', id: 'it' });
      const opening = service.call({ name: 'open', params: [{ id: 'in' }] });
      const incoming = await nextStream(service);
      await opening;
      incoming.resume();
      fill(out);
      const errors = Promise.all([errorOf(out), errorOf(incoming)]);
      await service.close();
      for (const error of await errors) assert.equal(error.code, 'ERR_STREAM_PREMATURE_CLOSE');
    }));

  it('is what terminate() makes of it', () =>
    withListener(async (service) => {
      const out = await service.createStream({ take: 'stall', id: 'it' });
      const ended = errorOf(out);
      fill(out);
      await service.worker.terminate();
      assert.equal((await ended).code, 'ERR_STREAM_PREMATURE_CLOSE');
    }));
});

describe('createStream', () => {
  it('gives both sides the metaData, whatever can be cloned', () =>
    withListener(async (service) => {
      const metaData = {
        take: 'log',
        when: new Date(5),
        many: new Map([[1, new Set(['a'])]]),
        shared: new SharedArrayBuffer(8),
      };
      const stream = await service.createStream(metaData);
      assert.deepEqual(stream.metaData, metaData);
      assert.throws(() => {
        /** @type {any} */ (stream).metaData = 1;
      }, TypeError);
      stream.end();
      const [there] = await service.call({ name: 'takeLog' });
      assert.deepEqual(there.many, metaData.many);
      assert.deepEqual(there.when, metaData.when);
      new Uint8Array(metaData.shared)[0] = 7;
      assert.equal(new Uint8Array(there.shared)[0], 7);
    }));

  it('rejects what is no metaData, what cannot be cloned and what is no signal, and offers nothing', () =>
    withListener(async (service) => {
      for (const metaData of [undefined, null, 'text', 1]) {
        const error = await rejection(service.createStream(/** @type {any} */ (metaData)));
        assert.ok(error instanceof TypeError);
        assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      }
      assert.equal((await rejection(service.createStream({ f() {} }))).name, 'DataCloneError');
      const error = await rejection(service.createStream({}, /** @type {any} */ ({ signal: 1 })));
      assert.equal(error.code, 'ERR_NANOLITH_INVALID_ARGUMENT');
      assert.equal(native.livingPipes(), 0);
    }));

  it('waits for a listener, and those that are added together all get it', () =>
    withService(
      async (service) => {
        const waiting = service.createStream({ take: 'none' });
        const message = service.waitForMessage((/** @type {any} */ data) => data?.calls === 3);
        await turns(service);
        await service.call({ name: 'listenThrice' });
        (await waiting).end();
        assert.deepEqual(await message, { calls: 3, same: true });
      },
      { exceptionHandler() {} },
    ));

  it('keeps the order of offers that wait', () =>
    withService(async (service) => {
      const waiting = [1, 2, 3].map((index) => service.createStream({ take: 'log', index }));
      await turns(service);
      await service.call({ name: 'listen' });
      for (const stream of await Promise.all(waiting)) stream.end();
      const seen = await service.call({ name: 'takeLog' });
      assert.deepEqual(
        seen.map((/** @type {any} */ metaData) => metaData.index),
        [1, 2, 3],
      );
    }));

  it('finds no listener that was removed', () =>
    withService(async (service) => {
      await service.call({ name: 'listenAndStop' });
      const abort = new AbortController();
      const waiting = rejection(service.createStream({ take: 'log' }, { signal: abort.signal }));
      await turns(service);
      assert.equal(native.livingPipes(), 1);
      abort.abort();
      await waiting;
    }));

  it('rejects with the reason of its signal, and leaves nothing', () =>
    withService(async (service) => {
      const reason = new Error('changed my mind');
      assert.equal(await rejection(service.createStream({}, { signal: AbortSignal.abort(reason) })), reason);
      const abort = new AbortController();
      const waiting = rejection(service.createStream({}, { signal: abort.signal }));
      await turns(service);
      abort.abort(reason);
      assert.equal(await waiting, reason);
      assert.equal(native.livingPipes(), 0);
      await service.call({ name: 'listen' });
      const used = new AbortController();
      const stream = await service.createStream({ take: 'log' }, { signal: used.signal });
      used.abort(reason);
      stream.end();
      await once(stream, 'close');
      assert.equal(stream.errored, null);
    }));

  it('rejects with what a signal throws that takes no listener, and leaves nothing', () =>
    withService(async (service) => {
      const refusal = new Error('no listeners here');
      assert.equal(await rejection(service.createStream({}, { signal: refusing(refusal) })), refusal);
      assert.equal(native.livingPipes(), 0);
    }));

  it('shares a signal among many offers: one listener on it, and none when they are over', () =>
    withService(async (service) => {
      const controller = new AbortController();
      const { signal } = controller;
      const offers = Array.from({ length: 20 }, () => rejection(service.createStream({}, { signal })));
      assert.equal(listenersOf(signal), 1, 'Node warns of many');
      controller.abort('all');
      assert.deepEqual(new Set(await Promise.all(offers)), new Set(['all']));
      assert.equal(listenersOf(signal), 0);
      assert.equal(native.livingPipes(), 0);
    }));

  it('rejects with the reason of a signal that a getter of its own metaData aborts', () =>
    withListener(async (service) => {
      const controller = new AbortController();
      const metaData = {
        get aborts() {
          controller.abort('by the getter');
          return true;
        },
      };
      assert.equal(await rejection(service.createStream(metaData, { signal: controller.signal })), 'by the getter');
      assert.equal(listenersOf(controller.signal), 0);
    }));

  it('rejects on a service that closes, in either direction, or has closed', () =>
    withService(async (service) => {
      const waiting = rejection(service.createStream({}));
      const exited = rejection(service.call({ name: 'openUntilRefused', params: [{}] }));
      await turns(service);
      await service.close();
      assert.equal((await waiting).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      await exited;
      assert.equal((await rejection(service.createStream({}))).code, 'ERR_NANOLITH_SERVICE_CLOSED');
      assert.equal(typeof service.onStream(() => {}), 'function');
    }));

  it('rejects on a service that dies', () =>
    withService(async (service) => {
      const waiting = rejection(service.createStream({}));
      await rejection(service.call({ name: 'exit' }));
      assert.equal((await waiting).code, 'ERR_NANOLITH_SERVICE_CLOSED');
    }));
});

describe('onStream', () => {
  it('takes a function and nothing else', () =>
    withService((service) => {
      assert.throws(() => service.onStream(/** @type {any} */ ('f')), { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
    }));

  it('hears in the order in which messages, offers and replies were sent', () =>
    withService(async (service) => {
      /** @type {number[]} */
      const order = [];
      service.onMessage((/** @type {any} */ data) => typeof data === 'number' && order.push(data));
      service.onStream((stream) => {
        order.push(/** @type {any} */ (stream.metaData).order);
        stream.resume();
      });
      await service.call({ name: 'mix', params: [100] });
      assert.deepEqual(
        order,
        Array.from({ length: 200 }, (_, index) => index),
      );
    }));

  it('hears so in the service, too', () =>
    withListener(async (service) => {
      const made = [];
      for (let i = 0; i < 100; i += 1) {
        service.sendMessage({ order: i * 2 });
        made.push(service.createStream({ take: 'log', order: i * 2 + 1 }));
      }
      const seen = await service.call({ name: 'takeLog' });
      assert.deepEqual(
        seen.map((/** @type {any} */ entry) => entry.order),
        Array.from({ length: 200 }, (_, index) => index),
      );
      for (const stream of await Promise.all(made)) stream.end();
    }));

  it('lets a callback that throws be an uncaught exception, and calls the others', async () => {
    /** @type {Error[]} */
    const uncaught = [];
    await withService(
      async (service) => {
        await service.call({ name: 'listenThrice' });
        const message = service.waitForMessage((/** @type {any} */ data) => data?.calls === 3);
        (await service.createStream({})).end();
        assert.equal((await message).same, true);
        await until(() => uncaught.length === 1);
        await service.call({ name: 'listen' });
        (await service.createStream({ take: 'throw' })).end();
        await until(() => uncaught.some((error) => error.message === 'from an async callback'));
      },
      { exceptionHandler: (/** @type {any} */ { error }) => void uncaught.push(error) },
    );
    assert.ok(uncaught.every((error) => error instanceof TypeError));
  });
});

describe('a stream that is offered before launchService resolved', () => {
  it('is delivered right after, in order with messages, unless it was taken back by then', () =>
    withService(
      async (service) => {
        /** @type {unknown[]} */
        const heard = [];
        service.onMessage((/** @type {string} */ data) => heard.push(data));
        service.onStream((/** @type {any} */ stream) => {
          heard.push(stream.metaData.number);
          stream.on('end', () => heard.push('end')).resume();
        });
        await until(() => heard.includes('end'));
        assert.deepEqual(heard, ['between', 2, 'end']);
      },
      doing('offersAndTakesBack'),
      initialized,
    ));

  it('ends as any other when the service has ended by then', async () => {
    const before = living();
    const launch = initialized.launchService(doing('offersAndExits'));
    // The offer, the launch and the end arrive while this thread does not look.
    blockWhile(() => living() > before);
    const service = await within(launch);
    /** @type {any[]} */
    const heard = [];
    service.onStream((/** @type {unknown} */ stream) => heard.push(stream));
    service.onMessage((/** @type {unknown} */ data) => heard.push(data));
    await until(() => service.closed);
    const [stream, ...messages] = heard;
    assert.deepEqual(messages, ['the last word']);
    assert.equal((await errorOf(stream)).code, 'ERR_STREAM_PREMATURE_CLOSE');
    assert.equal(native.livingPipes(), 0);
  });
});

describe('parent', () => {
  it('throws outside of threads', () => {
    assert.throws(() => parent.onStream(() => {}), { code: 'ERR_NANOLITH_NO_PARENT' });
    assert.throws(() => parent.createStream({}), { code: 'ERR_NANOLITH_NO_PARENT' });
  });

  it('makes no stream on the thread of a task', async () => {
    const error = await rejection(streams({ name: 'openUntilRefused', params: [{}] }));
    assert.equal(error.code, 'ERR_NANOLITH_NO_PARENT');
  });
});

describe('after ten seconds', { concurrency: true }, () => {
  it('an offer without a listener and a stream without a reader are given up, on both sides', () =>
    withListener(async (service) => {
      const silent = await within(streams.launchService());
      const noListenerHere = rejection(silent.call({ name: 'openUntilRefused', params: [{}] }), 30_000);
      const noListenerThere = rejection(silent.createStream({}), 30_000);
      const unread = errorOf(await service.createStream({ take: 'ignore' }));
      const read = await service.createStream({ take: 'stall', id: 'stalled' });

      service.onStream(() => {});
      const unreadHere = nextStream(service);
      const report = reportOf(service, 'unread');
      await service.call({ name: 'open', params: [{ id: 'unread' }] });
      const stream = await unreadHere;

      assert.equal((await noListenerHere).code, 'ERR_NANOLITH_STREAM_TIMEOUT');
      assert.equal((await noListenerThere).code, 'ERR_NANOLITH_STREAM_TIMEOUT');
      assert.equal((await unread).code, 'ERR_NANOLITH_STREAM_UNCLAIMED');
      assert.equal((await report).error.code, 'ERR_NANOLITH_STREAM_UNCLAIMED');
      assert.equal(stream.errored.code, 'ERR_NANOLITH_STREAM_UNCLAIMED');
      assert.ok(stream.destroyed);
      assert.ok(!read.destroyed, 'somebody listens there');
      read.destroy();
      await silent.close();
    }));

  it('a stream is given up whose callback threw; ten seconds begin when the last callback has settled', () =>
    withListener(
      async (service) => {
        const cell = newCell();
        const late = await service.createStream({ take: 'settleLate', cell });
        const atOnce = await Promise.all(
          ['ignore', 'throwUnread', 'rejectUnread'].map((take) => service.createStream({ take })),
        );
        const lateError = errorOf(late);
        for (const error of await Promise.all(atOnce.map(errorOf))) {
          assert.equal(error.code, 'ERR_NANOLITH_STREAM_UNCLAIMED');
        }
        assert.ok(!late.destroyed, 'its callback has not settled');
        const since = performance.now();
        open(cell);
        assert.equal((await lateError).code, 'ERR_NANOLITH_STREAM_UNCLAIMED');
        assert.ok(performance.now() - since >= 9_900);
      },
      { exceptionHandler() {} },
    ));

  it('a process that waits for nothing else goes on', async () => {
    const out = await runWell(`
      import { streams } from ${JSON.stringify(fixtureUrl('streams.js'))};
      const service = await streams.launchService();
      await service.createStream({}).catch((error) => console.log(error.code));
      await service.close();
    `);
    assert.equal(out, 'ERR_NANOLITH_STREAM_TIMEOUT\n');
  });
});

describe('R6: a process whose streams are cut, as the thread at their other side ends', () => {
  /** @param {string} rest */
  const program = (rest) => `
    import { Readable } from 'node:stream';
    import { streams } from ${JSON.stringify(fixtureUrl('streams.js'))};
    const warnings = [];
    process.on('warning', ({ code, message }) => warnings.push({ code, message }));
    const uncaught = [];
    process.on('uncaughtException', ({ message }) => uncaught.push(message));
    const service = await streams.launchService();
    await service.call({ name: 'listen' });
    const written = await service.createStream({ take: 'stall', id: 'written' });
    const piped = await service.createStream({ take: 'stall', id: 'piped' });
    const source = new Readable({ read() { setImmediate(() => this.push('more')); } });
    source.pipe(piped);
    const incoming = new Promise((resolve) => service.onStream(resolve));
    await service.call({ name: 'open', params: [{ id: 'incoming' }] });
    const all = [written, piped, (await incoming).resume()];
    const closed = all.map((stream) => new Promise((resolve) => stream.on('close', () => resolve(stream.errored?.code))));
    ${rest}
    await new Promise(setImmediate);
    console.log(JSON.stringify({ warnings, uncaught }));
    source.destroy();
    await service.close();
  `;
  const allClosed = 'console.log(...(await Promise.all(closed)));';
  const flags = ['--no-warnings'];
  const ends = {
    'it exits': `await service.call({ name: 'exit' }).catch(() => {});`,
    'its service is closed': `await service.close();`,
    'it is terminated': `await service.worker.terminate();`,
  };
  const codes = 'ERR_STREAM_PREMATURE_CLOSE '.repeat(3).trim();

  for (const [title, end] of Object.entries(ends)) {
    it(`goes on with one warning where nobody listens for errors: ${title}`, async () => {
      const [said, seen] = (await runWell(program(end + allClosed), { flags })).split('\n');
      assert.equal(said, codes);
      const { warnings, uncaught } = JSON.parse(seen);
      assert.deepEqual(uncaught, []);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0].code, 'NANOLITH_STREAM_CUT');
      assert.match(warnings[0].message, /pipeline/);
    });
  }

  it('tells its listeners, and warns of nothing', async () => {
    const out = await runWell(
      program(`
        for (const stream of all) stream.on('error', ({ code }) => console.log(code));
        await service.close();
        ${allClosed}
      `),
      { flags },
    );
    const nothing = JSON.stringify({ warnings: [], uncaught: [] });
    assert.equal(out, `${codes.replaceAll(' ', '\n')}\n${codes}\n${nothing}\n`);
  });

  it('has an uncaught exception when what ends a stream is an error of the other side', async () => {
    const out = await runWell(
      program(`
        for (const id of ['written', 'piped', 'incoming']) {
          await service.call({ name: 'destroy', params: [id, new Error(id)] });
        }
        while (uncaught.length < 3) await new Promise(setImmediate);
      `),
      { flags },
    );
    assert.deepEqual(JSON.parse(out), { warnings: [], uncaught: ['written', 'piped', 'incoming'] });
  });
});

describe('a process with streams', () => {
  it('ends by itself when its services are closed, and with an open stream to an unreffed one', async () => {
    const out = await runWell(`
      import { streams } from ${JSON.stringify(fixtureUrl('streams.js'))};
      const service = await streams.launchService();
      await service.call({ name: 'listen' });
      const stream = await service.createStream({ take: 'summarize', id: 'it' });
      const report = service.waitForMessage((data) => data.id === 'it');
      stream.end('some text');
      console.log((await report).lengths.join());
      await service.close();
      const unreffed = await streams.launchService({ reffed: false });
      const meanwhile = setInterval(() => {}, 1000);
      await unreffed.call({ name: 'listen' });
      (await unreffed.createStream({ take: 'stall', id: 'it' })).write('open');
      clearInterval(meanwhile);
      console.log('done');
    `);
    assert.equal(out, '9\ndone\n');
  });

  it('is not brought down by a stream that nobody took', async () => {
    const out = await runWell(`
      import { streams } from ${JSON.stringify(fixtureUrl('streams.js'))};
      const service = await streams.launchService();
      service.onStream((stream) => stream.on('close', () => console.log('closed')));
      await service.call({ name: 'open', params: [{ id: 'it' }] });
      await service.call({ name: 'destroy', params: ['it', new Error('in the service')] });
      await service.call({ name: 'nothing' });
      await service.close();
    `);
    assert.equal(out, 'closed\n');
  });

  it('lets a listener of data that throws be an uncaught exception, and reads on', async () => {
    const out = await runWell(`
      import process from 'node:process';
      import { streams } from ${JSON.stringify(fixtureUrl('streams.js'))};
      import ${JSON.stringify(INDEX)};
      process.on('uncaughtException', (error) => console.log(error.message));
      const service = await streams.launchService();
      let chunks = 0;
      service.onStream((stream) => {
        stream.on('data', () => {
          chunks += 1;
          if (chunks === 2) throw new Error('from data');
        });
        stream.on('end', async () => {
          console.log(chunks);
          await sending;
          service.close();
        });
      });
      const sending = service.call({ name: 'send', params: [{}, [1, 2, 3, 4]] });
    `);
    assert.deepEqual(out.trim().split('\n').sort(), ['4', 'from data']);
  });
});
