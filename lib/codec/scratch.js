/**
 * The memory that messages are written into, and the primitives that write to it.
 *
 * It grows by doubling: every primitive ensures its room first, so `bytes`, `view` and `buffer` (three views
 * of one memory) may be others after each call.
 */
import { dataViewOf, textBufferOf } from './memory.js';
import { tooLarge } from './refusal.js';
import { Tag } from './tags.js';

/** Room that is ensured before each fixed-size write; a short text fits as well. */
const SLACK = 96;
/** How large a scratch may be: places in it, and lengths, cross to the native side and between threads as 32 bits. */
const MOST = 2 ** 32;
/** Up to this length a text is written unit by unit; beyond, one native call is faster. */
const SHORT_TEXT = 24;
const NOT_LATIN1 = /[^\x00-\xff]/;

export class Scratch {
  /**
   * @param {Uint8Array} bytes
   * @param {(bytes: Uint8Array) => void} onGrow
   */
  constructor(bytes, onGrow) {
    /** Where the next byte goes. */
    this.position = 0;
    this.onGrow = onGrow;
    /** How large it may become. */
    this.most = MOST;
    this.bytes = bytes;
    this.view = dataViewOf(bytes);
    this.buffer = textBufferOf(bytes);
    this.limit = bytes.length - SLACK;
  }

  /**
   * Goes on in another memory, which has all that was written.
   * @param {Uint8Array} bytes
   */
  adopt(bytes) {
    this.bytes = bytes;
    this.view = dataViewOf(bytes);
    this.buffer = textBufferOf(bytes);
    this.limit = bytes.length - SLACK;
  }

  /**
   * Ensures room for `needed` bytes and SLACK more. That is more than the core puts before what is handed to it, so what
   * fits here can be carried all the way.
   * @param {number} needed
   */
  ensure(needed) {
    const end = this.position + needed;
    if (end <= this.limit) return;
    const { most } = this;
    if (end + SLACK > most) throw tooLarge(end, most - SLACK);
    let size = Math.max(this.bytes.length, 64) * 2;
    while (size < end + SLACK) size *= 2;
    const bytes = new Uint8Array(Math.min(size, most));
    bytes.set(this.bytes);
    this.adopt(bytes);
    this.onGrow(bytes);
  }

  /** @param {number} n */
  u8(n) {
    if (this.position > this.limit) this.ensure(0);
    this.bytes[this.position++] = n;
  }

  /** @param {number} n */
  u32(n) {
    if (this.position > this.limit) this.ensure(0);
    this.view.setUint32(this.position, n, true);
    this.position += 4;
  }

  /** @param {number} n */
  f64(n) {
    if (this.position > this.limit) this.ensure(0);
    this.view.setFloat64(this.position, n, true);
    this.position += 8;
  }

  /**
   * A tag followed by a size.
   * @param {number} tag
   * @param {number} n
   */
  sized(tag, n) {
    if (this.position > this.limit) this.ensure(0);
    const { bytes } = this;
    bytes[this.position++] = tag;
    if (n < 0xff) {
      bytes[this.position++] = n;
    } else {
      bytes[this.position] = 0xff;
      this.view.setUint32(this.position + 1, n, true);
      this.position += 5;
    }
  }

  /** @param {Uint8Array} source */
  raw(source) {
    this.ensure(source.length);
    this.bytes.set(source, this.position);
    this.position += source.length;
  }

  /** @param {string} text */
  text(text) {
    const length = text.length;
    if (length > SHORT_TEXT) {
      this.#longText(text, length);
      return;
    }
    if (this.position > this.limit) this.ensure(0);
    const { bytes } = this;
    let at = this.position;
    bytes[at++] = Tag.Latin1;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) {
        this.#utf16(text, length);
        return;
      }
      bytes[at++] = unit;
    }
    this.position = at;
  }

  /** @param {string} text @param {number} length */
  #longText(text, length) {
    if (NOT_LATIN1.test(text)) {
      this.#utf16(text, length);
      return;
    }
    this.ensure(length);
    if (length <= 0xff) {
      this.bytes[this.position++] = Tag.Latin1;
      this.bytes[this.position++] = length;
    } else {
      this.bytes[this.position++] = Tag.Latin1Long;
      this.u32(length);
    }
    this.buffer.latin1Write(text, this.position, length);
    this.position += length;
  }

  /** @param {string} text @param {number} length in units */
  #utf16(text, length) {
    this.ensure(length * 2);
    this.bytes[this.position++] = Tag.Utf16;
    this.u32(length);
    this.buffer.ucs2Write(text, this.position, length * 2);
    this.position += length * 2;
  }
}
