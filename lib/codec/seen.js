/**
 * What one value's encoding has met: each object with its index, the host values, and how buffers are shared.
 *
 * Up to `LINEAR` objects are found by looking through the list; a Map takes over beyond.
 */
const LINEAR = 16;
/** A longer list is given up after use instead of being cleared and kept. */
const KEPT = 256;
/** The attempt that no other follows. Two are enough, unless a getter makes new buffers each time. */
const LAST = 3;

export class Seen {
  constructor() {
    /** @type {unknown[]} Objects by index; `undefined` where an index belongs to no object of the sender's. */
    this.order = [];
    this.count = 0;
    /** @type {Map<unknown, number> | null} */
    this.indexes = null;
    /** A Ref has been written. */
    this.graph = false;
    /** @type {unknown[] | null} */
    this.hosts = null;
    this.hostsBefore = 0;
    /** @type {Set<object> | null} */
    this.transfer = null;
    /** @type {Map<object, boolean> | null} Buffers of which a piece was copied, and whether it may be shared. */
    this.pieces = null;
    /** @type {Set<object> | null} Buffers that are referenced in several places, found out by an attempt before. */
    this.shared = null;
    /** How many times the value has been begun. */
    this.attempt = 1;
    /** This attempt has found a buffer to share: what it writes is not used, it only looks for more of them. */
    this.again = false;
    /** How many errors enclose the one being written. */
    this.errorDepth = 0;
  }

  /** @param {{ hosts?: unknown[], transfer?: Set<object> } | undefined} options */
  begin(options) {
    if (options === undefined) return;
    this.hosts = options.hosts ?? null;
    this.hostsBefore = this.hosts === null ? 0 : this.hosts.length;
    this.transfer = options.transfer ?? null;
  }

  /**
   * The index of an object met before; otherwise registers it and returns -1.
   * @param {unknown} object
   */
  add(object) {
    const index = this.find(object);
    if (index >= 0) {
      this.graph = true;
      return index;
    }
    this.push(object);
    return -1;
  }

  /** @param {unknown} object */
  find(object) {
    if (this.indexes !== null) {
      const index = this.indexes.get(object);
      return index === undefined ? -1 : index;
    }
    const { order, count } = this;
    for (let i = 0; i < count; i++) {
      if (order[i] === object) return i;
    }
    return -1;
  }

  /** @param {unknown} object */
  push(object) {
    const index = this.count;
    this.order[index] = object;
    this.count = index + 1;
    if (this.indexes !== null) this.indexes.set(object, index);
    else if (index >= LINEAR) this.#promote();
  }

  #promote() {
    const indexes = new Map();
    for (let i = 0; i < this.count; i++) indexes.set(this.order[i], i);
    this.indexes = indexes;
  }

  /**
   * Forgets what was registered since there were `count` objects and `hosts` host values.
   * @param {number} count
   * @param {number} hosts
   */
  rewind(count, hosts) {
    for (let i = count; i < this.count; i++) {
      if (this.indexes !== null) this.indexes.delete(this.order[i]);
      this.order[i] = undefined;
    }
    this.count = count;
    if (this.hosts !== null) this.hosts.length = hosts;
  }

  /** Whether every buffer comes in full, shared by all views on it, since there is no attempt after this one. */
  get sharesAll() {
    return this.attempt === LAST;
  }

  /** The value is to be encoded once more, with `buffer` shared. @param {object} buffer */
  share(buffer) {
    (this.shared ??= new Set()).add(buffer);
    this.again = true;
  }

  /** Begins the next attempt. */
  restart() {
    this.attempt += 1;
    this.again = false;
    this.pieces = null;
    this.errorDepth = 0;
    this.graph = false;
    this.rewind(0, this.hostsBefore);
  }

  /** Lets go of everything. */
  end() {
    const { order, count } = this;
    if (count > KEPT) this.order = [];
    else for (let i = 0; i < count; i++) order[i] = undefined;
    this.count = 0;
    this.indexes = null;
    this.graph = false;
    this.hosts = null;
    this.transfer = null;
    this.pieces = null;
    this.shared = null;
    this.attempt = 1;
    this.again = false;
    this.errorDepth = 0;
  }
}
