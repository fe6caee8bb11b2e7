// Random streams, to a service and back: whatever the sizes of chunks, the pauses of both sides and the high-water marks,
// all bytes arrive in order, and an early end reaches both sides.

import assert from 'node:assert/strict';
import { finished } from 'node:stream';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { pool } from '../../index.js';
import { native } from '../../lib/native.js';
import { mirrors } from '../fixtures/mirrors.js';
import { until, within } from '../helpers.js';
import { nothingLeft } from '../service-helpers.js';
import { check } from './settings.js';

pool.setConcurrency(4);

const size = fc.oneof(
  fc.nat(10),
  fc.integer({ min: 1000, max: 3000 }),
  fc.constantFrom(65_535, 65_536, 65_537, 200_000),
);
const chunk = fc.record({
  size,
  pause: fc.constantFrom('none', 'none', 'none', 'turn', 'drain'),
  as: fc.constantFrom('buffer', 'bytes', 'text'),
});
/** How this side reads what comes back. */
const reading = fc.record({
  way: fc.constantFrom('iterate', 'data', 'read'),
  pauseEvery: fc.constantFrom(0, 1, 7),
  /** After so many bytes the reader is destroyed. */
  stopAt: fc.option(fc.nat(300_000), { freq: 3 }),
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Bytes that tell where they stand. @param {number} from @param {number} length */
function sequence(from, length) {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = ((from + i) * 31 + ((from + i) >> 8)) & 0x7f;
  return bytes;
}

describe('random streams', () => {
  /** @type {any} */
  let service;
  before(async () => {
    service = await within(mirrors.launchService());
    await service.call({ name: 'mirror' });
  });
  after(() => within(service.close()));

  it('arrive complete and in order, or fail on both sides', async () => {
    let round = 0;
    await check(
      fc.asyncProperty(fc.array(chunk, { maxLength: 25 }), reading, fc.boolean(), async (chunks, reading, abandon) => {
        const echo = (round += 1);
        const returned = new Promise((resolve) => {
          const stop = service.onStream((/** @type {any} */ stream) => {
            if (stream.metaData.echo !== echo) return;
            stop();
            resolve(stream);
          });
        });
        const writable = await within(service.createStream({ echo }));
        const readable = await within(returned);
        const ends = [endOf(writable), endOf(readable)];
        const total = chunks.reduce((sum, { size }) => sum + size, 0);
        const stopsAt = reading.stopAt !== null && reading.stopAt < total ? reading.stopAt : undefined;
        const [got] = await within(
          Promise.all([read(readable, { ...reading, stopsAt }), write(writable, chunks, abandon)]),
        );
        const [wrote, read_] = await within(Promise.all(ends));
        assert.equal(Buffer.compare(got, sequence(0, got.length)), 0, 'every byte in its place');
        if (stopsAt === undefined && !abandon) {
          assert.equal(got.length, total);
          assert.deepEqual([wrote, read_], [undefined, undefined]);
        } else {
          // Whether or not everything had been written before the end came, nothing is made up and nothing hangs.
          assert.ok(got.length <= total);
          if (abandon) assert.ok(read_ instanceof Error || got.length >= (stopsAt ?? total), 'the reader knows');
        }
      }),
      100,
    );
    await until(() => native.livingPipes() === 0);
  });

  /** What a side ends with: an error or nothing. @param {any} stream */
  const endOf = (stream) =>
    new Promise((resolve) => {
      finished(stream, (error) => resolve(error ?? undefined));
    });

  /** @param {any} stream @param {any[]} chunks @param {boolean} abandon whether it is destroyed instead of ended */
  async function write(stream, chunks, abandon) {
    let at = 0;
    for (const { size, pause, as } of chunks) {
      if (stream.destroyed) return;
      const bytes = sequence(at, size);
      at += size;
      const more = stream.write(
        as === 'text' ? bytes.toString('latin1') : as === 'bytes' ? new Uint8Array(bytes) : bytes,
        as === 'text' ? 'latin1' : undefined,
      );
      if (pause === 'turn') await turn();
      if (pause === 'drain' && !more && !stream.destroyed) {
        await new Promise((resolve) => stream.once('drain', resolve).once('close', resolve));
      }
    }
    if (abandon) stream.destroy(new Error('abandoned'));
    else stream.end();
  }

  /** @param {any} stream @param {{ way: string, pauseEvery: number, stopsAt: number | undefined }} how */
  async function read(stream, { way, pauseEvery, stopsAt }) {
    /** @type {Buffer[]} */
    const parts = [];
    let [length, count] = [0, 0];
    const take = (/** @type {Buffer} */ part) => {
      assert.ok(Buffer.isBuffer(part));
      parts.push(part);
      length += part.length;
      count += 1;
      const enough = stopsAt !== undefined && length > stopsAt;
      return { enough, pause: pauseEvery > 0 && count % pauseEvery === 0 };
    };
    if (way === 'iterate') {
      try {
        for await (const part of stream) {
          const { enough, pause } = take(part);
          if (enough) break;
          if (pause) await turn();
        }
      } catch {
        // What it ended with is what `endOf` tells.
      }
    } else {
      const closed = new Promise((resolve) => stream.once('close', resolve));
      const on = (/** @type {Buffer} */ part) => {
        const { enough, pause } = take(part);
        if (enough) stream.destroy();
        else if (pause && way === 'data') {
          stream.pause();
          turn().then(() => stream.resume());
        }
      };
      if (way === 'data') stream.on('data', on);
      else
        stream.on('readable', () => {
          for (let part = stream.read(); part !== null; part = stream.read()) on(part);
        });
      await closed;
    }
    return Buffer.concat(parts);
  }
});

nothingLeft();
