// The writing end of a stream: every write goes to the pipe at once, for as long as that has room.

import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers';
import { types } from 'node:util';

import { agent, expect } from '../agent.js';
import { destroyPipe, enter, OVER, TURN_BYTES } from './ends.js';

const HIGH_WATER_MARK = 64 * 1024;

/** See `OutgoingStream` in `index.d.ts`. */
export class OutgoingStream extends Writable {
  #pipe;
  #metaData;
  /** The writes under way that the pipe has not taken: from this one on, from this byte of it on. */
  #chunks = /** @type {Uint8Array[]} */ ([]);
  #next = 0;
  #taken = 0;
  /** What they wait for. @type {((error?: Error | null) => void) | undefined} */
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
      ended: (error) => this.#ended(error),
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
    if (this.#put(chunk, 0) === chunk.length) this.#done(callback);
    else this.#wait([chunk], callback);
  }

  /**
   * @param {{ chunk: Uint8Array }[]} writes
   * @param {(error?: Error | null) => void} callback
   */
  _writev(writes, callback) {
    this.#chunks = writes.map((write) => write.chunk);
    this.#callback = callback;
    this.#flush();
  }

  /** @param {(error?: Error | null) => void} callback */
  _final(callback) {
    agent.pipeEnd(this.#pipe);
    callback();
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    destroyPipe(this.#pipe, false, error);
    const pending = this.#callback;
    this.#chunks = [];
    this.#callback = undefined;
    callback(error);
    pending?.(error ?? destroyedError());
  }
}
