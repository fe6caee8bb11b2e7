// Random decisions from a seed: the same seed, the same decisions, on every machine.

/** @param {string} text */
function hash(text) {
  let h = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return h >>> 0;
}

/** Numbers of the generator "mulberry32", and decisions made of them. */
export class Random {
  #state;

  /** @param {number | string} seed */
  constructor(seed) {
    this.seed = String(seed);
    this.#state = hash(this.seed);
  }

  /** A generator of its own for a part, so that what one part draws changes nothing for another. @param {string} part */
  fork(part) {
    return new Random(`${this.seed}/${part}`);
  }

  /** From 0 up to, but not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both bounds included. @param {number} least @param {number} most */
  int(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[this.int(0, list.length - 1)];
  }

  /** One of the keys, as often as its weight says. @template {string} K @param {Record<K, number>} weights @returns {K} */
  weighted(weights) {
    const entries = /** @type {[K, number][]} */ (Object.entries(weights));
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return entries[entries.length - 1][0];
  }

  /** @template T @param {number} count @param {(at: number) => T} make */
  list(count, make) {
    return Array.from({ length: count }, (_, at) => make(at));
  }
}
