// One end of a stream, on either side of the line: writes or reads the bytes of a plan, and says on the board how it ended.

import { Buffer } from 'node:buffer';
import { finished } from 'node:stream';

import { put, read } from './board.js';
import { Random } from './random.js';
import { bytesOf } from './values.js';

/**
 * What a writer may have written that its reader has not seen: the pipe's queue, a block that is being given out, and as
 * much again as the writer's high-water mark.
 */
const UNREAD_BYTES = 2 ** 20 + 64 * 1024 + 64 * 1024;

/** How an end of a stream stands. */
export const BEGUN = 1;
export const COMPLETE = 2;
export const FAILED = 3;
export const WRONG = 4;

/**
 * What to send, and who spoils it.
 * @typedef {object} StreamPlan
 * @property {number} seed
 * @property {number} total bytes
 * @property {number} chunk the largest write
 * @property {'none' | 'writer' | 'reader'} spoiler
 * @property {boolean} withError
 * @property {number} spoilAt after so many bytes
 * @property {number} pauseMs how long the reader rests now and then
 * @property {'data' | 'iterate'} reading
 * @property {{ writer: number, reader: number, written: number, read: number }} cells
 */

export const spoiled = (/** @type {StreamPlan} */ plan) => `spoiled ${plan.seed}`;

/** Resolves with the stream's error, if any, once it is closed. @param {any} stream @returns {Promise<any>} */
function ended(stream) {
  return new Promise((resolve) => {
    stream.on('error', () => {});
    finished(stream, (error) => resolve(error ?? undefined));
  });
}

/**
 * @param {import('node:stream').Writable} stream
 * @param {StreamPlan} plan
 */
export async function write(stream, plan) {
  const random = new Random(`chunks ${plan.seed}`);
  put(plan.cells.writer, BEGUN);
  const over = ended(stream);
  let gone = false;
  over.then(() => {
    gone = true;
  });
  for (let done = 0; done < plan.total && !gone; ) {
    if (plan.spoiler === 'writer' && done >= plan.spoilAt) {
      stream.destroy(plan.withError ? new RangeError(spoiled(plan)) : undefined);
      break;
    }
    const until = plan.spoiler === 'writer' ? plan.spoilAt : plan.total;
    const length = Math.min(random.int(1, plan.chunk), until - done);
    const more = stream.write(bytesOf(plan.seed, length, done));
    done += length;
    put(plan.cells.written, done);
    if (!more && !gone) await Promise.race([over, new Promise((resolve) => stream.once('drain', resolve))]);
  }
  if (!gone && !stream.destroyed) stream.end();
  const error = await over;
  put(plan.cells.writer, error === undefined ? COMPLETE : FAILED);
  return error;
}

/**
 * @param {import('node:stream').Readable} stream
 * @param {StreamPlan} plan
 */
export async function readAll(stream, plan) {
  put(plan.cells.reader, BEGUN);
  const over = ended(stream);
  let at = 0;
  let wrong = false;
  let rests = 0;
  /** @param {Buffer} chunk */
  const check = (chunk) => {
    if (Buffer.compare(chunk, bytesOf(plan.seed, chunk.length, at)) !== 0) wrong = true;
    at += chunk.length;
    put(plan.cells.read, at);
    if (plan.spoiler === 'reader' && at >= plan.spoilAt) {
      stream.destroy(plan.withError ? new RangeError(spoiled(plan)) : undefined);
    }
  };
  const rest = () => {
    rests += 1;
    return plan.pauseMs > 0 && rests % 16 === 0 && new Promise((resolve) => setTimeout(resolve, plan.pauseMs));
  };
  if (plan.reading === 'data') {
    stream.on('data', (chunk) => {
      check(chunk);
      const resting = rest();
      if (resting) {
        stream.pause();
        resting.then(() => stream.resume());
      }
    });
  } else {
    // What it throws, `over` says too.
    (async () => {
      for await (const chunk of stream) {
        check(chunk);
        await rest();
      }
    })().catch(() => {});
  }
  const error = await over;
  const complete = error === undefined && at === plan.total;
  put(plan.cells.reader, wrong ? WRONG : complete ? COMPLETE : error === undefined ? WRONG : FAILED);
  return error;
}

/**
 * What is wrong with how both ends stand.
 * @param {StreamPlan} plan
 * @param {{ writerGone?: boolean, readerGone?: boolean }} gone whose thread died on the way
 */
export function streamFault({ cells, spoiler, total }, { writerGone = false, readerGone = false } = {}) {
  const [writer, reader] = [read(cells.writer), read(cells.reader)];
  const state = `writer ${writer} after ${read(cells.written)}, reader ${reader} after ${read(cells.read)} of ${total} bytes`;
  if (reader === WRONG) return `wrong bytes, or an end before the end: ${state}`;
  const isOver = (/** @type {number} */ side) => side === COMPLETE || side === FAILED;
  if (!writerGone && !isOver(writer)) return `the writer's side has not ended: ${state}`;
  if (!readerGone && !isOver(reader)) return `the reader's side has not ended: ${state}`;
  if (writerGone || readerGone) return undefined;
  if (spoiler === 'none' && (writer !== COMPLETE || reader !== COMPLETE)) return `nobody spoiled it: ${state}`;
  if (spoiler === 'writer' && (writer !== FAILED || reader !== FAILED)) return `the writer spoiled it: ${state}`;
  if (spoiler === 'reader') {
    const unread = total - read(cells.read);
    // A reader that gives up at the last byte may have seen the end.
    if (reader !== FAILED && unread > 0) return `the reader spoiled it: ${state}`;
    // A writer is done before its reader gives up only with what the pipe can hold.
    if (writer !== FAILED && unread > UNREAD_BYTES)
      return `the reader spoiled it, and the writer heard nothing: ${state}`;
  }
  return undefined;
}
