// What must hold for any bytes whatever, for the fuzzer and for the replay of its corpus: a value comes out or a
// DamagedError; nothing beyond the given end has a part in it; all decoders agree; and the value comes back from the writer.

import assert from 'node:assert/strict';

import { DamagedError } from '../../lib/codec/damaged.js';
import { Reader } from '../../lib/codec/reader.js';
import { Tag } from '../../lib/codec/tags.js';
import { print } from '../properties/print.js';
import { makeCodec } from './helpers.js';

/** The key lists that bytes can name; the last ones are none. */
export const ATOMS = [
  '[]',
  '["a"]',
  '["a","b"]',
  '["__proto__"]',
  '["1","toString","k\xe9y"]',
  `[${Array.from({ length: 32 }, (_, i) => `"k${i}"`)}]`,
  '["a","a"]',
  'name',
];
/** More than there is around the bytes of a frame. */
const MARGIN = 64;
/** Errors enclosed deeper than this lose something when they are written. */
const MANY_ERRORS = 60;

const plain = makeReader(false);
const generating = makeReader(true);
// Its shapes are read often enough to have generated decoders.
for (const [id, text] of ATOMS.slice(0, 6).entries()) {
  const item = [Tag.Shaped, id, 0, 0, 0, ...JSON.parse(text).map(() => Tag.Null)];
  for (let i = 0; i < 70; i++) read(generating, Uint8Array.from([0, ...item]));
}
const again = makeCodec();

/** @param {boolean} generate */
function makeReader(generate) {
  return new Reader({
    atomText(id) {
      if (id >= ATOMS.length) throw new Error(`no atom ${id}`);
      return ATOMS[id];
    },
    generate,
  });
}

/**
 * Fails when the bytes are read in a way in which no bytes may be.
 * @param {Uint8Array} bytes
 */
export function examine(bytes) {
  const { text, value } = outcome(plain, bytes, 0x00);
  assert.equal(outcome(plain, bytes, 0xff).text, text, 'with other bytes around');
  assert.equal(outcome(plain, bytes, 0x10, { deep: true }).text, text, 'read without the stack');
  assert.equal(outcome(generating, bytes, 0x81).text, text, 'read by generated decoders');
  outcome(plain, bytes, 0x0f, { hosts: [new ArrayBuffer(8), new SharedArrayBuffer(4)] });
  if (text === DAMAGED || text === DEEP || errorsIn(bytes) >= MANY_ERRORS) return;
  again.writer.position = 0;
  assert.equal(print(again.roundTrip(value)), text, 'written and read again');
}

const DAMAGED = 'damaged';
const DEEP = 'too deep to print';

/**
 * @param {Reader} reader
 * @param {Uint8Array} bytes
 * @param {number} around what the memory around them is full of
 * @param {{ deep?: boolean, hosts?: unknown[] }} [options]
 */
function outcome(reader, bytes, around, { deep = false, hosts } = {}) {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN).fill(around);
  memory.set(bytes, MARGIN);
  reader.attach(memory, MARGIN, MARGIN + bytes.length);
  if (deep) endStack(reader);
  let value;
  try {
    value = reader.value(hosts);
  } catch (error) {
    if (error instanceof DamagedError || isNoRoom(error)) return { text: DAMAGED, value: undefined };
    throw error;
  } finally {
    reader.item = Reader.prototype.item;
  }
  assert.ok(reader.position >= MARGIN && reader.position <= MARGIN + bytes.length, 'read beyond the end');
  return { text: textOf(value), value };
}

/** @param {unknown} value */
function textOf(value) {
  try {
    return print(value);
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message)) return DEEP;
    throw error;
  }
}

/** The room that a resizable buffer may come to need is the engine's to refuse. @param {any} error */
function isNoRoom(error) {
  return (
    error instanceof RangeError &&
    /^(Array buffer allocation failed|Invalid array buffer max length)$/.test(error.message)
  );
}

/** Lets the reader's next attempt find that the stack has ended. @param {Reader} reader */
function endStack(reader) {
  reader.item = () => {
    reader.item = Reader.prototype.item;
    throw new RangeError('the stack ends here');
  };
}

/** @param {Reader} reader @param {Uint8Array} bytes */
function read(reader, bytes) {
  reader.attach(bytes);
  return reader.value();
}

/** @param {Uint8Array} bytes */
function errorsIn(bytes) {
  let count = 0;
  for (const byte of bytes) if (byte === Tag.Error) count += 1;
  return count;
}
