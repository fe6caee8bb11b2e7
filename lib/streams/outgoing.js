// The writing end of a stream: every write goes to the pipe at once, for as long as that has room.

import { Buffer } from 'node:buffer';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers';
import { types } from 'node:util';

import { agent, expect } from '../agent.js';
import { cut } from './cut.js';
import { DIED, destroyPipe, enter, OVER, prematureClose, TURN_BYTES } from './ends.js';

const HIGH_WATER_MARK = 64 * 1024;

/** @type {readonly Uint8Array[]} */
const NONE = [];

/** See `OutgoingStream` in `index.d.ts`. */
export class OutgoingStream extends Writable {
  #pipe;
  #metaData;
  /** The writes under way that the pipe has not taken: from this one on, from this byte of it on. */
  #chunks = NONE;
  #next = 0;
  #from = 0;
  /** What waits for them, or for the end. @type {((error?: Error | null) => void) | undefined} */
  #callback;
  /** How much may be written before the event loop has a turn. */
  #left = TURN_BYTES;

  /** @param {number} pipe @param {object} metaData */
  constructor(pipe, metaData) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#pipe = pipe;
    this.#metaData = metaData;
    enter(pipe, {
      goOn: () => this.#goOn(),
      ended: (error, reason) => this.#ended(error, reason),
    });
  }

  get metaData() {
    return this.#metaData;
  }

  /**
   * @param {Uint8Array} chunk
   * @param {string} _encoding
   * @param {(error?: Error | null) => void} callback
   */
  _write(chunk, _encoding, callback) {
    this.#begin([own(chunk)], callback);
  }

  /**
   * @param {{ chunk: Uint8Array }[]} writes
   * @param {(error?: Error | null) => void} callback
   */
  _writev(writes, callback) {
    this.#begin(
      writes.map((write) => own(write.chunk)),
      callback,
    );
  }

  /** @param {(error?: Error | null) => void} callback */
  _final(callback) {
    if (agent.pipeEnd(this.#pipe)) callback();
    else this.#callback = callback; // `ended` is on its way.
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    destroyPipe(this.#pipe, false, error);
    const unfinished = this.#callback;
    this.#callback = undefined;
    this.#chunks = NONE;
    callback(error);
    unfinished?.(error ?? prematureClose());
  }

  /** @param {any} error @param {number} reason */
  #ended(error, reason) {
    // Those whom `createStream` gave the stream in this turn have had the time to listen for it.
    setImmediate(() => (reason === DIED ? cut(this, error) : this.destroy(error)));
  }

  /** @param {readonly Uint8Array[]} chunks @param {(error?: Error | null) => void} callback */
  #begin(chunks, callback) {
    this.#chunks = chunks;
    this.#next = 0;
    this.#from = 0;
    this.#callback = callback;
    this.#flush();
  }

  #goOn() {
    this.#left = TURN_BYTES;
    if (this.#callback !== undefined) this.#flush();
  }

  /** Writes for as long as there is room, or sees to it that `goOn` is called. */
  #flush() {
    while (this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next];
      if (this.#isGone(chunk)) {
        this.#done(gone());
        return;
      }
      if (!this.#put(chunk)) {
        expect();
        return;
      }
      this.#next += 1;
      this.#from = 0;
    }
    if (this.#left > 0) this.#done();
    else setImmediate(() => this.#goOn());
  }

  /** @param {Error} [error] */
  #done(error) {
    const callback = this.#callback;
    this.#callback = undefined;
    this.#chunks = NONE;
    callback?.(error);
  }

  /**
   * Whether a chunk has lost what was still to be written: its buffer was transferred, or made smaller.
   * @param {Uint8Array} chunk
   */
  #isGone(chunk) {
    return chunk.length < this.#from || (chunk.length === 0 && isOutOfBounds(chunk));
  }

  /** Says whether the whole chunk has been taken. @param {Uint8Array} chunk */
  #put(chunk) {
    const taken = agent.pipeWrite(this.#pipe, chunk, this.#from);
    if (taken === OVER) return false;
    this.#from += taken;
    this.#left -= taken;
    return this.#from === chunk.length;
  }
}

/** What other threads may write to meanwhile is not for the native side to read. @param {Uint8Array} chunk */
const own = (chunk) => (types.isSharedArrayBuffer(chunk.buffer) ? Buffer.from(chunk) : chunk);

/** Whether a view is empty since its buffer has no bytes there any more. @param {Uint8Array} view */
function isOutOfBounds(view) {
  try {
    view.keys();
    return false;
  } catch {
    return true;
  }
}

/** What becomes of the write of a chunk that has lost its bytes. */
function gone() {
  const error = new TypeError('A chunk was detached or made smaller before all of it was written.');
  return Object.assign(error, { code: 'ERR_NANOLITH_INVALID_ARGUMENT' });
}
