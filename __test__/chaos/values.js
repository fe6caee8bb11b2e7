// Values and bytes that both sides can make from a number, so that what arrives can be compared without sending it twice.

import { Buffer } from 'node:buffer';

import { Random } from './random.js';

const LARGEST = 3 * 2 ** 20;
/** Values of seeds from here on are never large: for floods. */
export const SMALL = 1_000_000;

/**
 * A value of any kind that can be cloned. Most are small; now and then one takes megabytes.
 * @param {number} seed
 */
export function valueOf(seed) {
  const random = new Random(`value ${seed}`);
  const mayBeLarge = seed < SMALL;
  if (mayBeLarge && random.chance(0.02)) return new Uint8Array(bytesOf(seed, random.int(2 ** 16, LARGEST)));
  if (mayBeLarge && random.chance(0.02)) return textOf(random, random.int(2 ** 15, 2 ** 19));
  return valueWithin(random, 3);
}

/** @param {Random} random @param {number} depth @returns {unknown} */
function valueWithin(random, depth) {
  const flat = ['number', 'text', 'bigint', 'boolean', 'nothing', 'date', 'bytes', 'expression'];
  const kind = random.pick(depth > 0 ? [...flat, 'array', 'object', 'object', 'map', 'set'] : flat);
  const inner = () => valueWithin(random, depth - 1);
  const some = random.int(0, 5);
  switch (kind) {
    case 'number':
      return random.pick([0, -0, Number.NaN, 1.5, -7, 2 ** 31, random.int(-1000, 1000), random.next()]);
    case 'text':
      return textOf(random, random.int(0, 40));
    case 'bigint':
      return BigInt(random.int(-1e9, 1e9)) ** 3n;
    case 'boolean':
      return random.chance(0.5);
    case 'nothing':
      return random.pick([null, undefined]);
    case 'date':
      return new Date(random.int(0, 2e9) * 1000);
    case 'bytes':
      return new Uint8Array(bytesOf(random.int(0, 1e6), random.int(0, 300)));
    case 'expression':
      return new RegExp(`a{${random.int(1, 9)}}`, random.pick(['g', 'iu', '']));
    case 'array':
      return random.list(some, inner);
    case 'map':
      return new Map(random.list(some, (at) => [at, inner()]));
    case 'set':
      return new Set(random.list(some, (at) => `${at} ${random.int(0, 99)}`));
    default:
      return Object.fromEntries(random.list(some, (at) => [`key${at}`, inner()]));
  }
}

/** @param {Random} random @param {number} length */
function textOf(random, length) {
  const letters = random.pick(['abcdefgh', 'äöüéàß', '日本語文字', '😀🎉x']);
  let text = '';
  for (let at = 0; at < Math.min(length, 1000); at += 1) text += letters[random.int(0, letters.length - 1)];
  return length > 1000 ? text.repeat(Math.ceil(length / 1000)) : text;
}

/** The bytes of a stream repeat after so many: a prime, so that no chunk's size hides a shift. */
const PERIOD = 65_521;
/** @type {Map<number, Buffer>} */
const patterns = new Map();

/** @param {number} seed */
function patternOf(seed) {
  const known = patterns.get(seed % 16);
  if (known !== undefined) return known;
  const random = new Random(`pattern ${seed % 16}`);
  const pattern = Buffer.alloc(PERIOD * 2);
  for (let at = 0; at < PERIOD; at += 1) {
    pattern[at] = random.int(0, 255);
    pattern[at + PERIOD] = pattern[at];
  }
  patterns.set(seed % 16, pattern);
  return pattern;
}

/** `length` bytes of the endless sequence of a seed, from a place on. @param {number} seed @param {number} length @param {number} [from] */
export function bytesOf(seed, length, from = 0) {
  const pattern = patternOf(seed);
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const start = (from + done) % PERIOD;
    const part = Math.min(PERIOD, length - done);
    pattern.copy(bytes, done, start, start + part);
    done += part;
  }
  return bytes;
}
