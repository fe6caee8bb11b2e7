/** The three views that a scratch or an inbox is read and written through. */
import { Buffer } from 'node:buffer';

/**
 * A Buffer with the methods that every runtime has and no type mentions: texts without a copy through `toString`.
 * @typedef {Buffer & {
 *   latin1Slice(start: number, end: number): string,
 *   ucs2Slice(start: number, end: number): string,
 *   latin1Write(text: string, at: number, length: number): number,
 *   ucs2Write(text: string, at: number, length: number): number,
 * }} TextBuffer
 */

/**
 * @param {Uint8Array} bytes
 * @returns {DataView}
 */
export function dataViewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * @param {Uint8Array} bytes
 * @returns {TextBuffer}
 */
export function textBufferOf(bytes) {
  const memory = /** @type {ArrayBuffer} */ (bytes.buffer);
  return /** @type {any} */ (Buffer.from(memory, bytes.byteOffset, bytes.byteLength));
}
