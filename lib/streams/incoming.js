// The reading end of a stream.
//
// A block of up to 64 KiB is read from the pipe at once and given out chunk by chunk, as views of it. Node's own buffer
// has at most one of them (a high-water mark of 0): it joins what it has for `for await` and `read()`, and chunks must
// arrive as they were written. What is read ahead waits in the pipe.

import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';

import { agent, expect, throwUncaught } from '../agent.js';
import { StreamUnclaimedError } from '../errors.js';
import { cut, ignore } from './cut.js';
import { DIED, destroyPipe, EMPTY, ENDED, enter, leave, TURN_BYTES } from './ends.js';

/** How long a stream waits for somebody to read it, in milliseconds. */
const CLAIM_MS = 10_000;

/** `pipeRead` answers `chunks * PACK + bytes`. */
const PACK = 2 ** 17;
const BLOCK_CHUNKS = 1024;
/** @type {Buffer} */
const NOTHING = Buffer.alloc(0);

/** Where `pipeRead` puts the lengths of a block's chunks. */
const lengths = new Uint32Array(BLOCK_CHUNKS);

/** See `IncomingStream` in `index.d.ts`. */
export class IncomingStream extends Readable {
  #pipe;
  #metaData;
  /** The block that is being given out, how much of it was, and where its chunks end. */
  #block = NOTHING;
  #position = 0;
  #next = 0;
  #chunks = 0;
  /** The lengths of the block's chunks, where there are several. @type {Uint32Array} */
  #lengths = lengths;
  /** How much may be read before the event loop has a turn. */
  #left = TURN_BYTES;
  /** Nothing to give out: `goOn` will be called. */
  #waiting = false;
  /** Node has asked for a chunk and not been given one. */
  #wanted = false;
  /** Whether somebody has read. */
  #read = false;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {number} pipe @param {object} metaData */
  constructor(pipe, metaData) {
    super({ highWaterMark: 0 });
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

  _read() {
    this.#read = true;
    if (this.#timer !== undefined) this.#stopWaiting();
    this.#wanted = true;
    if (!this.#waiting) this.#give();
  }

  /**
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    this.#stopWaiting();
    this.#block = NOTHING;
    this.#lengths = lengths;
    // Nobody who was offered it took it, so there is nobody to ask why this error was not handled.
    if (!this.#claimed() && this.listenerCount('error') === 0) this.on('error', ignore);
    destroyPipe(this.#pipe, true, error);
    callback(error);
  }

  /** The last callback that was offered the stream has settled: from now on it must be read in time. */
  offered() {
    if (this.#read || this.destroyed) return;
    this.#timer = setTimeout(() => {
      if (this.#claimed()) return;
      const seconds = CLAIM_MS / 1000;
      this.destroy(new StreamUnclaimedError(`Nobody read, piped or iterated the stream within ${seconds} seconds.`));
    }, CLAIM_MS).unref();
  }

  #claimed() {
    return this.#read || this.listenerCount('data') > 0 || this.listenerCount('readable') > 0;
  }

  #stopWaiting() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @param {any} error @param {number} reason */
  #ended(error, reason) {
    // Those who were given the stream in this turn have had the time to listen for it.
    setImmediate(() => (reason === DIED && this.#claimed() ? cut(this, error) : this.destroy(error)));
  }

  #goOn() {
    this.#waiting = false;
    this.#left = TURN_BYTES;
    this.#give();
  }

  /**
   * Gives out the chunk that was asked for, and more for as long as nothing of it stays in Node's buffer: `data` listeners
   * took it, or a decoder keeps it back, and then nothing else would ask for the next.
   */
  #give() {
    while (!this.destroyed && (this.#wanted || this.readableLength === 0) && this.#hasChunk()) {
      this.#wanted = false;
      try {
        this.push(this.#chunk());
      } catch (error) {
        // A listener's fault: the next chunk is none of its business.
        throwUncaught(error);
      }
    }
  }

  /** Whether `#chunk` has one: in the block, or in the pipe. */
  #hasChunk() {
    return this.#next < this.#chunks || this.#nextBlock();
  }

  #chunk() {
    if (this.#chunks === 1) {
      this.#chunks = 0;
      const whole = this.#block;
      this.#block = NOTHING;
      return whole;
    }
    const start = this.#position;
    this.#position = start + this.#lengths[this.#next];
    this.#next += 1;
    const chunk = this.#block.subarray(start, this.#position);
    if (this.#next === this.#chunks) this.#block = NOTHING;
    return chunk;
  }

  /** Reads a block, or sees to it that `goOn` is called. */
  #nextBlock() {
    if (this.#left <= 0) {
      this.#waiting = true;
      setImmediate(() => this.#goOn());
      return false;
    }
    for (;;) {
      const bytes = agent.pipeReadable(this.#pipe);
      const block = bytes === 0 ? NOTHING : Buffer.allocUnsafe(bytes);
      const answer = agent.pipeRead(this.#pipe, block, lengths);
      if (answer > 0) return this.#begin(block, answer);
      // 0: something has come in between.
      if (answer < 0) return this.#pause(answer);
    }
  }

  /** @param {Buffer} block @param {number} answer */
  #begin(block, answer) {
    this.#block = block;
    this.#position = 0;
    this.#next = 0;
    this.#chunks = Math.floor(answer / PACK);
    if (this.#chunks > 1) this.#lengths = lengths.slice(0, this.#chunks);
    this.#left -= block.length;
    return true;
  }

  /** @param {number} why */
  #pause(why) {
    this.#waiting = true;
    if (why === EMPTY) {
      expect();
    } else if (why === ENDED) {
      leave(this.#pipe);
      this.push(null);
    }
    return false;
  }
}
